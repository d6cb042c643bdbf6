"""What a fill was worth: the generator's latent value, or on a recorded tape an estimate by markout.

*Generated tape.* The fair value of a contract is the reference price at the true spot and volatility.
True years to expiry move with the steps of the latent volatility. No desk is shown any of it.

*Recorded tape.* Nobody knows the fair value. The estimate is the middle of the contract's quote that stands ``horizon``
ns later. Where only one side stands, it is the last middle, held to that side: no more than an ask, no less than a
bid. Near the tape's end the horizon is what is left; each fill keeps how long it was. Where the market closes within
the horizon, or the tape cannot tell instants so far apart, the value is not identified.

An expired contract is worth its intrinsic value on the settlement price: the one that the tape states, else the
underlying's last middle at or before its expiry (of one settled in the morning the first from then on), on a generated
tape its true price then.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, TapeError
from tradesim.market.chain import Settlement, listed_terms
from tradesim.market.ends import closed_hours
from tradesim.market.latent import level_steps
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Latent, Tape
from tradesim.methods.method import State
from tradesim.pricing import PROBLEMS, by_style
from tradesim.pricing.columns import Points
from tradesim.pricing.problem import Floats
from tradesim.simulation.settlement import expired_by, settlement_prices, settlement_values
from tradesim.units import MICROS, NEVER, SECOND, YEAR

Ints = NDArray[np.int64]

NO_SIDE: Final = np.iinfo(np.int64).min
"""Stands for the price of a missing side."""

BUMP: Final = 1e-4
"""Relative step of the central difference that gives a delta."""


class Fair(Protocol):
    """Values at the venue's instants; one length in, that length out. Contract -1 is the underlying."""

    kind: str
    """``latent`` or ``markout``."""

    def values(self, contract: Ints, instant: Ints) -> Ints:
        """Fair values in micros of the tape's currency."""
        ...

    def standing(self, contract: Ints, instant: Ints) -> Ints:
        """What the market, or the generator, says at the instant itself, in micros; nothing of what follows."""
        ...

    def deltas(self, contract: Ints, instant: Ints) -> Floats:
        """Change of value (tape's currency) with the underlying (currency); NaN where it is not known."""
        ...

    def spots(self, instant: Ints) -> Ints:
        """The underlying's value in micros."""
        ...

    def markouts(self, contract: Ints, instant: Ints) -> list[int | None]:
        """How many ns after each instant its value is taken; None where it is taken then, or not identified."""
        ...

    def identified(self, contract: Ints, instant: Ints, horizon: Ints | None = None) -> NDArray[np.bool_]:
        """Whether the value ``horizon`` ns after each instant is known; by default, whether :meth:`values` is."""
        ...

    def ends(self, contract: Ints, instant: Ints) -> Ints:
        """The instants, or the expiries of the contracts where they are before."""
        ...


def fair_of(tape: Tape, *, horizon: int) -> Fair:
    """The latent values of a generated tape, markouts at ``horizon`` ns of a recorded one."""
    if tape.latent is not None:
        return LatentFair(tape=tape, latent=tape.latent)
    return Markout(tape=tape, horizon=horizon)


def true_inputs(fair: Fair) -> "LatentFair":
    """Who knows the true slow inputs: the generator alone; ``ArgumentError`` on a recorded tape."""
    if not isinstance(fair, LatentFair):
        raise ArgumentError("an informed desk needs the truth: only a generated tape has it; leave informed out")
    return fair


