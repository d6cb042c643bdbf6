"""The ideal programs, one file a problem, as methods use them."""

from collections.abc import Callable
from typing import Final

from tradesim.methods.solvers.american import AmericanSolver
from tradesim.methods.solvers.asian import ExactAsianSolver, SimulatedAsianSolver
from tradesim.methods.solvers.european import EuropeanSolver
from tradesim.methods.solvers.heston import HestonSolver
from tradesim.methods.solvers.solver import ReferenceSolver, Solver
from tradesim.pricing.collocation import HIGH, Scheme
from tradesim.pricing.problem import Problem

SOLVERS: Final[dict[str, Callable[[Scheme], Solver]]] = {
    "american": AmericanSolver,
    "asian": lambda scheme: ExactAsianSolver() if scheme == HIGH else SimulatedAsianSolver(),
    "european": lambda _: EuropeanSolver(),
    "heston": lambda _: HestonSolver(),
}
"""Solvers by the problem's name; the scheme is the accuracy of one that iterates."""


def solver_of(problem: Problem, scheme: Scheme) -> Solver:
    """The solver of ``problem``; the reference itself, asked each time, where it has no other."""
    return SOLVERS[problem.name](scheme) if problem.name in SOLVERS else ReferenceSolver(problem)
