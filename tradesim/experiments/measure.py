"""How a latency is taken: each stage of a method, timed on this machine on a session's own states.

The garbage collector is off, the timer's own cost is taken off every reading, kernels are compiled and warm before the
first reading counts, and nothing runs beside it in the process. *Hot*: calls follow one another, so tables and
code are in cache. *Cold*: before each call a buffer larger than the second-level cache is written, as other work
between two ticks would.
"""

import gc
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache as once
from functools import partial
from time import perf_counter, perf_counter_ns
from typing import TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.methods.method import Method
from tradesim.simulation.book import empty_book, replay, underlying_path
from tradesim.simulation.latency import Empirical, LatencyModel, Profile, Sum
from tradesim.simulation.session import Session
from tradesim.simulation.volatility import VolatilityService
from tradesim.units import MICROS

Ints = NDArray[np.int64]
T = TypeVar("T")

FLUSH_BYTES = 16 * 2**20
"""What is written between two calls to empty the caches: several times a second-level cache."""


class Cache(StrEnum):
    """What the caches hold when a call begins."""

    HOT = "hot"
    COLD = "cold"


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long to measure a stage: at most ``calls`` readings and ``seconds``, but at least ``least`` readings.

    ``warm`` calls before do not count. The readings are spread over ``states`` of the session's slow states.
    """

    calls: int = 5_000
    seconds: float = 0.5
    least: int = 20
    warm: int = 20
    states: int = 8

    def __post_init__(self) -> None:
        if min(self.calls, self.least, self.states) < 1 or self.warm < 0 or not self.seconds > 0:
            raise ArgumentError(f"{self}: calls, least and states must be at least 1, warm at least 0, seconds above 0")


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    """What a method took here: ns by stage and tag, and bytes of the process around ``bind``."""

    readings: Mapping[tuple[str, str], Ints]
    rss_before: int
    rss_bound: int
    rss_peak: int

    def profile(self, service: LatencyModel) -> Profile:
        """Replay these readings; an update begins with a snapshot of the volatility ``service``."""
        return Profile(
            price_by_tag={tag: Empirical(ns) for (stage, tag), ns in self.readings.items() if stage == "price"},
            update_model=Sum((service, Empirical(self.readings["update", "update"]))),
        )


def measure(method: Method, session: Session, *, cache: Cache = Cache.HOT, effort: Effort | None = None) -> Measurement:
    """Bind ``method`` to the session's chain and time its three stages on the session's states and spots."""
    effort = effort or Effort()
    readings: dict[tuple[str, str], list[int]] = defaultdict(list)
    states = _spread(session.states, effort.states)
    every_spot = _spots(session)
    out = np.empty(len(session.tape.chain))
    rss_before = _rss()
    with _quiet():
        flush = _flusher(cache)
        readings["bind", "bind"].append(_elapsed(lambda: method.bind(session.tape.chain)))
        rss_bound = _rss()
        for number, state in enumerate(states):
            spots = every_spot[number * len(every_spot) // len(states) :]
            method.update(state)
            _warm(method, spots, out, effort)
            readings["update", "update"] += _readings(partial(method.update, state), flush, effort, len(states))
            _time_prices(method, spots, out, flush, effort, len(states), readings)
    return Measurement(
        readings={key: np.sort(np.array(ns, dtype=np.int64)) for key, ns in readings.items()},
        rss_before=rss_before,
        rss_bound=rss_bound,
        rss_peak=_rss_peak(),
    )


def measure_service(session: Session, *, effort: Effort | None = None) -> Ints:
    """Time the volatility service's snapshots on the session's own books, ns ascending."""
    effort = effort or Effort()
    service = VolatilityService(
        tape=session.tape,
        problem=session.problem,
        rows=session.rows,
        clock=session.clock,
        schedule=session.setting.schedule,
    )
    book, cursor = empty_book(len(session.tape.chain) + 1), 0
    pairs = list(zip(session.states[:-1], session.states[1:], strict=True)) or [(session.states[0],) * 2]
    found: list[int] = []
    with _quiet():
        for before, state in _spread(pairs, effort.states):
            cursor = replay(session.rows, session.clock, cursor, state.instant, book)
            found += _readings(
                partial(service.snapshot, book, state.instant, before),
                lambda: None,
                effort,
                effort.states,
            )
    return np.sort(np.array(found, dtype=np.int64))


def _time_prices(
    method: Method,
    spots: list[float],
    out: NDArray[np.float64],
    flush: Callable[[], None],
    effort: Effort,
    shares: int,
    readings: dict[tuple[str, str], list[int]],
) -> None:
    """Readings of ``price`` at the tape's spots in turn, filed by work tag."""
    cost, price = _timer_cost(), method.price
    deadline = perf_counter() + effort.seconds / shares
    least, calls = max(1, effort.least // shares), max(1, effort.calls // shares)
    for call in range(calls):
        spot = spots[call % len(spots)]
        flush()
        began = perf_counter_ns()
        tag = price(spot, out)
        ended = perf_counter_ns()
        readings["price", tag].append(max(0, ended - began - cost))
        if call + 1 >= least and perf_counter() > deadline:
            return


def _readings(call: Callable[[], object], flush: Callable[[], None], effort: Effort, shares: int) -> list[int]:
    deadline = perf_counter() + 0.25 * effort.seconds / shares
    least, calls = max(1, effort.least // shares), max(1, effort.calls // shares)
    found: list[int] = []
    while len(found) < calls and (len(found) < least or perf_counter() < deadline):
        flush()
        found.append(_elapsed(call))
    return found


def _elapsed(call: Callable[[], object]) -> int:
    began = perf_counter_ns()
    call()
    return max(0, perf_counter_ns() - began - _timer_cost())


def _warm(method: Method, spots: list[float], out: NDArray[np.float64], effort: Effort) -> None:
    deadline = perf_counter() + 0.1 * effort.seconds
    for call in range(effort.warm):
        method.price(spots[call % len(spots)], out)
        if perf_counter() > deadline:
            return


@once
def _timer_cost() -> int:
    """Median ns between two readings of the clock with nothing between them."""
    return int(np.median([-perf_counter_ns() + perf_counter_ns() for _ in range(1001)]))


@contextmanager
def _quiet() -> Iterator[None]:
    """No garbage collection meanwhile."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _flusher(cache: Cache) -> Callable[[], None]:
    if cache is Cache.HOT:
        return lambda: None
    buffer = np.zeros(FLUSH_BYTES, dtype=np.uint8)

    def flush() -> None:
        buffer[:] += np.uint8(1)

    return flush


def _spots(session: Session) -> list[float]:
    """Spots that the tape really shows, in its order, at most a thousand."""
    _, twice_mid = underlying_path(session.rows)
    return [float(s) / (2 * MICROS) for s in _spread(twice_mid.tolist(), 1000)]


def _spread(items: Sequence[T], count: int) -> list[T]:
    """At most ``count`` of ``items``, evenly spaced, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, count).round().astype(int)]


def _rss() -> int:
    return int(psutil.Process().memory_info().rss)


def _rss_peak() -> int:
    """High-water mark of the process's resident bytes; the kernel's count of it may lag behind the present."""
    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return max(_rss(), peak if sys.platform == "darwin" else peak * 1024)
