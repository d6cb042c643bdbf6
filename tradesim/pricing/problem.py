"""What is to be priced and by which model: a problem, its inputs and their domain, its reference.

The inputs of ``n`` options are a table, float64[n, inputs]: a column each input, in the order of the domain, the fast
ones (spots, which move with every tick) first.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError

if TYPE_CHECKING:
    from tradesim.pricing.laws import Laws

Floats = NDArray[np.float64]
Rights = NDArray[np.int8]
Pricer = Callable[[Floats], Floats]
"""From inputs float64[n, inputs] to values float64[n], in currency."""


class Spacing(StrEnum):
    """How points of a domain are spread along an input."""

    EVEN = "even"
    ROOT = "root"
    """Uniform in the square root."""
    LOG = "log"
    """Uniform in the logarithm."""
    WHOLE = "whole"
    """Whole numbers, each as likely."""
    SIGN = "sign"
    """-1 and +1 in turn: puts and calls."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a problem and its closed interval in the domain.

    ``money`` inputs are in currency, and their interval is for a unit (a strike) at its own low end. Times are years of
    365 days; volatilities, rates and yields are a year, continuously compounded.
    """

    name: str
    low: float
    high: float
    spacing: Spacing = Spacing.EVEN
    money: bool = False

    def __post_init__(self) -> None:
        least = {Spacing.ROOT: 0.0, Spacing.LOG: np.nextafter(0.0, 1.0)}.get(self.spacing, -np.inf)
        if not (np.isfinite([self.low, self.high]).all() and least <= self.low <= self.high):
            raise ArgumentError(
                f"input {self.name!r} from {self.low} to {self.high}, spaced {self.spacing}: "
                "low <= high must hold, both finite, not below zero for root and above it for log"
            )

    def at(self, share: Floats) -> Floats:
        """Values at ``share`` in [0, 1] of the interval."""
        return np.clip(self._spread(share), self.low, self.high)

    def _spread(self, share: Floats) -> Floats:
        match self.spacing:
            case Spacing.ROOT:
                return np.asarray((np.sqrt(self.low) + share * (np.sqrt(self.high) - np.sqrt(self.low))) ** 2)
            case Spacing.LOG:
                return np.asarray(self.low * (self.high / self.low) ** share)
            case Spacing.WHOLE:
                return np.asarray(np.minimum(np.floor(self.low + share * (self.high - self.low + 1.0)), self.high))
            case Spacing.SIGN:
                return np.where(share < 0.5, -1.0, 1.0)
        return np.asarray(self.low + share * (self.high - self.low))


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The box of inputs in which a problem's methods are built and their errors stated.

    ``inputs``  one a column, the fast ones first
    ``fast``    how many of them move with every tick
    ``unit``    the money input in which all money is counted (the strike), so that the box is the same for every
                strike; None where nothing is money
    """

    inputs: tuple[Input, ...]
    fast: int = 1
    unit: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(each.name for each in self.inputs)

    def column(self, name: str) -> int:
        """The place of an input in a table of all inputs."""
        return self.names.index(name)

    def sample(self, count: int, *, seed: int) -> Floats:
        """Inputs of ``count`` options spread over the box, float64[count, inputs]."""
        return self._points(np.random.default_rng(seed).random((count, len(self.inputs))))

    def edges(self, count: int, *, seed: int) -> Floats:
        """Inputs of ``count`` options on the faces of the box: each has one input at its low or high end, in turn."""
        rng = np.random.default_rng(seed)
        shares = rng.random((count, len(self.inputs)))
        wide = [i for i, each in enumerate(self.inputs) if each.low < each.high]
        face = np.arange(count) % (2 * len(wide))
        shares[np.arange(count), np.array(wide)[face // 2]] = np.where(face % 2 == 0, 0.0, 1.0)
        return self._points(shares)

    def _points(self, shares: Floats) -> Floats:
        points = np.stack([each.at(shares[:, i]) for i, each in enumerate(self.inputs)], axis=1)
        for i, each in enumerate(self.inputs):
            if each.spacing is Spacing.SIGN:
                points[:, i] = np.where(np.arange(len(points)) % 2 == 0, 1.0, -1.0)
        return points

    def contains(self, inputs: Floats) -> NDArray[np.bool_]:
        """Which options have every input inside the box, money counted in their unit."""
        return self._inside(inputs, 0)

    def contains_slow(self, slow: Floats) -> NDArray[np.bool_]:
        """Which options have every slow input inside the box; ``slow`` are the columns behind the fast ones."""
        return self._inside(slow, self.fast)

    def _inside(self, columns: Floats, first: int) -> NDArray[np.bool_]:
        scale = 1.0 if self.unit is None else self._unit_low / columns[:, self.column(self.unit) - first]
        inside = np.ones(len(columns), dtype=np.bool_)
        for i, each in enumerate(self.inputs[first:]):
            values = columns[:, i] * scale if each.money else columns[:, i]
            slack = 1e-12 * (abs(each.low) + abs(each.high)) if each.money else 0.0
            inside &= (values >= each.low - slack) & (values <= each.high + slack)
        return inside

    def in_units(self, inputs: Floats) -> Floats:
        """What one currency unit is in the money of the box, for each option, float64[n]: 100 / strike."""
        if self.unit is None:
            return np.ones(len(inputs))
        return np.asarray(self._unit_low / inputs[:, self.column(self.unit)])

    @property
    def _unit_low(self) -> float:
        return 1.0 if self.unit is None else self.inputs[self.column(self.unit)].low


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A pricing problem.

    ``name``       what it is called on the command line
    ``version``    part of the identity of everything built for it: raise it when a definition below changes
    ``domain``     its inputs, and where its methods are built
    ``reference``  the ideal program at high precision: the truth that errors are measured against
    ``check``      raises ``ArgumentError`` for inputs against the rules of their columns; None: finite is enough
    ``proxy``      a closed form near it, whose difference from the reference tables and models learn; None: there is
                   none
    ``listed``     from years to expiry at the listing, float64[n], to the slow inputs behind ``right`` of the contracts
                   of a generated market, float64[n, further]; None: there are none, or no market is generated for it
    ``listed_days`` days to expiry of the contracts of a generated market, where its own are too short to be listed
    ``early``      whether exercise before expiry is priced
    ``laws``       from the problem to what its prices obey (:class:`~tradesim.pricing.laws.Laws`); None: that they are
                   not negative
    ``greeks``     from inputs to delta, gamma, vega and theta (float64[n, 4]) in closed form or from a differentiated
                   kernel; None: central differences of the reference
    ``evaluations`` of the reference that what is built for it may ask for, at most, where they are dear; None: as many
                   as it likes
    """

    name: str
    version: int
    domain: Domain
    reference: Pricer
    check: Callable[[Floats], object] | None = None
    proxy: Pricer | None = None
    greeks: Pricer | None = None
    listed: Pricer | None = None
    listed_days: tuple[int, ...] = ()
    early: bool = False
    laws: "Callable[[Problem], Laws] | None" = None
    evaluations: int | None = None


def problem_named(name: str, problems: Mapping[str, Problem]) -> Problem:
    """The problem called ``name``; ``ArgumentError`` lists the names there are."""
    if name not in problems:
        raise ArgumentError(f"problem {name!r}: there is no such problem; choose one of {', '.join(problems)}")
    return problems[name]


EQUITY_INPUTS: Final = (
    Input(name="spot", low=100.0 * math.exp(-0.5), high=100.0 * math.exp(0.5), spacing=Spacing.LOG, money=True),
    Input(name="strike", low=100.0, high=100.0, money=True),
    Input(name="expiry", low=1.0 / 365.0, high=1.0, spacing=Spacing.ROOT),
    Input(name="volatility", low=0.10, high=0.80),
    Input(name="rate", low=0.0, high=0.08),
    Input(name="dividend", low=-0.02, high=0.06),
    Input(name="right", low=-1.0, high=1.0, spacing=Spacing.SIGN),
)
"""What every option on one underlying depends on, in the order of :class:`~tradesim.pricing.columns.Points`."""
