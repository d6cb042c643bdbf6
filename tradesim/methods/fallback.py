"""Who answers for contracts outside the domain: the analytic slice, solved in ``update`` and charged there."""

import numpy as np

from tradesim.methods.method import Fast
from tradesim.methods.solvers import solver_of
from tradesim.methods.staged import Prepared
from tradesim.pricing.collocation import ACCURATE
from tradesim.pricing.problem import Floats, Problem


class Fallback:
    """Prices the ``outside`` contracts of prepared inputs; ``nbytes`` are of the tables that it computes with."""

    def __init__(self, problem: Problem) -> None:
        self._solver = solver_of(problem, ACCURATE)
        self.nbytes = self._solver.nbytes

    def rows(self, slow: Floats) -> Floats:
        """The slow half, for the slow inputs of the contracts outside."""
        return self._solver.rows(slow)

    def overwrite(self, fast: Fast, prepared: Prepared, out: Floats) -> None:
        """Write the prices of the contracts outside into ``out``."""
        values = np.empty(len(prepared.outside))
        self._solver.values(fast, prepared.fallback, values)
        out[prepared.outside] = values
