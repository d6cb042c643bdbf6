"""The null of pricing: the problem's closed-form proxy, with nothing of the difference that tables and models learn."""

from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods.method import Fast
from tradesim.methods.solvers.european import EuropeanSolver
from tradesim.methods.staged import HIT, Prepared, Staged
from tradesim.pricing.problem import Floats, Problem


class Proxy(Staged[Prepared]):
    """``proxy``: a European value for the american problem, the forward intrinsic value for the european one."""

    name = "proxy"

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        if problem.name not in {"american", "european"}:
            raise ProblemError(f"problem {problem.name!r}: it has no proxy method; choose american or european")
        self.problem = problem
        self._solver = EuropeanSolver()
        self._values = self._solver.values if problem.name == "american" else forward_intrinsic_row_values

    def prepare(self, slow: Floats, anchor: Fast) -> Prepared:
        """Discount factors of each contract."""
        return Prepared(rows=self._solver.rows(slow))

    def evaluate(self, fast: Fast, prepared: Prepared, out: Floats) -> str:
        """The closed form."""
        self._values(fast, prepared.rows, out)
        return HIT


@njit(cache=True, error_model="numpy")
def forward_intrinsic_row_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write what exercise at expiry is worth if the forward comes true, from European rows."""
    for i in range(len(rows)):
        out[i] = max(rows[i, 0] * (spot * rows[i, 3] - rows[i, 1]), 0.0)
