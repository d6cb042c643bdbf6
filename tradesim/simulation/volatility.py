"""The volatility service: a desk's, the same in all runs of a session, on a tape-time schedule, on its second CPU.

At each instant of the schedule it looks at the desk's view and writes a :class:`~tradesim.methods.method.State`:

1. *Forward*, one per expiry, by put-call parity at the strikes nearest the money that are quoted on all four sides:
   S exp(-qT) = C - P + K exp(-rT), each price less its early exercise premium under the state before; a call and its
   put are of one style. Where no pair is quoted the dividend yield of the state before stands, at first what the tape
   states (its carry or its dividend).
   Noise in the quotes is noise in the yield; an American option is given the nearest yield that the reference solves
   (:func:`~tradesim.pricing.american.solvable_dividends`), which at a negative rate may be another.
2. *Volatility*, one per contract: the middle of its quote, inverted with the problem's program at the accuracy of
   :mod:`tradesim.pricing.implied`; in a chain of both exercise styles with that of its own style.
3. *Fall-back*, where a side is missing or the middle has no implied volatility: the contract's last one, with the
   dividend yield that it was implied with; else that of the nearest strike of its expiry; else of the nearest
   contract; else ``Schedule.default_volatility``. A contract whose volatility was never implied from its own quote is
   priced, but not traded.

A snapshot in the middle of a move would pair a new spot with old option quotes. So where the spot has changed within
``settle``, the volatilities and forwards of the state before stand, and only clock and spot are new. The rows of a
tape of coarser resolution (bars) are of one instant already.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, TapeError
from tradesim.market.chain import AMERICAN, CALL, PUT, Settlement, listed_terms, priced_styles
from tradesim.market.tape import QUOTE, UNDERLYING, Tape
from tradesim.methods.method import State
from tradesim.methods.solvers import solver_of
from tradesim.methods.solvers.solver import Solver
from tradesim.methods.staged import VOLATILITY
from tradesim.pricing.american import solvable_dividends
from tradesim.pricing.by_style import premium
from tradesim.pricing.collocation import ACCURATE
from tradesim.pricing.columns import Points
from tradesim.pricing.implied import implied_by, implied_volatilities
from tradesim.pricing.laws import laws_of
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress, silent
from tradesim.simulation.book import ASK, ASK_SIZE, BID, BID_SIZE, empty_book, mid, replay, underlying_path
from tradesim.units import MICROS, MILLISECOND, SECOND, YEAR

Ints = NDArray[np.int64]

PAIRS = 3
"""How many put-call pairs an implied forward is the median of."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When slow inputs are taken anew.

    ``every``    ns between snapshots, at most a minute; a tape of coarser resolution sets its own pace
    ``near``     as a contract nears its expiry, snapshots are at most this share of its remaining life apart
    ``fastest``  ns, the least distance between two snapshots
    ``settle``   ns that the spot must have stood still for volatilities to be taken
    ``default_volatility`` a year, where nothing is quoted
    """

    every: int = SECOND
    near: float = 0.01
    fastest: int = 100 * MILLISECOND
    settle: int = 20 * MILLISECOND
    default_volatility: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.fastest <= self.every <= 60 * SECOND:
            raise ArgumentError(
                f"Schedule(every={self.every}, fastest={self.fastest}): 0 < fastest <= every <= one minute must hold"
            )
        if self.settle < 0 or not self.near > 0 or not self.default_volatility > 0:
            raise ArgumentError(
                f"Schedule(settle={self.settle}, near={self.near}, default_volatility={self.default_volatility}): "
                "settle must be at least 0, near and default_volatility above 0"
            )

    def is_coarse(self, tape: Tape) -> bool:
        """Whether the tape's rows are bars: what they tell of one instant happened within more than ``settle``."""
        return tape.resolution > self.settle


def snapshot_instants(tape: Tape, clock: Ints, schedule: Schedule) -> list[int]:
    """The instants at which the service looks, from the first moment that the desk has seen both sides of the spot.

    Where nothing has arrived since the last look, the next one waits for what arrives: closed hours take no work.
    """
    coarse = min(tape.resolution, 60 * SECOND)
    every, fastest = max(schedule.every, coarse), max(schedule.fastest, coarse)
    expiries = np.unique(tape.chain.expiry)
    instants = [_first_sight(tape, clock)]
    while True:
        now = instants[-1]
        alive = expiries[expiries > now]
        life = int(alive[0]) - now if len(alive) else YEAR
        following = now + max(fastest, min(every, int(life * schedule.near)))
        arrived = int(np.searchsorted(clock, now, side="right"))
        if arrived < len(clock):
            following = max(following, int(clock[arrived]))
        if following > int(clock[-1]):
            return instants
        instants.append(following)


