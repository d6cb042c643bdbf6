"""A modelled chain that is like a real one: smiles, forwards and spreads fitted to a snapshot, and how well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Settlement
from tradesim.market.quoted import Quoted, quoted_smiles, two_sided, values
from tradesim.market.snapshot import Snapshot
from tradesim.market.surface import Expiry, Surface
from tradesim.market.svi import LEAST_QUOTES, Fitted, Smile, fit_smile
from tradesim.pricing.problem import Floats
from tradesim.units import DAY, MICROS, YEAR

Ints = NDArray[np.int64]

CANDIDATES: Final = 60
"""The least and the share of the half-spread are sought among so many quantiles each."""


@dataclass(frozen=True, kw_only=True)
class ExpiryFit:
    """How well one expiry fits its ``quotes``.

    ``rmse``      of the volatility of the mids, points of a percent a year; ``weighted`` counts each by its narrowness
    ``inside``    share of the quotes whose bid and ask hold the modelled value
    ``spread``    median of modelled spread over real spread, calls and puts between the outermost strikes
    ``density``   the least of Durrleman's ``g`` over the lattice: no butterfly is free where it is not negative
    ``calendar``  the least total variance above the expiry before, where both are quoted; infinite for the first
    """

    days: float
    quotes: int
    rmse: float
    weighted: float
    inside: float
    spread: float
    density: float
    calendar: float

    def __str__(self) -> str:
        return (
            f"{self.days:.1f} days: {self.quotes} quotes, rmse {self.rmse:.2f} points, {self.inside:.0%} inside, "
            f"spreads {self.spread:.2f} of the real ones"
        )


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a surface fits, by expiry and over all quotes."""

    expiries: tuple[ExpiryFit, ...]

    def _mean(self, name: str, power: int = 1) -> float:
        values = np.array([getattr(e, name) for e in self.expiries])
        return float(np.average(values**power, weights=[e.quotes for e in self.expiries]) ** (1.0 / power))

    @property
    def quotes(self) -> int:
        """Quotes that were fitted."""
        return sum(e.quotes for e in self.expiries)

    @property
    def rmse(self) -> float:
        """Over all quotes, points of volatility."""
        return self._mean("rmse", 2)

    @property
    def inside(self) -> float:
        """Share of all quotes that hold the modelled value."""
        return self._mean("inside")

    def __str__(self) -> str:
        return (
            f"fit to {self.quotes:,} quotes of {len(self.expiries)} expiries: rmse {self.rmse:.2f} points of "
            f"volatility, {self.inside:.0%} of the modelled values inside the real spread"
        )


def calibrate(
    snapshot: Snapshot, *, days: Sequence[int] = (7, 30, 90), strikes: int = 7, reach: float = 2.0
) -> tuple[Surface, Fit]:
    """The surface nearest to ``snapshot``, and how well it fits.

    ``days``     for each, the listed expiry nearest to it is taken; two that are nearest to one listed expiry are one
    ``strikes``  at most so many an expiry: the listed ones nearest to a lattice
    ``reach``    the lattice spans so many standard deviations to each side of the forward

    All quotes of an expiry within three deviations are fitted, also those whose strikes are not taken. Where contracts
    of both exercise styles are listed at an expiry, each tells the one smile by its own style, and both are modelled.

    Raises :class:`~tradesim.errors.ArgumentError` where no expiry that is asked for has five usable quotes.
    """
    if not days or strikes < 1 or not reach > 0.0:
        raise ArgumentError(
            f"days {days}, strikes {strikes}, reach {reach}: at least one day and strike, a positive reach"
        )
    if len(np.unique(snapshot.chain.multiplier)) > 1:
        raise ArgumentError(f"{snapshot.source}: contracts of several multipliers; give a chain of one")
    smiles = [expiry for expiry in quoted_smiles(snapshot) if len(np.unique(expiry.k)) >= LEAST_QUOTES]
    quoted = _nearest(smiles, days, snapshot)
    fitted: list[Fitted] = []
    for expiry in quoted:
        before = fitted[-1] if fitted else None
        fitted.append(fit_smile(expiry.k, expiry.volatility, expiry.error, expiry.life / YEAR, below=before))
    spreads = [fit_spreads(snapshot, _two_sided_between(snapshot, expiry)) for expiry in quoted]
    unit = 1.0 if snapshot.chain.settlement is Settlement.INVERSE else snapshot.spot
    surface = Surface(
        expiries=tuple(
            Expiry(
                life=expiry.life,
                carry=expiry.carry,
                smile=one.smile,
                strikes=_lattice_strikes(snapshot, expiry, one.smile, strikes, reach),
                styles=tuple(np.unique(snapshot.chain.style[_listed(snapshot, expiry)]).tolist()),
                spread_least=least / unit,
                spread_share=share,
            )
            for expiry, one, (least, share) in zip(quoted, fitted, spreads, strict=True)
        ),
        rate=snapshot.rate,
        settlement=snapshot.chain.settlement,
        multiplier=int(snapshot.chain.multiplier[0]),
        tick=snapshot.tick,
        source=snapshot.source,
    )
    return surface, Fit(expiries=tuple(_fits(snapshot, quoted, fitted, spreads)))


