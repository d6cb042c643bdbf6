"""A contract's *row*: all of an American option's price that does not depend on the spot, and the short sum that does.

Given the row, the value is that of the European option and a sum of normal probabilities over the quadrature nodes of
the early exercise premium::

    row = [log strike, strike, right, log exercise level, terms,
           cash discount, asset discount, carry, deviation, 1 / deviation,
           slopes, shifts, deviations, cashes, tilted cashes, assets]      each as many as there are terms
    x = ln(S / K) for a put, ln(K / S) for a call
    value = European value + sum over terms of   cash  Phi(deviation - d) (K for a put, S for a call)
                                               - asset Phi(-d)            (S for a put, K for a call)
    d = slope x + shift

The densities of a term's two probabilities are in proportion, so that it takes one exponential: ``cash K phi(deviation
- d)`` is ``tilted cash S phi(d)``. Fields are contiguous, so that the sum takes several terms at once.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.pricing.boundary import (
    DOUBLE_BOUNDARY,
    EXERCISED_EARLY,
    VECTOR,
    depth_at,
    interpolate,
    log_ceiling,
    put_boundary,
    put_region,
    write_masses,
)
from tradesim.pricing.collocation import Tables
from tradesim.pricing.elementary import exp, log
from tradesim.pricing.european import time_value
from tradesim.pricing.normal import FARTHEST, mills_quotient
from tradesim.pricing.problem import Floats, Rights

LOG_STRIKE: Final = 0
STRIKE: Final = 1
RIGHT: Final = 2
LOG_EXERCISE: Final = 3
TERMS: Final = 4
CASH_DISCOUNT: Final = 5
ASSET_DISCOUNT: Final = 6
CARRY: Final = 7
DEVIATION: Final = 8
OVER_DEVIATION: Final = 9
HEADER: Final = 10

CERTAIN: Final = -1.0
"""Count of terms of a row without uncertainty, which holds rate, dividend and expiry behind it."""
LEAST_DEVIATION: Final = 1e-5
"""Below this standard deviation of the log-spot at expiry the spot is taken to be certain."""


@njit(cache=True, error_model="numpy")
def write_european(
    row: Floats, strike: float, expiry: float, volatility: float, rate: float, dividend: float, right: int
) -> None:
    """Write the header, which holds the European value; its strike is NaN where the boundary is double."""
    deviation = volatility * math.sqrt(expiry)
    row[LOG_STRIKE] = log(strike)
    row[STRIKE] = strike if put_region(rate, dividend) != DOUBLE_BOUNDARY else np.nan
    row[RIGHT] = right
    row[LOG_EXERCISE] = -np.inf
    if expiry <= 0.0 or deviation < LEAST_DEVIATION:
        row[TERMS] = CERTAIN
        row[TERMS + 1], row[TERMS + 2], row[TERMS + 3] = rate, dividend, expiry
        return
    row[TERMS] = 0.0
    row[CASH_DISCOUNT], row[ASSET_DISCOUNT] = exp(-rate * expiry), exp(-dividend * expiry)
    row[CARRY] = (rate - dividend) * expiry
    row[DEVIATION], row[OVER_DEVIATION] = deviation, 1.0 / deviation


@njit(cache=True, error_model="numpy")
def write_premium(
    row: Floats,
    expiry: float,
    expiry_max: float,
    volatility: float,
    rate: float,
    dividend: float,
    tables: Tables,
    curve: Floats,
) -> None:
    """Write the terms of the early exercise premium of a put, from a curve that reaches ``expiry_max``."""
    count = len(tables.price_gap)
    ceiling = log_ceiling(rate, dividend)
    row[TERMS] = count
    slope, shift, deviation, cash, tilted, asset = terms_of(row, count)
    if expiry == expiry_max:
        row[LOG_EXERCISE] = ceiling - math.sqrt(curve[-1])
        interpolate(tables.price_interpolation, curve, shift)
    else:
        scale = math.sqrt(expiry / expiry_max)
        row[LOG_EXERCISE] = ceiling - depth_at(scale, tables, curve)
        for j in range(count):
            gap = tables.price_gap[j]
            shift[j] = depth_at(scale * math.sqrt(1.0 - gap * gap), tables, curve) ** 2
    drift = (rate - dividend) * expiry
    for j in range(count):
        gap, square = tables.price_gap[j], shift[j]
        shift[j] = drift * gap * gap - ceiling + math.sqrt(square if square > 0.0 else 0.0)
    write_masses(rate, expiry, tables.price_gap, tables.price_weight, cash)
    write_masses(dividend, expiry, tables.price_gap, tables.price_weight, asset)
    for j in range(count):
        tilted[j] = cash[j] * exp(shift[j])
    whole = volatility * math.sqrt(expiry)
    for j in range(count):
        deviation[j] = whole * tables.price_gap[j]
    for j in range(count):
        slope[j] = 1.0 / deviation[j]
    for j in range(count):
        shift[j] = shift[j] * slope[j] + 0.5 * deviation[j]


@njit(cache=True, error_model="numpy", forceinline=True)
def terms_of(row: Floats, count: int) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """The fields of the terms of a row: slopes, shifts, deviations, cashes, tilted cashes, assets."""
    return (
        row[HEADER : HEADER + count],
        row[HEADER + count : HEADER + 2 * count],
        row[HEADER + 2 * count : HEADER + 3 * count],
        row[HEADER + 3 * count : HEADER + 4 * count],
        row[HEADER + 4 * count : HEADER + 5 * count],
        row[HEADER + 5 * count : HEADER + 6 * count],
    )


@njit(cache=True, error_model="numpy")
def exercise_boundary(
    expiry_max: float, volatility: float, rate: float, dividend: float, right: int, tables: Tables, out: Floats
) -> bool:
    """Write the curve of the exercise boundary for times to expiry up to ``expiry_max``; False where there is none.

    One curve serves every strike and every shorter expiry of the same volatility, rate and dividend yield.
    """
    put_rate, put_dividend = (dividend, rate) if right > 0 else (rate, dividend)
    if put_region(put_rate, put_dividend) != EXERCISED_EARLY:
        return False
    put_boundary(expiry_max, volatility, put_rate, put_dividend, tables, out)
    return True


@njit(cache=True, error_model="numpy")
def row_from_boundary(
    strike: float,
    expiry: float,
    expiry_max: float,
    volatility: float,
    rate: float,
    dividend: float,
    right: int,
    tables: Tables,
    curve: Floats,
    row: Floats,
) -> None:
    """Write the row of a contract whose boundary is known as a curve of :func:`exercise_boundary`."""
    put_rate, put_dividend = (dividend, rate) if right > 0 else (rate, dividend)
    write_european(row, strike, expiry, volatility, put_rate, put_dividend, right)
    if row[TERMS] == 0.0 and put_region(put_rate, put_dividend) == EXERCISED_EARLY:
        write_premium(row, expiry, expiry_max, volatility, put_rate, put_dividend, tables, curve)


@njit(cache=True, error_model="numpy")
def boundary_row(
    strike: float,
    expiry: float,
    volatility: float,
    rate: float,
    dividend: float,
    right: int,
    tables: Tables,
    row: Floats,
) -> None:
    """Write a contract's row, float64[``Scheme.row_width``]: the slow half of its price.

    A double boundary (a put with ``q < r < 0``, a call with ``r < q < 0``) gives a row whose values are NaN.
    """
    put_rate, put_dividend = (dividend, rate) if right > 0 else (rate, dividend)
    write_european(row, strike, expiry, volatility, put_rate, put_dividend, right)
    if row[TERMS] == 0.0 and put_region(put_rate, put_dividend) == EXERCISED_EARLY:
        curve = np.empty(len(tables.root))
        put_boundary(expiry, volatility, put_rate, put_dividend, tables, curve)
        write_premium(row, expiry, expiry, volatility, put_rate, put_dividend, tables, curve)


@njit(cache=True, error_model="numpy")
def certain_value(cash: float, asset: float, rate: float, dividend: float, expiry: float) -> float:
    """The best of exercise now, at expiry, and when the interest on the cash comes to equal the asset's yield."""
    at_expiry = cash * math.exp(-rate * expiry) - asset * math.exp(-dividend * expiry)
    best: float = max(cash - asset, at_expiry, 0.0)
    when = math.log(rate * cash / (dividend * asset)) / (rate - dividend)
    if 0.0 < when < expiry:
        best = max(best, cash * math.exp(-rate * when) - asset * math.exp(-dividend * when))
    return best


