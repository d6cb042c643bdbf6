"""The European program: a formula."""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.european import european_value
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats

EUROPEAN_WIDTH: Final = 5
"""Floats in a European row: right, discounted strike, its logarithm less the dividend's, asset discount, deviation."""


class EuropeanSolver(Solver):
    """The formula of Black, Scholes and Merton."""

    def rows(self, slow: Floats) -> Floats:
        """Discount factors and deviation of each contract."""
        rows = np.empty((len(slow), EUROPEAN_WIDTH))
        european_rows(slow, rows)
        return rows

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """Two normal probabilities a contract."""
        european_row_values(fast, rows, out)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The whole formula."""
        european_full_values(fast, slow, out)


@njit(cache=True, error_model="numpy")
def european_full_values(spot: float, slow: Floats, out: Floats) -> None:
    """Write the European values of a chain."""
    for i in range(len(slow)):
        a = slow[i]
        right = 1 if a[RIGHT] > 0.0 else -1
        out[i] = european_value(spot, a[STRIKE], a[EXPIRY], a[VOLATILITY], a[RATE], a[DIVIDEND], right)


@njit(cache=True, error_model="numpy")
def european_rows(slow: Floats, rows: Floats) -> None:
    """Write the row of each contract: right, cash, ln(cash / asset discount), asset discount, deviation."""
    for i in range(len(slow)):
        a = slow[i]
        rows[i, 0] = a[RIGHT]
        rows[i, 1] = a[STRIKE] * math.exp(-a[RATE] * a[EXPIRY])
        rows[i, 2] = math.log(a[STRIKE]) + (a[DIVIDEND] - a[RATE]) * a[EXPIRY]
        rows[i, 3] = math.exp(-a[DIVIDEND] * a[EXPIRY])
        rows[i, 4] = a[VOLATILITY] * math.sqrt(a[EXPIRY])


@njit(cache=True, error_model="numpy")
def european_row_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write the European values of a chain at ``spot``, from rows."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        right, cash, deviation = rows[i, 0], rows[i, 1], rows[i, 4]
        asset = spot * rows[i, 3]
        intrinsic = max(right * (asset - cash), 0.0)
        out[i] = intrinsic
        if not deviation <= 0.0:
            upper = (log_spot - rows[i, 2]) / deviation + 0.5 * deviation
            value = right * (asset * normal_cdf(right * upper) - cash * normal_cdf(right * (upper - deviation)))
            out[i] = max(value, intrinsic)
