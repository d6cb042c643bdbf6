"""The basket program: a sparse grid over what keeps the assets apart, its factors free of the spots."""

import numpy as np
from numba import njit

from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.pricing.basket import (
    CORRELATION,
    HEAD,
    basket_row,
    basket_row_value,
    basket_value,
    most_nodes,
    refuse_correlations,
    refuse_uncertain,
)
from tradesim.pricing.basket_grids import Grids, grids_of
from tradesim.pricing.problem import Floats


class BasketSolver(Solver):
    """The mean of the formula of Black and Scholes over a sparse grid, as fine as ``tolerance`` on a strike of 100.

    Its workspace grows with the finest grid that was asked for.
    """

    def __init__(self, dimension: int, tolerance: float) -> None:
        self._grids = grids_of(dimension, tolerance)
        self._dimension = dimension
        self._head = np.empty(HEAD)
        self._assets = np.empty(0)
        self.nbytes = self._grids.nbytes

    def check(self, slow: Floats) -> None:
        """Refuse a correlation that there is not, and assets that move too far apart for the finest grid."""
        refuse_correlations(slow[:, CORRELATION], self._dimension)
        refuse_uncertain(slow, self._dimension)

    def rows(self, slow: Floats) -> Floats:
        """Every node's factors, as wide as the finest grid that one of the contracts needs."""
        self.check(slow)
        rows = np.empty((len(slow), HEAD + self._nodes(slow) * self._dimension))
        basket_rows(slow, self._grids, rows)
        return rows

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """At each node a sum over the assets, a logarithm and an exponential."""
        basket_row_values(fast, rows, self._grids.weight, self._assets, out)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The same, each factor an exponential anew."""
        self._nodes(slow)
        basket_full_values(fast, slow, self._grids, self._head, self._assets, out)

    def _nodes(self, slow: Floats) -> int:
        nodes = int(most_nodes(slow, self._grids))
        if len(self._assets) < nodes:
            self._assets = np.empty(nodes)
            self.nbytes = self._grids.nbytes + self._assets.nbytes
        return nodes


@njit(cache=True, error_model="numpy")
def basket_rows(slow: Floats, grids: Grids, rows: Floats) -> None:
    """Write the row of each contract: see :mod:`tradesim.pricing.basket`."""
    for i in range(len(slow)):
        basket_row(slow[i], grids, rows[i])


@njit(cache=True, error_model="numpy")
def basket_row_values(spots: Floats, rows: Floats, weight: Floats, assets: Floats, out: Floats) -> None:
    """Write the values of a chain at ``spots``, from rows."""
    for i in range(len(rows)):
        out[i] = basket_row_value(spots, rows[i], weight, assets)


@njit(cache=True, error_model="numpy")
def basket_full_values(spots: Floats, slow: Floats, grids: Grids, head: Floats, assets: Floats, out: Floats) -> None:
    """Write the values of a chain at ``spots``, all anew; ``head`` and ``assets`` are workspace."""
    for i in range(len(slow)):
        out[i] = basket_value(spots, slow[i], grids, head, assets)
