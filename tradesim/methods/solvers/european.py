"""The European program: a formula."""

from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.elementary import exp, log
from tradesim.pricing.european import european_value, time_value, uncertainty
from tradesim.pricing.problem import Floats

EUROPEAN_WIDTH: Final = 6
"""Floats in a European row: right, discounted strike, its logarithm less the dividend's, asset discount, deviation, and
one over it."""


class EuropeanSolver(Solver):
    """The formula of Black, Scholes and Merton."""

    def rows(self, slow: Floats) -> Floats:
        """Discount factors and deviation of each contract, each contiguous over the contracts."""
        rows = np.empty((EUROPEAN_WIDTH, len(slow))).T
        european_rows(slow, rows)
        return rows

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """One exponential and one division a contract."""
        european_row_values(fast, rows, out)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The whole formula."""
        european_full_values(fast, slow, out)


@njit(cache=True, error_model="numpy")
def european_full_values(spot: float, slow: Floats, out: Floats) -> None:
    """Write the European values of a chain."""
    for i in range(len(out)):
        out[i] = european_value(
            spot,
            slow[i, STRIKE],
            slow[i, EXPIRY],
            slow[i, VOLATILITY],
            slow[i, RATE],
            slow[i, DIVIDEND],
            1 if slow[i, RIGHT] > 0.0 else -1,
        )


@njit(cache=True, error_model="numpy")
def european_rows(slow: Floats, rows: Floats) -> None:
    """Write the row of each contract."""
    for i in range(len(slow)):
        strike, expiry, dividend = slow[i, STRIKE], slow[i, EXPIRY], slow[i, DIVIDEND]
        rows[i, 0] = slow[i, RIGHT]
        rows[i, 1] = strike * exp(-slow[i, RATE] * expiry)
        rows[i, 2] = log(strike) + (dividend - slow[i, RATE]) * expiry
        rows[i, 3] = exp(-dividend * expiry)
        rows[i, 4] = uncertainty(expiry, slow[i, VOLATILITY])
        rows[i, 5] = 1.0 / rows[i, 4]


@njit(cache=True, error_model="numpy")
def european_row_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write the European values of a chain at ``spot``, from rows."""
    log_spot = log(spot)
    for i in range(len(out)):
        asset, cash = spot * rows[i, 3], rows[i, 1]
        intrinsic = rows[i, 0] * (asset - cash)
        intrinsic = 0.0 if intrinsic < 0.0 else intrinsic
        out[i] = intrinsic + time_value(asset, cash, (log_spot - rows[i, 2]) * rows[i, 5], rows[i, 4])