def _first_sight(tape: Tape, clock: Ints) -> int:
    """The first instant after whose arrivals both sides of the underlying are seen."""
    rows = np.flatnonzero((tape.instrument == UNDERLYING) & (tape.kind == QUOTE))
    arrival = clock[rows]
    quoted = (tape.bid_size[rows] > 0) & (tape.ask_size[rows] > 0) & np.append(arrival[1:] != arrival[:-1], True)
    quoted &= tape.bid[rows] + tape.ask[rows] > 0
    if not quoted.any():
        raise TapeError(
            f"tape {tape.underlying}: the underlying is never quoted on both sides, so nothing can be priced; "
            "give a tape with quotes of the underlying"
        )
    return int(arrival[int(np.argmax(quoted))])


@dataclass(kw_only=True, eq=False)
class VolatilityService:
    """Writes the states of one tape as one desk sees it; ``clock`` int64[rows] is when each row reaches the desk."""

    tape: Tape
    problem: Problem
    rows: Ints
    clock: Ints
    schedule: Schedule

    def states(self, progress: Progress = silent) -> tuple[State, ...]:
        """A state for each instant of the schedule."""
        instants = snapshot_instants(self.tape, self.clock, self.schedule)
        moved = self._instants_of_spot_change()
        book = empty_book(len(self.tape.chain) + 1)
        cursor = 0
        found: list[State] = []
        for index, instant in enumerate(instants):
            cursor = replay(self.rows, self.clock, cursor, instant, book)
            before = found[-1] if found else None
            found.append(self.snapshot(book, instant, before, settled=self._settled(moved, instant)))
            progress(index + 1, len(instants), "volatilities")
        return tuple(found)

    def snapshot(self, book: Ints, instant: int, before: State | None, *, settled: bool = True) -> State:
        """The state that ``book``, a view at ``instant``, shows, given the state ``before``."""
        middle = mid(book, UNDERLYING)
        if middle is None or middle <= 0.0:
            middle = None
            if before is None:
                raise TapeError("the underlying must be quoted on both sides at the first snapshot; it is not")
            spot = before.spot
        else:
            spot = middle / MICROS
        years = self.tape.chain.years_to_expiry(instant)
        start = before or self._blank(instant, spot)
        if before is not None and not (settled and middle is not None):
            return replace(before, index=before.index + 1, instant=instant, spot=spot, expiry=years)
        prices = _mids(book) * (spot if self.tape.chain.settlement is Settlement.INVERSE else 1.0)
        state = start
        for _ in range(1 if before else 3):
            dividend = self._dividends(prices, spot, years, state.volatility, state.dividend)
            implied = self._implied(prices, spot, years, dividend, state.volatility)
            state = replace(state, volatility=self._completed(implied, start), dividend=dividend)
        trusted, told = _trusted(start), np.isfinite(implied)
        dividend = np.where(trusted & ~told, start.dividend, state.dividend)
        return replace(
            state,
            index=start.index + 1,
            instant=instant,
            spot=spot,
            expiry=years,
            dividend=dividend,
            own=told | trusted,
        )

    def _blank(self, instant: int, spot: float) -> State:
        count = len(self.tape.chain)
        return State(
            index=-1,
            instant=instant,
            spot=spot,
            expiry=self.tape.chain.years_to_expiry(instant),
            volatility=np.full(count, self.schedule.default_volatility),
            rate=np.full(count, self.tape.rate),
            dividend=self._stated_dividend(),
            further=self._further,
            own=np.zeros(count, dtype=np.bool_),
        )

    def _stated_dividend(self) -> Floats:
        """The dividend yield that the tape states: by its carry a contract, where the venue gives one."""
        if self.tape.carry is None:
            return np.full(len(self.tape.chain), self.tape.dividend)
        return self._solvable(self.tape.rate - self.tape.carry)

    def _solvable(self, dividend: Floats) -> Floats:
        return np.where(self._style == AMERICAN, solvable_dividends(self.tape.rate, dividend), dividend)

    def _instants_of_spot_change(self) -> Ints:
        index, twice_mid = underlying_path(self.rows)
        changed = np.append(True, twice_mid[1:] != twice_mid[:-1])
        instants: Ints = self.clock[index[changed]]
        return instants

    def _settled(self, moved: Ints, instant: int) -> bool:
        if self.schedule.is_coarse(self.tape):
            return True
        last = int(np.searchsorted(moved, instant, side="right")) - 1
        return last <= 0 or instant - int(moved[last]) >= self.schedule.settle

    def _dividends(self, prices: Floats, spot: float, years: Floats, volatility: Floats, dividend: Floats) -> Floats:
        chain = self.tape.chain
        implied = dividend.copy()
        if laws_of(self.problem).parity is None:
            return implied
        for expiry in np.unique(chain.expiry):
            quoted = (chain.expiry == expiry) & np.isfinite(prices)
            pairs = [
                _pairs_near(chain.strike, chain.right, np.flatnonzero(quoted & (self._style == style)), spot)
                for style in np.unique(self._style)
            ]
            calls, puts = (np.concatenate(side) for side in zip(*pairs, strict=True))
            life = float(years[chain.expiry == expiry][0])
            if life <= 0.0 or not len(calls):
                continue
            both = np.concatenate([calls, puts])
            european = prices[both] - self._premium(both, spot, years, volatility, dividend)
            call, put = np.split(european, 2)
            discounted = call - put + chain.strike[calls] * np.exp(-self.tape.rate * life)
            centre = float(np.median(discounted))
            if centre > 0.0:
                implied[chain.expiry == expiry] = -np.log(centre / spot) / life
        return self._solvable(implied)

    def _premium(self, index: Ints, spot: float, years: Floats, volatility: Floats, dividend: Floats) -> Floats:
        """Early exercise premium of the contracts at ``index``, in currency."""
        if not self._style[index].any():
            return np.zeros(len(index))
        points = Points(
            spot=np.full(len(index), spot),
            strike=self.tape.chain.strike[index],
            expiry=years[index],
            volatility=volatility[index],
            rate=np.full(len(index), self.tape.rate),
            dividend=dividend[index],
            right=self.tape.chain.right[index],
        )
        return premium(points, self._style[index])

    @cached_property
    def _style(self) -> NDArray[np.int8]:
        return priced_styles(self.tape.chain, self.problem)

    def _implied(self, prices: Floats, spot: float, years: Floats, dividend: Floats, guess: Floats) -> Floats:
        """Each contract's implied volatility; NaN where it has none."""
        chain = self.tape.chain
        if self._further is not None:
            terms = (chain.strike, years, guess, np.full(len(chain), self.tape.rate), dividend, chain.right)
            slow = np.column_stack([*terms, self._further])
            return implied_by(partial(self._solver.full_values, spot), slow, VOLATILITY, prices, guess)
        found = np.empty(len(chain))
        spots = np.full(len(chain), spot)
        rates = np.full(len(chain), self.tape.rate)
        style = self._style
        implied_volatilities(prices, spots, chain.strike, years, rates, dividend, chain.right, style, guess, found)
        return found

    @cached_property
    def _further(self) -> Floats | None:
        """What the problem's contracts have beside the common inputs, from their listing at the tape's beginning."""
        return None if self.problem.listed is None else listed_terms(self.tape.chain, self.problem, self.tape.start)

    @cached_property
    def _solver(self) -> Solver:
        return solver_of(self.problem, ACCURATE)

    def _completed(self, implied: Floats, before: State) -> Floats:
        """``implied``, its gaps filled by the fall-back."""
        chain = self.tape.chain
        last = np.where(np.isfinite(implied), implied, np.where(_trusted(before), before.volatility, np.nan))
        return _filled(last, chain.strike, chain.expiry, self.schedule.default_volatility)


