"""The lognormal, moved along, that has the first three moments of a basket of lognormal assets.

Source: S. Borovkova, F. J. Permana and H. van der Weide (2007), "A closed form approach to the valuation and hedging of
basket and spread options", Journal of Derivatives 14(4), 8-24.
"""

import math
from typing import NamedTuple

from numba import njit

from tradesim.pricing.european import european_value


class Shape(NamedTuple):
    """A lognormal moved along, ``asset (1 - size + size e^(v Z - v^2 / 2))``, with the moments of a basket.

    ``variance``  of the basket over the square of its mean
    ``size``      mean of the lognormal over that of the basket
    ``deviation`` ``v``
    """

    variance: float
    size: float
    deviation: float


@njit(cache=True, error_model="numpy")
def shape_of(second: float, third: float, together: float, alone: float) -> Shape:
    """The shape with a basket's mean, variance and third moment, in closed form.

    ``second third`` are the sums of squares and cubes of the assets' parts of the basket, ``together`` and ``alone``
    ``e^(rho s^2) - 1`` and ``e^(s^2) - 1``: covariances of two assets of mean one, and the variance of one.
    """
    variance = together * (1.0 - second) + alone * second
    skew = (1.0 - 3.0 * second + 2.0 * third) * together**2 * (3.0 + together)
    skew += 3.0 * (second - third) * together * (2.0 * alone + together + together * alone)
    skew += third * alone**2 * (3.0 + alone)
    half = 0.5 * skew**2 / variance**3
    root = (1.0 + half + math.sqrt(half * (2.0 + half))) ** (1.0 / 3.0)
    excess = (root - 1.0) ** 2 / root
    return Shape(variance, math.sqrt(variance / excess), math.sqrt(math.log1p(excess)))


@njit(cache=True, error_model="numpy")
def moved_value(asset: float, cash: float, size: float, deviation: float, right: int) -> float:
    """The price on a moved lognormal of mean ``asset``, against ``cash``."""
    floor = asset * (1.0 - size)
    if floor >= cash:
        return max(right * (asset - cash), 0.0)
    return european_value(asset * size, cash - floor, 1.0, deviation, 0.0, 0.0, right)
