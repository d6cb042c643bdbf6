"""Sparse grids over what keeps the assets of a basket apart, and how fine they must be."""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.problem import Floats
from tradesim.pricing.sparse import sparse_grid

FINEST: Final = {2: 16, 3: 12, 4: 8, 5: 7, 6: 6, 7: 6, 8: 6}
"""The highest level of the sparse grid, by dimension. Where it is not enough, at the corner of the domain without
correlation and with most volatility, it is off by 4e-5 for d = 5 (against a full grid of 20 nodes an axis) and by less
than 5e-4 for d = 8 (against random draws), on a strike of 100."""
REFERENCE: Final = 1e-5
WORKING: Final = 1e-3
"""Errors that a grid is chosen for, on a strike of 100: the reference's, and that of methods which compute."""

LARGEST_ERROR: Final = 0.01
"""A price whose error may be larger, on a strike of 100, is refused."""


def most_apart(dimension: int) -> float:
    """The largest deviation that may keep ``dimension`` assets apart: with more the finest grid is too coarse."""
    level = FINEST[dimension]
    return float((LARGEST_ERROR * 4.0**level / 20.0) ** (1.0 / (1.2 + 0.8 * level)))


def error_at(left: float, level: int) -> float:
    """The largest error to expect of a sparse grid, on a strike of 100, where ``left`` keeps assets apart.

    Fitted from above, d = 2 to 8, against grids a level or more finer: spots within a factor e of each other, among
    them one apart from all others, near the money, no correlation.
    """
    return float(_error_at(left, level))


@njit(cache=True, error_model="numpy")
def _error_at(left: float, level: int) -> float:
    error: float = 20.0 * 0.25**level * left ** (1.2 + 0.8 * level)
    return error


class Grids(NamedTuple):
    """Sparse grids of all levels for one dimension, one behind the other: the first is the coarsest.

    ``apart``      float64[d, nodes], the columns ``U Y``
    ``weight``     float64[nodes]
    ``first``      int64[levels + 1], where each level begins
    ``tolerance``  the error on a strike of 100 that a level is chosen for
    """

    apart: Floats
    weight: Floats
    first: NDArray[np.int64]
    tolerance: float

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return int(self.apart.nbytes + self.weight.nbytes + self.first.nbytes)


@cache
def grids_of(dimension: int, tolerance: float) -> Grids:
    """The grids that are needed for errors of ``tolerance``, or the finest, wherever less than 1 keeps assets apart."""
    levels = [1]
    while error_at(1.0, levels[-1]) > tolerance and levels[-1] < FINEST[dimension]:
        levels.append(levels[-1] + 1)
    nodes, weights = zip(*(sparse_grid(dimension - 1, level) for level in levels), strict=True)
    return Grids(
        apart=np.ascontiguousarray(_contrasts(dimension) @ np.concatenate(nodes).T),
        weight=np.concatenate(weights),
        first=np.cumsum([0, *map(len, weights)]),
        tolerance=tolerance,
    )


@njit(cache=True, error_model="numpy")
def coarsest(left: float, grids: Grids) -> int:
    """The place of the coarsest grid that is good where a deviation of ``left`` keeps the assets apart."""
    place = 0
    while place < len(grids.first) - 2 and _error_at(left, place + 1) > grids.tolerance:
        place += 1
    return place


def _contrasts(dimension: int) -> Floats:
    """Orthonormal columns float64[d, d - 1], each without sum (Helmert)."""
    columns = np.zeros((dimension, dimension - 1))
    for k in range(1, dimension):
        columns[:k, k - 1] = 1.0
        columns[k, k - 1] = -k
        columns[:, k - 1] /= math.sqrt(k * (k + 1))
    return columns