def _trusted(state: State) -> NDArray[np.bool_]:
    """The contracts whose volatility in ``state`` came, now or before, from their own quote."""
    return np.ones(len(state.volatility), dtype=np.bool_) if state.own is None else state.own


def _mids(book: Ints) -> Floats:
    """Middle of each contract's quote in the tape's currency, NaN where a side is missing."""
    quotes = book[1:]
    both = (quotes[:, BID_SIZE] > 0) & (quotes[:, ASK_SIZE] > 0)
    return np.where(both, 0.5 * (quotes[:, BID] + quotes[:, ASK]) / MICROS, np.nan)


def _pairs_near(strike: Floats, right: NDArray[np.int8], members: Ints, spot: float) -> tuple[Ints, Ints]:
    """The calls and the puts, in step, of the few strikes nearest the money that ``members`` hold both of."""
    calls = {float(strike[i]): i for i in members if right[i] == CALL}
    puts = {float(strike[i]): i for i in members if right[i] == PUT}
    nearest = sorted(calls.keys() & puts.keys(), key=lambda k: abs(k - spot))[:PAIRS]
    return (
        np.array([calls[k] for k in nearest], dtype=np.int64),
        np.array([puts[k] for k in nearest], dtype=np.int64),
    )


def _filled(found: Floats, strike: Floats, expiry: Ints, default: float) -> Floats:
    """``found`` with its gaps filled from the nearest strike of the expiry, else of the chain, else ``default``."""
    known = np.flatnonzero(np.isfinite(found))
    if not len(known):
        return np.full(len(found), default)
    filled = found.copy()
    for i in np.flatnonzero(~np.isfinite(found)):
        siblings = known[expiry[known] == expiry[i]]
        pool = siblings if len(siblings) else known
        filled[i] = found[pool[np.argmin(np.abs(np.log(strike[pool] / strike[i])))]]
    return filled
