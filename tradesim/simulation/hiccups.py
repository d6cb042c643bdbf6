"""Stop-the-world pauses of a desk's process, as of a garbage collector: no work is done while one lasts."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.draws import HICCUP, uniform, uniforms
from tradesim.simulation.latency import LONGEST, LatencyModel

Ints = NDArray[np.int64]

MOST_PAUSES: Final = 2**22
"""Pauses of one desk on one tape."""


@dataclass(frozen=True, kw_only=True)
class Hiccups:
    """How often a process stops, and for how long.

    ``every``  the time that it runs between the end of one pause and the beginning of the next; at least 1 ns
    ``pause``  how long a pause lasts
    """

    every: LatencyModel
    pause: LatencyModel

    def pauses(self, begin: int, end: int, *, seed: int, desk: int) -> "Pauses":
        """The pauses of a ``desk`` that begin from ``begin`` to ``end``, ns; the same under a ``seed`` in every run.

        The first comes after a uniform part of its time between two, so that desks do not pause in step.

        Raises :class:`~tradesim.errors.ArgumentError` where there would be more than ``MOST_PAUSES``.
        """
        count = 64
        while True:
            drawn = self._draw(begin, count, seed, desk)
            if drawn.begin[-1] > end:
                kept = int(np.searchsorted(drawn.begin, end, side="right"))
                return Pauses(begin=drawn.begin[:kept], end=drawn.end[:kept])
            if count == MOST_PAUSES:
                raise ArgumentError(f"hiccups: more than {MOST_PAUSES:,} pauses in {end - begin:,} ns; make them rarer")
            count *= 4

    def _draw(self, begin: int, count: int, seed: int, desk: int) -> "Pauses":
        """The first ``count`` pauses from ``begin`` on; more of them begin with the same ones."""
        draws = uniforms(seed, HICCUP, desk, 2 * count)
        at = np.full(count, begin, dtype=np.int64)
        gaps = np.clip(self.every.samples(draws[0::2], at), 1, LONGEST)
        gaps[0] = int(gaps[0] * uniform(seed, HICCUP, desk, 0, 1))
        lasting = np.minimum(self.pause.samples(draws[1::2], at), LONGEST)
        ends = begin + np.cumsum(gaps + lasting)
        return Pauses(begin=ends - lasting, end=ends)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pauses:
    """The pauses of one desk: each is [``begin``, ``end``), int64[n], ns, in order, none reaching into the next."""

    begin: Ints
    end: Ints

    def __post_init__(self) -> None:
        ordered = np.all(self.begin <= self.end) and np.all(self.end[:-1] < self.begin[1:])
        if len(self.begin) != len(self.end) or not ordered:
            raise ArgumentError("pauses: each ends no earlier than it begins, and before the next begins")

    @cached_property
    def _before(self) -> Ints:
        """How much has been paused before each pause, and at last in all, int64[n + 1]."""
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.end - self.begin)])

    def finish(self, start: int, work: int) -> tuple[int, int]:
        """When ``work`` ns of work that is taken up at ``start`` is done, and for how long it was paused; ns.

        Work that is taken up within a pause, even none at all, begins at its end; work that is done as a pause begins
        is done. So ``finished == start + paused + work``, always. O(log n).
        """
        if not len(self.begin):
            return start + work, 0
        finished = _finish(self.begin, self.end, self._before, start, work)
        return finished, finished - start - work


NO_PAUSES: Final = Pauses(begin=np.empty(0, dtype=np.int64), end=np.empty(0, dtype=np.int64))
"""Of a process that never stops."""


@njit(cache=True)
def _finish(begin: Ints, end: Ints, before: Ints, start: int, work: int) -> int:
    over = int(np.searchsorted(end, start, side="right"))
    if over < len(begin) and begin[over] <= start:
        start = int(end[over])
        over += 1
    done = start - before[over] + work
    last = len(begin)
    while over < last:
        middle = (over + last) // 2
        if begin[middle] - before[middle] < done:
            over = middle + 1
        else:
            last = middle
    return int(done + before[over])
