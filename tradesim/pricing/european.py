"""The European option under Black, Scholes and Merton: the ideal program is a formula.

Source: R. C. Merton (1973), "Theory of rational option pricing", Bell Journal of Economics 4, with a continuous
dividend yield.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.pricing.columns import checked_points
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import EQUITY_INPUTS, Domain, Floats, Problem, Rights

DOMAIN: Final = Domain(inputs=EQUITY_INPUTS, unit="strike")
"""The box that the equity problems share."""


@njit(cache=True, error_model="numpy")
def forward_intrinsic(spot: float, strike: float, expiry: float, rate: float, dividend: float, right: int) -> float:
    """Present value of exercise at expiry if the forward comes true, floored at zero, in currency."""
    return max(right * (spot * math.exp(-dividend * expiry) - strike * math.exp(-rate * expiry)), 0.0)


@njit(cache=True, error_model="numpy")
def european_value(
    spot: float, strike: float, expiry: float, volatility: float, rate: float, dividend: float, right: int
) -> float:
    """Value of one European option, in currency.

    ``right`` is +1 for a call and -1 for a put. At no expiry or no volatility it is the forward intrinsic value.
    """
    asset = spot * math.exp(-dividend * expiry)
    cash = strike * math.exp(-rate * expiry)
    intrinsic = max(right * (asset - cash), 0.0)
    deviation = volatility * math.sqrt(expiry)
    if deviation <= 0.0 or asset <= 0.0 or cash <= 0.0:
        return intrinsic
    upper = math.log(asset / cash) / deviation + 0.5 * deviation
    value = right * (asset * normal_cdf(right * upper) - cash * normal_cdf(right * (upper - deviation)))
    return max(value, intrinsic)


@njit(cache=True, error_model="numpy")
def european_values(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    out: Floats,
) -> None:
    """Write the values of n European options into ``out``; arrays of one length."""
    for i in range(len(out)):
        out[i] = european_value(spot[i], strike[i], expiry[i], volatility[i], rate[i], dividend[i], right[i])


@njit(cache=True, error_model="numpy")
def forward_intrinsics(
    spot: Floats, strike: Floats, expiry: Floats, rate: Floats, dividend: Floats, right: Rights, out: Floats
) -> None:
    """Write the forward intrinsic values of n options into ``out``."""
    for i in range(len(out)):
        out[i] = forward_intrinsic(spot[i], strike[i], expiry[i], rate[i], dividend[i], right[i])


def price(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    /,
) -> Floats:
    """Values of European options, in currency.

    >>> ones = np.ones(1)
    >>> price(100 * ones, 100 * ones, ones, 0.2 * ones, 0.05 * ones, 0 * ones, np.array([1])).round(6).tolist()
    [10.450584]
    """
    points = checked_points(spot, strike, expiry, volatility, rate, dividend, right)
    out = np.empty(len(points))
    european_values(*points.columns(), out)
    return out


def proxy(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    /,
) -> Floats:
    """Forward intrinsic values, in currency: what is left of the price when volatility is not known."""
    points = checked_points(spot, strike, expiry, volatility, rate, dividend, right)
    out = np.empty(len(points))
    forward_intrinsics(points.spot, points.strike, points.expiry, points.rate, points.dividend, points.right, out)
    return out


EUROPEAN_PROBLEM: Final = Problem(
    name="european",
    version=1,
    domain=DOMAIN,
    reference=lambda inputs: price(*inputs.T),
    proxy=lambda inputs: proxy(*inputs.T),
)
