"""A subspace in memory, and its compiled evaluation.

A price's value along the fast coordinate is, for each state of the slow ones, a combination of a few *components*::

    value(fast, slow) = sum over j of  c_j(slow) phi_j(fast - level(slow))

The coefficients are quadratic B-splines of the slow coordinates on one table, whose nodes hold eight 32-bit floats:
the level first, then up to seven coefficients. The components are cubics from knot to knot.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.methods.subspace.lanes import LANES, first, inner, joined, nothing, read, write
from tradesim.pricing.problem import Floats

Singles = NDArray[np.float32]

AXES: Final = 3
"""Slow coordinates of a table. One that a problem has not is an axis of stride zero: its three nodes are one."""
REACHED: Final = 3
"""Nodes of an axis that a quadratic spline is made of."""
LEAST_REACH: Final = 1e-3
"""A level is kept as ``1 / (1 - level)``: 1 at zero, 0 infinitely far below; this is the least."""


class Subspace(NamedTuple):
    """The tables of one subspace.

    ``nodes``      float32[nodes x 8], flat: level and coefficients
    ``shape``      int64[3], nodes of each slow axis, and ``strides`` int64[3], floats from node to node along it
    ``columns``    int64[3], where in the features each slow coordinate stands
    ``low scale``  float64[3]: a slow coordinate's position is ``(x - low) scale``
    ``components`` float32[cells x 4 x 8], flat: of each cell, coefficients from cubic to constant; the level's are zero
    ``first pace`` the fast coordinate's position is ``(x - level - first) pace``
    ``nil_below``  the value is zero where ``x - level`` is below this: what exercise is worth needs no table
    """

    nodes: Singles
    shape: NDArray[np.int64]
    strides: NDArray[np.int64]
    columns: NDArray[np.int64]
    low: Floats
    scale: Floats
    components: Singles
    first: float
    pace: float
    nil_below: float

    @property
    def nbytes(self) -> int:
        """Bytes of the tables."""
        return sum(each.nbytes for each in self if isinstance(each, np.ndarray)) + 24


@njit(cache=True, error_model="numpy", inline="always")
def _cell(position: float, nodes: int) -> tuple[int, np.float32, np.float32, np.float32]:
    """The first of three nodes, and the weight of each; positions run from 0 to ``nodes - 2``."""
    held = min(max(position, 0.0), nodes - 2.0)
    cell = min(int(held), nodes - REACHED)
    p = np.float32(held - cell)
    q = np.float32(1.0) - p
    below, above = np.float32(0.5) * q * q, np.float32(0.5) * p * p
    return cell, below, np.float32(1.0) - below - above, above


@njit(cache=True, error_model="numpy", inline="always")
def _line(nodes, at, w0, w1, w2, step):  # type: ignore[no-untyped-def] # lanes have no Python type
    """Three nodes along the last axis, blended."""
    return read(read(read(nothing(), w0, nodes, at), w1, nodes, at + step), w2, nodes, at + 2 * step)


@njit(cache=True, error_model="numpy", inline="always")
def _plane(nodes, at, v0, v1, v2, w0, w1, w2, stride, step):  # type: ignore[no-untyped-def]
    """Nine nodes along the last two axes, blended."""
    below = joined(nothing(), v0, _line(nodes, at, w0, w1, w2, step))
    middle = joined(below, v1, _line(nodes, at + stride, w0, w1, w2, step))
    return joined(middle, v2, _line(nodes, at + 2 * stride, w0, w1, w2, step))


@njit(cache=True, error_model="numpy", inline="always")
def _blended(feature, subspace):  # type: ignore[no-untyped-def]
    """Level and coefficients at the slow coordinates of a row of features."""
    nodes, shape, strides = subspace.nodes, subspace.shape, subspace.strides
    low, scale, columns = subspace.low, subspace.scale, subspace.columns
    i, u0, u1, u2 = _cell((feature[columns[0]] - low[0]) * scale[0], shape[0])
    j, v0, v1, v2 = _cell((feature[columns[1]] - low[1]) * scale[1], shape[1])
    k, w0, w1, w2 = _cell((feature[columns[2]] - low[2]) * scale[2], shape[2])
    s, t, step = strides[0], strides[1], strides[2]
    at = i * s + j * t + k * step
    below = joined(nothing(), u0, _plane(nodes, at, v0, v1, v2, w0, w1, w2, t, step))
    middle = joined(below, u1, _plane(nodes, at + s, v0, v1, v2, w0, w1, w2, t, step))
    return joined(middle, u2, _plane(nodes, at + 2 * s, v0, v1, v2, w0, w1, w2, t, step))


@njit(cache=True, error_model="numpy", inline="always")
def _combined(fast, level, coefficients, subspace):  # type: ignore[no-untyped-def]
    """The value at a fast coordinate. A cell's cubic is combined first, so that it is smooth in 64 bits."""
    components = subspace.components
    cells = len(components) // (4 * LANES)
    along = fast - level
    position = min(max((along - subspace.first) * subspace.pace, 0.0), float(cells))
    cell = min(int(position), cells - 1)
    p, at = position - cell, cell * 4 * LANES
    high = np.float64(inner(coefficients, components, at)) * p + inner(coefficients, components, at + LANES)
    value = (high * p + inner(coefficients, components, at + 2 * LANES)) * p + inner(
        coefficients, components, at + 3 * LANES
    )
    return 0.0 if along < subspace.nil_below else value


@njit(cache=True, error_model="numpy", inline="always")
def _level(lanes):  # type: ignore[no-untyped-def]
    """The level that the first lane keeps."""
    return 1.0 - 1.0 / max(np.float64(first(lanes)), LEAST_REACH)


@njit(cache=True, error_model="numpy")
def subspace_values(features: Floats, subspace: Subspace, out: Floats) -> None:
    """Write the value of each row of features: the fast coordinate, then the slow ones."""
    for i in range(len(out)):
        lanes = _blended(features[i], subspace)
        out[i] = _combined(features[i, 0], _level(lanes), lanes, subspace)


@njit(cache=True, error_model="numpy")
def subspace_coefficients(features: Floats, subspace: Subspace, lanes: Singles) -> None:
    """Write level and coefficients of each row of features, flat float32[n x 8]: they need the slow ones alone."""
    for i in range(len(features)):
        write(_blended(features[i], subspace), lanes, i * LANES)


@njit(cache=True, error_model="numpy")
def values_along(features: Floats, lanes: Singles, subspace: Subspace, out: Floats) -> None:
    """Write the value of each row of features, of whose slow coordinates the coefficients are known."""
    for i in range(len(out)):
        known = read(nothing(), np.float32(1.0), lanes, i * LANES)
        out[i] = _combined(features[i, 0], _level(known), known, subspace)
