"""What all runs on one tape under one seed share, prepared once: replay rows, feed clock, states and fair values."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.ends import closed_hours
from tradesim.market.tape import Tape
from tradesim.methods.method import State
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress, silent
from tradesim.simulation.book import quote_rows
from tradesim.simulation.fair import Fair, fair_of
from tradesim.simulation.resting import TapeDepth
from tradesim.simulation.venue_rules import Fees, VenueRules
from tradesim.simulation.view import feed_clock
from tradesim.simulation.volatility import Schedule, VolatilityService
from tradesim.simulation.wires import Wires
from tradesim.units import SECOND

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The world around the desks.

    ``wires``     latencies of feed, order entry and response
    ``fees``      what the venue charges
    ``venue``     what it holds orders to
    ``schedule``  when slow inputs are taken
    ``horizon``   ns, the markout that stands for fair value on a recorded tape
    """

    wires: Wires = field(default_factory=Wires)
    fees: Fees = field(default_factory=Fees)
    venue: VenueRules = field(default_factory=VenueRules)
    schedule: Schedule = field(default_factory=Schedule)
    horizon: int = 60 * SECOND

    def __post_init__(self) -> None:
        if self.horizon < 0:
            raise ArgumentError(f"Setting(horizon={self.horizon}): a markout lies at least 0 ns after the fill")


@dataclass(frozen=True, kw_only=True, eq=False)
class Session:
    """One tape under one seed, ready to be run any number of times.

    ``clock`` and ``states`` are those of desk 0; another's are asked for by :meth:`clock_of` and :meth:`states_of`.
    ``ticks`` are the grids (:mod:`tradesim.simulation.ticks`) on which rules quote the underlying and the options.
    """

    tape: Tape
    problem: Problem
    setting: Setting
    seed: int
    rows: Ints
    clock: Ints
    states: tuple[State, ...]
    fair: Fair
    ticks: tuple[Ints, Ints]
    _states: dict[int, tuple[State, ...]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def closed(self) -> Ints:
        """When the options are closed, int64[k, 2], ns: from a close, with which standing orders end, to an opening."""
        return closed_hours(self.tape, options=True)

    @cached_property
    def opens(self) -> Ints:
        """The numbers of the tape's rows that are the first of a session."""
        return np.searchsorted(self.tape.ts, self.tape.sessions[:, 0])

    @cached_property
    def expiries(self) -> list[tuple[int, list[int]]]:
        """The expiries on the tape, ascending, ns, with the contracts that expire then."""
        expiry = self.tape.chain.expiry
        return [
            (int(instant), np.flatnonzero(expiry == instant).tolist())
            for instant in np.unique(expiry[expiry <= self.tape.end])
        ]

    @cached_property
    def behind(self) -> TapeDepth:
        """What the tape tells besides its quotes, for the venues of all runs."""
        return TapeDepth(self.tape)

    def clock_of(self, desk: int) -> Ints:
        """When each row of the tape reaches a desk, int64[rows], ns; every desk has draws of its own."""
        if desk == 0:
            return self.clock
        return feed_clock(self.tape, self.setting.wires.feed, seed=self.seed, desk=desk)

    def states_of(self, desk: int) -> tuple[State, ...]:
        """The slow inputs as a desk's own feed tells them; those of desk 0 where its clock is the same."""
        if desk == 0:
            return self.states
        if desk not in self._states:
            clock = self.clock_of(desk)
            same = np.array_equal(clock, self.clock)
            self._states[desk] = self.states if same else self.service(clock).states()
        return self._states[desk]

    def service(self, clock: Ints) -> VolatilityService:
        """The volatility service of a desk that each row of the tape reaches by ``clock``."""
        return VolatilityService(
            tape=self.tape, problem=self.problem, rows=self.rows, clock=clock, schedule=self.setting.schedule
        )


def open_session(
    tape: Tape,
    problem: Problem,
    setting: Setting,
    *,
    seed: int,
    progress: Progress = silent,
) -> Session:
    """Prepare ``tape``; ``progress`` is told how many states are written."""
    if len(tape.chain) == 0:
        raise ArgumentError(f"tape {tape.underlying}: it has no option contract, so there is nothing to price")
    rows = quote_rows(tape)
    clock = feed_clock(tape, setting.wires.feed, seed=seed, desk=0)
    service = VolatilityService(tape=tape, problem=problem, rows=rows, clock=clock, schedule=setting.schedule)
    return Session(
        tape=tape,
        problem=problem,
        setting=setting,
        seed=seed,
        rows=rows,
        clock=clock,
        states=service.states(progress),
        fair=fair_of(tape, horizon=setting.horizon),
        ticks=setting.venue.ticks(tape),
    )
