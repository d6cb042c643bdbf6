"""The Asian option under Black and Scholes: a call or put on the arithmetic average of a spot's fixings.

Inputs, in this order::

    spot | strike expiry volatility rate dividend right  fixings fixed average interval

``fixings``   dates in the contract, ``fixed`` how many of them have been taken
``average``   of those taken, in currency; of no consequence before the first (give the strike)
``interval``  years between the fixings that remain, the last of which is at expiry

How they make a sum and a level is told in :mod:`~tradesim.pricing.averaging`. Two programs price it: a recursion of
densities (:mod:`~tradesim.pricing.asian_mixture`), the reference; and quasi Monte Carlo with a control from the
geometric average (:mod:`~tradesim.pricing.asian_simulation`), whose standard error is reported. They share nothing but
the terms of the contract and its forward.
"""

from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing.asian_mixture import mixture_greeks, mixture_values
from tradesim.pricing.averaging import (
    AVERAGE,
    EXPIRY,
    FIXED,
    FIXINGS,
    INTERVAL,
    VOLATILITY,
    geometric_value,
    proxy_value,
)
from tradesim.pricing.columns import checked_points
from tradesim.pricing.problem import EQUITY_INPUTS, Domain, Floats, Input, Problem, Spacing

DOMAIN: Final = Domain(
    inputs=(
        *EQUITY_INPUTS,
        Input(name="fixings", low=12.0, high=12.0, spacing=Spacing.WHOLE),
        Input(name="fixed", low=0.0, high=11.0, spacing=Spacing.WHOLE),
        Input(name="average", low=80.0, high=125.0, spacing=Spacing.LOG, money=True),
        Input(name="interval", low=1.0 / 365.0, high=1.0 / 12.0, spacing=Spacing.LOG),
    ),
    unit="strike",
)
"""Contracts of twelve fixings, a day to a month apart, none to eleven of them taken."""

MOST_FIXINGS: Final = 10_000.0
"""More would take the recursion minutes."""

STEP: Final = 0.005
"""Vega and theta are differences over this part of the volatility and of the expiry, and over twice that."""

INSTANT: Final = 1e-6
"""Years, and volatility, of a difference from none."""


@njit(cache=True, error_model="numpy")
def asian_greeks(inputs: Floats, out: Floats) -> None:
    """Write delta, gamma, vega and theta of n options: see :func:`greeks`."""
    for i in range(len(out)):
        spot, slow = inputs[i, 0], inputs[i, 1:].copy()
        _, out[i, 0], out[i, 1] = mixture_greeks(spot, slow)
        if slow[VOLATILITY] > 0.0:
            out[i, 2] = _slope(spot, slow, VOLATILITY, STEP * slow[VOLATILITY])
        else:
            out[i, 2] = _first_vega(spot, slow)
        later = (slow[FIXINGS] - slow[FIXED] - 1.0) * slow[INTERVAL]
        step = max(min(STEP * slow[EXPIRY], 0.4 * abs(slow[EXPIRY] - later)), 1e-6 * slow[EXPIRY])
        is_certain = slow[EXPIRY] <= INSTANT and out[i, 1] == 0.0
        out[i, 3] = _last_theta(spot, slow) if is_certain else -_slope(spot, slow, EXPIRY, step)


@njit(cache=True, error_model="numpy")
def _first_vega(spot: float, slow: Floats) -> float:
    """Vega without volatility, of more than nothing only where spot and level meet."""
    certain = mixture_greeks(spot, slow)[0]
    slow[VOLATILITY] = INSTANT
    vega = (mixture_greeks(spot, slow)[0] - certain) / INSTANT
    slow[VOLATILITY] = 0.0
    return vega


@njit(cache=True, error_model="numpy")
def _last_theta(spot: float, slow: Floats) -> float:
    """Theta at expiry: that of the forward intrinsic value."""
    slow[VOLATILITY] = slow[EXPIRY] = 0.0
    now = mixture_greeks(spot, slow)[0]
    slow[EXPIRY] = INSTANT
    return (now - mixture_greeks(spot, slow)[0]) / INSTANT


@njit(cache=True, error_model="numpy")
def _slope(spot: float, slow: Floats, column: int, step: float) -> float:
    """The derivative by a slow input, from five points."""
    if not step > 0.0:
        return 0.0
    middle, total = slow[column], 0.0
    for steps, weight in ((-2.0, 1.0), (-1.0, -8.0), (1.0, 8.0), (2.0, -1.0)):
        slow[column] = middle + steps * step
        total += weight * mixture_greeks(spot, slow)[0]
    slow[column] = middle
    return total / (12.0 * step)