@njit(cache=True, error_model="numpy", fastmath=VECTOR)
def premium_value(moneyness: float, cash_scale: float, asset_scale: float, row: Floats) -> float:
    """The sum of a row's terms."""
    count = int(row[TERMS])
    slope, shift, deviation, cash, tilted, asset = terms_of(row, count)
    tails, cash_sure, asset_sure = 0.0, 0.0, 0.0
    for j in range(count):
        depth = -(slope[j] * moneyness + shift[j])
        deeper = depth + deviation[j]
        size, deeper_size = abs(depth), abs(deeper)
        near, near_below = mills_quotient(FARTHEST if size > FARTHEST else size)
        far, far_below = mills_quotient(FARTHEST if deeper_size > FARTHEST else deeper_size)
        paid, yielded, tilt = cash[j], asset[j], tilted[j]
        near *= -yielded if depth < 0.0 else yielded
        far *= tilt if deeper < 0.0 else -tilt
        tails += exp(-0.5 * depth * depth) * (far * near_below + near * far_below) / (near_below * far_below)
        cash_sure += 0.0 if deeper < 0.0 else paid
        asset_sure += 0.0 if depth < 0.0 else yielded
    return asset_scale * (tails - asset_sure) + cash_scale * cash_sure


@njit(cache=True, error_model="numpy")
def row_value(spot: float, log_spot: float, row: Floats) -> float:
    """Value of a contract at ``spot``, in currency, from its row."""
    moneyness = log_spot - row[LOG_STRIKE]
    cash_scale, asset_scale = row[STRIKE], spot
    if row[RIGHT] > 0.0:
        moneyness, cash_scale, asset_scale = -moneyness, spot, row[STRIKE]
    intrinsic: float = cash_scale - asset_scale
    if moneyness < row[LOG_EXERCISE]:
        return intrinsic
    if row[TERMS] == CERTAIN:
        return certain_value(cash_scale, asset_scale, row[TERMS + 1], row[TERMS + 2], row[TERMS + 3])
    cash, asset = cash_scale * row[CASH_DISCOUNT], asset_scale * row[ASSET_DISCOUNT]
    value = time_value(asset, cash, (moneyness + row[CARRY]) * row[OVER_DEVIATION], row[DEVIATION])
    value += max(cash - asset, 0.0)
    if row[TERMS] > 0.0:
        value += premium_value(moneyness, cash_scale, asset_scale, row)
    return max(value, intrinsic)


