"""The American program: the exercise boundary, then a short sum along it."""

import numpy as np
from numba import njit

from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.american import american_value, boundary_row, refuse_double_boundaries, slice_values
from tradesim.pricing.collocation import Scheme, Tables, tables_of
from tradesim.pricing.problem import Floats


class AmericanSolver(Solver):
    """Spectral collocation of the exercise boundary, at the accuracy of a scheme."""

    cold_is_sliced = True

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

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """A short sum along each boundary."""
        slice_values(fast, rows, out)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """Boundary and sum anew."""
        american_full_values(fast, slow, self._tables, out)


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
