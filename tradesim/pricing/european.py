"""The European option under Black, Scholes and Merton: the ideal program is a formula.

Source: R. C. Merton (1973), "Theory of rational option pricing", Bell Journal of Economics 4, with a continuous
dividend yield.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.pricing.columns import Points, checked_points
from tradesim.pricing.elementary import exp, log_ratio
from tradesim.pricing.laws import vanilla_laws
from tradesim.pricing.normal import mills_quotient, normal_cdf, normal_pdf
from tradesim.pricing.problem import EQUITY_INPUTS, Domain, Floats, Problem, Rights

DOMAIN: Final = Domain(inputs=EQUITY_INPUTS, unit="strike")
"""The box that the equity problems share."""
LEAST_DEVIATION: Final = 1e-100
"""A smaller standard deviation of the log-spot at expiry counts as this one: its time value is nothing."""
MOST_DEVIATION: Final = 1e3
"""A greater one counts as this one: an option's time value is all of the lesser present value."""
FARTHEST_STRIKE: Final = 1e4
"""A strike more standard deviations away counts as this one: its time value is nothing."""


@njit(cache=True, error_model="numpy", forceinline=True)
def forward_intrinsic(spot: float, strike: float, expiry: float, rate: float, dividend: float, right: int) -> float:
    """Present value of exercise at expiry if the forward comes true, floored at zero, in currency."""
    value: float = right * (spot * exp(-dividend * expiry) - strike * exp(-rate * expiry))
    return 0.0 if value < 0.0 else value


@njit(cache=True, error_model="numpy")
def exercised(asset: float, cash: float, right: float) -> float:
    """How much of the asset an option without uncertainty stands for: ``right``, nothing, or half way at its kink."""
    if asset == cash:
        return 0.5 * right
    return right if right * (asset - cash) > 0.0 else 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def time_value(asset: float, cash: float, moneyness: float, deviation: float) -> float:
    """What a European option is worth above its forward intrinsic value, in currency: the same for a call and a put.

    ``asset`` and ``cash`` are present values, ``deviation`` is that of the log-spot at expiry and ``moneyness`` the
    logarithm of asset over cash in units of it. The value is that of the option that is out of the money,
    ``low Phi(upper) - high Phi(lower)``, with the lesser and the greater of the present values. Its two normal
    probabilities need one exponential, for ``low phi(upper) = high phi(lower)``.
    """
    low = asset if asset < cash else cash
    distance = abs(moneyness)
    distance = FARTHEST_STRIKE if distance > FARTHEST_STRIKE else distance
    upper, lower = 0.5 * deviation - distance, 0.5 * deviation + distance
    near, near_below = mills_quotient(abs(upper))
    far, far_below = mills_quotient(lower)
    near = -near if upper > 0.0 else near
    density = low * exp(-0.5 * upper * upper)
    tails = density * (near * far_below - far * near_below) / (near_below * far_below)
    value: float = low + tails if upper > 0.0 else tails
    return 0.0 if value < 0.0 else value


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def uncertainty(expiry: float, volatility: float) -> float:
    """Standard deviation of the log-spot at expiry; a positive number that counts as none where there is none."""
    deviation = volatility * math.sqrt(expiry)
    deviation = MOST_DEVIATION if deviation > MOST_DEVIATION else deviation
    return LEAST_DEVIATION if deviation < LEAST_DEVIATION else deviation


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def european_value(
    spot: float, strike: float, expiry: float, volatility: float, rate: float, dividend: float, right: int
) -> float:
    """Value of one European option, in currency, to 1e-15 of the larger of spot and strike.

    ``right`` is +1 for a call and -1 for a put. At no expiry or no volatility it is the forward intrinsic value. It
    vectorises in the loop that calls it: see :mod:`tradesim.pricing.elementary`.
    """
    asset = spot * exp(-dividend * expiry)
    cash = strike * exp(-rate * expiry)
    deviation = uncertainty(expiry, volatility)
    intrinsic: float = right * (asset - cash)
    intrinsic = 0.0 if intrinsic < 0.0 else intrinsic
    moneyness = (log_ratio(spot, strike) + (rate - dividend) * expiry) * (1.0 / deviation)
    return intrinsic + time_value(asset, cash, moneyness, deviation)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def european_greeks(
    spot: float, strike: float, expiry: float, volatility: float, rate: float, dividend: float, right: int
) -> tuple[float, float, float, float]:
    """Delta, gamma, vega (per 1.0 of volatility) and theta (per calendar year) of one European option.

    Without uncertainty they are those of the forward intrinsic value, half way between its two sides at its kink, where
    gamma and the decay of theta, which have no bound, are left out.
    """
    asset_discount = exp(-dividend * expiry)
    asset = spot * asset_discount
    cash = strike * exp(-rate * expiry)
    root = math.sqrt(expiry)
    deviation = uncertainty(expiry, volatility)
    upper = log_ratio(asset, cash) / deviation + 0.5 * deviation
    density = normal_pdf(upper)
    below_upper, below_lower = normal_cdf(right * upper), normal_cdf(right * (upper - deviation))
    kinked = deviation <= LEAST_DEVIATION or spot <= 0.0
    gamma = 0.0 if kinked else asset_discount * density / (spot * deviation)
    decay = 0.0 if kinked else 0.5 * asset * density * volatility / root
    theta = right * (dividend * asset * below_upper - rate * cash * below_lower) - decay
    return right * asset_discount * below_upper, gamma, asset * root * density, theta


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
def write_european_greeks(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    out: Floats,
) -> None:
    """Write delta, gamma, vega and theta of n European options into ``out``, float64[n, 4]."""
    for i in range(len(out)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = european_greeks(
            spot[i], strike[i], expiry[i], volatility[i], rate[i], dividend[i], right[i]
        )


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


def greeks(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    /,
) -> Floats:
    """Delta, gamma, vega and theta of European options in closed form, float64[n, 4].

    Vega is per 1.0 of volatility, theta per calendar year: see :func:`european_greeks`.

    >>> ones = np.ones(1)
    >>> greeks(100 * ones, 100 * ones, ones, 0.2 * ones, 0.05 * ones, 0 * ones, np.array([1])).round(4).tolist()
    [[0.6368, 0.0188, 37.524, -6.414]]
    """
    points = checked_points(spot, strike, expiry, volatility, rate, dividend, right)
    out = np.empty((4, len(points))).T
    write_european_greeks(*points.columns(), out)
    return out


EUROPEAN_PROBLEM: Final = Problem(
    name="european",
    version=1,
    domain=DOMAIN,
    reference=lambda inputs: price(*inputs.T),
    check=Points.of,
    proxy=lambda inputs: proxy(*inputs.T),
    greeks=lambda inputs: greeks(*inputs.T),
    laws=lambda problem: vanilla_laws(problem.domain),
)
