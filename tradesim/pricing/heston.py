"""The European option under stochastic volatility (Heston): the ideal program is a sum over the transform.

The variance of the spot's returns moves by ``dv = kappa (theta - v) dt + xi sqrt(v) dW``, whose noise has a correlation
with the spot's. Inputs are those of an equity option, ``volatility`` being the square root of the variance now, and
then ``reversion`` (kappa, a year), ``long_volatility`` (the square root of theta), ``vol_of_vol`` (xi) and
``correlation``. Nothing asks for Feller's condition: the variance may touch zero.

Source: S. Heston (1993), "A closed-form solution for options with stochastic volatility", Review of Financial Studies
6; the sum is told in :mod:`tradesim.pricing.heston_transform`.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing.columns import checked_points
from tradesim.pricing.european import exercised
from tradesim.pricing.heston_expansion import COEFFICIENTS, SKEW_SHARE, SMILE_SHARE, skew_and_smile, write_expansion
from tradesim.pricing.heston_transform import (
    LEAST_VARIANCE,
    MOST_STEPS,
    TOLERANCE,
    Dynamics,
    reach,
    time_value,
    total_variance,
    transform,
)
from tradesim.pricing.laws import vanilla_laws
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import EQUITY_INPUTS, Domain, Floats, Input, Problem

DOMAIN: Final = Domain(
    inputs=(
        *EQUITY_INPUTS,
        Input(name="reversion", low=0.5, high=5.0),
        Input(name="long_volatility", low=0.10, high=0.60),
        Input(name="vol_of_vol", low=0.10, high=1.00),
        Input(name="correlation", low=-0.90, high=0.10),
    ),
    unit="strike",
)
"""The equity box whole, and the parameters that equity index surfaces are fitted with. Expiries begin at a day: the sum
is shortest there, as the variance has no time to move."""

LEAST_DEVIATION: Final = math.sqrt(LEAST_VARIANCE)

SPOT: Final = 0
STRIKE: Final = 1
EXPIRY: Final = 2
VOLATILITY: Final = 3
RATE: Final = 4
DIVIDEND: Final = 5
RIGHT: Final = 6
REVERSION: Final = 7
LONG_VOLATILITY: Final = 8
VOL_OF_VOL: Final = 9
CORRELATION: Final = 10
"""Columns of the inputs."""


@njit(cache=True, error_model="numpy")
def dynamics(
    expiry: float, volatility: float, reversion: float, long_volatility: float, vol_of_vol: float, correlation: float
) -> Dynamics:
    """The dynamics until ``expiry``, in variances."""
    return Dynamics(
        expiry, volatility * volatility, reversion, long_volatility * long_volatility, vol_of_vol, correlation
    )


@njit(cache=True, error_model="numpy")
def dynamics_of(inputs: Floats) -> Dynamics:
    """The dynamics of one option's inputs."""
    return dynamics(
        inputs[EXPIRY],
        inputs[VOLATILITY],
        inputs[REVERSION],
        inputs[LONG_VOLATILITY],
        inputs[VOL_OF_VOL],
        inputs[CORRELATION],
    )


@njit(cache=True, error_model="numpy")
def heston_value(
    spot: float, strike: float, expiry: float, rate: float, dividend: float, right: float, d: Dynamics
) -> float:
    """Value of one option, in currency; the forward intrinsic value without uncertainty.

    NaN where the transform has not faded after 100,000 steps, or no moment of the spot beyond the first is finite.
    """
    asset, cash = spot * math.exp(-dividend * expiry), strike * math.exp(-rate * expiry)
    value: float = max(right * (asset - cash), 0.0)
    if asset > 0.0 and cash > 0.0:
        value += math.sqrt(asset) * math.sqrt(cash) * max(time_value(math.log(asset / cash), d), 0.0)
    return value


@njit(cache=True, error_model="numpy")
def heston_values(inputs: Floats, out: Floats) -> None:
    """Write the values of n options, inputs float64[n, 11], into ``out``."""
    for i in range(len(out)):
        a = inputs[i]
        out[i] = heston_value(a[SPOT], a[STRIKE], a[EXPIRY], a[RATE], a[DIVIDEND], a[RIGHT], dynamics_of(a))


