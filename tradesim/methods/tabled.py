"""What grids and Chebyshev series have in common as methods: a table, and slow inputs noted for it."""

import numpy as np

from tradesim.methods.approximator import Enclosed
from tradesim.methods.method import Fast
from tradesim.methods.similarities import similarity_of
from tradesim.methods.staged import Outside
from tradesim.methods.tables import table_of
from tradesim.methods.tables.table import Worked
from tradesim.pricing.problem import Floats, Problem


class Tabled(Enclosed):
    """A function of all inputs at each decision: ``update`` only notes the slow ones.

    Where the table knows every spot (american), moneyness has no bound.
    """

    def __init__(self, problem: Problem, outside: Outside = Outside.FALLBACK) -> None:
        super().__init__(problem, similarity_of(problem), outside)
        self.table = table_of(problem)

    def prepare(self, slow: Floats, anchor: Fast) -> Worked:
        """Note the slow inputs; solve the contracts outside the domain."""
        boxed = super().prepare(slow, anchor)
        return Worked(**vars(boxed), work=self.table.work(boxed.rows))

    def _reach(self, slow: Floats) -> tuple[Floats, Floats]:
        if self.table.bounded:
            return super()._reach(slow)
        shape = (len(slow), self.problem.domain.fast)
        return np.full(shape, -np.inf), np.full(shape, np.inf)
