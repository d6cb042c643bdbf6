"""What a desk has yet to answer: the firings of its trigger, on the CPUs that it has, by its policy."""

import heapq
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradesim.simulation.strategy import Policy
from tradesim.simulation.trigger import Firings

NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Wake:
    """A wake-up that is planned.

    ``at``      when a CPU takes it up, ns
    ``arrival`` when it fired
    ``row``     the last tape row that had arrived by then; -1 where a fill of the desk's own woke it
    ``key``     what its draws are drawn by
    ``seen``    up to when the desk sees its view
    """

    at: int
    arrival: int
    row: int
    key: int
    seen: int


class Agenda:
    """Plans one wake-up at a time: :attr:`upcoming`, until :meth:`take` says that it is answered.

    ``firings`` are the trigger's on the tape, known beforehand; :meth:`touch` adds one that only the run can know.
    """

    def __init__(self, firings: Firings, policy: Policy, *, cpus: int, start: int) -> None:
        self._arrival, self._row = firings.arrival, firings.row
        self._policy = policy
        self._next = int(np.searchsorted(self._arrival, start))
        self._free = [start] * cpus
        self._touches: list[int] = []
        self._touched = 0
        self.upcoming: Wake | None = None
        self._plan()

    @property
    def next_wake(self) -> int:
        """When the next wake-up is, ns; ``NEVER`` where none is planned."""
        return NEVER if self.upcoming is None else self.upcoming.at

    def take(self, *, free: int) -> int:
        """The planned wake-up is being answered, and its CPU is free again at ``free``: the firings passed over."""
        answered = self.upcoming
        assert answered is not None
        before = self._next
        if answered.row >= 0 or self._policy is not Policy.QUEUE:
            self._next = max(before, int(np.searchsorted(self._arrival, answered.seen, side="right")))
        if answered.row < 0 or self._policy is not Policy.QUEUE:
            self._touches = [touch for touch in self._touches if touch > answered.seen]
        heapq.heapreplace(self._free, free)
        self._plan()
        return self._next - before - (answered.row >= 0)

    def touch(self, now: int) -> None:
        """A quote of the desk's own was touched, and it knows ``now``."""
        if self._policy is Policy.DROP and self._free[0] > now:
            return
        self._touches.append(now)
        self._touched += 1
        self._plan()

    def backlog(self, now: int) -> int:
        """Firings that have arrived by ``now`` and wait for an answer."""
        arrived = int(np.searchsorted(self._arrival, now, side="right")) - self._next
        return max(arrived, 0) + sum(touch <= now for touch in self._touches)

    def _plan(self) -> None:
        free = self._free[0]
        told, touched = self._planned_firing(free), self._planned_touch(free)
        if told is None or touched is None:
            self.upcoming = told or touched
        elif touched.at != told.at:
            self.upcoming = min(told, touched, key=lambda wake: wake.at)
        else:
            self.upcoming = min(told, touched, key=lambda wake: (wake.arrival, wake.row < 0))

    def _planned_firing(self, free: int) -> Wake | None:
        chosen = self._next
        if self._policy is Policy.LATEST:
            chosen = max(chosen, int(np.searchsorted(self._arrival, free, side="right")) - 1)
        elif self._policy is Policy.DROP:
            chosen = max(chosen, int(np.searchsorted(self._arrival, free, side="left")))
        if chosen >= len(self._arrival):
            return None
        arrival = int(self._arrival[chosen])
        at = max(arrival, free)
        seen = arrival if self._policy is Policy.QUEUE else at
        return Wake(at, arrival, int(self._row[chosen]), chosen, seen)

    def _planned_touch(self, free: int) -> Wake | None:
        if not self._touches:
            return None
        arrival = self._touches[0] if self._policy is Policy.QUEUE else self._touches[-1]
        at = max(arrival, free)
        seen = arrival if self._policy is Policy.QUEUE else at
        return Wake(at, arrival, -1, len(self._arrival) + self._touched, seen)
