"""No-arbitrage bounds of a chain that are linear in the spot, so that a price can be held to them in a few operations.

With ``asset`` and ``cash`` a contract's coefficients, a price lies between ``max(right (asset S - cash), 0)`` and
``asset S`` (call) or ``cash`` (put). An American option's are 1 and the strike: what exercise now is worth; its cap has
those of exercise at expiry where they are more, at a negative yield (call) or rate (put). A European one's are
discounted to expiry (Merton 1973, theorems 1 and 2, with a dividend yield); they hold under any model. Those of an
Asian option are of its average to come and of what that is compared with. ``S`` is the spot, or the mean of a basket's.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE
from tradesim.pricing.averaging import future_of, mean_and_deviation
from tradesim.pricing.basket import DIMENSIONS
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
ON_AVERAGE: Final = 3
"""When an option is exercised, as far as its bounds go. They have no end where nothing is known."""

EXERCISE: Final = {"american": EARLY, "asian": ON_AVERAGE} | dict.fromkeys(
    ("european", "heston", *(f"basket-{dimension}" for dimension in DIMENSIONS)), AT_EXPIRY
)


def exercise_of(problem: Problem) -> int:
    """When options of ``problem`` are exercised."""
    return EXERCISE.get(problem.name, UNKNOWN)


def bounds_of(problem: Problem, slow: Floats) -> Floats:
    """The bounds of each contract, float64[5, n]."""
    bounds = np.empty((BOUNDS, len(slow)))
    write_bounds(exercise_of(problem), slow, bounds)
    return bounds


@njit(cache=True, error_model="numpy")
def present_values(exercise: int, slow: Floats) -> tuple[float, float]:
    """``asset`` and ``cash`` of one contract."""
    if exercise == ON_AVERAGE:
        future = future_of(slow)
        return future.factor * mean_and_deviation(future)[0], future.factor * future.level
    if exercise == EARLY:
        return 1.0, slow[STRIKE]
    return math.exp(-slow[DIVIDEND] * slow[EXPIRY]), slow[STRIKE] * math.exp(-slow[RATE] * slow[EXPIRY])


@njit(cache=True, error_model="numpy")
def write_bounds(exercise: int, slow: Floats, bounds: Floats) -> None:
    """Write the bounds of each contract."""
    for i in range(len(slow)):
        if exercise == UNKNOWN:
            bounds[FLOOR_SLOPE, i] = bounds[CAP_SLOPE, i] = 0.0
            bounds[FLOOR_AT_ZERO, i] = bounds[LEAST, i] = -np.inf
            bounds[CAP_AT_ZERO, i] = np.inf
            continue
        right = slow[i, RIGHT]
        asset, cash = present_values(exercise, slow[i])
        bounds[FLOOR_SLOPE, i], bounds[FLOOR_AT_ZERO, i], bounds[LEAST, i] = right * asset, -right * cash, 0.0
        if exercise == EARLY:
            later = present_values(AT_EXPIRY, slow[i])
            asset, cash = max(asset, later[0]), max(cash, later[1])
        bounds[CAP_SLOPE, i] = asset if right > 0.0 else 0.0
        bounds[CAP_AT_ZERO, i] = max(-right * cash, 0.0)


@njit(cache=True, error_model="numpy", inline="always")
def floor_at(spot: float, bounds: Floats, i: int) -> float:
    """The least that contract ``i`` is worth."""
    floor: float = bounds[FLOOR_SLOPE, i] * spot + bounds[FLOOR_AT_ZERO, i]
    return floor if floor > bounds[LEAST, i] else bounds[LEAST, i]


@njit(cache=True, error_model="numpy")
def hold(spot: float, bounds: Floats, prices: Floats) -> None:
    """Hold the price of each contract within its bounds."""
    for i in range(len(prices)):
        prices[i] = held(prices[i], spot, bounds, i)


@njit(cache=True, error_model="numpy", inline="always")
def held(price: float, spot: float, bounds: Floats, i: int) -> float:
    """The price of contract ``i`` within its bounds; NaN stays NaN."""
    floor = floor_at(spot, bounds, i)
    cap = bounds[CAP_SLOPE, i] * spot + bounds[CAP_AT_ZERO, i]
    price = floor if price < floor else price
    return cap if price > cap else price