@njit(cache=True, error_model="numpy")
def heston_proxies(inputs: Floats, out: Floats) -> None:
    """Write the values of the damped expansion, held between the bounds of arbitrage."""
    e = np.empty(COEFFICIENTS)
    for i in range(len(out)):
        a, d = inputs[i], dynamics_of(inputs[i])
        asset, cash = a[SPOT] * math.exp(-a[DIVIDEND] * d.expiry), a[STRIKE] * math.exp(-a[RATE] * d.expiry)
        right, deviation = a[RIGHT], math.sqrt(total_variance(d))
        out[i] = max(right * (asset - cash), 0.0)
        if deviation > LEAST_DEVIATION and asset > 0.0 and cash > 0.0:
            y = math.log(asset / cash) / deviation
            write_expansion(d, deviation, e)
            skew, smile = skew_and_smile(y, deviation, e)
            upper = right * (y + 0.5 * deviation)
            plain = right * (asset * normal_cdf(upper) - cash * normal_cdf(upper - right * deviation))
            excess = skew * e[SKEW_SHARE] + smile * e[SMILE_SHARE]
            value = plain + math.sqrt(asset) * math.sqrt(cash) * deviation * excess
            out[i] = min(max(value, out[i]), asset if right > 0.0 else cash)


@njit(cache=True, error_model="numpy")
def derivatives(k: float, d: Dynamics) -> tuple[float, float, float, float, float]:
    """``I(k) = exp(-|k| / 2) - t(k)``, its slope, ``I / 4 - I''``, and its derivatives by variance and by expiry.

    The transform is differentiated under the sum; by expiry it moves as the Riccati equations say.
    """
    below, above = reach(d)
    if k <= -below or k >= above:
        certain = math.exp(-0.5 * abs(k))
        return certain, -0.5 * certain * np.sign(k), 0.0, 0.0, 0.0
    period = max(above - k, below + k)
    step, image = 2.0 * math.pi / period, 1.0 / math.expm1(0.5 * period)
    itself, slope, density, by_variance, by_expiry = 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(MOST_STEPS):
        u = j * step
        q = u * u + 0.25
        log_h, b = transform(u, d)
        size = math.exp(log_h.real) * (1.0 if j else 0.5)
        angle = log_h.imag + u * k
        wave = complex(size * math.cos(angle), size * math.sin(angle))
        beta = complex(d.reversion - 0.5 * d.correlation * d.vol_of_vol, -d.correlation * d.vol_of_vol * u)
        b_by_expiry = 0.5 * d.vol_of_vol * d.vol_of_vol * b * b - beta * b - 0.5 * q
        itself += wave.real / q
        slope -= u * wave.imag / q
        density += wave.real
        by_variance += (b * wave).real / q
        by_expiry += ((d.reversion * d.long_variance * b + d.variance * b_by_expiry) * wave).real / q
        if not size * max(u, 1.0 / u) > TOLERANCE and j:
            share = step / math.pi
            even, odd = 2.0 * image * math.cosh(0.5 * k), image * math.sinh(0.5 * k)
            return share * itself - even, share * slope - odd, share * density, share * by_variance, share * by_expiry
    return np.nan, np.nan, np.nan, np.nan, np.nan


@njit(cache=True, error_model="numpy")
def heston_greeks(inputs: Floats, out: Floats) -> None:
    """Write delta, gamma, vega and theta of n options, inputs float64[n, 11], into ``out``, float64[n, 4].

    A call is ``asset - sqrt(asset cash) I(k)`` and a put ``cash - sqrt(asset cash) I(k)``.
    """
    for i in range(len(out)):
        a = inputs[i]
        expiry, rate, dividend = a[EXPIRY], a[RATE], a[DIVIDEND]
        asset, cash = a[SPOT] * math.exp(-dividend * expiry), a[STRIKE] * math.exp(-rate * expiry)
        call = a[RIGHT] > 0.0
        if not (asset > 0.0 and cash > 0.0):
            held = exercised(asset, cash, a[RIGHT])
            out[i, 0], out[i, 1], out[i, 2] = held * math.exp(-dividend * expiry), 0.0, 0.0
            out[i, 3] = held * (dividend * asset - rate * cash)
            continue
        root = math.sqrt(asset) * math.sqrt(cash)
        itself, slope, density, by_variance, by_expiry = derivatives(math.log(asset / cash), dynamics_of(a))
        by_log_spot = 0.5 * itself + slope
        out[i, 0] = ((asset if call else 0.0) - root * by_log_spot) / a[SPOT]
        out[i, 1] = root * density / a[SPOT] / a[SPOT]
        out[i, 2] = -2.0 * a[VOLATILITY] * root * by_variance
        falling = dividend * asset if call else rate * cash
        out[i, 3] = falling + root * (by_expiry + (rate - dividend) * by_log_spot - rate * itself)


