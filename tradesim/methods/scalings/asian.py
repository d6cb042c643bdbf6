"""What prices of Asian options have in common, so that few numbers tell them apart.

What has been fixed only moves the level that the sum to come is compared with, calls and puts differ by a forward, and
time may run at the pace of the variance. With ``asset`` and ``cash`` the present values of the expected average to come
and of that level, and ``v`` the deviation of the lognormal with the sum's mean and variance, a price is Levy's plus::

    sqrt(asset cash) (v d)^2 g(x, v, d, 1 / m, c),    x = ln(asset / cash) / v

``m`` fixings remain; ``d`` is their dispersion, the variance of a fixing's logarithm about that of the geometric
average, over the latter; ``c = (rate - dividend) expiry``. What Levy's lognormal lacks is of second order in ``v d``:
``g`` is about a tenth, a curve in ``x`` that changes slowly with ``v`` and hardly with the others. It has no say where
one fixing remains (``d`` is nil; the weight is given as a half), nor where the level is not above zero: the price is
linear.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, Coordinate, Scaling
from tradesim.pricing.averaging import (
    AVERAGE,
    DIVIDEND,
    EXPIRY,
    FIXED,
    FIXINGS,
    INTERVAL,
    RATE,
    RIGHT,
    STRIKE,
    VOLATILITY,
    future_of,
    mean_and_deviation,
    time_value,
)
from tradesim.pricing.problem import Floats

RIGHT_OF_ROW: Final = 0
ASSET: Final = 1
CASH: Final = 2
LOG_LEVEL: Final = 3
DEVIATION: Final = 4
DISPERSION: Final = 5
WEIGHT: Final = 6
CARRY: Final = 7
WIDTH: Final = 8
"""Columns of a row. ``ASSET`` is for a spot of 1; at ``ln(spot) = LOG_LEVEL`` asset and cash are equal."""

LOWEST: Final = -8.0
HIGHEST: Final = 6.0
"""Moneyness beyond which Levy's price is as good as the true one."""
LEAST_DISPERSION: Final = 1e-3
"""Below it Levy's price is as good as the true one, and ``g`` is lost in rounding."""


@njit(cache=True, error_model="numpy")
def asian_rows(slow: Floats, rows: Floats) -> None:
    """Write the rows of n contracts."""
    for i in range(len(slow)):
        future, row = future_of(slow[i]), rows[i]
        mean, deviation = mean_and_deviation(future)
        count, first, step = future.remaining, future.first, future.step
        shared = first + step * (count - 1) * (2 * count - 1) / (6.0 * count)
        row[RIGHT_OF_ROW] = future.right
        row[ASSET] = future.factor * mean
        row[CASH] = future.factor * future.level
        row[LOG_LEVEL] = math.log(future.level / mean) if future.level > 0.0 else 0.0
        row[DEVIATION] = deviation
        row[DISPERSION] = step * (count * count - 1.0) / (6.0 * count * shared) if shared > 0.0 else 0.0
        row[WEIGHT] = 1.0 / max(count, 2)
        row[CARRY] = future.drift * max(slow[i, EXPIRY], 0.0)


@njit(cache=True, error_model="numpy")
def asian_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The value is ``g``."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        row, feature, term = rows[i], features[i], terms[i]
        asset, cash, deviation = spot * row[ASSET], row[CASH], row[DEVIATION]
        right, dispersion = row[RIGHT_OF_ROW], row[DISPERSION]
        intrinsic = max(right * (asset - cash), 0.0)
        feature[:] = 0.0
        term[:] = intrinsic
        term[SCALE] = 0.0
        if not deviation > 0.0:
            continue
        feature[1] = deviation
        feature[2] = dispersion
        feature[3] = row[WEIGHT]
        feature[4] = row[CARRY]
        if not cash > 0.0:
            continue
        excess = time_value(asset, cash, deviation)
        moneyness = (log_spot - row[LOG_LEVEL]) / deviation
        root = math.sqrt(asset) * math.sqrt(cash)
        term[BASE] = intrinsic + excess
        term[FLOOR], term[CAP] = intrinsic, asset if right > 0.0 else cash
        feature[0] = min(max(moneyness, LOWEST), HIGHEST)
        feature[5] = excess / (root * deviation)
        if LOWEST <= moneyness <= HIGHEST and dispersion >= LEAST_DISPERSION:
            term[SCALE] = root * (deviation * dispersion) ** 2


@njit(cache=True, error_model="numpy")
def unit_calls(slow_coordinates: Floats, slow: Floats) -> None:
    """Write the slow inputs of calls with strike and expiry 1, none fixed, that have these slow coordinates.

    Fixings come in whole numbers: the weight is taken to the nearest it can be, the dispersion to the most that so many
    fixings can have.
    """
    for i in range(len(slow)):
        deviation, dispersion, weight, carry = slow_coordinates[i]
        count = float(max(round(1.0 / weight), 2))
        most = (count + 1.0) / (2.0 * count - 1.0)
        dispersion = min(max(dispersion, 2.0 * LEAST_DISPERSION), most)
        shared = (count - 1.0) * (2.0 * count - 1.0) / (6.0 * count)
        step = 1.0 / ((count * count - 1.0) / (6.0 * count * dispersion) - shared + count - 1.0)
        slow[i, STRIKE] = slow[i, EXPIRY] = slow[i, RIGHT] = slow[i, AVERAGE] = 1.0
        slow[i, RATE], slow[i, DIVIDEND] = carry, 0.0
        slow[i, FIXINGS], slow[i, FIXED], slow[i, INTERVAL] = count, 0.0, step
        slow[i, VOLATILITY] = deviation
        for _ in range(60):
            slow[i, VOLATILITY] *= deviation / mean_and_deviation(future_of(slow[i]))[1]


def inputs_at(coordinates: Floats) -> Floats:
    """Calls that have the coordinates float64[m, 5], or the nearest that there are: see :func:`unit_calls`."""
    inputs = np.empty((len(coordinates), INTERVAL + 2))
    unit_calls(coordinates[:, 1:], inputs[:, 1:])
    rows = np.empty((len(inputs), WIDTH))
    asian_rows(inputs[:, 1:], rows)
    inputs[:, 0] = np.exp(rows[:, LOG_LEVEL] + coordinates[:, 0] * rows[:, DEVIATION])
    return inputs


ASIAN: Final = Scaling(
    coordinates=(
        Coordinate(name="moneyness", low=LOWEST, high=HIGHEST),
        Coordinate(name="deviation", low=0.0025, high=0.8),
        Coordinate(name="dispersion", low=0.0, high=1.0),
        Coordinate(name="weight", low=1.0 / 12.0, high=0.5),
        Coordinate(name="carry", low=-0.06, high=0.10),
    ),
    hints=("excess",),
    width=WIDTH,
    write_rows=asian_rows,
    write_terms=asian_terms,
    inputs_at=inputs_at,
)
"""The value is what Levy's price lacks, in units of ``sqrt(asset cash) (v d)^2``; ``excess`` is Levy's time value in
units of ``sqrt(asset cash) v``.
"""
