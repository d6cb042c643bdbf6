"""How a latency is taken: each stage of a method, timed on this machine on a session's own states.

The garbage collector is off, the timer's own cost is taken off every reading, kernels are compiled and warm before the
first reading counts, and nothing runs beside it in the process. *Hot*: calls follow one another, so tables and
code are in cache. *Cold*: before each call a buffer larger than the second-level cache is written, as other work
between two ticks would.
"""

import resource
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import TypeVar

import numpy as np
import psutil

from tradesim.experiments.timing import Cache, Effort, Ints, elapsed, flusher, priced_along, quiet, readings, warm
from tradesim.methods.method import Method
from tradesim.simulation.book import empty_book, replay, underlying_path
from tradesim.simulation.latency import Empirical, LatencyModel, Profile, Sum
from tradesim.simulation.session import Session
from tradesim.units import MICROS

T = TypeVar("T")


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


def measure(
    method: Method,
    session: Session,
    *,
    cache: Cache = Cache.HOT,
    effort: Effort | None = None,
    deadline: int | None = None,
) -> Measurement:
    """Bind ``method`` to the session's chain and time its three stages on the session's states and spots.

    Under a ``deadline`` (ns) a method that has a choice is timed in each of its ways.
    """
    effort = effort or Effort()
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    states = _spread(session.states, effort.states)
    every_spot = _spots(session)
    out = np.empty(len(session.tape.chain))
    rss_before = _rss()
    with quiet():
        flush = flusher(cache)
        found["bind", "bind"].append(elapsed(lambda: method.bind(session.tape.chain)))
        rss_bound = _rss()
        for number, state in enumerate(states):
            spots = every_spot[number * len(every_spot) // len(states) :]
            if deadline is not None:
                method.within(deadline)
            method.update(state)
            found["update", "update"] += readings(partial(method.update, state), flush, effort.share(len(states), 0.25))
            for limit in (method.choices if deadline is not None else ()) or (deadline,):
                if limit is not None:
                    method.within(limit)
                turn = cycle(spots)
                warm(lambda turn=turn: method.price(next(turn), out), effort)  # type: ignore[misc]
                for ns, tag in priced_along(method.price, spots, out, flush, effort.share(len(states))):
                    found["price", tag].append(ns)
    return Measurement(
        readings={key: np.sort(np.array(ns, dtype=np.int64)) for key, ns in found.items()},
        rss_before=rss_before,
        rss_bound=rss_bound,
        rss_peak=_rss_peak(),
    )


def measure_service(session: Session, *, effort: Effort | None = None) -> Ints:
    """Time the volatility service's snapshots on the session's own books, ns ascending."""
    effort = effort or Effort()
    service = session.service(session.clock)
    book, cursor = empty_book(len(session.tape.chain) + 1), 0
    pairs = list(zip(session.states[:-1], session.states[1:], strict=True)) or [(session.states[0],) * 2]
    found: list[int] = []
    with quiet():
        for before, state in _spread(pairs, effort.states):
            cursor = replay(session.rows, session.clock, cursor, state.instant, book)
            snapshot = partial(service.snapshot, book, state.instant, before)
            found += readings(snapshot, lambda: None, effort.share(effort.states, 0.25))
    return np.sort(np.array(found, dtype=np.int64))


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