class _Expiring:
    """What both kinds share: the value of a contract that is no more."""

    tape: Tape

    @abstractmethod
    def spots(self, instant: Ints) -> Ints:
        """See :class:`Fair`."""

    def ends(self, contract: Ints, instant: Ints) -> Ints:
        """See :class:`Fair`."""
        ends: Ints = np.minimum(instant, self.tape.chain.ends[contract + 1])
        return ends

    def _unless_expired(self, contract: Ints, at: Ints, alive: Callable[[Ints, Ints], Ints]) -> Ints:
        """Values ``at`` instants: settled where the contract has expired, else what ``alive`` says."""
        chain = self.tape.chain
        dead = expired_by(chain, contract, at)
        if not dead.any():
            return alive(contract, at)
        values = np.empty(len(contract), dtype=np.int64)
        values[~dead] = alive(contract[~dead], at[~dead])
        prices = settlement_prices(self.tape, contract[dead], self.spots)
        values[dead] = settlement_values(chain, contract[dead], prices)
        return values


@dataclass(kw_only=True, eq=False)
class LatentFair(_Expiring):
    """Reference prices at the latent state. Each (contract, latent row) is priced once and kept for all runs."""

    tape: Tape
    latent: Latent
    kind: str = "latent"
    _known: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)

    def values(self, contract: Ints, instant: Ints) -> Ints:
        """See :class:`Fair`."""
        return self._unless_expired(contract, instant, self._priced)

    def identified(self, contract: Ints, instant: Ints, horizon: Ints | None = None) -> NDArray[np.bool_]:
        """Always: see :class:`Fair`."""
        return np.ones(len(contract), dtype=np.bool_)

    def _priced(self, contract: Ints, instant: Ints) -> Ints:
        return np.array([value for value, _ in self._look_up(contract, instant)], dtype=np.int64)

    def standing(self, contract: Ints, instant: Ints) -> Ints:
        """The value: it knows nothing of what follows."""
        return self.values(contract, instant)

    def deltas(self, contract: Ints, instant: Ints) -> Floats:
        """See :class:`Fair`."""
        return np.array([delta for _, delta in self._look_up(contract, instant)], dtype=np.float64)

    def spots(self, instant: Ints) -> Ints:
        """See :class:`Fair`."""
        return np.rint(self.latent.at(instant)[0] * MICROS).astype(np.int64)

    def markouts(self, contract: Ints, instant: Ints) -> list[int | None]:
        """See :class:`Fair`."""
        return [None] * len(instant)

    def state(self, instant: int) -> State:
        """The true slow inputs at an instant, at the efficient spot; its index, below 0, is theirs while they stand."""
        chain, row = self.tape.chain, max(int(np.searchsorted(self.latent.ts, instant, side="right")) - 1, 0)
        contracts, rows = np.arange(len(chain)), np.full(len(chain), row)
        points = self._points(contracts, rows, self.latent.spot[rows])
        listed = PROBLEMS[self.tape.problem].listed if self.tape.problem else None
        return State(
            index=-1 - int(np.searchsorted(self._stepped, row, side="right")),
            instant=instant,
            spot=float(self.latent.spot[row]),
            expiry=points.expiry,
            volatility=points.volatility,
            rate=points.rate,
            dividend=points.dividend,
            further=None if listed is None else self._further(contracts),
        )

    def _look_up(self, contract: Ints, instant: Ints) -> list[tuple[int, float]]:
        row = np.maximum(np.searchsorted(self.latent.ts, instant, side="right") - 1, 0)
        keys = list(zip(contract.tolist(), row.tolist(), strict=True))
        missing = sorted({key for key in keys if key not in self._known})
        if missing:
            self._known.update(zip(missing, self._price(missing), strict=True))
        return [self._known[key] for key in keys]

    def _price(self, keys: list[tuple[int, int]]) -> list[tuple[int, float]]:
        contract, row = (np.array(column, dtype=np.int64) for column in zip(*keys, strict=True))
        spot, is_spot = self.latent.spot[row], contract == UNDERLYING - 1
        value, delta = spot.copy(), np.ones(len(keys))
        if not is_spot.all():
            value[~is_spot], delta[~is_spot] = self._option(contract[~is_spot], row[~is_spot])
        exact = np.rint(value * MICROS).astype(np.int64)
        return list(zip(exact.tolist(), delta.tolist(), strict=True))

    def _option(self, contract: Ints, row: Ints) -> tuple[Floats, Floats]:
        """Value and delta of options at latent rows."""
        spot = self.latent.spot[row]
        value, up, down = (self._reference(contract, row, spot * bump) for bump in (1.0, 1.0 + BUMP, 1.0 - BUMP))
        return value, (up - down) / (2.0 * BUMP * spot)

    def _reference(self, contract: Ints, row: Ints, spot: Floats) -> Floats:
        chain = self.tape.chain
        points = self._points(contract, row, spot)
        style = chain.style[contract]
        value = self._by_problem(points, contract) if self.tape.problem else by_style.price(points, style)
        return value / spot if chain.settlement is Settlement.INVERSE else value

    def _points(self, contract: Ints, row: Ints, spot: Floats) -> Points:
        """What contracts are priced by at latent rows and spots."""
        chain, carry, count = self.tape.chain, self.tape.carry, len(contract)
        expiry = np.maximum(chain.expiry[contract] - self._level_instant(row), 0)
        return Points(
            spot=spot,
            strike=chain.strike[contract],
            expiry=expiry / YEAR,
            volatility=self.latent.level[row] * self.latent.smile[contract],
            rate=np.full(count, self.tape.rate),
            dividend=np.full(count, self.tape.dividend) if carry is None else self.tape.rate - carry[contract],
            right=chain.right[contract],
        )

    def _by_problem(self, points: Points, contract: Ints) -> Floats:
        return PROBLEMS[self.tape.problem].reference(np.column_stack([points.inputs(), self._further(contract)]))

    def _further(self, contract: Ints) -> Floats:
        """The further terms of contracts of the tape's problem, from their listing."""
        return listed_terms(self.tape.chain, PROBLEMS[self.tape.problem], int(self.latent.ts[0]))[contract]

    @cached_property
    def _stepped(self) -> Ints:
        return level_steps(self.latent)

    def _level_instant(self, row: Ints) -> Ints:
        """The instant of the last step of the level at or before each latent row."""
        stepped = self._stepped
        ts: Ints = self.latent.ts[stepped[np.searchsorted(stepped, row, side="right") - 1]]
        return ts


