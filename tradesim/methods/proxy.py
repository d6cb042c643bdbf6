"""The null of pricing: the problem's closed-form proxy, with nothing of the difference that tables and models learn."""

from dataclasses import replace
from typing import Final

from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods.entry import Entry
from tradesim.methods.method import Fast
from tradesim.methods.solvers.european import EuropeanSolver
from tradesim.methods.solvers.solver import ReferenceSolver
from tradesim.methods.staged import HIT, Prepared, Staged
from tradesim.pricing.problem import Floats, Problem


class Proxy(Staged[Prepared]):
    """``proxy``: a European value for the american problem, the forward intrinsic value for the european one."""

    name = "proxy"

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        if problem.proxy is None:
            raise ProblemError(f"problem {problem.name!r}: {refuses(problem)}; choose another")
        self.problem = problem
        self._solver = (
            EuropeanSolver()
            if problem.name in {"american", "european"}
            else ReferenceSolver(replace(problem, reference=problem.proxy))
        )
        self._values = forward_intrinsic_row_values if problem.name == "european" else self._solver.values

    def prepare(self, slow: Floats, anchor: Fast) -> Prepared:
        """Discount factors of each contract; the slow inputs as they are where the proxy is asked whole."""
        return Prepared(rows=self._solver.rows(slow))

    def evaluate(self, fast: Fast, prepared: Prepared, out: Floats) -> str:
        """The closed form."""
        self._values(fast, prepared.rows, out)
        return HIT


def refuses(problem: Problem) -> str | None:
    """Why there is no proxy of ``problem``; None where there is one."""
    return None if problem.proxy is not None else "no closed form is near it"


@njit(cache=True, error_model="numpy")
def forward_intrinsic_row_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write what exercise at expiry is worth if the forward comes true, from European rows."""
    for i in range(len(rows)):
        out[i] = max(rows[i, 0] * (spot * rows[i, 3] - rows[i, 1]), 0.0)


ENTRIES: Final = {
    "proxy": Entry(says="closed form without the difference", make=lambda problem, *_: Proxy(problem), refuses=refuses)
}
