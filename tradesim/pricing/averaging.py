"""The average of an Asian option: which fixings remain, and what is known of their sum in closed form.

A contract has ``fixings`` dates, ``fixed`` of which have been taken with ``average`` as their mean. Of the ``m`` that
remain the last is at expiry and the others are ``interval`` apart before it; where there is not the time for that they
are spread evenly over what there is, the first of them now::

    t_i = expiry - (m - i) step,    step = min(interval, expiry / (m - 1)),    i = 1..m

With ``A`` the sum over the remaining dates of the spot then over the spot now, a call is worth::

    exp(-rate expiry) / fixings  E[(spot A - level)+],    level = fixings strike - fixed average

What has been taken only moves the level; where that is not above zero the call is a forward and the put worthless.
"""

import math
from typing import Final, NamedTuple

from numba import njit

from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats

STRIKE: Final = 0
EXPIRY: Final = 1
VOLATILITY: Final = 2
RATE: Final = 3
DIVIDEND: Final = 4
RIGHT: Final = 5
FIXINGS: Final = 6
FIXED: Final = 7
AVERAGE: Final = 8
INTERVAL: Final = 9
"""Columns of the slow inputs of an Asian option."""


class Future(NamedTuple):
    """What is to come of one contract.

    ``remaining`` fixings to come
    ``first``   years to the first of them, ``step`` years between them
    ``drift``   rate less dividend, a year; ``volatility`` a year
    ``level``   what spot times ``A`` is compared with, in currency
    ``factor``  present value of one unit of the sum in the average
    ``right``   +1 for a call, -1 for a put
    """

    remaining: int
    first: float
    step: float
    drift: float
    volatility: float
    level: float
    factor: float
    right: float


@njit(cache=True, error_model="numpy")
def future_of(slow: Floats) -> Future:
    """What is to come of a contract with slow inputs float64[10]."""
    expiry = max(slow[EXPIRY], 0.0)
    count = max(int(slow[FIXINGS] - slow[FIXED]), 1)
    step = min(max(slow[INTERVAL], 0.0), expiry / (count - 1)) if count > 1 else 0.0
    return Future(
        count,
        max(expiry - (count - 1) * step, 0.0),
        step,
        slow[RATE] - slow[DIVIDEND],
        slow[VOLATILITY],
        slow[FIXINGS] * slow[STRIKE] - slow[FIXED] * slow[AVERAGE],
        math.exp(-slow[RATE] * expiry) / slow[FIXINGS],
        slow[RIGHT],
    )


@njit(cache=True, error_model="numpy")
def mean_and_deviation(future: Future) -> tuple[float, float]:
    """Mean of ``A``, and the deviation of the lognormal with its mean and variance.

    Source: E. Levy (1992), "Pricing European average rate currency options", Journal of International Money and
    Finance 11.
    """
    variance = future.volatility * future.volatility
    growth = math.exp(future.drift * future.step)
    spread = math.exp(variance * future.step)
    forward = math.exp(future.drift * future.first)
    excess = math.expm1(variance * future.first)
    mean = doubled = earlier = 0.0
    for _ in range(future.remaining):
        doubled = doubled + forward * (forward * excess + 2.0 * earlier)
        earlier += forward * excess
        mean += forward
        forward *= growth
        excess = excess * spread + (spread - 1.0)
    return mean, math.sqrt(math.log1p(doubled / (mean * mean)))


@njit(cache=True, error_model="numpy")
def time_value(asset: float, cash: float, deviation: float) -> float:
    """What the option to exchange ``cash`` for ``asset``, lognormal with ``deviation``, is worth above its forward."""
    if deviation <= 0.0 or asset <= 0.0 or cash <= 0.0:
        return 0.0
    if deviation == math.inf:
        return min(asset, cash)
    upper = math.log(asset / cash) / deviation + 0.5 * deviation
    right = 1.0 if cash >= asset else -1.0
    value: float = right * (asset * normal_cdf(right * upper) - cash * normal_cdf(right * (upper - deviation)))
    return max(value, 0.0)


@njit(cache=True, error_model="numpy")
def proxy_value(spot: float, slow: Floats) -> float:
    """The value of one option if ``A`` were lognormal with its own mean and variance, in currency."""
    future = future_of(slow)
    mean, deviation = mean_and_deviation(future)
    asset, cash = spot * future.factor * mean, future.factor * future.level
    value: float = max(future.right * (asset - cash), 0.0) + time_value(asset, cash, deviation)
    return value


@njit(cache=True, error_model="numpy")
def geometric_law(future: Future) -> tuple[float, float]:
    """Mean and deviation of the logarithm of the geometric mean of the remaining fixings over the spot."""
    count, first, step = future.remaining, future.first, future.step
    variance = future.volatility * future.volatility
    time = first + 0.5 * (count - 1) * step
    shared = first + step * (count - 1) * (2 * count - 1) / (6.0 * count)
    return (future.drift - 0.5 * variance) * time, math.sqrt(variance * shared)


@njit(cache=True, error_model="numpy")
def geometric_value(spot: float, slow: Floats) -> float:
    """The value of an option on the geometric average, none of whose fixings has been taken, in currency.

    Source: L. Clewlow and C. Strickland (1997), "Exotic Options", p. 118-123.
    """
    future = future_of(slow)
    mean, deviation = geometric_law(future)
    factor = future.factor * slow[FIXINGS]
    asset, cash = spot * factor * math.exp(mean + 0.5 * deviation * deviation), factor * slow[STRIKE]
    value: float = max(future.right * (asset - cash), 0.0) + time_value(asset, cash, deviation)
    return value
