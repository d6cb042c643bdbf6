"""What Heston prices have in common: six numbers instead of eleven.

With the forward as unit, rate and dividend are gone; parity gives puts from calls; and time is free to run at the pace
of its own unit, so that ``kappa T``, ``v T``, ``theta T``, ``xi T`` and the correlation are all that is left beside
``k = ln(asset / cash)``. The deviation ``s`` is the root of the mean variance until expiry: a price is the closed form
of :mod:`tradesim.pricing.heston_expansion`, plus::

    sqrt(asset cash) s g(k / s, s, kappa T, v / theta, xi T / s, correlation)
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, Coordinate, Scaling
from tradesim.methods.solvers.heston import slow_dynamics
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE
from tradesim.pricing.heston import DOMAIN
from tradesim.pricing.heston_expansion import COEFFICIENTS, SKEW_SHARE, SMILE_SHARE, skew_and_smile, write_expansion
from tradesim.pricing.heston_transform import total_variance
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats

RIGHT_OF_ROW: Final = 0
LOG_CASH: Final = 1
CASH: Final = 2
ASSET_DISCOUNT: Final = 3
ROOT_ASSET_CASH: Final = 4
DEVIATION: Final = 5
MEMORY: Final = 6
LEAN: Final = 7
ROOT_ROUGHNESS: Final = 8
CORRELATION_OF_ROW: Final = 9
EXPANSION: Final = 10
WIDTH: Final = EXPANSION + COEFFICIENTS
"""Columns of a row. ``LOG_CASH`` is that of the cash over the asset discount; ``EXPANSION`` begins the coefficients of
:mod:`tradesim.pricing.heston_expansion`."""

MIDDLE: Final = 3.0
"""Deviations of moneyness at which the fast coordinate is at 0.7 of its way to the end."""


@njit(cache=True, error_model="numpy")
def heston_rows(slow: Floats, rows: Floats) -> None:
    """Write the rows of n contracts with ``slow`` inputs."""
    for i in range(len(slow)):
        inputs, row = slow[i], rows[i]
        expiry = inputs[EXPIRY]
        row[:] = 0.0
        row[RIGHT_OF_ROW] = inputs[RIGHT]
        row[LOG_CASH] = math.log(inputs[STRIKE]) + (inputs[DIVIDEND] - inputs[RATE]) * expiry
        row[CASH] = inputs[STRIKE] * math.exp(-inputs[RATE] * expiry)
        row[ASSET_DISCOUNT] = math.exp(-inputs[DIVIDEND] * expiry)
        row[ROOT_ASSET_CASH] = math.sqrt(row[CASH] * row[ASSET_DISCOUNT])
        d = slow_dynamics(inputs)
        deviation = math.sqrt(total_variance(d))
        if deviation <= 0.0:
            continue
        row[DEVIATION] = deviation
        row[MEMORY] = math.exp(-d.reversion * expiry)
        row[LEAN] = 0.5 * math.log(d.variance / d.long_variance)
        row[ROOT_ROUGHNESS] = math.sqrt(d.vol_of_vol * expiry / deviation)
        row[CORRELATION_OF_ROW] = d.correlation
        write_expansion(d, deviation, row[EXPANSION:])


@njit(cache=True, error_model="numpy")
def heston_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The value is the difference from the damped expansion, in units of ``sqrt(asset cash) s``."""
    log_spot, root_spot = math.log(spot), math.sqrt(spot)
    for i in range(len(rows)):
        row, term, feature = rows[i], terms[i], features[i]
        asset, cash, right = spot * row[ASSET_DISCOUNT], row[CASH], row[RIGHT_OF_ROW]
        deviation = row[DEVIATION]
        term[FLOOR] = max(right * (asset - cash), 0.0)
        term[CAP] = asset if right > 0.0 else cash
        if deviation <= 0.0:
            term[BASE], term[SCALE] = term[FLOOR], 0.0
            feature[:] = 0.0
            continue
        distance = (log_spot - row[LOG_CASH]) / deviation
        upper, lower = distance + 0.5 * deviation, distance - 0.5 * deviation
        e = row[EXPANSION:]
        skew, smile = skew_and_smile(distance, deviation, e)
        term[SCALE] = root_spot * row[ROOT_ASSET_CASH] * deviation
        term[BASE] = right * (asset * normal_cdf(right * upper) - cash * normal_cdf(right * lower))
        term[BASE] += term[SCALE] * (skew * e[SKEW_SHARE] + smile * e[SMILE_SHARE])
        feature[0] = distance / math.sqrt(MIDDLE * MIDDLE + distance * distance)
        feature[1:6] = row[DEVIATION : CORRELATION_OF_ROW + 1]
        feature[6], feature[7] = skew, smile


