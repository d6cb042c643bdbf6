"""The American scaling with one more hint, for trees: a closed form near the premium itself.

The premium is worth its exercise at a boundary ``b``, and falls beyond it as a power of the spot (G. Barone-Adesi and
R. E. Whaley 1987, "Efficient analytic approximation of American option values", Journal of Finance 42, 301-320)::

    premium / cash = ((1 - b) - European(b)) (e^x / b)^power

``b`` is the flat boundary of P. Bjerksund and G. Stensland (1993), "Closed-form approximation of American options",
Scandinavian Journal of Management 9, S87-S99, so nothing is iterated. As a price it is off by a tenth of a unit
on strike 100; trees correct it.
"""

import math
from dataclasses import replace
from typing import Final

from numba import njit

from tradesim.methods.scalings.american import (
    AMERICAN,
    ASSET_DISCOUNT,
    CASH_DISCOUNT,
    DEVIATION,
    DRIFT,
    american_terms,
    european_put,
)
from tradesim.methods.scalings.scaling import SCALE
from tradesim.pricing.problem import Floats

MONEYNESS: Final = 0
SHORTFALL: Final = 4
QUADRATIC: Final = 6
"""Features."""


@njit(cache=True, error_model="numpy")
def flat_boundary(rate: float, dividend: float, deviation: float) -> float:
    """The logarithm of the put's exercise boundary over its strike, from ``r T``, ``q T`` and ``sigma sqrt(T)``."""
    variance = deviation * deviation
    drift = (rate - dividend) / variance
    beta = 0.5 + drift + math.sqrt(max((0.5 + drift) ** 2 + 2.0 * dividend / variance, 0.0))
    late = beta / (beta - 1.0)
    early = max(1.0, dividend / rate)
    bend = (rate - dividend - 2.0 * deviation) * early / (late - early)
    return -math.log(early + (late - early) * (1.0 - math.exp(bend)))


@njit(cache=True, error_model="numpy")
def quadratic_premium(moneyness: float, shortfall: float, row: Floats) -> float:
    """The premium in units of ``cash v``; what exercise is worth where it is due, zero where the closed form fails."""
    deviation = row[DEVIATION]
    rate, dividend = -math.log(row[CASH_DISCOUNT]), -math.log(row[ASSET_DISCOUNT])
    boundary = flat_boundary(rate, dividend, deviation)
    if moneyness <= boundary:
        return shortfall
    tilt = 2.0 * row[DRIFT] / (deviation * deviation) - 1.0
    pull = 8.0 * rate / (deviation * deviation * -math.expm1(-rate))
    power = -0.5 * (tilt + math.sqrt(tilt * tilt + pull))
    level = math.exp(boundary)
    amplitude = max(1.0 - level - european_put(1.0, level, boundary, row), 0.0)
    premium: float = amplitude * math.exp(power * (moneyness - boundary)) / deviation
    return premium if math.isfinite(premium) else 0.0


@njit(cache=True, error_model="numpy")
def quadratic_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """Those of the American scaling, and the hint."""
    american_terms(spot, rows, features, terms)
    for i in range(len(rows)):
        if terms[i, SCALE] > 0.0:
            feature = features[i]
            feature[QUADRATIC] = quadratic_premium(feature[MONEYNESS] * rows[i, DEVIATION], feature[SHORTFALL], rows[i])


AMERICAN_QUADRATIC: Final = replace(AMERICAN, hints=(*AMERICAN.hints, "quadratic"), write_terms=quadratic_terms)
"""The value is that of the American scaling."""
