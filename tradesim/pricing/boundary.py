"""The exercise boundary of an American put with strike 1, by spectral collocation.

Source: L. Andersen, M. Lake and D. Offengenden (2016), "High-performance American option pricing", Journal of
Computational Finance 20(1): the fixed points FP-A and FP-B and the collocation of ``H = ln(B / X)^2`` in the square
root of time. The first guess is the QD+ boundary of M. Li (2010), "Analytical approximations for the
critical stock prices of American options", Review of Derivatives Research 13.

All times are years, all rates a year. A curve is float64[n]: ``H`` at the nodes of :class:`Tables`.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from tradesim.pricing.collocation import Tables
from tradesim.pricing.normal import normal_cdf, normal_pdf
from tradesim.pricing.problem import Floats

EXERCISED_EARLY: Final = 1
HELD_TO_EXPIRY: Final = 0
DOUBLE_BOUNDARY: Final = -1

DRIFT_LIMIT: Final = 0.5
"""FP-A converges faster than FP-B while the drift is below this many standard deviations, and not at all above 1."""

GUESS_STEPS: Final = 8
GUESS_TOLERANCE: Final = 0.005


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


@njit(cache=True, error_model="numpy")
def qd_plus_residual(log_spot: float, expiry: float, volatility: float, rate: float, dividend: float) -> float:
    """What is zero at the QD+ boundary (Li 2010), for a strike of 1."""
    spot = math.exp(log_spot)
    root = math.sqrt(expiry)
    deviation = volatility * root
    cash, asset = math.exp(-rate * expiry), math.exp(-dividend * expiry)
    twice = 2.0 / (volatility * volatility)
    paid = -math.expm1(-rate * expiry)
    scale = twice * (rate / paid if paid > 0.0 else 1.0 / expiry)
    tilt = twice * (rate - dividend) - 1.0
    spread = math.sqrt(tilt * tilt + 4.0 * scale)
    upper = (log_spot + (rate - dividend) * expiry) / deviation + 0.5 * deviation
    below_upper, below_lower = normal_cdf(-upper), normal_cdf(deviation - upper)
    excess = 1.0 - spot - (cash * below_lower - spot * asset * below_upper)
    decay = rate * cash * below_lower - spot * asset * (
        dividend * below_upper + 0.5 * volatility / root * normal_pdf(upper)
    )
    correction = cash / spread * (scale - twice * decay / (cash * excess) - (scale / spread) ** 2)
    return (1.0 - asset * below_upper) * spot + (correction - 0.5 * (tilt + spread)) * excess


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


@njit(cache=True, error_model="numpy")
def guess_depth(depth: float, put: Put, expiry: float) -> float:
    """``ln(B / X)`` by the secant rule on the QD+ residual from ``depth``; both are negative."""
    before, now = depth, 0.9 * depth
    residual_before = qd_plus_residual(put.ceiling + before, expiry, put.volatility, put.rate, put.dividend)
    for _ in range(GUESS_STEPS):
        residual = qd_plus_residual(put.ceiling + now, expiry, put.volatility, put.rate, put.dividend)
        slope = (residual - residual_before) / (now - before)
        if not abs(slope) > 0.0:
            break
        target = min(max(now - residual / slope, 0.999 * put.lowest, 3.0 * now), 0.3 * now)
        before, residual_before, now = now, residual, target
        if abs(now - before) < GUESS_TOLERANCE * abs(now):
            break
    return now


@njit(cache=True, error_model="numpy")
def guess_boundary(put: Put, tables: Tables, curve: Floats) -> None:
    """Write the QD+ curve, from the shortest time up; each node starts from the one before."""
    slope = -1.0
    for i in range(len(curve)):
        expiry = put.expiry * tables.root[i] ** 2
        deviation = put.volatility * math.sqrt(expiry)
        depth = guess_depth(max(slope * deviation, 0.95 * put.lowest), put, expiry)
        curve[i] = depth * depth
        slope = depth / deviation


@njit(cache=True, error_model="numpy")
def smooth_pasting(node: int, depth: float, put: Put, tables: Tables, discount: Floats, nearby: Floats) -> float:
    """FP-A at one node: the boundary, over strike, at which the put's delta is -1."""
    expiry = put.expiry * tables.root[node] ** 2
    deviation = put.volatility * math.sqrt(expiry)
    drift = put.rate - put.dividend
    upper = (put.ceiling + depth + drift * expiry) / deviation + 0.5 * deviation
    above = math.exp(-put.rate * expiry) * normal_pdf(upper - deviation) / deviation
    below = math.exp(-put.dividend * expiry) * (normal_cdf(upper) + normal_pdf(upper) / deviation)
    for j in range(len(tables.gap)):
        at = node * len(tables.gap) + j
        gap = deviation * tables.gap[j]
        upper = (depth + nearby[at] + drift * expiry * tables.gap[j] ** 2) / gap + 0.5 * gap
        mass = expiry * tables.weight[j]
        above += put.rate * mass * discount[0, at] * normal_pdf(upper - gap) / gap
        if put.dividend != 0.0:
            below += put.dividend * mass * discount[1, at] * (normal_cdf(upper) + normal_pdf(upper) / gap)
    return above / below


