"""What is to be priced and by which model: a problem, its input domain and its reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError

Floats = NDArray[np.float64]
Rights = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The box of inputs in which a problem's methods are built and their errors stated.

    Intervals are closed. Log-moneyness is ``ln(spot / strike)``; times are years of 365 days; volatility, rate and
    dividend yield are a year, continuously compounded.
    """

    log_moneyness: tuple[float, float]
    expiry: tuple[float, float]
    volatility: tuple[float, float]
    rate: tuple[float, float]
    dividend: tuple[float, float]

    def contains_slow(self, *, expiry: Floats, volatility: Floats, rate: Floats, dividend: Floats) -> NDArray[np.bool_]:
        """Which contracts have every slow input inside the box."""
        pairs = (
            (expiry, self.expiry),
            (volatility, self.volatility),
            (rate, self.rate),
            (dividend, self.dividend),
        )
        inside = np.ones(len(expiry), dtype=np.bool_)
        for values, (low, high) in pairs:
            inside &= (values >= low) & (values <= high)
        return inside

    def sample(self, count: int, *, seed: int) -> "Points":
        """``count`` points, uniform in the box (expiry uniform in its square root), half calls and half puts."""
        rng = np.random.default_rng(seed)
        root_low, root_high = np.sqrt(self.expiry)
        moneyness = rng.uniform(*self.log_moneyness, count)
        return Points(
            spot=100.0 * np.exp(moneyness),
            strike=np.full(count, 100.0),
            expiry=rng.uniform(root_low, root_high, count) ** 2,
            volatility=rng.uniform(*self.volatility, count),
            rate=rng.uniform(*self.rate, count),
            dividend=rng.uniform(*self.dividend, count),
            right=np.where(np.arange(count) % 2 == 0, 1, -1).astype(np.int8),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Inputs of many options: seven arrays of one length, in currency, years and rates a year."""

    spot: Floats
    strike: Floats
    expiry: Floats
    volatility: Floats
    rate: Floats
    dividend: Floats
    right: Rights

    def __len__(self) -> int:
        return len(self.spot)

    def columns(self) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Rights]:
        """The arrays in the order in which every pricing function takes them."""
        return self.spot, self.strike, self.expiry, self.volatility, self.rate, self.dividend, self.right


class Pricer(Protocol):
    """Prices of many options at once, in currency; arrays of one length, in the order of :class:`Points`."""

    def __call__(
        self,
        spot: Floats,
        strike: Floats,
        expiry: Floats,
        volatility: Floats,
        rate: Floats,
        dividend: Floats,
        right: Rights,
        /,
    ) -> Floats:
        """Price each option."""
        ...


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A pricing problem.

    ``name``       what it is called on the command line
    ``version``    part of the identity of everything built for it: raise it when a definition below changes
    ``domain``     where its methods are built
    ``reference``  the ideal program at high precision: the truth that errors are measured against
    ``proxy``      a closed form near it, whose difference from the reference tables and models learn
    """

    name: str
    version: int
    domain: Domain
    reference: Pricer
    proxy: Pricer


def problem_named(name: str, problems: Mapping[str, Problem]) -> Problem:
    """The problem called ``name``; ``ArgumentError`` lists the names there are."""
    if name not in problems:
        raise ArgumentError(f"problem {name!r}: there is no such problem; choose one of {', '.join(problems)}")
    return problems[name]
