"""A modelled chain, free of any one spot: strikes in moneyness, lives instead of expiries, smiles and spreads."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain, Settlement
from tradesim.market.svi import Smile
from tradesim.pricing.problem import Floats
from tradesim.units import SECOND, YEAR

DIGITS = 4
"""Significant digits of a strike, counted on the spot: strikes of a stock at 180 are on a lattice of 0.1."""

SUFFIX = {EUROPEAN: "-E", AMERICAN: "-A"}
"""Of the names of contracts, where both styles are listed at one expiry."""


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """One expiry of a surface.

    ``life``       ns from the start to the expiry
    ``carry``      a year: ``ln(forward / spot)`` over the years to expiry
    ``smile``      volatility against ``ln(strike / forward)``
    ``strikes``    in units of the spot, ascending
    ``styles``     ``EUROPEAN``, ``AMERICAN`` or both, ascending: which exercise styles are listed at each strike
    ``spread_least spread_share`` the half-spread is the larger of ``spread_least``, in units of the spot (or of the
    coin), and ``spread_share`` of the price
    """

    life: int
    carry: float
    smile: Smile
    strikes: tuple[float, ...]
    styles: tuple[int, ...]
    spread_least: float
    spread_share: float

    def __post_init__(self) -> None:
        """Hold the expiry to its rules."""
        if self.life <= 0 or not self.strikes or min(self.strikes) <= 0.0:
            raise ArgumentError(
                f"life is {self.life} ns, strikes {self.strikes}: a positive life, and positive strikes"
            )
        if self.styles not in ((EUROPEAN,), (AMERICAN,), (EUROPEAN, AMERICAN)):
            raise ArgumentError(
                f"styles are {self.styles}: give {EUROPEAN} (european), {AMERICAN} (american), or both in this order"
            )
        if not (self.spread_least >= 0.0 and 0.0 <= self.spread_share < 1.0):
            raise ArgumentError(
                f"spread_least is {self.spread_least!r}, spread_share {self.spread_share!r}: the one must not be "
                "negative, the other lie from 0 to below 1"
            )

    @property
    def years(self) -> float:
        """Years of 365 days from the start to the expiry."""
        return self.life / YEAR

    def volatility(self, moneyness: Floats) -> Floats:
        """Volatility a year at strikes in units of the spot."""
        return self.smile.volatility(np.log(moneyness) - self.carry * self.years, self.years)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Expiries in order of life, and what all contracts share.

    ``rate``         a year, continuously compounded
    ``settlement``   what prices are counted in: the currency of the strikes, or the coin
    ``multiplier``   units of the underlying in one lot's contract
    ``tick``         micros: every option price is a multiple of it
    ``source``       what it was calibrated to, in one line
    """

    expiries: tuple[Expiry, ...]
    rate: float
    settlement: Settlement
    multiplier: int
    tick: int
    source: str

    def __post_init__(self) -> None:
        lives = [expiry.life for expiry in self.expiries]
        if not lives or sorted(set(lives)) != lives:
            raise ArgumentError(f"lives of expiries are {lives} ns: at least one, ascending")
        if self.tick < 1:
            raise ArgumentError(f"tick is {self.tick}: it must be at least one micro")

    @property
    def level(self) -> float:
        """The level of volatility: the median over the expiries of that at the forward."""
        at_forward = np.zeros(1)
        return float(np.median([expiry.smile.volatility(at_forward, expiry.years) for expiry in self.expiries]))

    def chain(self, root: str, spot: float, start: int) -> Chain:
        """A call and a put of each style at each strike of each expiry, in this order (call first), listed at ``start``
        (ns).
        """
        terms = [
            (e.life, k, style, right, SUFFIX[style] if len(e.styles) > 1 else "")
            for e in self.expiries
            for k in _strikes(e, spot)
            for style in e.styles
            for right in (CALL, PUT)
        ]
        lives, strikes, styles, rights, suffixes = zip(*terms, strict=True)
        expiry = start + np.array(lives, dtype=np.int64)
        count = len(terms)
        return Chain(
            name=tuple(
                _name(root, *term) + suffix
                for *term, suffix in zip(expiry.tolist(), strikes, rights, suffixes, strict=True)
            ),
            strike=np.array(strikes),
            expiry=expiry,
            right=np.array(rights, dtype=np.int8),
            style=np.array(styles, dtype=np.int8),
            multiplier=np.full(count, self.multiplier, dtype=np.int64),
            settlement=self.settlement,
        )

    def per_contract(self, spot: float) -> "PerContract":
        """What differs from contract to contract of :meth:`chain`, at the start."""
        strikes = [np.repeat(_strikes(expiry, spot), 2 * len(expiry.styles)) for expiry in self.expiries]
        counts = [len(of_expiry) for of_expiry in strikes]
        unit = 1.0 if self.settlement is Settlement.INVERSE else spot
        return PerContract(
            volatility=np.concatenate([e.volatility(k / spot) for e, k in zip(self.expiries, strikes, strict=True)]),
            carry=np.repeat([expiry.carry for expiry in self.expiries], counts),
            spread_least=unit * np.repeat([expiry.spread_least for expiry in self.expiries], counts),
            spread_share=np.repeat([expiry.spread_share for expiry in self.expiries], counts),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PerContract:
    """What differs from contract to contract, float64[n] each.

    ``volatility carry`` a year; ``spread_least`` in the unit of the prices; ``spread_share`` of the price
    """

    volatility: Floats
    carry: Floats
    spread_least: Floats
    spread_share: Floats


def _strikes(expiry: Expiry, spot: float) -> list[float]:
    """Strikes in currency, on the lattice; two that fall together are one."""
    decimals = DIGITS - 1 - math.floor(math.log10(spot))
    return sorted({round(moneyness * spot, decimals) for moneyness in expiry.strikes})


def _name(root: str, expiry: int, strike: float, right: int) -> str:
    moment = datetime.fromtimestamp(expiry // SECOND, UTC)
    return f"{root}-{moment:%Y%m%dT%H%M}-{strike:.12g}-{'C' if right == CALL else 'P'}"
