"""A figure: two ways of doing one thing on the same points, timed turn by turn in one run, and their ratio."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

Call = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured beside its bar.

    ``what``     which figure, as a person would ask for it
    ``measured`` the figures, in words
    ``bar``      what was to be reached, in words
    ``reached``  whether it was; None where there is no bar
    """

    what: str
    measured: str
    bar: str = ""
    reached: bool | None = None

    def __str__(self) -> str:
        mark = {True: "reached", False: "SHORT", None: "-"}[self.reached]
        return f"{mark:<8} {self.what}: {self.measured}" + (f"  [bar: {self.bar}]" if self.bar else "")


def seconds_of(
    *calls: Call, rounds: int = 31, least: float = 2e-3, clock: Callable[[], float] = perf_counter
) -> list[float]:
    """Median seconds of one call of each of ``calls``, timed in turn ``rounds`` times, garbage collector off.

    A short call is repeated within a reading until that takes ``least`` seconds. ``clock`` is the one read:
    ``time.thread_time`` leaves out what others on the machine take.
    """
    repeats = [_repeats(call, least) for call in calls]
    readings: list[list[float]] = [[] for _ in calls]
    was_on = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for call, count, found in zip(calls, repeats, readings, strict=True):
                began = clock()
                for _ in range(count):
                    call()
                found.append((clock() - began) / count)
    finally:
        if was_on:
            gc.enable()
    return [median(found) for found in readings]


def _repeats(call: Call, least: float) -> int:
    call()
    began = perf_counter()
    call()
    return max(1, int(least / max(perf_counter() - began, 1e-9)))
