"""What grids and Chebyshev series have in common as methods: a table, and slow inputs noted for it."""

from tradesim.methods.approximator import Boxed, Enclosed
from tradesim.methods.method import Fast, Outside
from tradesim.methods.scalings import scaling_of
from tradesim.methods.tables import table_of
from tradesim.methods.tables.table import Worked
from tradesim.pricing.problem import Floats, Problem


class Tabled(Enclosed):
    """A function of all inputs at each decision: ``update`` only notes the slow ones.

    Where the table knows every spot (american), moneyness has no bound.
    """

    def __init__(self, problem: Problem, outside: Outside = Outside.FALLBACK) -> None:
        self.table = table_of(problem)
        super().__init__(problem, scaling_of(problem), outside, bounded=self.table.bounded)

    def blank(self, slow: Floats) -> Worked:
        """With what the table works in."""
        return Worked(**vars(super().blank(slow)), work=self.table.work(len(slow)))

    def enclosed(self, blank: Boxed, anchor: Fast) -> Worked:
        """Lay out for the table what it is asked about."""
        worked = super().enclosed(blank, anchor)
        assert isinstance(worked, Worked)
        self.table.lay_out(worked.rows, worked.work)
        return worked
