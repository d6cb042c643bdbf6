"""What prices of options on an average of d assets have in common: d + 2 numbers tell them apart.

Only the order of the spots' sizes matters, not which asset is which. With ``asset`` and ``cash`` the present values of
the basket and of the strike, ``s = sigma sqrt(T)`` the deviation of one asset and ``v`` that of the lognormal with the
basket's mean and variance, the coordinates are ``ln(asset / cash) / v``, the d - 1 gaps between the logarithms of the
spots in falling order, ``s`` and the correlation. The price is that of a lognormal moved along, which has the basket's
first three moments, plus ``sqrt(asset cash) s g``; ``g`` is the same for calls and puts (parity).
"""

import math
from functools import cache
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, Coordinate, Scaling
from tradesim.pricing.basket import CORRELATION, DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY, domain_of
from tradesim.pricing.moved_lognormal import moved_value, shape_of
from tradesim.pricing.problem import Floats

RIGHT_OF_ROW: Final = 0
CASH: Final = 1
ASSET_DISCOUNT: Final = 2
DEVIATION: Final = 3
CORRELATION_OF_ROW: Final = 4
TOGETHER: Final = 5
ALONE: Final = 6
WIDTH: Final = 7
"""Columns of a row; the last two are the covariance of two assets of mean one, and the variance of one."""


@njit(cache=True, error_model="numpy")
def basket_rows(slow: Floats, rows: Floats) -> None:
    """Write the rows of n contracts with ``slow`` inputs."""
    for i in range(len(slow)):
        inputs, row = slow[i], rows[i]
        expiry = inputs[EXPIRY]
        square = inputs[VOLATILITY] ** 2 * expiry
        row[RIGHT_OF_ROW] = inputs[RIGHT]
        row[CASH] = inputs[STRIKE] * math.exp(-inputs[RATE] * expiry)
        row[ASSET_DISCOUNT] = math.exp(-inputs[DIVIDEND] * expiry)
        row[DEVIATION] = math.sqrt(square)
        row[CORRELATION_OF_ROW] = inputs[CORRELATION]
        row[TOGETHER] = math.expm1(inputs[CORRELATION] * square)
        row[ALONE] = math.expm1(square)


@njit(cache=True, error_model="numpy")
def basket_terms(spots: Floats, rows: Floats, features: Floats, terms: Floats) -> None:
    """The value is the difference from the moved lognormal in units of ``sqrt(asset cash) s``."""
    d = len(spots)
    total = spots.sum()
    parts = spots / total
    second, third = (parts**2).sum(), (parts**3).sum()
    falling = np.log(np.sort(spots))[::-1]
    for i in range(len(rows)):
        row, feature, term = rows[i], features[i], terms[i]
        right = 1 if row[RIGHT_OF_ROW] > 0.0 else -1
        asset, cash = total / d * row[ASSET_DISCOUNT], row[CASH]
        intrinsic = max(right * (asset - cash), 0.0)
        feature[:] = 0.0
        term[BASE] = term[FLOOR] = intrinsic
        term[SCALE], term[CAP] = 0.0, asset if right > 0 else cash
        if row[DEVIATION] <= 0.0:
            continue
        shape = shape_of(second, third, row[TOGETHER], row[ALONE])
        term[BASE] = moved_value(asset, cash, shape.size, shape.deviation, right)
        term[SCALE] = math.sqrt(asset) * math.sqrt(cash) * row[DEVIATION]
        width = math.sqrt(math.log1p(shape.variance))
        feature[0] = math.log(asset / cash) / width
        for k in range(1, d):
            feature[k] = falling[k - 1] - falling[k]
        feature[d] = row[DEVIATION]
        feature[d + 1] = row[CORRELATION_OF_ROW]
        feature[d + 2] = width / row[DEVIATION]
        feature[d + 3] = (shape.deviation / width - 1.0) / row[DEVIATION]
        feature[d + 4] = second


def inputs_at(coordinates: Floats) -> Floats:
    """Calls without rate or dividend, struck at 100 for a year, that have the coordinates float64[m, d + 2]."""
    d = coordinates.shape[1] - 2
    ones = np.ones(len(coordinates))
    logs = -np.cumsum(np.column_stack([0.0 * ones, coordinates[:, 1:d]]), axis=1)
    spots = np.exp(logs - logs.mean(axis=1, keepdims=True))
    terms = (100.0 * ones, ones, coordinates[:, d], 0.0 * ones, 0.0 * ones, ones, coordinates[:, d + 1])
    slow = np.column_stack(terms)
    rows = np.empty((len(slow), WIDTH))
    basket_rows(slow, rows)
    feature, term = np.empty((1, d + 5)), np.empty((1, 4))
    for i in range(len(slow)):
        basket_terms(spots[i], rows[i : i + 1], feature, term)
        width = feature[0, d + 2] * rows[i, DEVIATION]
        spots[i] *= 100.0 * math.exp(coordinates[i, 0] * width) / spots[i].mean()
    return np.column_stack([spots, slow])


FARTHEST: Final = 6.0
"""Deviations of moneyness beyond which an option has no time value."""


@cache
def basket_scaling(dimension: int) -> Scaling:
    """The scaling of the problem with ``dimension`` assets."""
    domain = domain_of(dimension)
    spot, correlation = domain.inputs[0], domain.inputs[-1]
    expiry, volatility = (domain.inputs[domain.column(name)] for name in ("expiry", "volatility"))
    widest = math.log(spot.high / spot.low)
    return Scaling(
        coordinates=(
            Coordinate(name="moneyness", low=-FARTHEST, high=FARTHEST),
            *(Coordinate(name=f"gap_{k}", low=0.0, high=widest) for k in range(1, dimension)),
            Coordinate(
                name="deviation",
                low=volatility.low * math.sqrt(expiry.low),
                high=volatility.high * math.sqrt(expiry.high),
            ),
            Coordinate(name="correlation", low=correlation.low, high=correlation.high),
        ),
        hints=("diversification", "shift", "concentration"),
        width=WIDTH,
        write_rows=basket_rows,
        write_terms=basket_terms,
        inputs_at=inputs_at,
    )
