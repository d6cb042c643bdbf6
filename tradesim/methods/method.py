"""The contract of a method: inputs move at three speeds, so a method works in three stages.

1. ``bind(chain)``, once: load the grid, the trees; lay out the contracts.
2. ``update(state)``, when slow inputs move: volatilities, rates, the clock, and the spot as an anchor.
3. ``price(fast, out)``, at each decision: the whole chain in one compiled call.

Each stage is measured and charged to the simulated clock when it runs.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.pricing.problem import Floats, Problem

Fast = Any
"""The fast inputs: a float, the spot; or float64[d], the spots of a basket."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """The slow inputs of a chain of ``n`` contracts, as known at one instant.

    ``index``       which update of the schedule this is
    ``instant``     ns since the epoch: the tape time of the snapshot
    ``spot``        the underlying then, in currency
    ``expiry``      float64[n], years to expiry at ``instant``, finite and not negative
    ``volatility``  float64[n], a year, not negative; NaN where it is not known: the contract has no price then
    ``rate dividend`` float64[n], a year, continuously compounded; NaN likewise
    ``further``     float64[n, k], what a problem's contracts have beside these; None: nothing
    ``own``         bool[n], whether a contract's volatility was ever implied from its own quote; None: all were

    ``ArgumentError`` names the first value against these rules.
    """

    index: int
    instant: int
    spot: float
    expiry: Floats
    volatility: Floats
    rate: Floats
    dividend: Floats
    further: Floats | None = None
    own: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        columns = [np.asarray(getattr(self, name), dtype=np.float64) for name, _ in SLOW_RULES]
        number, i = first_against(*columns)
        if number < len(columns):
            name, rule = SLOW_RULES[number]
            raise ArgumentError(f"state {self.index}: {name}[{i}] is {columns[number][i]}: it must be {rule}; mend it")


SLOW_RULES: Final = (
    ("expiry", "finite and not negative"),
    ("volatility", "finite and not negative, or NaN where it is not known"),
    ("rate", "finite, or NaN where it is not known"),
    ("dividend", "finite, or NaN where it is not known"),
)
"""Columns of a state, and what their values must be."""


@njit(cache=True, error_model="numpy")
def first_against(expiry: Floats, volatility: Floats, rate: Floats, dividend: Floats) -> tuple[int, int]:
    """The first value against :data:`SLOW_RULES`: the number of its column, and its place in it; 4, 0 if none is."""
    for i in range(len(expiry)):
        if not 0.0 <= expiry[i] < math.inf:
            return 0, i
    for i in range(len(volatility)):
        if volatility[i] < 0.0 or volatility[i] == math.inf:
            return 1, i
    for i in range(len(rate)):
        if math.isinf(rate[i]):
            return 2, i
    for i in range(len(dividend)):
        if math.isinf(dividend[i]):
            return 3, i
    return 4, 0


class Outside(StrEnum):
    """What a method does with a contract outside its domain."""

    FALLBACK = "fallback"
    """The solver prices it; it is charged and counted."""
    RAISE = "raise"
    """``ProblemError``."""


@dataclass(frozen=True, kw_only=True)
class BuildCost:
    """What a method cost before its first price: ``seconds`` of work and ``evaluations`` of the reference."""

    seconds: float = 0.0
    evaluations: int = 0


class Method(ABC):
    """A way to answer a problem. One object serves one chain.

    ``name`` is unique among methods and stands in every table. A method never extrapolates in silence: a contract
    whose slow inputs are outside ``problem.domain`` is priced by the fallback, and the work tag says so; or, by choice,
    it is refused with ``ProblemError``.
    """

    name: str
    problem: Problem

    @abstractmethod
    def bind(self, chain: Chain) -> None:
        """Load what is needed to price ``chain``; once, before any ``update``."""

    @abstractmethod
    def update(self, state: State) -> None:
        """Take the slow inputs in; ``price`` answers for them from here on."""

    @abstractmethod
    def price(self, fast: Fast, out: Floats) -> str:
        """Write the price of every contract, in currency, into ``out`` (float64[n]); return the work tag.

        NaN for a contract without a price: a slow input is NaN, or the fast one is (all contracts).

        The tag names the path taken (``hit``, ``fallback``, ...). Each tag has its own latency profile.
        """

    def replayed_by(self) -> "Method":
        """The method whose prices a replay may take: they equal this one's, but come sooner. By default itself."""
        return self

    def know(self, reference: "Method") -> None:  # noqa: B027
        """Take the reference of a run, bound and updated beside it: a method that errs on purpose errs from it."""

    def answer_outside(self, outside: "Outside") -> None:  # noqa: B027
        """Choose what is done with a contract outside the domain, from the next ``update`` on, if it has one."""

    def within(self, ns: float) -> None:  # noqa: B027
        """Say that the next ``price`` may take ``ns``: a method that has a choice makes it; others know no haste."""

    @property
    def choices(self) -> tuple[float, ...]:
        """The least ns for each of the ways between which :meth:`within` chooses; none where there is one way only."""
        return ()

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Resident bytes after ``bind``: tables, trees, axes and workspace."""

    @property
    def build_cost(self) -> BuildCost:
        """What it cost to build; zero for a method that only computes."""
        return BuildCost()

    @property
    def fallbacks(self) -> int:
        """How many contracts of the current state are answered by the fallback."""
        return 0


def price_chain(method: Method, fast: Fast, count: int) -> NDArray[np.float64]:
    """The prices of a bound and updated ``method`` at ``fast``, in a new array of length ``count``.

    A convenience for scripts and tests; a replay reuses one array.
    """
    out = np.empty(count)
    method.price(fast, out)
    return out
