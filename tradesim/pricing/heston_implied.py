"""The volatility now at which Heston's model, its other parameters given, meets an observed price.

A price carries one where it lies strictly between what the option is worth at the lowest volatility looked for and at
the highest; elsewhere the answer is NaN. The long-run variance alone may be worth more than the price.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.pricing.heston import (
    CORRELATION,
    DIVIDEND,
    EXPIRY,
    LONG_VOLATILITY,
    RATE,
    REVERSION,
    RIGHT,
    SPOT,
    STRIKE,
    VOL_OF_VOL,
    derivatives,
)
from tradesim.pricing.heston_transform import Dynamics, unexpired_share
from tradesim.pricing.implied import european_implied, next_trial
from tradesim.pricing.problem import Floats

LOWEST: Final = 0.01
HIGHEST: Final = 5.0
"""Volatilities looked for."""
MET: Final = 1e-11
"""Largest difference of prices, in units of ``sqrt(asset cash)``, that counts as met."""
NARROW: Final = 1e-12
"""A bracket this narrow, as a part of the volatility, ends the search."""
MOST_STEPS: Final = 100


@njit(cache=True, error_model="numpy")
def time_value_and_vega(k: float, volatility: float, d: Dynamics) -> tuple[float, float]:
    """The time value and its derivative by volatility, in units of ``sqrt(asset cash)``."""
    at = Dynamics(d.expiry, volatility * volatility, d.reversion, d.long_variance, d.vol_of_vol, d.correlation)
    itself, _, _, by_variance, _ = derivatives(k, at)
    return math.exp(-0.5 * abs(k)) - itself, -2.0 * volatility * by_variance


@njit(cache=True, error_model="numpy")
def first_trial(price: float, inputs: Floats, d: Dynamics) -> float:
    """The volatility whose mean variance until expiry is the Black-Scholes one of the price; NaN where none is."""
    right = 1 if inputs[RIGHT] > 0.0 else -1
    flat = european_implied(
        price, inputs[SPOT], inputs[STRIKE], d.expiry, inputs[RATE], inputs[DIVIDEND], right, np.nan
    )
    share = unexpired_share(d.reversion * d.expiry)
    return math.sqrt(max((flat * flat - d.long_variance) / share + d.long_variance, 0.0))


@njit(cache=True, error_model="numpy")
def heston_implied(price: float, inputs: Floats, guess: float) -> float:
    """Implied volatility of one option, inputs float64[11] whose volatility is not read; NaN where there is none.

    ``guess`` is a volatility near the answer, or NaN. Newton's rule on the logarithm of the time value, in a bracket.
    """
    d = Dynamics(
        inputs[EXPIRY],
        0.0,
        inputs[REVERSION],
        inputs[LONG_VOLATILITY] * inputs[LONG_VOLATILITY],
        inputs[VOL_OF_VOL],
        inputs[CORRELATION],
    )
    asset = inputs[SPOT] * math.exp(-inputs[DIVIDEND] * d.expiry)
    cash = inputs[STRIKE] * math.exp(-inputs[RATE] * d.expiry)
    k = math.log(asset / cash)
    target = (price - max(inputs[RIGHT] * (asset - cash), 0.0)) / (math.sqrt(asset) * math.sqrt(cash))
    low, high = LOWEST, HIGHEST
    if not (d.expiry > 0.0 and target > MET):
        return np.nan
    if not target < time_value_and_vega(k, high, d)[0] - MET:
        return np.nan
    trial = guess if low < guess < high else first_trial(price, inputs, d)
    trial = trial if low < trial < high else math.sqrt(low * high)
    for _ in range(MOST_STEPS):
        value, vega = time_value_and_vega(k, trial, d)
        if value > target:
            high = trial
        else:
            low = trial
        if abs(value - target) <= MET:
            return trial
        if high - low < NARROW * high:
            break
        step = -math.log(value / target) * value / vega
        if trial + step <= low == LOWEST and not time_value_and_vega(k, low, d)[0] + MET < target:
            return np.nan
        trial = next_trial(trial, step, low, high)
    return trial if low > LOWEST and high < HIGHEST else np.nan


@njit(cache=True, error_model="numpy")
def write_heston_implied(price: Floats, inputs: Floats, guess: Floats, out: Floats) -> None:
    """Write the implied volatilities of n options into ``out``."""
    for i in range(len(out)):
        out[i] = heston_implied(price[i], inputs[i], guess[i])
