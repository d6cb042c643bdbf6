"""What else a desk's core does between two decisions, before a reading: another's working set, and the wait."""

import time
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Final

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.units import MILLISECOND, duration, memory

DESK: Final = "desk"
"""The working set of one desk more."""

NOTHING: Final = "nothing"
"""No working set but the desk's own."""

SHORTENED: Final = MILLISECOND
"""Ns to which a wait is shortened by default. Methods are then in the order in which longer waits have them; how much
longer each takes, up to 10 ms and no more beyond, ``python tests/benchmarks/figures decisions`` prints: on a shared
machine even a desk that spins finds its caches emptied."""

_LARGEST: Final = 2**30
_LONGEST: Final = 100 * MILLISECOND


@dataclass(frozen=True, kw_only=True)
class Between:
    """What happens on the core before each decision that is timed.

    ``foreign``  bytes that something else reads and writes; None: as many as the largest desk compared keeps resident
    ``longest``  ns: the desk waits as long as the tape has nothing for it, but no longer than this
    ``sleeps``   whether it waits asleep, in the operating system, instead of spinning on its core
    """

    foreign: int | None = None
    longest: int = SHORTENED
    sleeps: bool = False

    def __post_init__(self) -> None:
        if (self.foreign is not None and not 0 <= self.foreign <= _LARGEST) or not 0 <= self.longest <= _LONGEST:
            raise ArgumentError(f"{self}: the foreign working set is 0 to 1 GiB, and the longest wait 0 to 100 ms")


def parse_between(text: str) -> Between:
    """``desk``, ``nothing``, or a working set, and after a comma the longest wait, spinning or asleep.

    >>> parse_between("2MiB,sleep=1ms")
    Between(foreign=2097152, longest=1000000, sleeps=True)
    >>> parse_between("desk") == Between()
    True
    """
    first, _, wait = text.partition(",")
    how, _, longest = wait.partition("=")
    if wait and how not in {"spin", "sleep"}:
        raise ArgumentError(
            f"between {text!r}: it is desk, nothing or a working set, and after a comma spin=DURATION or "
            "sleep=DURATION; write for example 2MiB,spin=20us"
        )
    return Between(
        foreign=None if first == DESK else 0 if first == NOTHING else memory(first),
        longest=duration(longest) if wait else SHORTENED,
        sleeps=how == "sleep",
    )


class Neighbour:
    """Whatever shares the core with a desk, with a working set of ``foreign`` bytes."""

    def __init__(self, between: Between, foreign: int) -> None:
        self._between = between
        self._memory = np.zeros(foreign, dtype=np.uint8)

    def run(self, idle: int) -> None:
        """Use the memory, then wait; ``idle`` ns is how long the tape leaves the desk idle."""
        self._memory += np.uint8(1)
        wait = min(idle, self._between.longest)
        if self._between.sleeps:
            time.sleep(wait / 1e9)
            return
        until = perf_counter_ns() + wait
        while perf_counter_ns() < until:
            pass
