"""What prices of European options have in common: with the forward as unit they depend on two numbers.

With ``asset`` and ``cash`` the present values of what is received and paid at expiry, ``k = ln(asset / cash)`` and the
deviation ``v = sigma sqrt(T)``::

    price: float = max(right (asset - cash), 0) + sqrt(asset cash) v g(v, |k| / v)

The time value is the same for calls and puts (parity), and its ``g`` the same on both sides of the forward.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, Coordinate, Scaling
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.problem import Floats

RIGHT_OF_ROW: Final = 0
LOG_CASH: Final = 1
CASH: Final = 2
ASSET_DISCOUNT: Final = 3
ROOT_ASSET_CASH: Final = 4
DEVIATION: Final = 5
WIDTH: Final = 6
"""Columns of a row. ``LOG_CASH`` is that of the cash over the asset discount."""


@njit(cache=True, error_model="numpy")
def european_rows(slow: Floats, rows: Floats) -> None:
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
        row[DEVIATION] = inputs[VOLATILITY] * math.sqrt(expiry)


@njit(cache=True, error_model="numpy", inline="always")
def distance(log_spot: float, row: Floats) -> float:
    """``|k|``."""
    logarithm: float = log_spot - row[LOG_CASH]
    return abs(logarithm)


@njit(cache=True, error_model="numpy")
def european_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The value is the normalised time value."""
    log_spot, root_spot = math.log(spot), math.sqrt(spot)
    for i in range(len(rows)):
        row = rows[i]
        asset, cash = spot * row[ASSET_DISCOUNT], row[CASH]
        right, deviation = row[RIGHT_OF_ROW], row[DEVIATION]
        intrinsic = max(right * (asset - cash), 0.0)
        terms[i, BASE] = terms[i, FLOOR] = intrinsic
        terms[i, SCALE] = root_spot * row[ROOT_ASSET_CASH] * deviation
        terms[i, CAP] = asset if right > 0.0 else cash
        features[i, 0] = distance(log_spot, row) / deviation if deviation > 0.0 else 0.0
        features[i, 1] = deviation


def inputs_at(coordinates: Floats) -> Floats:
    """Puts out of the money that have these coordinates: strike and expiry 1, no rates."""
    distance, deviation = coordinates.T
    zeros, ones = np.zeros(len(coordinates)), np.ones(len(coordinates))
    return np.stack([np.exp(distance * deviation), ones, ones, deviation, zeros, zeros, -ones], axis=1)


EUROPEAN: Final = Scaling(
    coordinates=(
        Coordinate(name="distance", low=0.0, high=6.0),
        Coordinate(name="deviation", low=0.005, high=0.8),
    ),
    width=WIDTH,
    write_rows=european_rows,
    write_terms=european_terms,
    inputs_at=inputs_at,
)
"""The value is the normalised time value."""
