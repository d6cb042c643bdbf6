"""Greeks of the American option.

Delta and gamma are derivatives of the slice, its sum differentiated term by term: the exercise boundary does not depend
on the spot. Vega and theta are central differences of the price, all else equal, over :data:`STEP` of the volatility
and of the time to expiry. Where it is exercised at once an option has the Greeks of its intrinsic value. Without
uncertainty delta and theta are differences of what the best instant of exercise is worth, over :data:`TINY_STEP`, so
that a kink gives the mean of its sides; gamma and vega are zero.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.pricing.american_row import (
    ASSET_DISCOUNT,
    CARRY,
    CASH_DISCOUNT,
    CERTAIN,
    DEVIATION,
    HEADER,
    LOG_EXERCISE,
    LOG_STRIKE,
    OVER_DEVIATION,
    RIGHT,
    STRIKE,
    TERMS,
    american_value,
    boundary_row,
    certain_value,
    slice_value,
    terms_of,
)
from tradesim.pricing.boundary import VECTOR
from tradesim.pricing.collocation import Tables
from tradesim.pricing.elementary import log
from tradesim.pricing.normal import normal_cdf, normal_pdf
from tradesim.pricing.problem import Floats, Rights

STEP: Final = 0.01
"""Part of the volatility, and of the time to expiry, on either side of which prices are differenced."""
TINY_STEP: Final = 1e-6
"""Part of the spot, and years, on either side of which values without uncertainty are differenced."""


@njit(cache=True, error_model="numpy", fastmath=VECTOR)
def premium_slopes(moneyness: float, asset_scale: float, row: Floats) -> tuple[float, float]:
    """First and second derivative of the sum of a row's terms by its asset: the spot of a put, the strike of a call."""
    slope, shift, _, _, tilted, asset = terms_of(row, int(row[TERMS]))
    first, second = 0.0, 0.0
    for j in range(len(slope)):
        depth = -(slope[j] * moneyness + shift[j])
        density = slope[j] * normal_pdf(depth)
        excess = asset[j] - tilted[j]
        first += excess * density - asset[j] * normal_cdf(depth)
        second += (excess * slope[j] * depth + asset[j]) * density
    return first, second / asset_scale


@njit(cache=True, error_model="numpy")
def slice_slopes(spot: float, value: float, row: Floats) -> tuple[float, float]:
    """Delta and gamma of a contract at ``spot``, from its row and its value there."""
    right, strike = row[RIGHT], row[STRIKE]
    asset = strike if right > 0.0 else spot
    moneyness = right * (row[LOG_STRIKE] - log(spot))
    if moneyness < row[LOG_EXERCISE]:
        return right, 0.0
    if not spot > 0.0 or not strike > 0.0:
        if right > 0.0:
            return row[CASH_DISCOUNT] if spot > strike else 0.0, 0.0
        return -row[ASSET_DISCOUNT] if strike > spot else 0.0, 0.0
    upper = (moneyness + row[CARRY]) * row[OVER_DEVIATION] + 0.5 * row[DEVIATION]
    first = -row[ASSET_DISCOUNT] * normal_cdf(-upper)
    second = row[ASSET_DISCOUNT] * normal_pdf(upper) * row[OVER_DEVIATION] / asset
    if row[TERMS] > 0.0:
        more, more_curved = premium_slopes(moneyness, asset, row)
        first, second = first + more, second + more_curved
    if right > 0.0:
        return (value - strike * first) / spot, second * (strike / spot) ** 2 if second > 0.0 else 0.0
    return first, second


@njit(cache=True, error_model="numpy")
def certain_slopes(spot: float, row: Floats) -> tuple[float, float]:
    """Delta and theta of a contract without uncertainty."""
    strike, right = row[STRIKE], row[RIGHT]
    rate, dividend, expiry = row[TERMS + 1], row[TERMS + 2], row[TERMS + 3]
    step = TINY_STEP * spot
    sooner, later = max(expiry - TINY_STEP, 0.0), expiry + TINY_STEP
    if right > 0.0:
        rise = certain_value(spot + step, strike, rate, dividend, expiry) - certain_value(
            spot - step, strike, rate, dividend, expiry
        )
        wait = certain_value(spot, strike, rate, dividend, later) - certain_value(spot, strike, rate, dividend, sooner)
    else:
        rise = certain_value(strike, spot + step, rate, dividend, expiry) - certain_value(
            strike, spot - step, rate, dividend, expiry
        )
        wait = certain_value(strike, spot, rate, dividend, later) - certain_value(strike, spot, rate, dividend, sooner)
    delta = rise / (2.0 * step) if step > 0.0 else (0.0 if right > 0.0 else right)
    return delta, -wait / (later - sooner)


@njit(cache=True, error_model="numpy")
def american_greeks(
    spot: float,
    strike: float,
    expiry: float,
    volatility: float,
    rate: float,
    dividend: float,
    right: int,
    tables: Tables,
) -> tuple[float, float, float, float]:
    """Delta, gamma, vega (per 1.0 of volatility) and theta (per calendar year); NaN where the boundary is double."""
    row = np.empty(HEADER + 6 * len(tables.price_gap))
    boundary_row(strike, expiry, volatility, rate, dividend, right, tables, row)
    if math.isnan(row[STRIKE]):
        return np.nan, np.nan, np.nan, np.nan
    if row[TERMS] == CERTAIN:
        delta, theta = certain_slopes(spot, row)
        return delta, 0.0, 0.0, theta
    value = slice_value(spot, row)
    delta, gamma = slice_slopes(spot, value, row)
    more, less = (1.0 + STEP), (1.0 - STEP)
    vega = american_value(spot, strike, expiry, more * volatility, rate, dividend, right, tables) - american_value(
        spot, strike, expiry, less * volatility, rate, dividend, right, tables
    )
    wait = american_value(spot, strike, more * expiry, volatility, rate, dividend, right, tables) - american_value(
        spot, strike, less * expiry, volatility, rate, dividend, right, tables
    )
    return delta, gamma, vega / (2.0 * STEP * volatility), -wait / (2.0 * STEP * expiry)


@njit(cache=True, error_model="numpy")
def write_american_greeks(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    tables: Tables,
    out: Floats,
) -> None:
    """Write delta, gamma, vega and theta of n American options into ``out``, float64[n, 4]."""
    for i in range(len(out)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = american_greeks(
            spot[i], strike[i], expiry[i], volatility[i], rate[i], dividend[i], right[i], tables
        )
