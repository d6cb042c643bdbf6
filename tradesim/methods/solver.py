"""A problem's ideal program, split where the spot comes in: what methods compute with, and fall back to."""

import math
from abc import ABC, abstractmethod
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.american import american_value, boundary_row, refuse_double_boundaries, slice_values
from tradesim.pricing.collocation import Scheme, Tables, tables_of
from tradesim.pricing.european import european_value
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats, Problem

EUROPEAN_WIDTH: Final = 5
"""Floats in a European row: right, discounted strike, its logarithm less the dividend's, asset discount, deviation."""


class Solver(ABC):
    """The ideal program of one problem, for slow inputs float64[n, 6].

    ``nbytes``  of the tables that it computes with
    """

    nbytes: int = 0

    def check(self, slow: Floats) -> None:  # noqa: B027
        """Raise ``ProblemError`` where the program has no answer."""

    @abstractmethod
    def rows(self, slow: Floats) -> Floats:
        """All of the work that does not need the spot: one row a contract."""

    @abstractmethod
    def values(self, spot: float, rows: Floats, out: Floats) -> None:
        """Write the values at ``spot`` into ``out``, from ``rows``."""

    @abstractmethod
    def full_values(self, spot: float, slow: Floats, out: Floats) -> None:
        """Write the values at ``spot`` into ``out``, all inputs new."""


class AmericanSolver(Solver):
    """Spectral collocation of the exercise boundary, at the accuracy of a scheme."""

    def __init__(self, scheme: Scheme) -> None:
        self._width = scheme.row_width
        self._tables = tables_of(scheme)
        self.nbytes = self._tables.nbytes

    def check(self, slow: Floats) -> None:
        """Refuse a contract with two boundaries: a put with q < r < 0, a call with r < q < 0."""
        refuse_double_boundaries(slow[:, RATE], slow[:, DIVIDEND], slow[:, RIGHT])

    def rows(self, slow: Floats) -> Floats:
        """The exercise boundary of each contract and the nodes of its premium."""
        self.check(slow)
        rows = np.empty((len(slow), self._width))
        american_rows(slow, self._tables, rows)
        return rows

    def values(self, spot: float, rows: Floats, out: Floats) -> None:
        """A short sum along each boundary."""
        slice_values(spot, rows, out)

    def full_values(self, spot: float, slow: Floats, out: Floats) -> None:
        """Boundary and sum anew."""
        american_full_values(spot, slow, self._tables, out)


class EuropeanSolver(Solver):
    """The formula of Black, Scholes and Merton."""

    def rows(self, slow: Floats) -> Floats:
        """Discount factors and deviation of each contract."""
        rows = np.empty((len(slow), EUROPEAN_WIDTH))
        european_rows(slow, rows)
        return rows

    def values(self, spot: float, rows: Floats, out: Floats) -> None:
        """Two normal probabilities a contract."""
        european_row_values(spot, rows, out)

    def full_values(self, spot: float, slow: Floats, out: Floats) -> None:
        """The whole formula."""
        european_full_values(spot, slow, out)


def solver_of(problem: Problem, scheme: Scheme) -> Solver:
    """The solver of ``problem``; ``scheme`` is the accuracy of one that iterates."""
    if problem.name == "european":
        return EuropeanSolver()
    if problem.name == "american":
        return AmericanSolver(scheme)
    raise ProblemError(f"problem {problem.name!r}: methods have no solver for it; choose american or european")


@njit(cache=True, error_model="numpy")
def american_rows(slow: Floats, tables: Tables, rows: Floats) -> None:
    """Write the row of each contract: see :mod:`tradesim.pricing.american`."""
    for i in range(len(slow)):
        a = slow[i]
        right = 1 if a[RIGHT] > 0.0 else -1
        boundary_row(a[STRIKE], a[EXPIRY], a[VOLATILITY], a[RATE], a[DIVIDEND], right, tables, rows[i])


@njit(cache=True, error_model="numpy")
def american_full_values(spot: float, slow: Floats, tables: Tables, out: Floats) -> None:
    """Write the American values of a chain, each boundary solved anew."""
    for i in range(len(slow)):
        a = slow[i]
        right = 1 if a[RIGHT] > 0.0 else -1
        out[i] = american_value(spot, a[STRIKE], a[EXPIRY], a[VOLATILITY], a[RATE], a[DIVIDEND], right, tables)


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
