"""The ideal programs, one file a problem, as methods use them."""

from collections.abc import Callable
from typing import Final

from tradesim.methods.solvers.american import AmericanSolver
from tradesim.methods.solvers.asian import ExactAsianSolver, WorkingAsianSolver
from tradesim.methods.solvers.basket import BasketSolver
from tradesim.methods.solvers.european import EuropeanSolver
from tradesim.methods.solvers.heston import HestonSolver
from tradesim.methods.solvers.sine import SineSolver
from tradesim.methods.solvers.solver import ReferenceSolver, Solver
from tradesim.pricing.basket import DIMENSIONS
from tradesim.pricing.basket_grids import REFERENCE, WORKING
from tradesim.pricing.collocation import HIGH, Scheme
from tradesim.pricing.problem import Problem


def _basket_solver(dimension: int) -> Callable[[Scheme], Solver]:
    return lambda scheme: BasketSolver(dimension, REFERENCE if scheme == HIGH else WORKING)


SOLVERS: Final[dict[str, Callable[[Scheme], Solver]]] = {
    "american": AmericanSolver,
    "asian": lambda scheme: ExactAsianSolver() if scheme == HIGH else WorkingAsianSolver(),
    "european": lambda _: EuropeanSolver(),
    "heston": lambda _: HestonSolver(),
    **{f"basket-{dimension}": _basket_solver(dimension) for dimension in DIMENSIONS},
    "sine": lambda _: SineSolver(),
}
"""Solvers by the problem's name; the scheme is the accuracy of one that iterates."""


def solver_of(problem: Problem, scheme: Scheme) -> Solver:
    """The solver of ``problem``; the reference itself, asked each time, where it has no other."""
    return SOLVERS[problem.name](scheme) if problem.name in SOLVERS else ReferenceSolver(problem)
