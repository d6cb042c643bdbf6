"""The sine: the ideal program of the teaching problem, which has no slow half."""

import math

import numpy as np
from numba import njit

from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.pricing.problem import Floats


class SineSolver(Solver):
    """One sine a row."""

    def rows(self, slow: Floats) -> Floats:
        """Nothing: rows of no width."""
        return np.empty((len(slow), 0))

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """The sine of ``fast``, the same in every row."""
        sines(fast, out)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The same."""
        sines(fast, out)


@njit(cache=True, error_model="numpy")
def sines(x: float, out: Floats) -> None:
    """Write the sine of ``x`` into every row."""
    for i in range(len(out)):
        out[i] = math.sin(x)
