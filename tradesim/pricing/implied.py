"""Implied volatility: the volatility at which a problem's reference gives the observed price.

A price carries a volatility where it lies between what the option is worth at :data:`LOWEST` and at :data:`HIGHEST`;
elsewhere the answer is NaN, never the end itself. Prices are met to one part in 1e9 of the strike, and in 1e5 of what
they exceed the value without uncertainty by, on the scale of :data:`~tradesim.pricing.collocation.ACCURATE` for
American options.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.american import american_value, certain_value
from tradesim.pricing.boundary import DOUBLE_BOUNDARY, HELD_TO_EXPIRY, put_region
from tradesim.pricing.collocation import ACCURATE, Tables, tables_of
from tradesim.pricing.columns import check_either
from tradesim.pricing.european import european_value, forward_intrinsic
from tradesim.pricing.normal import normal_pdf
from tradesim.pricing.problem import Floats, Rights

TOLERANCE: Final = 1e-9
"""Largest difference of prices, as a part of the strike, that counts as met."""
NEARLY: Final = 1e-5
"""The same, as a part of what the price exceeds the value without uncertainty by."""
HIGHEST: Final = 20.0
"""No higher volatility is looked for."""
LOWEST: Final = 1e-5
"""Nor a lower one."""
MOST_STEPS: Final = 100
NARROW: Final = 1e-13
"""A bracket this narrow, as a part of the volatility, ends the search."""


@njit(cache=True, error_model="numpy")
def european_vega(spot: float, strike: float, expiry: float, volatility: float, rate: float, dividend: float) -> float:
    """Derivative of a European option's value by its volatility, in currency."""
    asset, cash = spot * math.exp(-dividend * expiry), strike * math.exp(-rate * expiry)
    deviation = volatility * math.sqrt(expiry)
    return asset * math.sqrt(expiry) * normal_pdf(math.log(asset / cash) / deviation + 0.5 * deviation)


@njit(cache=True, error_model="numpy")
def next_trial(trial: float, step: float, low: float, high: float) -> float:
    """``trial`` moved by ``step`` if that stays inside the bracket, else the bracket's geometric middle."""
    moved = trial + step
    if low < moved < high:
        return moved
    return math.sqrt(low * high)


@njit(cache=True, error_model="numpy")
def european_implied(
    price: float, spot: float, strike: float, expiry: float, rate: float, dividend: float, right: int, guess: float
) -> float:
    """Implied volatility of one European option; NaN outside the bounds. A NaN ``guess`` is no guess.

    Newton's rule on the logarithm of the out-of-the-money option, which parity gives, inside a bracket.
    """
    time_value = price - forward_intrinsic(spot, strike, expiry, rate, dividend, right)
    asset, cash = spot * math.exp(-dividend * expiry), strike * math.exp(-rate * expiry)
    if not (expiry > 0.0 and 0.0 < time_value < min(asset, cash)):
        return np.nan
    outside = 1 if asset < cash else -1
    low, high = LOWEST, HIGHEST
    if european_value(spot, strike, expiry, high, rate, dividend, outside) < time_value:
        return np.nan
    if european_value(spot, strike, expiry, low, rate, dividend, outside) > time_value:
        return np.nan
    inflection = math.sqrt(2.0 * abs(math.log(asset / cash)) / expiry)
    trial = guess if low < guess < high else min(max(inflection, 0.1), 2.0)
    for _ in range(MOST_STEPS):
        value = european_value(spot, strike, expiry, trial, rate, dividend, outside)
        if value > time_value:
            high = trial
        else:
            low = trial
        if abs(value - time_value) <= 1e-4 * TOLERANCE * min(strike, 1e4 * time_value) or high - low < NARROW * high:
            return trial
        vega = european_vega(spot, strike, expiry, trial, rate, dividend)
        trial = next_trial(trial, -math.log(value / time_value) * value / vega, low, high)
    return trial


@njit(cache=True, error_model="numpy")
def american_ceiling(spot: float, strike: float, expiry: float, rate: float, dividend: float, right: int) -> float:
    """What an American option is worth at most, at any volatility."""
    if right > 0:
        return spot * max(1.0, math.exp(-dividend * expiry))
    return strike * max(1.0, math.exp(-rate * expiry))


@njit(cache=True, error_model="numpy")
def american_floor(spot: float, strike: float, expiry: float, rate: float, dividend: float, right: int) -> float:
    """What an American option is worth without uncertainty."""
    if right > 0:
        return certain_value(spot, strike, dividend, rate, expiry)
    return certain_value(strike, spot, rate, dividend, expiry)


@njit(cache=True, error_model="numpy")
def american_implied(
    price: float,
    spot: float,
    strike: float,
    expiry: float,
    rate: float,
    dividend: float,
    right: int,
    guess: float,
    tables: Tables,
) -> float:
    """Implied volatility of one American option; NaN outside the bounds or where the boundary is double.

    Without a ``guess`` (NaN) the search starts from the European implied volatility of the price.
    """
    region = put_region(dividend, rate) if right > 0 else put_region(rate, dividend)
    if region == DOUBLE_BOUNDARY:
        return np.nan
    if region == HELD_TO_EXPIRY:
        return european_implied(price, spot, strike, expiry, rate, dividend, right, guess)
    least = american_floor(spot, strike, expiry, rate, dividend, right)
    if not (expiry > 0.0 and least < price < american_ceiling(spot, strike, expiry, rate, dividend, right)):
        return np.nan
    trial = guess
    if not LOWEST < trial < HIGHEST:
        trial = european_implied(price, spot, strike, expiry, rate, dividend, right, np.nan)
        trial = trial if LOWEST < trial < HIGHEST else 0.3
    near = min(TOLERANCE * strike, NEARLY * (price - least))
    return american_search(price, near, trial, spot, strike, expiry, rate, dividend, right, tables)


