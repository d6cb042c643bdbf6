"""The normal distribution, as compiled scalars.

The distribution function is a table of Taylor polynomials: one cell every eighth, nine terms beyond the constant. It
needs neither an exponential nor a branch on the size of its argument, and takes a few nanoseconds where ``erfc`` takes
twenty. The absolute error is below 3e-16; the relative error in the left tail is below 1e-9.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

LIMIT: Final = 8.5
"""Beyond this many standard deviations the distribution function is 0 or 1 to 1e-17."""

CELLS_PER_UNIT: Final = 8
DEGREE: Final = 9
FIRST_CELL: Final = LIMIT * CELLS_PER_UNIT + 0.5
ROOT_TWO_PI: Final = math.sqrt(2.0 * math.pi)


def _taylor_table() -> NDArray[np.float64]:
    """Taylor coefficients of the distribution function at each cell's centre, highest power first."""
    centre = np.arange(-LIMIT, LIMIT + 0.01, 1.0 / CELLS_PER_UNIT)
    density = np.exp(-0.5 * centre * centre) / ROOT_TWO_PI
    coefficients = np.empty((len(centre), DEGREE + 1))
    coefficients[:, DEGREE] = [0.5 * math.erfc(-x / math.sqrt(2.0)) for x in centre]
    hermite_before, hermite = np.zeros_like(centre), np.ones_like(centre)
    for power in range(1, DEGREE + 1):
        coefficients[:, DEGREE - power] = hermite * density / math.factorial(power)
        hermite_before, hermite = hermite, -centre * hermite - (power - 1) * hermite_before
    return coefficients


TAYLOR: Final = _taylor_table()


@njit(cache=True, error_model="numpy")
def normal_cdf(x: float) -> float:
    """Probability that a standard normal variable is below ``x``; NaN for NaN.

    >>> float(normal_cdf(0.0))
    0.5
    """
    if abs(x) < LIMIT:
        cell = int(x * CELLS_PER_UNIT + FIRST_CELL)
        step = x + LIMIT - cell / CELLS_PER_UNIT
        row = TAYLOR[cell]
        total: float = row[0]
        for power in range(1, DEGREE + 1):
            total = total * step + row[power]
        return total
    if math.isnan(x):
        return x
    return 1.0 if x > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def normal_pdf(x: float) -> float:
    """Density of a standard normal variable at ``x``."""
    return math.exp(-0.5 * x * x) / ROOT_TWO_PI
