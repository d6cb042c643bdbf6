"""Sparse grids over what keeps the assets of a basket apart: how fine they must be, and how they are walked."""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.problem import Floats
from tradesim.pricing.sparse import sparse_grid

FINEST: Final = {2: 16, 3: 12, 4: 8, 5: 7, 6: 6, 7: 6, 8: 6}
"""The highest level of the sparse grid, by dimension."""
REFERENCE: Final = 1e-5
WORKING: Final = 1e-3
"""Errors that a grid is chosen for, on a strike of 100: the reference's, and that of methods which compute."""


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

    ``apart``      float64[nodes, d], the rows of ``U Y``
    ``weight``     float64[nodes]
    ``first``      int64[levels + 1], where each level begins; its first node is the origin
    ``parent``     int64[nodes]: which node of the same level, an earlier one, differs along one axis alone
    ``step``       int64[nodes]: by which of the ``steps``
    ``steps``      float64[m, d], those of coarse levels first
    ``used``       int64[levels]: how many of the steps each level needs
    ``tolerance``  the error on a strike of 100 that a level is chosen for
    """

    apart: Floats
    weight: Floats
    first: NDArray[np.int64]
    parent: NDArray[np.int64]
    step: NDArray[np.int64]
    steps: Floats
    used: NDArray[np.int64]
    tolerance: float

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(part.nbytes for part in self if isinstance(part, np.ndarray))


@cache
def grids_of(dimension: int, tolerance: float) -> Grids:
    """The grids that are needed for errors of ``tolerance``, or the finest, wherever less than 1 keeps assets apart."""
    levels = [1]
    while error_at(1.0, levels[-1]) > tolerance and levels[-1] < FINEST[dimension]:
        levels.append(levels[-1] + 1)
    steps: dict[tuple[int, float], int] = {}
    trees, used = [], []
    for level in levels:
        trees.append(_as_tree(*sparse_grid(dimension - 1, level), steps))
        used.append(len(steps))
    first = np.cumsum([0, *(len(weight) for _, weight, _, _ in trees)])
    nodes, weight, parent, step = (np.concatenate(parts) for parts in zip(*trees, strict=True))
    contrasts = _contrasts(dimension)
    return Grids(
        apart=np.ascontiguousarray(nodes @ contrasts.T),
        weight=weight,
        first=first,
        parent=parent,
        step=step,
        steps=np.array([length * contrasts[:, axis] for axis, length in steps]),
        used=np.array(used),
        tolerance=tolerance,
    )


def _as_tree(
    nodes: Floats, weights: Floats, steps: dict[tuple[int, float], int]
) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int64]]:
    """The grid in an order in which each node comes after its parent, parents and steps; new ones go into ``steps``.

    A parent is its node without the last coordinate that is not zero; a sparse grid has the parents of all its nodes.
    """
    order = np.argsort((nodes != 0.0).sum(axis=1), kind="stable")
    ordered = nodes[order]
    place = {node.tobytes(): i for i, node in enumerate(ordered)}
    parent, step = np.zeros(len(ordered), dtype=np.int64), np.zeros(len(ordered), dtype=np.int64)
    for i, node in enumerate(ordered[1:], start=1):
        axis = int(np.flatnonzero(node)[-1])
        before = node.copy()
        before[axis] = 0.0
        parent[i] = place[before.tobytes()]
        step[i] = steps.setdefault((axis, float(node[axis])), len(steps))
    return ordered, weights[order], parent, step


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
