"""Interpolation in tables with equidistant nodes: compiled, in any number of dimensions, linear and cubic.

A *position* is a coordinate counted in nodes: 0.0 at the first, ``n - 1`` at the last. It is clamped to that range. A
table is float[cells, width]: a *page* of ``width`` numbers at each node, nodes numbered with the last axis fastest.

Cubic is Lagrange's polynomial through the four nearest nodes on each axis, one-sided at the ends: exact at the nodes,
and for cubic polynomials everywhere. Linear blends the two nearest; see :func:`softened` for what it blends.
"""

from enum import StrEnum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.problem import Floats

Pages = NDArray[Any]
"""Numbers at each node, float32 or float64."""
Cells = NDArray[np.int64]


class Interpolation(StrEnum):
    """How values between the nodes of a table are had."""

    LINEAR = "linear"
    CUBIC = "cubic"

    @property
    def reach(self) -> int:
        """Nodes taken on each axis."""
        return 2 if self is Interpolation.LINEAR else 4


@njit(cache=True, error_model="numpy", inline="always")
def cubic_cell(position: float, nodes: int) -> tuple[int, float, float, float, float]:
    """The first of four nodes, and the weight of each."""
    first = min(max(int(position) - 1, 0), nodes - 4)
    p = min(max(position, 0.0), nodes - 1.0) - first
    a, b, c = p - 1.0, p - 2.0, p - 3.0
    bc, pa = b * c, p * a
    return first, a * bc / -6.0, 0.5 * p * bc, -0.5 * pa * c, pa * b / 6.0


@njit(cache=True, error_model="numpy", inline="always")
def linear_cell(position: float, nodes: int) -> tuple[int, float]:
    """The first of two nodes, and the weight of the second."""
    first = min(max(int(position), 0), nodes - 2)
    return first, min(max(position - first, 0.0), 1.0)


@njit(cache=True, error_model="numpy")
def spread(position: float, nodes: int, count: int, reach: int, cells: Cells, weights: Floats) -> None:
    """Add an axis to the ``count`` cells and weights found so far: each becomes ``reach`` of them, in place."""
    w0, w1, w2, w3 = 0.0, 0.0, 0.0, 0.0
    if reach == 2:
        first, w1 = linear_cell(position, nodes)
        w0 = 1.0 - w1
    else:
        first, w0, w1, w2, w3 = cubic_cell(position, nodes)
    for m in range(count - 1, -1, -1):
        cell, weight, at = cells[m] * nodes + first, weights[m], m * reach
        if reach == 4:
            cells[at + 3], cells[at + 2] = cell + 3, cell + 2
            weights[at + 3], weights[at + 2] = weight * w3, weight * w2
        cells[at + 1], cells[at] = cell + 1, cell
        weights[at + 1], weights[at] = weight * w1, weight * w0


@njit(cache=True, error_model="numpy")
def lookup(
    table: Pages,
    shape: Cells,
    reach: int,
    low: Floats,
    per: Floats,
    coordinates: Floats,
    cells: Cells,
    weights: Floats,
    out: Floats,
) -> None:
    """Write the value at each of ``coordinates``, float64[n, axes], of a table whose pages are single numbers.

    ``low per`` float64[axes]: where each axis begins, and nodes per unit along it; ``cells`` and ``weights`` are
    workspace of ``reach ** axes`` each.
    """
    for i in range(len(coordinates)):
        cells[0], weights[0], count = 0, 1.0, 1
        for axis in range(len(shape)):
            position = (coordinates[i, axis] - low[axis]) * per[axis]
            spread(position, shape[axis], count, reach, cells, weights)
            count *= reach
        total = 0.0
        for m in range(count):
            total += weights[m] * table[cells[m], 0]
        out[i] = total


def stencil(shape: tuple[int, ...], positions: Floats, interpolation: Interpolation) -> tuple[Cells, Floats]:
    """The nodes that the values at ``positions``, float64[n, d], are blended from, and their weights.

    Both are [n, reach ** d]; a node is numbered by its place in the flattened table.
    """
    count = len(positions)
    cells = np.zeros((count, 1), dtype=np.int64)
    weights = np.ones((count, 1))
    for axis, nodes in enumerate(shape):
        reached = interpolation.reach ** (axis + 1)
        first, weight = _cells(positions[:, axis], nodes, interpolation)
        along = first[:, None] + np.arange(interpolation.reach)
        cells = (cells[:, :, None] * nodes + along[:, None, :]).reshape(count, reached)
        weights = (weights[:, :, None] * weight[:, None, :]).reshape(count, reached)
    return cells, weights


def _cells(position: Floats, nodes: int, interpolation: Interpolation) -> tuple[Cells, Floats]:
    position = np.clip(np.nan_to_num(position), 0.0, nodes - 1.0)
    before = 0 if interpolation is Interpolation.LINEAR else 1
    first = np.clip(position.astype(np.int64) - before, 0, nodes - interpolation.reach)
    p = position - first
    if interpolation is Interpolation.LINEAR:
        return first, np.stack([1.0 - p, p], axis=1)
    a, b, c = p - 1.0, p - 2.0, p - 3.0
    return first, np.stack([a * b * c / -6.0, 0.5 * p * b * c, -0.5 * p * a * c, p * a * b / 6.0], axis=1)


def softened(values: Pages, axes: int) -> Pages:
    """What a linear blend takes instead of node ``values``, float[nodes..., width], along the first ``axes``.

    Linear interpolation of a curve errs to one side, by a twelfth of the second difference on average. Each inner node
    gives that much way: the blend no longer meets the nodes, and its rms error falls by a factor of 2.4 (Condat, Blu
    and Unser 2005, "Beyond interpolation: optimal reconstruction by quasi-interpolation", ICIP).
    """
    soft = values.astype(np.float64)
    for axis in range(axes):
        along = np.moveaxis(soft, axis, 0)
        along[1:-1] -= (along[:-2] - 2.0 * along[1:-1] + along[2:]) / 12.0
    return np.ascontiguousarray(soft, dtype=values.dtype)
