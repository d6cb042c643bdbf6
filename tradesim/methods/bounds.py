"""No-arbitrage bounds of a chain that are linear in the spot, so that a price can be held to them in a few operations.

With ``asset`` and ``cash`` a contract's coefficients, a price lies between ``max(right (asset S - cash), 0)`` and
``asset S`` (call) or ``cash`` (put). An American option's are 1 and the strike: what exercise now is worth. A European
one's are discounted to expiry (Merton 1973, theorems 1 and 2, with a dividend yield); they hold under any model.
"""

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

EXERCISED_AT_EXPIRY: Final = frozenset({"european", "heston"})
EXERCISED_EARLY: Final = frozenset({"american"})


def bounds_of(problem: Problem, slow: Floats) -> Floats:
    """The bounds of each contract, float64[5, n]; without end where none are known."""
    bounds = np.empty((BOUNDS, len(slow)))
    if problem.name not in EXERCISED_AT_EXPIRY | EXERCISED_EARLY:
        bounds[:] = np.array([0.0, -np.inf, -np.inf, 0.0, np.inf])[:, None]
        return bounds
    asset, cash, right = np.ones(len(slow)), slow[:, STRIKE], slow[:, RIGHT]
    if problem.name in EXERCISED_AT_EXPIRY:
        asset = np.exp(-slow[:, DIVIDEND] * slow[:, EXPIRY])
        cash = cash * np.exp(-slow[:, RATE] * slow[:, EXPIRY])
    bounds[FLOOR_SLOPE], bounds[FLOOR_AT_ZERO], bounds[LEAST] = right * asset, -right * cash, 0.0
    bounds[CAP_SLOPE], bounds[CAP_AT_ZERO] = np.where(right > 0.0, [asset, np.zeros(len(slow))], [np.zeros(len(slow)), cash])
    return bounds


@njit(cache=True, error_model="numpy", inline="always")
def held(price: float, spot: float, bounds: Floats, i: int) -> float:
    """The price of contract ``i`` within its bounds; NaN stays NaN."""
    floor = bounds[FLOOR_SLOPE, i] * spot + bounds[FLOOR_AT_ZERO, i]
    floor = floor if floor > bounds[LEAST, i] else bounds[LEAST, i]
    cap = bounds[CAP_SLOPE, i] * spot + bounds[CAP_AT_ZERO, i]
    price = floor if price < floor else price
    return cap if price > cap else price
