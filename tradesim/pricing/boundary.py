"""The exercise boundary of an American put with strike 1, by spectral collocation.

Source: L. Andersen, M. Lake and D. Offengenden (2016), "High-performance American option pricing", Journal of
Computational Finance 20(1): the fixed points FP-A and FP-B (section 4), the collocation of ``H = ln(B / X)^2`` in the
square root of time (section 5). The first guess is the QD+ boundary of M. Li (2010), "Analytical approximations for the
critical stock prices of American options", Review of Derivatives Research 13.

All times are years, all rates a year. A curve is float64[n]: ``H`` at the nodes of :class:`Tables`.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.pricing.collocation import Tables
from tradesim.pricing.normal import normal_cdf, normal_pdf
from tradesim.pricing.problem import Floats

EXERCISED_EARLY: Final = 1
HELD_TO_EXPIRY: Final = 0
DOUBLE_BOUNDARY: Final = -1

DRIFT_LIMIT: Final = 0.25
"""FP-A converges faster than FP-B while the drift is below this many standard deviations, and not at all far above."""

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
    """What is zero at the QD+ boundary (Li 2010, equation 36), for a strike of 1."""
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


@njit(cache=True, error_model="numpy")
def guess_depth(
    depth: float, lowest: float, ceiling: float, expiry: float, volatility: float, rate: float, dividend: float
) -> float:
    """``ln(B / X)`` by the secant rule on the QD+ residual from ``depth``; both are negative, above ``lowest``."""
    before, now = depth, 0.9 * depth
    residual_before = qd_plus_residual(ceiling + before, expiry, volatility, rate, dividend)
    for _ in range(GUESS_STEPS):
        residual = qd_plus_residual(ceiling + now, expiry, volatility, rate, dividend)
        slope = (residual - residual_before) / (now - before)
        if not abs(slope) > 0.0:
            break
        target = min(max(now - residual / slope, 0.999 * lowest, 3.0 * now), 0.3 * now)
        before, residual_before, now = now, residual, target
        if abs(now - before) < GUESS_TOLERANCE * abs(now):
            break
    return now


@njit(cache=True, error_model="numpy")
def guess_boundary(
    expiry_max: float, volatility: float, rate: float, dividend: float, tables: Tables, curve: Floats
) -> None:
    """Write the QD+ curve, from the shortest time up; each node starts from the one before."""
    ceiling = log_ceiling(rate, dividend)
    lowest = log_floor(volatility, rate, dividend) - ceiling
    slope = -1.0
    for i in range(len(curve)):
        expiry = expiry_max * tables.root[i] ** 2
        deviation = volatility * math.sqrt(expiry)
        depth = guess_depth(max(slope * deviation, 0.95 * lowest), lowest, ceiling, expiry, volatility, rate, dividend)
        curve[i] = depth * depth
        slope = depth / deviation


@njit(cache=True, error_model="numpy")
def sweep_smooth_pasting(
    expiry_max: float,
    volatility: float,
    rate: float,
    dividend: float,
    tables: Tables,
    discount: Floats,
    interpolated: Floats,
    curve: Floats,
) -> None:
    """One sweep of FP-A: the boundary at which the put's delta is -1 (equations 4.3 to 4.5)."""
    ceiling = log_ceiling(rate, dividend)
    lowest = log_floor(volatility, rate, dividend) - ceiling
    count = len(tables.gap)
    for i in range(len(curve)):
        expiry = expiry_max * tables.root[i] ** 2
        deviation = volatility * math.sqrt(expiry)
        depth = -math.sqrt(curve[i])
        upper = (ceiling + depth + (rate - dividend) * expiry) / deviation + 0.5 * deviation
        above = math.exp(-rate * expiry) * normal_pdf(upper - deviation) / deviation
        below = math.exp(-dividend * expiry) * (normal_cdf(upper) + normal_pdf(upper) / deviation)
        for j in range(count):
            at = i * count + j
            gap = deviation * tables.gap[j]
            time = expiry * tables.gap[j] ** 2
            upper = (depth + interpolated[at] + (rate - dividend) * time) / gap + 0.5 * gap
            mass = expiry * tables.weight[j]
            above += rate * mass * discount[0, at] * normal_pdf(upper - gap) / gap
            if dividend != 0.0:
                below += dividend * mass * discount[1, at] * (normal_cdf(upper) + normal_pdf(upper) / gap)
        curve[i] = settle(above / below, depth, ceiling, lowest) ** 2


