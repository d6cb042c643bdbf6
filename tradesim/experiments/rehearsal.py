"""A desk that decides on the session's tape, live, a few decisions at a time, so that several can be timed in turn."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle
from time import perf_counter_ns
from typing import Final

import numpy as np

from tradesim.experiments.between import Neighbour
from tradesim.experiments.timing import Call, Disturbance, Timing, timer_cost
from tradesim.methods.method import Method
from tradesim.simulation.latency import ORDERS, QUIET, Measured, Stage
from tradesim.simulation.run import Play, Seat
from tradesim.simulation.seat import Took
from tradesim.simulation.session import Session
from tradesim.simulation.strategy import Rule, Strategy
from tradesim.simulation.valuation import Pricing

ENDED: Final = object()

WARM: Final = 20
"""Decisions before those that count, without a wait: kernels are compiled and loaded."""

Key = tuple[Timing, str, str]
"""How, which stage, and its tag."""


@dataclass(kw_only=True)
class Notes:
    """Readings so far, (block, ns) each, and how many decisions were timed, and disturbed.

    ``spoilt`` readings were disturbed: they are used only where there is no other (a long call on a crowded machine).
    """

    readings: dict[Key, list[tuple[int, int]]] = field(default_factory=dict)
    spoilt: dict[Key, list[tuple[int, int]]] = field(default_factory=dict)
    taken: int = 0
    disturbed: int = 0

    def add(
        self, stage: str, tag: str, block: int, ns: int, *, timing: Timing = Timing.LIVE, disturbed: bool = False
    ) -> None:
        """Note a reading, the timer's own cost taken off."""
        notes = self.spoilt if disturbed else self.readings
        notes.setdefault((timing, stage, tag), []).append((block, max(0, ns - timer_cost())))


class Rehearsal:
    """One method at the desk of ``strategy``, charged for what its work takes as it happens.

    It is the desk's observer: before each decision the core belongs to the ``neighbour``. At the end of the tape it
    begins again. Under a ``deadline`` a method that has a choice goes through its ways in turn.
    """

    def __init__(self, method: Method, session: Session, strategy: Strategy, neighbour: Neighbour) -> None:
        self.notes = Notes()
        self._method, self._session, self._neighbour = method, session, neighbour
        self._strategy = replace(strategy, rule=_copied(strategy.rule))
        ways = method.choices if strategy.deadline is not None else ()
        self._ways = cycle((*ways, strategy.deadline)) if strategy.deadline is not None else None
        self._steps: Iterator[None] = iter(())
        self._disturbance = Disturbance()
        self._block = self._decisions = 0
        self._played_from = -1
        self._idle_since: int | None = None

    def proceed(self, block: int, *, decisions: int, ns: int) -> None:
        """Make so many decisions more, or as many as ``ns`` allow, but two; none where the tape causes none."""
        self._block = block
        begun, until = self._decisions, perf_counter_ns() + ns
        while self._decisions < begun + decisions and (self._decisions < begun + 2 or perf_counter_ns() < until):
            if next(self._steps, ENDED) is ENDED:
                if self._decisions == self._played_from:
                    return
                self._steps, self._played_from, self._idle_since = self._play(), self._decisions, None

    def price_in_a_loop(self, spots: Iterator[float], flush: Call, *, timing: Timing, warm: int, count: int) -> None:
        """Note ``count`` pricings one after the other, ``flush`` before each, after ``warm`` that do not count."""
        out = np.empty(len(self._session.tape.chain))
        for call in range(-warm, count):
            spot = next(spots)
            flush()
            self._disturbance.watch()
            began = perf_counter_ns()
            tag = self._method.price(spot, out)
            ns = perf_counter_ns() - began
            if call >= 0:
                disturbed = self._disturbance.happened()
                self.notes.add(Stage.PRICE, tag, self._block, ns, timing=timing, disturbed=disturbed)

    def updating(self) -> None:
        """See :class:`~tradesim.simulation.seat.Observer`."""
        self._neighbour.run(0)
        self._disturbance.watch()

    def updated(self, ns: int) -> None:
        """See :class:`~tradesim.simulation.seat.Observer`."""
        disturbed = self._disturbance.happened()
        if self._decisions >= WARM:
            self.notes.add("update", "update", self._block, ns, disturbed=disturbed)

    def before(self, start: int) -> None:
        """See :class:`~tradesim.simulation.seat.Observer`."""
        idle = 0 if self._idle_since is None or self._decisions < WARM else max(start - self._idle_since, 0)
        self._neighbour.run(idle)
        self._idle_since = start
        if self._ways is not None:
            self._method.within(next(self._ways))
        self._disturbance.watch()

    def after(self, took: Took) -> None:
        """See :class:`~tradesim.simulation.seat.Observer`."""
        disturbed = self._disturbance.happened()
        self._decisions += 1
        if self._decisions <= WARM:
            return
        self.notes.taken += 1
        self.notes.disturbed += disturbed
        note = partial(self.notes.add, block=self._block, disturbed=disturbed)
        note(Stage.FEED, "any", ns=took.feed)
        note(Stage.PRICE, took.tag, ns=took.price)
        note(Stage.DECIDE, ORDERS if took.asked else QUIET, ns=took.decide)
        if took.messages:
            note(Stage.SEND, "any", ns=took.send)

    def _play(self) -> Iterator[None]:
        pricing = Pricing(prices=self._method, clock=self._method, reference=self._method)
        seat = Seat(strategy=self._strategy, pricing=pricing, compute=Measured(), observer=self)
        return Play(self._session, [seat]).steps()


def _copied(rule: Rule) -> Rule:
    """A rule of its own, where the user's can be copied: what it remembers is of its own replay."""
    try:
        return copy.deepcopy(rule)
    except Exception:
        return rule
