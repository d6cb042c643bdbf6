"""What a snapshot's quotes tell: of each expiry the forward, and the implied volatility of each strike."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.market.chain import AMERICAN, CALL, PUT, Settlement
from tradesim.market.snapshot import Snapshot
from tradesim.pricing import by_style
from tradesim.pricing.american import solvable_dividends
from tradesim.pricing.columns import Points
from tradesim.pricing.implied import implied_volatilities
from tradesim.pricing.problem import Floats
from tradesim.units import YEAR

Ints = NDArray[np.int64]

PAIRS: Final = 5
"""How many put-call pairs nearest the money a forward is the median of."""
ROUNDS: Final = 3
"""Forward and early exercise premium are found from each other so often."""
FARTHEST: Final = 3.0
"""Quotes further than so many standard deviations from the forward are not fitted: their prices are a tick or two."""
LEAST_ERROR: Final = 1e-3
"""No quote tells a volatility better than this, a tenth of a point."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quoted:
    """The ``n`` quotes of one expiry that tell its smile: of each strike the option out of the money, where two-sided.

    Of a chain of both exercise styles it is one of each, and their volatilities are on one smile.

    ``k``                ``ln(strike / forward)``, ascending
    ``volatility``       of the mid; ``low high`` of bid and ask (NaN where a side is worth less than any volatility)
    """

    life: int
    carry: float
    index: Ints
    k: Floats
    volatility: Floats
    low: Floats
    high: Floats

    @property
    def error(self) -> Floats:
        """Half the width of the quote in volatility, float64[n], at least a tenth of a point."""
        below = np.where(np.isfinite(self.low), self.volatility - self.low, self.high - self.volatility)
        half = 0.5 * (self.high - self.volatility + below)
        return np.maximum(np.where(np.isfinite(half), half, self.volatility), LEAST_ERROR)


def quoted_smiles(snapshot: Snapshot) -> list[Quoted]:
    """What the quotes tell of volatility, expiry by expiry in order of life, without those that tell nothing."""
    expiries = (np.flatnonzero(snapshot.chain.expiry == expiry) for expiry in np.unique(snapshot.chain.expiry))
    return [quoted for members in expiries if len((quoted := _quoted(snapshot, members)).k)]


def values(snapshot: Snapshot, index: Ints, carry: float, volatility: Floats) -> Floats:
    """Values in currency of the contracts at ``index`` at these volatilities, by the program of their style."""
    return by_style.price(_points(snapshot, index, carry, volatility), snapshot.chain.style[index])


def _points(snapshot: Snapshot, index: Ints, carry: float, volatility: Floats) -> Points:
    """What the contracts at ``index`` are priced by."""
    chain, dividend = snapshot.chain.select(index), np.full(len(index), snapshot.rate - carry)
    return Points(
        spot=np.full(len(index), snapshot.spot),
        strike=chain.strike,
        expiry=chain.years_to_expiry(snapshot.instant),
        volatility=volatility,
        rate=np.full(len(index), snapshot.rate),
        dividend=np.where(chain.style == AMERICAN, solvable_dividends(snapshot.rate, dividend), dividend),
        right=chain.right,
    )


def _implied(snapshot: Snapshot, index: Ints, carry: float, price: Floats) -> Floats:
    """Implied volatility of prices as they are quoted; NaN where a price carries none."""
    unknown, out = np.full((2, len(index)), np.nan)
    spot, strike, years, _, rate, dividend, right = _points(snapshot, index, carry, unknown).columns()
    unit = snapshot.spot if snapshot.chain.settlement is Settlement.INVERSE else 1.0
    implied_volatilities(
        price * unit,
        *(spot, strike, years, rate, dividend, right, snapshot.chain.style[index]),
        *(unknown, out),
    )
    return out