@dataclass(kw_only=True, eq=False)
class Markout(_Expiring):
    """Middles of the contract's own quotes, ``horizon`` ns after the fill."""

    tape: Tape
    horizon: int = 60 * SECOND
    kind: str = "markout"
    _quotes: dict[int, tuple[Ints, NDArray[np.bool_]]] = field(default_factory=dict)
    _marks: dict[int, tuple[Ints, Ints]] = field(default_factory=dict)

    def values(self, contract: Ints, instant: Ints) -> Ints:
        """See :class:`Fair`."""
        return self._unless_expired(contract, np.minimum(instant + self.horizon, self.tape.end), self._middles)

    def identified(self, contract: Ints, instant: Ints, horizon: Ints | None = None) -> NDArray[np.bool_]:
        """Where the session lasts so long, or the contract expires or the tape ends before; bars are no longer; and the
        contract is quoted then."""
        after = np.full(len(instant), self.horizon) if horizon is None else horizon
        later = np.minimum(instant + after, self.tape.end)
        known = expired_by(self.tape.chain, contract, later)
        for each in np.unique(contract).tolist():
            mine, closes = contract == each, self._closes[each >= 0]
            next_close = closes[np.searchsorted(closes, instant[mine], side="right")]
            known[mine] |= (later[mine] < next_close) & self._stands(each + 1, later[mine])
        known &= (after == 0) | (after >= self.tape.resolution)
        return known

    @cached_property
    def _closes(self) -> dict[bool, Ints]:
        """When options, and the underlying, close; at last never."""
        return {which: np.append(closed_hours(self.tape, options=which)[:, 0], NEVER) for which in (True, False)}

    def _middles(self, contract: Ints, at: Ints) -> Ints:
        pairs = zip(contract.tolist(), at.tolist(), strict=True)
        return np.array([self._middle(c + 1, t) for c, t in pairs], dtype=np.int64)

    def deltas(self, contract: Ints, instant: Ints) -> Floats:
        """Not known on a recorded tape: NaN; that of the underlying is 1."""
        return np.where(contract == UNDERLYING - 1, 1.0, np.nan)

    def standing(self, contract: Ints, instant: Ints) -> Ints:
        """The middle that stands at the instant."""
        return self._unless_expired(contract, instant, self._middles)

    def spots(self, instant: Ints) -> Ints:
        """See :class:`Fair`."""
        return np.array([self._middle(UNDERLYING, t) for t in instant.tolist()], dtype=np.int64)

    def markouts(self, contract: Ints, instant: Ints) -> list[int | None]:
        """See :class:`Fair`."""
        taken = self.ends(contract, np.minimum(instant + self.horizon, np.maximum(self.tape.end, instant)))
        known = self.identified(contract, instant)
        return [int(ns) if told else None for ns, told in zip(taken - instant, known, strict=True)]

    def _stands(self, instrument: int, instant: Ints) -> NDArray[np.bool_]:
        """Whether a quote of the instrument stands at each instant."""
        rows, has_side = self._quotes_of(instrument)
        last = np.searchsorted(self.tape.ts[rows], instant, side="right") - 1
        stands: NDArray[np.bool_] = np.append(has_side, False)[last]
        return stands

    def _quotes_of(self, instrument: int) -> tuple[Ints, NDArray[np.bool_]]:
        """Rows of the instrument's quotes, and whether each has a side."""
        if instrument not in self._quotes:
            tape = self.tape
            rows = np.flatnonzero((tape.instrument == instrument) & (tape.kind == QUOTE))
            self._quotes[instrument] = rows, (tape.bid_size[rows] > 0) | (tape.ask_size[rows] > 0)
        return self._quotes[instrument]

    def _middle(self, instrument: int, instant: int) -> int:
        ts, mark = self._marks_of(instrument)
        row = int(np.searchsorted(ts, instant, side="right")) - 1
        if row < 0:
            traded = np.flatnonzero((self.tape.instrument == instrument) & (self.tape.kind == TRADE))
            traded = traded[self.tape.ts[traded] <= instant]
            if len(traded):
                return int(self.tape.price[traded[-1]])
            raise TapeError(
                f"instrument {instrument} has no quote by {instant} ns, so nothing can be valued there; "
                "value only what has been quoted"
            )
        return int(mark[row])

    def _marks_of(self, instrument: int) -> tuple[Ints, Ints]:
        """Instants of the instrument's quotes that have a side, and what each says it is worth."""
        if instrument not in self._marks:
            tape, (rows, has_side) = self.tape, self._quotes_of(instrument)
            mine = rows[has_side]
            sides = (
                np.where(tape.bid_size[mine] > 0, tape.bid[mine], NO_SIDE),
                np.where(tape.ask_size[mine] > 0, tape.ask[mine], NO_SIDE),
            )
            self._marks[instrument] = tape.ts[mine], marks(*sides)
        return self._marks[instrument]


@njit(cache=True)
def marks(bid: Ints, ask: Ints) -> Ints:
    """What each quote says its instrument is worth: its middle, or the last middle held to the one side it has."""
    out = np.empty(len(bid), dtype=np.int64)
    last = NO_SIDE
    for i in range(len(bid)):
        if bid[i] != NO_SIDE and ask[i] != NO_SIDE:
            last = (bid[i] + ask[i]) // 2
            out[i] = last
        elif bid[i] != NO_SIDE:
            out[i] = bid[i] if last == NO_SIDE else max(last, bid[i])
        else:
            out[i] = ask[i] if last == NO_SIDE else min(last, ask[i])
    return out
