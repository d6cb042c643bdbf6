"""The option contracts on a tape."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.pricing.problem import Problem
from tradesim.units import NEVER, YEAR

CALL: Final = 1
PUT: Final = -1
EUROPEAN: Final = 0
AMERICAN: Final = 1


class Settlement(StrEnum):
    """What a price on the tape is counted in."""

    QUOTE = "quote"
    """The currency of the strike."""
    INVERSE = "inverse"
    """The underlying coin: a quote is the option's value divided by the underlying's price."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """The contracts of one underlying, as arrays of one length ``n``.

    ``strike``      float64[n], in currency
    ``expiry``      int64[n], ns since the epoch
    ``right``       int8[n], ``CALL`` (+1) or ``PUT`` (-1)
    ``style``       int8[n], ``EUROPEAN`` (0) or ``AMERICAN`` (1)
    ``multiplier``  int64[n], units of the underlying in one lot's contract
    ``name``        n contract names, as the vendor spells them
    ``settlement``  what prices on the tape are counted in
    ``morning``     bool[n], whether it is settled on the underlying's first price from its expiry on, as options on the
    S&P 500 that expire as the exchange opens are; else on the last one until then; empty where none is
    """

    name: tuple[str, ...]
    strike: NDArray[np.float64]
    expiry: NDArray[np.int64]
    right: NDArray[np.int8]
    style: NDArray[np.int8]
    multiplier: NDArray[np.int64]
    settlement: Settlement = Settlement.QUOTE
    morning: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))

    def __post_init__(self) -> None:
        if not len(self.morning):
            object.__setattr__(self, "morning", np.zeros(len(self.name), np.bool_))

    def __len__(self) -> int:
        return len(self.name)

    @property
    def ends(self) -> NDArray[np.int64]:
        """When each instrument ends, int64[n + 1], ns: contract ``i`` at place ``i + 1``, and the underlying never."""
        return np.append(np.int64(NEVER), self.expiry)

    def years_to_expiry(self, now: int) -> NDArray[np.float64]:
        """Years of 365 days from ``now`` (ns) to each expiry, zero after it."""
        left: NDArray[np.float64] = np.maximum(self.expiry - np.int64(now), 0) / YEAR
        return left

    @classmethod
    def empty(cls) -> "Chain":
        """The chain of a tape that holds its underlying alone."""
        return cls(
            name=(),
            strike=np.empty(0),
            expiry=np.empty(0, np.int64),
            right=np.empty(0, np.int8),
            style=np.empty(0, np.int8),
            multiplier=np.empty(0, np.int64),
        )

    def select(self, index: NDArray[np.int64]) -> "Chain":
        """The chain of the contracts at ``index``, in that order."""
        return Chain(
            name=tuple(self.name[i] for i in index),
            strike=self.strike[index],
            expiry=self.expiry[index],
            right=self.right[index],
            style=self.style[index],
            multiplier=self.multiplier[index],
            settlement=self.settlement,
            morning=self.morning[index],
        )


def priced_styles(chain: Chain, problem: Problem) -> NDArray[np.int8]:
    """The style that ``problem`` gives each contract, int8[n].

    One that prices early exercise takes each contract of a chain of both styles by its own, and all of a chain of one
    style as American. In every other problem a contract is held to its expiry.
    """
    if not problem.early:
        return np.full(len(chain), EUROPEAN, dtype=np.int8)
    if len(np.unique(chain.style)) > 1:
        return chain.style
    return np.full(len(chain), AMERICAN, dtype=np.int8)


def listed_terms(chain: Chain, problem: Problem, listing: int) -> NDArray[np.float64]:
    """The slow inputs behind ``right`` of each contract listed at ``listing`` (ns), float64[n, further]."""
    if problem.listed is None:
        return np.empty((len(chain), 0))
    return problem.listed(chain.years_to_expiry(listing))