def _quoted(snapshot: Snapshot, members: Ints) -> Quoted:
    chain = snapshot.chain
    carry = _carry(snapshot, members)
    life = int(chain.expiry[members[0]]) - snapshot.instant
    k = np.log(chain.strike / snapshot.spot) - carry * life / YEAR
    outside = members[(chain.right[members] == np.where(k[members] < 0.0, PUT, CALL)) & two_sided(snapshot)[members]]
    mid = 0.5 * (snapshot.bid + snapshot.ask)[outside]
    volatility = _implied(snapshot, outside, carry, mid)
    near = np.flatnonzero(
        np.isfinite(volatility) & (np.abs(k[outside]) <= FARTHEST * _deviation(k[outside], volatility, life))
    )
    near = near[np.argsort(k[outside[near]])]
    index = outside[near]
    low, high = (_implied(snapshot, index, carry, side[index]) for side in (snapshot.bid, snapshot.ask))
    return Quoted(life=life, carry=carry, index=index, k=k[index], volatility=volatility[near], low=low, high=high)


def two_sided(snapshot: Snapshot) -> NDArray[np.bool_]:
    """bool[n], whether a contract is quoted on both sides, uncrossed."""
    return np.isfinite(snapshot.bid) & np.isfinite(snapshot.ask) & (snapshot.bid <= snapshot.ask)


def _deviation(k: Floats, volatility: Floats, life: int) -> float:
    """Standard deviation of the log-spot at expiry, by the volatility nearest the forward; 0 where none is known."""
    known = np.flatnonzero(np.isfinite(volatility))
    if not len(known):
        return 0.0
    return float(volatility[known[np.argmin(np.abs(k[known]))]] * np.sqrt(life / YEAR))


def _carry(snapshot: Snapshot, members: Ints) -> float:
    """What the venue states; else by put-call parity nearest the money, early exercise premiums taken off.

    Without a pair that is quoted it is the rate. Where options are American it is one whose yield the reference solves.
    """
    if snapshot.carry is not None:
        return float(np.median(snapshot.carry[members]))
    chain, carry = snapshot.chain, snapshot.rate
    styles = chain.style[members]
    pairs = [_pairs(snapshot, members[styles == style]) for style in np.unique(styles)]
    calls, puts = (np.concatenate(side) for side in zip(*pairs, strict=True))
    if not len(calls):
        return carry
    years = chain.years_to_expiry(snapshot.instant)[calls[0]]
    discount = float(np.exp(-snapshot.rate * years))
    mid = 0.5 * (snapshot.bid + snapshot.ask) * (snapshot.spot if chain.settlement is Settlement.INVERSE else 1.0)
    for _ in range(ROUNDS):
        held = [mid[side] - _premium(snapshot, side, carry) for side in (calls, puts)]
        forward = float(np.median(chain.strike[calls] + (held[0] - held[1]) / discount))
        carry = float(np.log(forward / snapshot.spot) / years)
        if (styles == AMERICAN).any():
            carry = snapshot.rate - float(solvable_dividends(snapshot.rate, np.array([snapshot.rate - carry]))[0])
    return carry


def _premium(snapshot: Snapshot, index: Ints, carry: float) -> Floats:
    """Early exercise premiums in currency at the contracts' own volatilities; 0 where none is known."""
    style = snapshot.chain.style[index]
    if not style.any():
        return np.zeros(len(index))
    volatility = _implied(snapshot, index, carry, 0.5 * (snapshot.bid + snapshot.ask)[index])
    known = np.isfinite(volatility)
    points = _points(snapshot, index, carry, np.where(known, volatility, 0.0))
    return np.where(known, by_style.premium(points, style), 0.0)


def _pairs(snapshot: Snapshot, members: Ints) -> tuple[Ints, Ints]:
    """The calls and the puts, in step, of the strikes nearest the money at which both are quoted on two sides."""
    chain, quoted = snapshot.chain, two_sided(snapshot)
    by_right = {
        right: {float(chain.strike[i]): i for i in members if chain.right[i] == right and quoted[i]}
        for right in (CALL, PUT)
    }
    both = sorted(by_right[CALL].keys() & by_right[PUT].keys(), key=lambda strike: abs(strike - snapshot.spot))[:PAIRS]
    calls, puts = (np.array([by_right[right][strike] for strike in both], dtype=np.int64) for right in (CALL, PUT))
    return calls, puts