@njit(cache=True, error_model="numpy")
def american_search(
    price: float,
    near: float,
    trial: float,
    spot: float,
    strike: float,
    expiry: float,
    rate: float,
    dividend: float,
    right: int,
    tables: Tables,
) -> float:
    """The volatility of an American ``price``, met within ``near``, from ``trial``; NaN where it is beyond the ends.

    A trial's early exercise premium, taken off the price, leaves a European price whose implied volatility is almost
    the answer. The secant rule finds the trial that is its own answer; a bracket guards it, halved where steps do not
    shrink.
    """
    low, high = LOWEST, HIGHEST
    trial_before, gap_before = np.nan, np.nan
    step, step_before = np.inf, np.inf
    for _ in range(MOST_STEPS):
        value = american_value(spot, strike, expiry, trial, rate, dividend, right, tables)
        if value > price:
            high = trial
        else:
            low = trial
        if abs(value - price) <= near:
            return trial
        if high - low < NARROW * high:
            break
        premium = value - european_value(spot, strike, expiry, trial, rate, dividend, right)
        gap = european_implied(price - premium, spot, strike, expiry, rate, dividend, right, trial) - trial
        slope = (gap - gap_before) / (trial - trial_before)
        newest = -gap / slope if slope < -0.1 else gap
        if abs(newest) > 0.5 * abs(step_before):
            newest = np.nan
        trial_before, gap_before, step_before = trial, gap, step
        trial = next_trial(trial, newest, low, high)
        step = trial - trial_before
    return trial if low > LOWEST and high < HIGHEST else np.nan


@njit(cache=True, error_model="numpy")
def write_implied_volatilities(
    price: Floats,
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    style: NDArray[np.int8],
    guess: Floats,
    tables: Tables,
    out: Floats,
) -> None:
    """Write the implied volatilities of n options into ``out``: see :func:`implied_volatilities`."""
    for i in range(len(out)):
        if style[i] == 0:
            out[i] = european_implied(price[i], spot[i], strike[i], expiry[i], rate[i], dividend[i], right[i], guess[i])
        else:
            out[i] = american_implied(
                price[i], spot[i], strike[i], expiry[i], rate[i], dividend[i], right[i], guess[i], tables
            )


def implied_volatilities(
    price: Floats,
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    style: NDArray[np.int8],
    guess: Floats,
    out: Floats,
) -> None:
    """Write the implied volatility of each of n options into ``out``, NaN where its price carries none.

    ``price spot strike`` are in currency, ``expiry`` in years; ``right`` is +1 for a call, -1 for a put; ``style`` is 0
    for European and 1 for American; ``guess`` is a volatility near the answer, or NaN. ``ArgumentError`` where a right
    or a style is another.
    """
    check_either("right", right, (-1, 1))
    check_either("style", style, (0, 1))
    write_implied_volatilities(
        price, spot, strike, expiry, rate, dividend, right, style, guess, tables_of(ACCURATE), out
    )


LEAST_TRIAL: Final = 0.01
MOST_TRIAL: Final = 4.0
"""Between these :func:`implied_by` looks."""


def implied_by(
    value: Callable[[Floats, Floats], None], slow: Floats, column: int, price: Floats, guess: Floats
) -> Floats:
    """The volatilities at which ``value(slow, out)`` meets the prices of n contracts; NaN where none between does.

    For a problem without an inversion of its own: one secant for all contracts at once, each in a bracket that it
    halves where a step leaves it. ``column`` is where ``slow``, float64[n, columns], has the volatility.
    """

    def error(volatility: Floats) -> Floats:
        inputs = slow.copy()
        inputs[:, column] = volatility
        out = np.empty(len(slow))
        value(inputs, out)
        return out - price

    low, high = np.full(len(slow), LEAST_TRIAL), np.full(len(slow), MOST_TRIAL)
    below = error(low)
    answered = (below < 0.0) & (error(high) > 0.0)
    near = np.minimum(TOLERANCE * slow[:, 0], NEARLY * np.abs(below))
    trial = np.where((guess > low) & (guess < high), guess, 0.3)
    before, error_before = 1.01 * trial, error(1.01 * trial)
    for _ in range(MOST_STEPS):
        now = error(trial)
        high, low = np.where(now > 0.0, trial, high), np.where(now > 0.0, low, trial)
        met = ~answered | (np.abs(now) <= near) | (high - low < NARROW * high)
        if met.all():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            step = trial - now * (trial - before) / (now - error_before)
        inside = (step > low) & (step < high)
        before, error_before = trial, now
        trial = np.where(met, trial, np.where(inside, step, np.sqrt(low * high)))
    return np.where(answered, trial, np.nan)
