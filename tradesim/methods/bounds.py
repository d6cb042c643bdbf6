"""No-arbitrage bounds of a chain that are linear in the spot, so that a price can be held to them in a few operations.

With ``asset`` and ``cash`` a contract's coefficients, a price lies between ``max(right (asset S - cash), 0)`` and
``asset S`` (call) or ``cash`` (put). An American option's are 1 and the strike: what exercise now is worth. A European
one's are discounted to expiry (Merton 1973, theorems 1 and 2, with a dividend yield); they hold under any model.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE
from tradesim.pricing.problem import Floats, Problem

FLOOR_SLOPE: Final = 0
FLOOR_AT_ZERO: Final = 1
LEAST: Final = 2
CAP_SLOPE: Final = 3
CAP_AT_ZERO: Final = 4
BOUNDS: Final = 5
"""Rows of the bounds: a floor that is the larger of a line and a constant, and a cap that is a line."""

UNKNOWN: Final = 0
EARLY: Final = 1
AT_EXPIRY: Final = 2
"""When an option is exercised, as far as its bounds go. They have no end where nothing is known."""


def exercise_of(problem: Problem) -> int:
    """When options of ``problem`` are exercised."""
    return {"american": EARLY, "european": AT_EXPIRY, "heston": AT_EXPIRY}.get(problem.name, UNKNOWN)


def bounds_of(problem: Problem, slow: Floats) -> Floats:
    """The bounds of each contract, float64[5, n]."""
    bounds = np.empty((BOUNDS, len(slow)))
    write_bounds(exercise_of(problem), slow, bounds)
    return bounds


@njit(cache=True, error_model="numpy")
def write_bounds(exercise: int, slow: Floats, bounds: Floats) -> None:
    """Write the bounds of each contract."""
    for i in range(len(slow)):
        if exercise == UNKNOWN:
            bounds[FLOOR_SLOPE, i] = bounds[CAP_SLOPE, i] = 0.0
            bounds[FLOOR_AT_ZERO, i] = bounds[LEAST, i] = -np.inf
            bounds[CAP_AT_ZERO, i] = np.inf
            continue
        asset, cash, right = 1.0, slow[i, STRIKE], slow[i, RIGHT]
        if exercise == AT_EXPIRY:
            asset = math.exp(-slow[i, DIVIDEND] * slow[i, EXPIRY])
            cash *= math.exp(-slow[i, RATE] * slow[i, EXPIRY])
        bounds[FLOOR_SLOPE, i], bounds[FLOOR_AT_ZERO, i], bounds[LEAST, i] = right * asset, -right * cash, 0.0
        bounds[CAP_SLOPE, i], bounds[CAP_AT_ZERO, i] = (asset, 0.0) if right > 0.0 else (0.0, cash)


@njit(cache=True, error_model="numpy", inline="always")
def floor_at(spot: float, bounds: Floats, i: int) -> float:
    """The least that contract ``i`` is worth."""
    floor: float = bounds[FLOOR_SLOPE, i] * spot + bounds[FLOOR_AT_ZERO, i]
    return floor if floor > bounds[LEAST, i] else bounds[LEAST, i]


@njit(cache=True, error_model="numpy", inline="always")
def held(price: float, spot: float, bounds: Floats, i: int) -> float:
    """The price of contract ``i`` within its bounds; NaN stays NaN."""
    floor = floor_at(spot, bounds, i)
    cap = bounds[CAP_SLOPE, i] * spot + bounds[CAP_AT_ZERO, i]
    price = floor if price < floor else price
    return cap if price > cap else price