def _two_sided_between(snapshot: Snapshot, quoted: Quoted) -> Ints:
    """All two-sided contracts of the expiry, calls and puts, at the strikes that were fitted and between."""
    chain, strikes = snapshot.chain, snapshot.chain.strike[quoted.index]
    between = (chain.strike >= strikes.min()) & (chain.strike <= strikes.max())
    return np.flatnonzero(between & _listed(snapshot, quoted) & two_sided(snapshot))


def _listed(snapshot: Snapshot, quoted: Quoted) -> NDArray[np.bool_]:
    """bool[n], whether a contract is of that expiry."""
    return np.asarray(snapshot.chain.expiry == snapshot.instant + quoted.life)


def _nearest(quoted: list[Quoted], days: Sequence[int], snapshot: Snapshot) -> list[Quoted]:
    if not quoted:
        raise ArgumentError(
            f"{snapshot.source}: no expiry has {LEAST_QUOTES} options out of the money that are quoted on two sides; "
            "state another instant, or give another chain"
        )
    lives = np.array([expiry.life for expiry in quoted])
    return [quoted[i] for i in sorted({int(np.argmin(np.abs(lives - day * DAY))) for day in days})]


def _lattice_strikes(snapshot: Snapshot, quoted: Quoted, smile: Smile, count: int, reach: float) -> tuple[float, ...]:
    """The listed strikes nearest to ``count`` that are spread evenly within reach, in units of the spot."""
    years = quoted.life / YEAR
    strikes = np.unique(snapshot.chain.strike[_listed(snapshot, quoted)])
    k = np.log(strikes / snapshot.spot) - quoted.carry * years
    width = reach * float(smile.volatility(np.zeros(1), years)[0]) * np.sqrt(years)
    wanted = np.linspace(-width, width, count) if count > 1 else np.zeros(1)
    chosen = np.unique(np.argmin(np.abs(k - wanted[:, None]), axis=1))
    return tuple((strikes[chosen] / snapshot.spot).tolist())


def fit_spreads(snapshot: Snapshot, index: Ints) -> tuple[float, float]:
    """Least and share of the half-spread, in the unit of the prices, of the quotes at ``index``.

    They have the least mean absolute error of the logarithm of the half-spread, once the maker has rounded his quote
    outwards to the tick, which adds half a tick on average. Sought among quantiles: no local minimum can hold it.
    """
    width, mid = _widths(snapshot, index)
    rounding = 0.5 * snapshot.tick / MICROS
    own = np.maximum(0.5 * width - rounding, 0.0)
    quantiles = np.linspace(0.0, 1.0, CANDIDATES)
    least, share = np.quantile(own, quantiles)[:, None, None], np.quantile(own / mid, quantiles)[None, :, None]
    error = np.mean(np.abs(np.log((np.maximum(least, share * mid) + rounding) / (0.5 * width))), axis=2)
    best = np.unravel_index(np.argmin(error), error.shape)
    return float(least[best[0], 0, 0]), min(float(share[0, best[1], 0]), 0.5)


def _widths(snapshot: Snapshot, index: Ints) -> tuple[Floats, Floats]:
    """Spread, a tick at least, and middle of the quotes at ``index``, in the unit of the prices."""
    bid, ask = snapshot.bid[index], snapshot.ask[index]
    return np.maximum(ask - bid, snapshot.tick / MICROS), 0.5 * (bid + ask)


def _fits(
    snapshot: Snapshot, quoted: list[Quoted], fitted: list[Fitted], spreads: list[tuple[float, float]]
) -> Iterator[ExpiryFit]:
    unit = snapshot.spot if snapshot.chain.settlement is Settlement.INVERSE else 1.0
    for number, (q, one, (least, share)) in enumerate(zip(quoted, fitted, spreads, strict=True)):
        volatility = one.smile.volatility(q.k, q.life / YEAR)
        value = values(snapshot, q.index, q.carry, volatility) / unit
        bid, ask = snapshot.bid[q.index], snapshot.ask[q.index]
        width, mid = _widths(snapshot, _two_sided_between(snapshot, q))
        modelled = 2.0 * np.maximum(least, share * mid) + snapshot.tick / MICROS
        error = 100.0 * (volatility - q.volatility)
        yield ExpiryFit(
            days=q.life / DAY,
            quotes=len(q.k),
            rmse=float(np.sqrt(np.mean(error**2))),
            weighted=float(np.sqrt(np.average(error**2, weights=q.error**-2))),
            inside=float(np.mean((bid <= value) & (value <= ask))),
            spread=float(np.median(modelled / width)),
            density=float(one.smile.density(one.lattice).min()),
            calendar=float(np.min(one.above(fitted[number - 1]), initial=np.inf)) if number else np.inf,
        )
