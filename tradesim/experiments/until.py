"""When a comparison has seeds enough: once every pair of methods is told apart."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.results.store import Store

MOST_SEEDS: Final = 64
"""Seeds at most, unless stated."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """Seeds are added until the P&L of every two methods is told apart, or there are ``most_seeds``.

    A comparison is looked at when its first seeds are replayed, and each time that their number has doubled. A pair is
    told apart where the p-value of its paired difference, by Student's t and corrected for the number of pairs (Holm
    1979), is at most (1 - ``confidence``) / looks. Who looks again and again finds a difference sooner or later where
    there is none; so the error is shared out among all looks that there may be, in equal parts (Bonferroni's
    inequality), and the probability that any pair is told apart in error at any look is at most 1 - ``confidence``.

    This is so where differences are normal; where they are skewed and zero in the mean, a difference is found somewhat
    more often.
    """

    confidence: float
    most_seeds: int = MOST_SEEDS

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1.0:
            raise ArgumentError(f"until {self.confidence:g}: it is a confidence from 0.5 to below 1; write 0.95")

    def counts(self, first: int) -> tuple[int, ...]:
        """The numbers of seeds at each look, of which the first has ``first``.

        >>> Until(confidence=0.95).counts(8)
        (8, 16, 32, 64)
        """
        if first > self.most_seeds:
            raise ArgumentError(f"most seeds {self.most_seeds}: there are {first} to begin with; give no fewer")
        looks = [first]
        while looks[-1] < self.most_seeds:
            looks.append(min(2 * looks[-1], self.most_seeds))
        return tuple(looks)

    def level(self, first: int) -> float:
        """The largest p-value, corrected for the number of pairs, that tells a pair apart at any one look."""
        return (1.0 - self.confidence) / len(self.counts(first))


def undecided(store: Store, level: float) -> pl.DataFrame:
    """The pairs of each comparison in ``store`` that ``level`` does not tell apart, the one that earns more first.

    Their rows of the view ``method_difference``, the smallest difference first. Two that earn the same in every seed
    have no p-value, and are not told apart.
    """
    return store.query(
        "SELECT * FROM method_difference WHERE (mean > 0 OR (mean = 0 AND method < rival)) AND coalesce(p_holm, 1) > ? "
        "ORDER BY mean, method, rival",
        [level],
    )