def refuse_parameters(parameters: Floats) -> None:
    """Raise ``ProblemError`` that names the first option whose variance cannot move as its parameters say.

    ``parameters`` float64[n, 4]: reversion, long volatility, vol of vol, correlation.
    """
    reversion, long_volatility, vol_of_vol, correlation = parameters.T
    for name, column, allowed, rule in (
        ("reversion", reversion, reversion > 0.0, "above zero"),
        ("long_volatility", long_volatility, long_volatility >= 0.0, "not negative"),
        ("vol_of_vol", vol_of_vol, vol_of_vol >= 0.0, "not negative"),
        ("correlation", correlation, np.abs(correlation) <= 1.0, "between -1 and 1"),
    ):
        broken = np.flatnonzero(~(allowed & np.isfinite(column)))
        if len(broken):
            raise ProblemError(
                f"{name} of option {broken[0]} is {column[broken[0]]}: it must be finite and {rule}; "
                "drop or mend that option"
            )


def checked_inputs(inputs: Floats) -> Floats:
    """The inputs as a contiguous table float64[n, 11]; an error names the first that breaks a rule."""
    table = np.ascontiguousarray(inputs, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(DOMAIN.inputs):
        raise ArgumentError(
            f"inputs have shape {table.shape}: give a table of {len(DOMAIN.inputs)} columns, {', '.join(DOMAIN.names)}"
        )
    checked_points(*table[:, : RIGHT + 1].T)
    refuse_parameters(table[:, REVERSION:])
    return table


def price(inputs: Floats) -> Floats:
    """Values of options, inputs float64[n, 11], in currency, within 1e-10 on a strike of 100 over the domain.

    >>> price(np.array([[100, 100, 1, 0.2, 0.01, 0.02, 1, 4, 0.5, 1, -0.5]])).round(10).tolist()
    [16.070154917]
    """
    table = checked_inputs(inputs)
    out = np.empty(len(table))
    heston_values(table, out)
    _refuse_unknown(out)
    return out


def _refuse_unknown(values: Floats) -> None:
    """Raise ``ProblemError`` that names the first option whose value is NaN."""
    unknown = np.flatnonzero(np.isnan(values))
    if len(unknown):
        raise ProblemError(
            f"option {unknown[0]}: its transform has not faded after {MOST_STEPS:,} steps, or its spot has no finite "
            "moment beyond the first; give less vol of vol, more variance, or a correlation further from -1 and 1"
        )


def proxy(inputs: Floats) -> Floats:
    """Values of the expansion to the second order in vol of vol, inputs float64[n, 11], in currency.

    Its root mean square error over the domain is 0.04 on a strike of 100.
    """
    table = checked_inputs(inputs)
    out = np.empty(len(table))
    heston_proxies(table, out)
    return out


def greeks(inputs: Floats) -> Floats:
    """Delta, gamma, vega (by the volatility now) and theta of options, inputs float64[n, 11]; float64[n, 4].

    The transform is differentiated under the sum. Where spot or strike is zero they are the forward intrinsic value's.
    """
    table = checked_inputs(inputs)
    out = np.empty((len(table), 4))
    heston_greeks(table, out)
    _refuse_unknown(out[:, 0])
    return out


LISTED: Final = (2.0, 0.5, 0.6, -0.6)
"""Reversion, long volatility, vol of vol and correlation of a generated market."""


def listed(years: Floats) -> Floats:
    """The dynamics of the contracts of a generated market: the same for all."""
    return np.tile(np.array(LISTED), (len(years), 1))


HESTON_PROBLEM: Final = Problem(
    name="heston",
    version=2,
    domain=DOMAIN,
    reference=price,
    check=checked_inputs,
    proxy=proxy,
    greeks=greeks,
    listed=listed,
    laws=lambda problem: vanilla_laws(problem.domain),
)