@njit(cache=True, error_model="numpy")
def sweep_value_matching(
    expiry_max: float,
    volatility: float,
    rate: float,
    dividend: float,
    tables: Tables,
    discount: Floats,
    interpolated: Floats,
    curve: Floats,
) -> None:
    """One sweep of FP-B: the boundary at which the put is worth its exercise (equations 4.6 to 4.8)."""
    ceiling = log_ceiling(rate, dividend)
    lowest = log_floor(volatility, rate, dividend) - ceiling
    count = len(tables.gap)
    for i in range(len(curve)):
        expiry = expiry_max * tables.root[i] ** 2
        deviation = volatility * math.sqrt(expiry)
        depth = -math.sqrt(curve[i])
        upper = (ceiling + depth + (rate - dividend) * expiry) / deviation + 0.5 * deviation
        above = math.exp(-rate * expiry) * normal_cdf(upper - deviation)
        below = math.exp(-dividend * expiry) * normal_cdf(upper)
        for j in range(count):
            at = i * count + j
            gap = deviation * tables.gap[j]
            time = expiry * tables.gap[j] ** 2
            upper = (depth + interpolated[at] + (rate - dividend) * time) / gap + 0.5 * gap
            mass = expiry * tables.weight[j]
            above += rate * mass * discount[0, at] * normal_cdf(upper - gap)
            if dividend != 0.0:
                below += dividend * mass * discount[1, at] * normal_cdf(upper)
        curve[i] = settle(above / below, depth, ceiling, lowest) ** 2


@njit(cache=True, error_model="numpy")
def settle(boundary: float, depth: float, ceiling: float, lowest: float) -> float:
    """The new ``ln(B / X)``, held between the perpetual boundary and ``X``; the old one where there is none."""
    if not boundary > 0.0:
        return depth
    return min(max(math.log(boundary) - ceiling, lowest), 0.0)


@njit(cache=True, error_model="numpy")
def interpolate_depths(tables: Tables, curve: Floats, interpolated: Floats) -> None:
    """Write ``ln(X / B)`` at every quadrature node of every collocation node."""
    for at in range(len(interpolated)):
        total = 0.0
        for k in range(len(curve)):
            total += tables.interpolation[at, k] * curve[k]
        interpolated[at] = math.sqrt(max(total, 0.0))


@njit(cache=True, error_model="numpy")
def discount_factors(expiry_max: float, rate: float, dividend: float, tables: Tables) -> Floats:
    """Discount factors over every gap, float64[2, n * l]: of cash and of the asset."""
    count = len(tables.gap)
    factors = np.empty((2, len(tables.root) * count))
    for i in range(len(tables.root)):
        for j in range(count):
            time = expiry_max * (tables.root[i] * tables.gap[j]) ** 2
            factors[0, i * count + j] = math.exp(-rate * time)
            factors[1, i * count + j] = math.exp(-dividend * time) if dividend != 0.0 else 1.0
    return factors


@njit(cache=True, error_model="numpy")
def put_boundary(
    expiry_max: float, volatility: float, rate: float, dividend: float, tables: Tables, curve: Floats
) -> None:
    """Write the boundary of a put that is exercised early, for times to expiry up to ``expiry_max``."""
    guess_boundary(expiry_max, volatility, rate, dividend, tables, curve)
    discount = discount_factors(expiry_max, rate, dividend, tables)
    interpolated = np.empty(len(tables.interpolation))
    smooth = abs(rate - dividend) * math.sqrt(expiry_max) < DRIFT_LIMIT * volatility
    for _ in range(tables.iterations):
        interpolate_depths(tables, curve, interpolated)
        if smooth:
            sweep_smooth_pasting(expiry_max, volatility, rate, dividend, tables, discount, interpolated, curve)
        else:
            sweep_value_matching(expiry_max, volatility, rate, dividend, tables, discount, interpolated, curve)


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