@njit(cache=True, error_model="numpy")
def slice_value(spot: float, row: Floats) -> float:
    """Value of a contract at ``spot``, in currency, from its row: the fast half of its price."""
    return row_value(spot, log(spot), row)


@njit(cache=True, error_model="numpy")
def slice_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write the values of n contracts at ``spot`` into ``out``, from rows float64[n, width]."""
    log_spot = log(spot)
    for i in range(len(out)):
        out[i] = row_value(spot, log_spot, rows[i])


@njit(cache=True, error_model="numpy")
def american_value(
    spot: float,
    strike: float,
    expiry: float,
    volatility: float,
    rate: float,
    dividend: float,
    right: int,
    tables: Tables,
) -> float:
    """Value of one American option, in currency, all inputs new; NaN where the boundary is double."""
    row = np.empty(HEADER + 6 * len(tables.price_gap))
    boundary_row(strike, expiry, volatility, rate, dividend, right, tables, row)
    return slice_value(spot, row)


@njit(cache=True, error_model="numpy")
def boundary_rows(
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    tables: Tables,
    rows: Floats,
) -> None:
    """Write the rows of n contracts into ``rows``, float64[n, ``Scheme.row_width``]."""
    for i in range(len(rows)):
        boundary_row(strike[i], expiry[i], volatility[i], rate[i], dividend[i], right[i], tables, rows[i])
