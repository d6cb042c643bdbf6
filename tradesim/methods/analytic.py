"""Compute: the ideal program itself, run whole at each decision or split at the spot."""

from tradesim.methods.method import Fast, Method
from tradesim.methods.solvers import solver_of
from tradesim.methods.staged import HIT, Prepared, Staged
from tradesim.pricing.collocation import ACCURATE, Scheme
from tradesim.pricing.problem import Floats, Problem


class Analytic(Staged[Prepared]):
    """``analytic``: every price anew from all inputs; ``update`` only notes the slow ones.

    For the american problem each contract's exercise boundary is solved again at each decision.
    """

    name = "analytic"

    def __init__(self, problem: Problem, scheme: Scheme = ACCURATE) -> None:
        super().__init__()
        self.problem = problem
        self._scheme = scheme
        self._solver = solver_of(problem, scheme)

    def replayed_by(self) -> Method:
        """The slice, where its prices are the same to the last bit: a cold American price is a row and its slice."""
        return AnalyticSlice(self.problem, self._scheme) if self.problem.name == "american" else self

    def prepare(self, slow: Floats, anchor: Fast) -> Prepared:
        """The slow inputs as they are, once it is sure that they have a solution."""
        self._solver.check(slow)
        return Prepared(rows=slow)

    def renew(self, prepared: Prepared, slow: Floats, anchor: Fast) -> Prepared:
        """The same, if these are the slow inputs that it has."""
        if prepared.rows is not slow:
            return self.prepare(slow, anchor)
        self._solver.check(slow)
        return prepared

    def evaluate(self, fast: Fast, prepared: Prepared, out: Floats) -> str:
        """The whole program for each contract."""
        self._solver.full_values(fast, prepared.rows, out)
        return HIT

    @property
    def nbytes(self) -> int:
        """Bytes of the solver's tables and of the workspace."""
        return super().nbytes + self._solver.nbytes


class AnalyticSlice(Staged[Prepared]):
    """``analytic-slice``: the boundaries are solved in ``update``; a price is a function of the spot alone."""

    name = "analytic-slice"

    def __init__(self, problem: Problem, scheme: Scheme = ACCURATE) -> None:
        super().__init__()
        self.problem = problem
        self._solver = solver_of(problem, scheme)

    def prepare(self, slow: Floats, anchor: Fast) -> Prepared:
        """Solve each contract's boundary."""
        return Prepared(rows=self._solver.rows(slow))

    def evaluate(self, fast: Fast, prepared: Prepared, out: Floats) -> str:
        """A short sum for each contract."""
        self._solver.values(fast, prepared.rows, out)
        return HIT

    @property
    def nbytes(self) -> int:
        """Bytes of the solver's tables and of the workspace."""
        return super().nbytes + self._solver.nbytes
