"""Interpolation in tables with equidistant nodes: compiled, in 2 to 4 dimensions, linear and cubic.

A *position* is a coordinate counted in nodes: 0.0 at the first, ``n - 1`` at the last. It is clamped to that range.
Cubic is Lagrange's polynomial through the four nearest nodes on each axis, one-sided at the ends: exact at the nodes,
and for cubic polynomials everywhere.
"""

from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.problem import Floats


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
def cubic_2(table: Floats, a: float, b: float) -> float:
    """The value of a table with two axes at positions ``a`` and ``b``."""
    i, u0, u1, u2, u3 = cubic_cell(a, table.shape[0])
    j, w0, w1, w2, w3 = cubic_cell(b, table.shape[1])
    total = 0.0
    for k, u in enumerate((u0, u1, u2, u3)):
        row = table[i + k]
        total += u * (w0 * row[j] + w1 * row[j + 1] + w2 * row[j + 2] + w3 * row[j + 3])
    return total


@njit(cache=True, error_model="numpy")
def cubic_3(table: Floats, a: float, b: float, c: float) -> float:
    """The value of a table with three axes."""
    i, u0, u1, u2, u3 = cubic_cell(a, table.shape[0])
    total = 0.0
    for k, u in enumerate((u0, u1, u2, u3)):
        total += u * cubic_2(table[i + k], b, c)
    return total


@njit(cache=True, error_model="numpy")
def cubic_4(table: Floats, a: float, b: float, c: float, d: float) -> float:
    """The value of a table with four axes."""
    i, s0, s1, s2, s3 = cubic_cell(a, table.shape[0])
    j, t0, t1, t2, t3 = cubic_cell(b, table.shape[1])
    k, u0, u1, u2, u3 = cubic_cell(c, table.shape[2])
    m, w0, w1, w2, w3 = cubic_cell(d, table.shape[3])
    e, f, g, h = 0.0, 0.0, 0.0, 0.0
    for x, s in enumerate((s0, s1, s2, s3)):
        for y, t in enumerate((t0, t1, t2, t3)):
            st = s * t
            for z, u in enumerate((u0, u1, u2, u3)):
                weight = st * u
                row = table[i + x, j + y, k + z]
                e += weight * row[m]
                f += weight * row[m + 1]
                g += weight * row[m + 2]
                h += weight * row[m + 3]
    return e * w0 + f * w1 + g * w2 + h * w3


@njit(cache=True, error_model="numpy")
def linear_2(table: Floats, a: float, b: float) -> float:
    """The value of a table with two axes at positions ``a`` and ``b``."""
    i, u = linear_cell(a, table.shape[0])
    j, w = linear_cell(b, table.shape[1])
    below = (1.0 - w) * table[i, j] + w * table[i, j + 1]
    above = (1.0 - w) * table[i + 1, j] + w * table[i + 1, j + 1]
    value: float = (1.0 - u) * below + u * above
    return value


@njit(cache=True, error_model="numpy")
def linear_3(table: Floats, a: float, b: float, c: float) -> float:
    """The value of a table with three axes."""
    i, u = linear_cell(a, table.shape[0])
    return (1.0 - u) * linear_2(table[i], b, c) + u * linear_2(table[i + 1], b, c)


@njit(cache=True, error_model="numpy")
def linear_4(table: Floats, a: float, b: float, c: float, d: float) -> float:
    """The value of a table with four axes."""
    i, u = linear_cell(a, table.shape[0])
    return (1.0 - u) * linear_3(table[i], b, c, d) + u * linear_3(table[i + 1], b, c, d)


def stencil(
    shape: tuple[int, ...], positions: Floats, interpolation: Interpolation
) -> tuple[NDArray[np.int64], Floats]:
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


def _cells(position: Floats, nodes: int, interpolation: Interpolation) -> tuple[NDArray[np.int64], Floats]:
    position = np.clip(position, 0.0, nodes - 1.0)
    before = 0 if interpolation is Interpolation.LINEAR else 1
    first = np.clip(position.astype(np.int64) - before, 0, nodes - interpolation.reach)
    p = position - first
    if interpolation is Interpolation.LINEAR:
        return first, np.stack([1.0 - p, p], axis=1)
    a, b, c = p - 1.0, p - 2.0, p - 3.0
    return first, np.stack([a * b * c / -6.0, 0.5 * p * b * c, -0.5 * p * a * c, p * a * b / 6.0], axis=1)