@njit(cache=True, error_model="numpy")
def proxy_values(inputs: Floats, out: Floats) -> None:
    """Write the proxies of n options into ``out``."""
    for i in range(len(out)):
        out[i] = proxy_value(inputs[i, 0], inputs[i, 1:])


@njit(cache=True, error_model="numpy")
def geometric_values(inputs: Floats, out: Floats) -> None:
    """Write the values of n options on the geometric average into ``out``."""
    for i in range(len(out)):
        out[i] = geometric_value(inputs[i, 0], inputs[i, 1:])


def checked(inputs: Floats) -> Floats:
    """The inputs, contiguous; ``ArgumentError`` names the first column that breaks a rule."""
    inputs = np.ascontiguousarray(inputs, dtype=np.float64)
    if inputs.ndim != 2 or inputs.shape[1] != len(DOMAIN.inputs):
        raise ArgumentError(f"inputs have shape {inputs.shape}: an Asian option takes {', '.join(DOMAIN.names)}")
    checked_points(*inputs[:, :7].T)
    fixings, fixed, average, interval = (inputs[:, 1 + column] for column in (FIXINGS, FIXED, AVERAGE, INTERVAL))
    rules = (
        ("fixings", fixings, (fixings >= 1.0) & (fixings == np.floor(fixings)), "a whole number, 1 or more"),
        ("fixings", fixings, fixings <= MOST_FIXINGS, f"at most {MOST_FIXINGS:,.0f}"),
        ("fixed", fixed, (fixed >= 0.0) & (fixed < fixings) & (fixed == np.floor(fixed)), "whole, 0 to fixings - 1"),
        ("average", average, np.isfinite(average) & (average >= 0.0), "finite and not negative"),
        ("interval", interval, np.isfinite(interval) & (interval >= 0.0), "finite and not negative"),
    )
    for name, column, allowed, rule in rules:
        if not allowed.all():
            worst = int(np.argmin(allowed))
            raise ArgumentError(f"{name}[{worst}] is {column[worst]}: it must be {rule}; drop or mend that option")
    return inputs


def price(inputs: Floats) -> Floats:
    """Values of Asian options with inputs float64[n, 11], in currency, by the recursion: good to 1e-9 of the spot.

    ``ProblemError`` names the first option whose volatility is too large for the recursion: about 2 over a year.

    >>> price(np.array([[100.0, 100.0, 1.0, 0.2, 0.05, 0.0, 1.0, 12.0, 0.0, 100.0, 1.0 / 12.0]])).round(6).tolist()
    [6.156041]
    """
    out = np.empty(len(inputs))
    mixture_values(checked(inputs), out)
    _refuse_unknown(out)
    return out


def _refuse_unknown(values: Floats) -> None:
    unknown = np.flatnonzero(np.isnan(values))
    if len(unknown):
        raise ProblemError(
            f"option {unknown[0]}: its volatility is too large for the recursion; give less, or less time to expiry"
        )


def proxy(inputs: Floats) -> Floats:
    """Values as if the average to come were lognormal with its own mean and variance (Levy 1992), in currency."""
    out = np.empty(len(inputs))
    proxy_values(checked(inputs), out)
    return out


def geometric(inputs: Floats) -> Floats:
    """Values of options on the geometric average, none of whose fixings has been taken, in currency."""
    if np.any(checked(inputs)[:, 1 + FIXED] > 0.0):
        raise ArgumentError("fixed is above zero: the geometric price is of contracts before their first fixing")
    out = np.empty(len(inputs))
    geometric_values(checked(inputs), out)
    return out


def greeks(inputs: Floats) -> Floats:
    """Delta, gamma, vega (by 1.0 of volatility) and theta (by a year of calendar time), float64[n, 4].

    Delta and gamma are those of the recursion's sum of Black's formulas, in closed form. Vega and theta are five-point
    central differences of it, over steps of half a per cent of the volatility and of the expiry. Theta keeps the
    ``interval``: the steps are shorter where a fixing is due soon. At expiry it is that of the forward intrinsic value.
    """
    out = np.empty((len(inputs), 4))
    asian_greeks(checked(inputs), out)
    _refuse_unknown(out[:, 0])
    return out


def listed(years: Floats) -> Floats:
    """Terms of contracts listed ``years`` before expiry: twelve fixings spread over their life, none of them taken."""
    ones = np.ones(len(years))
    return np.column_stack([12.0 * ones, 0.0 * ones, 100.0 * ones, np.clip(years / 12.0, 1.0 / 365.0, 1.0 / 12.0)])


ASIAN_PROBLEM: Final = Problem(
    name="asian",
    version=1,
    domain=DOMAIN,
    reference=price,
    check=checked,
    proxy=proxy,
    greeks=greeks,
    listed=listed,
    listed_days=(30, 60, 90),
    evaluations=100_000,
)