FARTHEST: Final = 0.99
"""Where the bent distance ends: 21 deviations of moneyness. Beyond, the difference is nil."""


def inputs_at(coordinates: Floats) -> Floats:
    """Options out of the money that have the coordinates float64[m, 6]: strike and expiry 1, no rates."""
    bent, deviation, memory, lean, root_roughness, correlation = coordinates.T
    bent = np.clip(bent, -FARTHEST, FARTHEST)
    spot = np.exp(deviation * MIDDLE * bent / np.sqrt(1.0 - bent * bent))
    reversion = -np.log(memory)
    long_variance = deviation**2 / (1.0 + np.expm1(2.0 * lean) * (1.0 - memory) / reversion)
    long_volatility = np.sqrt(long_variance)
    zeros, ones = np.zeros(len(coordinates)), np.ones(len(coordinates))
    equity = (spot, ones, ones, long_volatility * np.exp(lean), zeros, zeros, np.where(bent > 0.0, -1.0, 1.0))
    return np.column_stack([*equity, reversion, long_volatility, root_roughness**2 * deviation, correlation])


def _coordinates() -> tuple[Coordinate, ...]:
    """The intervals that the corners of the domain map to."""
    low = {each.name: float(each.low) for each in DOMAIN.inputs}
    high = {each.name: float(each.high) for each in DOMAIN.inputs}
    calm, wild = min(low["volatility"], low["long_volatility"]), max(high["volatility"], high["long_volatility"])
    brief, long = math.sqrt(low["expiry"]), math.sqrt(high["expiry"])
    return (
        Coordinate(name="bent_distance", low=-1.0, high=1.0),
        Coordinate(name="deviation", low=calm * brief, high=wild * long),
        Coordinate(
            name="memory",
            low=math.exp(-high["reversion"] * high["expiry"]),
            high=math.exp(-low["reversion"] * low["expiry"]),
        ),
        Coordinate(
            name="lean",
            low=math.log(low["volatility"] / high["long_volatility"]),
            high=math.log(high["volatility"] / low["long_volatility"]),
        ),
        Coordinate(
            name="root_roughness",
            low=math.sqrt(low["vol_of_vol"] * brief / wild),
            high=math.sqrt(high["vol_of_vol"] * long / calm),
        ),
        Coordinate(name="correlation", low=low["correlation"], high=high["correlation"]),
    )


HESTON: Final = Scaling(
    coordinates=_coordinates(),
    hints=("skew", "smile"),
    width=WIDTH,
    write_rows=heston_rows,
    write_terms=heston_terms,
    inputs_at=inputs_at,
)
"""``bent_distance`` is ``d / sqrt(9 + d^2)`` of the deviations of moneyness ``d = k / s``, so that all moneyness is
between -1 and 1 and there is room in the middle; ``memory`` is ``exp(-kappa T)``, ``lean`` the logarithm of the
volatility now over the long one, ``root_roughness`` the root of ``xi T / s``. ``skew`` and ``smile`` are
the two orders of the expansion, undamped."""
