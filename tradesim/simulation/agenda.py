"""What a desk has yet to answer: the firings of its trigger, on the CPUs that it has, by its policy."""

import heapq
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from tradesim.simulation.strategy import Policy
from tradesim.simulation.trigger import Firings
from tradesim.units import NEVER


class Wake(NamedTuple):
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
    """Plans one wake-up at a time, :attr:`upcoming` at :attr:`next_wake`, until :meth:`take` says that it is answered.

    ``firings`` are the trigger's on the tape, known beforehand; :meth:`touch` adds one that only the run can know.
    """

    def __init__(self, firings: Firings, policy: Policy, *, cpus: int, start: int) -> None:
        self._arrival: list[int] = firings.arrival.tolist()
        self._row: list[int] = firings.row.tolist()
        self._policy = policy
        self._next = bisect_left(self._arrival, start)
        self._free = [start] * cpus
        self._touches: list[int] = []
        self._touched = 0
        self.upcoming: Wake | None = None
        self.next_wake: int = NEVER
        self._plan()

    def take(self, *, free: int) -> int:
        """The planned wake-up is being answered, and its CPU is free again at ``free``: the firings passed over."""
        answered = self.upcoming
        assert answered is not None
        before = self._next
        if answered.row >= 0 or self._policy is not Policy.QUEUE:
            self._next = max(before, bisect_right(self._arrival, answered.seen))
        if self._touches and (answered.row < 0 or self._policy is not Policy.QUEUE):
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
        """Firings that have arrived by ``now`` and wait for an answer; none does where the policy passes over them."""
        if self._policy is not Policy.QUEUE:
            return 0
        arrived = bisect_right(self._arrival, now) - self._next
        return max(arrived, 0) + sum(touch <= now for touch in self._touches)

    def _plan(self) -> None:
        free = self._free[0]
        told = self._planned_firing(free)
        touched = self._planned_touch(free) if self._touches else None
        if told is None or touched is None:
            self.upcoming = told or touched
        else:
            older = 1 if self._policy is Policy.QUEUE else -1
            self.upcoming = min(told, touched, key=lambda wake: (wake.at, older * wake.arrival, wake.row < 0))
        self.next_wake = NEVER if self.upcoming is None else self.upcoming.at

    def _planned_firing(self, free: int) -> Wake | None:
        chosen = self._next
        if self._policy is Policy.LATEST:
            chosen = max(chosen, bisect_right(self._arrival, free) - 1)
        elif self._policy is Policy.DROP:
            chosen = max(chosen, bisect_left(self._arrival, free))
        if chosen >= len(self._arrival):
            return None
        arrival = self._arrival[chosen]
        at = max(arrival, free)
        seen = arrival if self._policy is Policy.QUEUE else at
        return Wake(at, arrival, self._row[chosen], chosen, seen)

    def _planned_touch(self, free: int) -> Wake:
        chosen = 0 if self._policy is Policy.QUEUE else len(self._touches) - 1
        arrival = self._touches[chosen]
        at = max(arrival, free)
        seen = arrival if self._policy is Policy.QUEUE else at
        earlier = self._touched - len(self._touches)
        return Wake(at, arrival, -1, len(self._arrival) + earlier + chosen, seen)
