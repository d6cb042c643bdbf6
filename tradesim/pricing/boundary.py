"""The exercise boundary of an American put with strike 1, by spectral collocation.

Source: L. Andersen, M. Lake and D. Offengenden (2016), "High-performance American option pricing", Journal of
Computational Finance 20(1): the fixed points FP-A and FP-B and the collocation of ``H = ln(B / X)^2`` in the square
root of time. The first guess is from the boundary's limits: J. D. Evans, R. Kuske and J. B. Keller (2002), "American
options on assets with dividends near expiry", Mathematical Finance 12(3).

All times are years, all rates a year. A curve is float64[n]: ``H`` at the nodes of :class:`Tables`.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from tradesim.pricing.collocation import Tables
from tradesim.pricing.elementary import exp, log, log_ratio
from tradesim.pricing.normal import FARTHEST, INVERSE_ROOT_TWO_PI, mills, normal_cdf, normal_pdf
from tradesim.pricing.problem import Floats

EXERCISED_EARLY: Final = 1
HELD_TO_EXPIRY: Final = 0
DOUBLE_BOUNDARY: Final = -1

DRIFT_LIMIT: Final = 0.5
"""FP-A converges faster than FP-B while the drift is below this many standard deviations, and not at all above 1."""

LEAST_DEPTH: Final = 0.639
RELAXATION: Final = 1.1
"""Steps are this much longer than to the fixed point: most of what a sweep leaves has the sign of what it mends."""

NEARBY: Final = 0
CASH: Final = 1
ASSET: Final = 2
"""Rows of the workspace of a sweep, over all pairs of a collocation and a quadrature node: ``ln(X / B)`` and the drift
until then, and the present values of the interest on the strike and of the dividends."""

VECTOR: Final = {"contract", "nsz", "reassoc"}
"""Fast-math flags of a sum that is to be vectorised."""


@njit(cache=True, error_model="numpy")
def put_region(rate: float, dividend: float) -> int:
    """Whether a put is exercised early, held to expiry, or has two boundaries; for a call exchange the rates."""
    if rate > 0.0 or (rate == 0.0 and dividend < 0.0):
        return EXERCISED_EARLY
    return DOUBLE_BOUNDARY if dividend < rate else HELD_TO_EXPIRY


@njit(cache=True, error_model="numpy")
def log_ceiling(rate: float, dividend: float) -> float:
    """Logarithm of ``X``, the boundary an instant before expiry."""
    return math.log(rate / dividend) if dividend > rate else 0.0


@njit(cache=True, error_model="numpy")
def log_floor(volatility: float, rate: float, dividend: float) -> float:
    """Logarithm of the boundary of a perpetual put (Merton 1973), below every boundary."""
    variance = volatility * volatility
    half = 0.5 - (rate - dividend) / variance
    size = math.sqrt(half * half + 2.0 * rate / variance)
    exponent = 2.0 * rate / variance / (half + size) if half > 0.0 else size - half
    return math.log(max(exponent / (1.0 + exponent), 1e-300))


class Put(NamedTuple):
    """A put with strike 1 that is exercised early, up to the longest time to expiry that is asked about.

    ``ceiling`` is ``ln X``; ``lowest`` is ``ln(B / X)`` of the perpetual put.
    """

    expiry: float
    volatility: float
    rate: float
    dividend: float
    ceiling: float
    lowest: float


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def guess_boundary(put: Put, tables: Tables, curve: Floats) -> None:
    """Write a curve within some per cent of the boundary, from its limits at short and at long times.

    At short times it is ``c sigma sqrt(t)`` below the limit: ``c`` is 0.639 below ``X`` if ``q > r``, else grows with
    the logarithm of time below the strike (Evans, Kuske and Keller 2002); here with constants fitted to boundaries.
    """
    carry = max(put.rate - put.dividend, 0.0) / put.volatility
    for i in range(len(curve)):
        expiry = put.expiry * tables.root[i] * tables.root[i]
        root = math.sqrt(expiry)
        deviation = put.volatility * root
        below_strike = (1.424 - 0.273 * log(carry * root + 0.5 * put.rate * expiry)) * deviation
        below = below_strike + put.ceiling
        least = LEAST_DEPTH * deviation
        below = least if below < least else below
        depth = put.lowest * (1.0 - exp(below / put.lowest))
        curve[i] = depth * depth


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def write_masses(flow: float, expiry: float, gap: Floats, weight: Floats, out: Floats) -> None:
    """Write the present value of what a rate ``flow`` pays around each gap."""
    for j in range(len(out)):
        out[j] = flow * expiry * weight[j] * exp(-flow * expiry * gap[j] * gap[j])


@njit(cache=True, error_model="numpy", fastmath=VECTOR)
def smooth_pasting(
    node: int, depth: float, deviation: float, gap: Floats, over_gap: Floats, work: Floats
) -> tuple[float, float]:
    """The integrals of FP-A at one node: both sides of its fixed point."""
    slope = 1.0 / deviation
    above, below = 0.0, 0.0
    for j in range(gap.shape[1]):
        passed, over_passed = deviation * gap[node, j], slope * over_gap[node, j]
        upper = (depth + work[NEARBY, node, j]) * over_passed + 0.5 * passed
        lower = upper - passed
        size = abs(upper)
        density = exp(-0.5 * upper * upper)
        tail = density * mills(FARTHEST if size > FARTHEST else size)
        density *= INVERSE_ROOT_TWO_PI * over_passed
        above += work[CASH, node, j] * (INVERSE_ROOT_TWO_PI * over_passed) * exp(-0.5 * lower * lower)
        below += work[ASSET, node, j] * (density + (tail if upper < 0.0 else 1.0 - tail))
    return above, below


@njit(cache=True, error_model="numpy", fastmath=VECTOR)
def value_matching(
    node: int, depth: float, deviation: float, gap: Floats, over_gap: Floats, work: Floats
) -> tuple[float, float]:
    """The integrals of FP-B at one node: both sides of its fixed point."""
    slope = 1.0 / deviation
    above, below = 0.0, 0.0
    for j in range(gap.shape[1]):
        passed = deviation * gap[node, j]
        upper = (depth + work[NEARBY, node, j]) * (slope * over_gap[node, j]) + 0.5 * passed
        above += work[CASH, node, j] * normal_cdf(upper - passed)
        below += work[ASSET, node, j] * normal_cdf(upper)
    return above, below


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_european_sides(weak_drift: bool, put: Put, tables: Tables, curve: Floats, sides: Floats) -> None:
    """Write what expiry itself adds to both sides of the fixed point at every node."""
    for i in range(len(curve)):
        expiry = put.expiry * tables.root[i] * tables.root[i]
        deviation = put.volatility * math.sqrt(expiry)
        moneyness = put.ceiling - math.sqrt(curve[i]) + (put.rate - put.dividend) * expiry
        upper = moneyness / deviation + 0.5 * deviation
        lower = upper - deviation
        above = normal_pdf(lower) / deviation if weak_drift else normal_cdf(lower)
        pasted = normal_pdf(upper) / deviation if weak_drift else 0.0
        sides[0, i] = exp(-put.rate * expiry) * above
        sides[1, i] = exp(-put.dividend * expiry) * (normal_cdf(upper) + pasted)


@njit(cache=True, error_model="numpy")
def sweep(put: Put, tables: Tables, work: Floats, sides: Floats, curve: Floats) -> float:
    """Move every node to its fixed point given the rest; returns the largest move of ``ln B``.

    FP-A is the boundary at which the put's delta is -1, FP-B the one at which the put is worth its exercise. Short
    times weigh less in the move. A node is held between the perpetual boundary and ``X``; it stays where it is if its
    fixed point is not a number.
    """
    deviation = put.volatility * math.sqrt(put.expiry)
    weak_drift = (put.rate - put.dividend) * put.expiry < DRIFT_LIMIT * deviation
    write_european_sides(weak_drift, put, tables, curve, sides)
    for node in range(len(curve)):
        depth = -math.sqrt(curve[node])
        if weak_drift:
            above, below = smooth_pasting(node, depth, deviation, tables.gap, tables.over_gap, work)
        else:
            above, below = value_matching(node, depth, deviation, tables.gap, tables.over_gap, work)
        sides[0, node] += above
        sides[1, node] += below
    settle(put, curve, sides)
    largest = 0.0
    for node in range(len(curve)):
        largest = max(largest, abs(sides[0, node]) * tables.root[node])
    return largest


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def settle(put: Put, curve: Floats, sides: Floats) -> None:
    """Take the ratio of both sides as the new boundary; leave in their place how far each node moved."""
    for i in range(len(curve)):
        before = -math.sqrt(curve[i])
        target = log_ratio(sides[0, i], sides[1, i]) - put.ceiling
        target = before + RELAXATION * (target - before)
        target = target if sides[0, i] > 0.0 and sides[1, i] > 0.0 else before
        target = put.lowest if target < put.lowest else target
        target = 0.0 if target > 0.0 else target
        sides[0, i] = target - before
        curve[i] = target * target


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def interpolate(matrix: Floats, curve: Floats, out: Floats) -> None:
    """Write the values of a curve at the points of an interpolation matrix, float64[n, points], four nodes at once."""
    for j in range(len(out)):
        out[j] = 0.0
    for k in range(0, len(curve), 4):
        a, b, c, d = curve[k], curve[k + 1], curve[k + 2], curve[k + 3]
        for j in range(len(out)):
            out[j] += matrix[k, j] * a + matrix[k + 1, j] * b + (matrix[k + 2, j] * c + matrix[k + 3, j] * d)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_nearby(put: Put, gap: Floats, tables: Tables, curve: Floats, out: Floats) -> None:
    """Write ``ln(X / B)`` at every quadrature node of every collocation node, and the drift until then."""
    interpolate(tables.interpolation, curve, out)
    drift = (put.rate - put.dividend) * put.expiry
    for at in range(len(out)):
        square = out[at]
        out[at] = math.sqrt(square if square > 0.0 else 0.0) + drift * gap[at] * gap[at]


@njit(cache=True, error_model="numpy")
def put_boundary(expiry: float, volatility: float, rate: float, dividend: float, tables: Tables, curve: Floats) -> None:
    """Write the boundary of a put that is exercised early, for times up to ``expiry``."""
    ceiling = log_ceiling(rate, dividend)
    put = Put(expiry, volatility, rate, dividend, ceiling, log_floor(volatility, rate, dividend) - ceiling)
    guess_boundary(put, tables, curve)
    gap, weight = tables.gap.ravel(), tables.weight.ravel()
    flat, sides = np.empty((3, len(gap))), np.empty((2, len(curve)))
    work = flat.reshape((3, *tables.gap.shape))
    write_masses(rate, expiry, gap, weight, flat[CASH])
    write_masses(dividend, expiry, gap, weight, flat[ASSET])
    for _ in range(tables.iterations):
        write_nearby(put, gap, tables, curve, flat[NEARBY])
        if sweep(put, tables, work, sides, curve) < tables.tolerance:
            break


@njit(cache=True, error_model="numpy")
def depth_at(root: float, tables: Tables, curve: Floats) -> float:
    """``ln(X / B)`` of a curve where the square root of time, scaled by that of its longest time, is ``root``."""
    if root <= 0.0:
        return 0.0
    above, below = 0.0, tables.barycentric[0] / root
    for k in range(len(curve)):
        distance = root - tables.root[k]
        if distance == 0.0:
            return math.sqrt(max(curve[k], 0.0))
        term = tables.barycentric[k + 1] / distance
        above += term * curve[k]
        below += term
    return math.sqrt(max(above / below, 0.0))
