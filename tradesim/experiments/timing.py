"""Readings of the clock around a call: no garbage collection, the timer's own cost taken off, caches as asked."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache as once
from time import perf_counter, perf_counter_ns, thread_time_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.experiments.system import FINE_CPU_TIME, context_switches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Call = Callable[[], object]

FLUSH_BYTES = 16 * 2**20
"""What is written between two calls to empty the caches: several times a second-level cache."""


class Cache(StrEnum):
    """What the caches hold when a call begins."""

    HOT = "hot"
    COLD = "cold"


class Timing(StrEnum):
    """How the pricing of a decision is timed."""

    LIVE = "live"
    """As decisions happen: once, after the desk's other work, in a replay."""
    HOT = "hot"
    """In a loop of its own, everything in cache: the least that it can take."""
    COLD = "cold"
    """After the caches were flushed: about the most."""


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

    def share(self, shares: int, part: float = 1.0) -> "Effort":
        """One of ``shares`` equal parts of it, in ``part`` of its time."""
        return Effort(
            calls=max(1, self.calls // shares),
            seconds=part * self.seconds / shares,
            least=max(1, self.least // shares),
            warm=self.warm,
            states=self.states,
        )


def readings(call: Call, flush: Call, effort: Effort) -> list[int]:
    """Ns that ``call`` took, again and again, ``flush`` before each."""
    deadline = perf_counter() + effort.seconds
    found: list[int] = []
    while len(found) < effort.calls and (len(found) < effort.least or perf_counter() < deadline):
        flush()
        found.append(elapsed(call))
    return found


def priced_along(
    price: Callable[[Any, Floats], str], path: Sequence[Any], out: Floats, flush: Call, effort: Effort
) -> Iterator[tuple[int, str]]:
    """Ns and work tag of ``price`` at each tick of ``path`` in turn, ``flush`` before each: nothing else is timed."""
    cost, deadline = timer_cost(), perf_counter() + effort.seconds
    for call in range(effort.calls):
        fast = path[call % len(path)]
        flush()
        began = perf_counter_ns()
        tag = price(fast, out)
        ended = perf_counter_ns()
        yield max(0, ended - began - cost), tag
        if call + 1 >= effort.least and perf_counter() > deadline:
            return


def elapsed(call: Call) -> int:
    """Ns that one ``call`` took."""
    began = perf_counter_ns()
    call()
    return max(0, perf_counter_ns() - began - timer_cost())


def warm(call: Call, effort: Effort) -> None:
    """Call before it counts, for at most a tenth of the time."""
    deadline = perf_counter() + 0.1 * effort.seconds
    for _ in range(effort.warm):
        call()
        if perf_counter() > deadline:
            return


@once
def timer_cost() -> int:
    """Median ns between two readings of the clock with nothing between them."""
    return int(np.median([-perf_counter_ns() + perf_counter_ns() for _ in range(1001)]))


@contextmanager
def quiet() -> Iterator[None]:
    """No garbage collection meanwhile."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def flusher(cache: Cache) -> Call:
    """What to do before each call for the caches to be as ``cache`` says."""
    if cache is Cache.HOT:
        return lambda: None
    buffer = np.zeros(FLUSH_BYTES, dtype=np.uint8)

    def flush() -> None:
        buffer[:] += np.uint8(1)

    return flush


class Disturbance:
    """Whether this thread was stopped by others since :meth:`watch`: what was timed meanwhile is no reading.

    Where neither switches nor fine CPU times are known (Windows) no disturbance is recognised.
    """

    LEAST = 20_000
    """Ns by which wall time may exceed the thread's CPU time."""

    def watch(self) -> None:
        """Begin."""
        self._stopped, self._waited = context_switches()
        self._cpu, self._wall = thread_time_ns(), perf_counter_ns()

    def happened(self) -> bool:
        """Whether the thread was preempted, or wall time went far beyond its CPU time though it did not wait itself."""
        wall, cpu = perf_counter_ns() - self._wall, thread_time_ns() - self._cpu
        stopped, waited = context_switches()
        outran = FINE_CPU_TIME and wall - cpu > max(self.LEAST, wall // 5)
        return stopped > self._stopped or (waited == self._waited and outran)
