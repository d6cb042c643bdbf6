"""Delta hedging: how many units of the underlying offset what the options of a desk change with it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.orders import AT_MARKET, UNDERLYING, Kind

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


NONE_DUE: Final = np.empty((0, 6), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class DeltaHedge:
    """At each decision, bring the desk's delta back to zero if it is farther from it than ``band`` units.

    It takes at market what is shown, on a connection of its own, and pays spread and fee. The deltas are those of the
    desk's own method as of its last update, by a central difference of ``bump`` (relative) around that update's spot;
    the update takes two more prices for them.
    """

    band: float = 300.0
    bump: float = 1e-3

    def __post_init__(self) -> None:
        if not 0.0 <= self.band < np.inf:
            raise ArgumentError(f"DeltaHedge(band={self.band}): the band is a number of units, at least 0")
        if not 0.0 < self.bump < 0.1:
            raise ArgumentError(f"DeltaHedge(bump={self.bump}): the relative bump must be above 0 and below 0.1")

    def request(self, units: Ints, delta: Floats, held: int, unit: int = 1) -> Ints:
        """The order in the underlying that is due, int64[1 or 0, 6]; ``units`` int64[n] is position x multiplier.

        Of the underlying ``held`` lots are, of ``unit`` units each.
        """
        exposed = net_delta(units, delta) + held * unit
        lots = round(abs(exposed) / unit)
        if abs(exposed) <= self.band or lots == 0:
            return NONE_DUE
        direction = -1 if exposed > 0 else 1
        return np.array([[UNDERLYING, direction, lots, AT_MARKET, Kind.IOC, -1]], dtype=np.int64)


@njit(cache=True)
def net_delta(units: Ints, delta: Floats) -> float:
    """Units of the underlying that the options amount to; those without a delta count as none."""
    total = 0.0
    for i in range(len(units)):
        if units[i] != 0 and not np.isnan(delta[i]):
            total += units[i] * delta[i]
    return total