@njit(cache=True, error_model="numpy")
def value_matching(node: int, depth: float, put: Put, tables: Tables, discount: Floats, nearby: Floats) -> float:
    """FP-B at one node: the boundary, over strike, at which the put is worth its exercise."""
    expiry = put.expiry * tables.root[node] ** 2
    deviation = put.volatility * math.sqrt(expiry)
    drift = put.rate - put.dividend
    upper = (put.ceiling + depth + drift * expiry) / deviation + 0.5 * deviation
    above = math.exp(-put.rate * expiry) * normal_cdf(upper - deviation)
    below = math.exp(-put.dividend * expiry) * normal_cdf(upper)
    for j in range(len(tables.gap)):
        at = node * len(tables.gap) + j
        gap = deviation * tables.gap[j]
        upper = (depth + nearby[at] + drift * expiry * tables.gap[j] ** 2) / gap + 0.5 * gap
        mass = expiry * tables.weight[j]
        above += put.rate * mass * discount[0, at] * normal_cdf(upper - gap)
        if put.dividend != 0.0:
            below += put.dividend * mass * discount[1, at] * normal_cdf(upper)
    return above / below


@njit(cache=True, error_model="numpy")
def sweep(put: Put, tables: Tables, discount: Floats, nearby: Floats, curve: Floats) -> float:
    """Move every node to its fixed point given the rest; returns the largest move of ``ln B``.

    Short times weigh less in it. A node is held between the perpetual boundary and ``X``; it stays where it is if its
    fixed point is not a number.
    """
    weak_drift = (put.rate - put.dividend) * math.sqrt(put.expiry) < DRIFT_LIMIT * put.volatility
    largest = 0.0
    for node in range(len(curve)):
        depth = -math.sqrt(curve[node])
        if weak_drift:
            boundary = smooth_pasting(node, depth, put, tables, discount, nearby)
        else:
            boundary = value_matching(node, depth, put, tables, discount, nearby)
        if boundary > 0.0:
            settled = min(max(math.log(boundary) - put.ceiling, put.lowest), 0.0)
            largest = max(largest, abs(settled - depth) * tables.root[node])
            curve[node] = settled * settled
    return largest


@njit(cache=True, error_model="numpy")
def interpolate_depths(tables: Tables, curve: Floats, nearby: Floats) -> None:
    """Write ``ln(X / B)`` at every quadrature node of every collocation node, float64[n * l]."""
    for at in range(len(nearby)):
        total = 0.0
        for k in range(len(curve)):
            total += tables.interpolation[at, k] * curve[k]
        nearby[at] = math.sqrt(max(total, 0.0))


@njit(cache=True, error_model="numpy")
def discount_factors(put: Put, tables: Tables) -> Floats:
    """Discount factors over every gap, float64[2, n * l]: of cash and of the asset."""
    count = len(tables.gap)
    factors = np.empty((2, len(tables.root) * count))
    for i in range(len(tables.root)):
        for j in range(count):
            time = put.expiry * (tables.root[i] * tables.gap[j]) ** 2
            factors[0, i * count + j] = math.exp(-put.rate * time)
            factors[1, i * count + j] = math.exp(-put.dividend * time) if put.dividend != 0.0 else 1.0
    return factors


@njit(cache=True, error_model="numpy")
def put_boundary(expiry: float, volatility: float, rate: float, dividend: float, tables: Tables, curve: Floats) -> None:
    """Write the boundary of a put that is exercised early, for times up to ``expiry``."""
    ceiling = log_ceiling(rate, dividend)
    put = Put(expiry, volatility, rate, dividend, ceiling, log_floor(volatility, rate, dividend) - ceiling)
    guess_boundary(put, tables, curve)
    discount = discount_factors(put, tables)
    nearby = np.empty(len(tables.interpolation))
    for _ in range(tables.iterations):
        interpolate_depths(tables, curve, nearby)
        if sweep(put, tables, discount, nearby, curve) < tables.tolerance:
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
