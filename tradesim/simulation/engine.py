"""Time: events in integer nanoseconds, on SimPy. The only module that knows SimPy.

What happens at one instant happens in the order of :class:`Phase`, after all rows of the tape of that instant (whose
fills of standing orders come first). SimPy
gives all timeouts one priority, so every event is scheduled with an explicit one; within a phase a key decides.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

import simpy
from simpy.events import EventPriority


class Phase(IntEnum):
    """The order of what happens at one instant."""

    TAPE = 0
    SEND = 1
    ORDER = 2
    ACK = 3
    WAKE = 4


class _Wire(simpy.Event):
    """An event that is already triggered and calls back at an instant: a message on a wire."""

    def __init__(self, env: simpy.Environment, instant: int, priority: int, callback: Callable[[], None]) -> None:
        super().__init__(env)
        self._ok = True
        self._value: Any = None
        self.callbacks.append(lambda _: callback())
        env.schedule(self, EventPriority(priority), instant - env.now)


class Engine:
    """A clock and its agenda.

    >>> engine = Engine(start=0)
    >>> engine.at(5, Phase.WAKE, lambda: print("wake", engine.now))
    >>> engine.at(5, Phase.ORDER, lambda: print("order", engine.now))
    >>> engine.run(lambda until: False)
    order 5
    wake 5
    """

    def __init__(self, *, start: int) -> None:
        self._env = simpy.Environment(initial_time=start)

    @property
    def now(self) -> int:
        """The current instant, ns."""
        return int(self._env.now)

    def at(self, instant: int, phase: Phase, callback: Callable[[], None], *, key: int = 0) -> None:
        """Call ``callback`` at ``instant`` in ``phase``; the smaller ``key`` (below 2**32) first.

        ``ValueError`` for an instant that has passed.
        """
        if instant < self._env.now:
            raise ValueError(f"instant {instant} has passed: it is {self._env.now}; an effect never precedes its cause")
        _Wire(self._env, instant, (phase << 32) | key, callback)

    def run(self, advance: Callable[[int | None], bool]) -> None:
        """Make all :meth:`steps`."""
        for _ in self.steps(advance):
            pass

    def steps(self, advance: Callable[[int | None], bool]) -> Iterator[None]:
        """Step until nothing is scheduled and the tape has nothing of interest left.

        ``advance(until)`` is the one question to the tape: it scans to the first instant of interest no later than
        ``until`` (``None``: without bound), schedules what happens then, and says whether it found one.
        """
        while True:
            upcoming = self._env.peek()
            until = None if upcoming == simpy.core.Infinity else int(upcoming)
            if advance(until):
                continue
            if until is None:
                return
            self._env.step()
            yield
