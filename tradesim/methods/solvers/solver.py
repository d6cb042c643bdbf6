"""A problem's ideal program, split where the fast inputs come in: what methods compute with, and fall back to."""

from abc import ABC, abstractmethod

import numpy as np

from tradesim.methods.method import Fast
from tradesim.pricing.problem import Floats, Problem


class Solver(ABC):
    """The ideal program of one problem, for slow inputs float64[n, columns behind the fast ones].

    ``nbytes``  of the tables that it computes with
    ``cold_is_sliced`` whether ``full_values`` are those of ``values`` at ``rows`` to the last bit
    """

    nbytes: int = 0
    cold_is_sliced: bool = False

    def check(self, slow: Floats) -> None:  # noqa: B027
        """Raise ``ProblemError`` where the program has no answer."""

    @abstractmethod
    def rows(self, slow: Floats) -> Floats:
        """All of the work that does not need the fast inputs: one row a contract."""

    @abstractmethod
    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """Write the values at ``fast`` into ``out``, from ``rows``."""

    @abstractmethod
    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """Write the values at ``fast`` into ``out``, all inputs new."""


class ReferenceSolver(Solver):
    """Asks the reference: for a problem without a program of its own here. Nothing is done before the fast inputs."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def rows(self, slow: Floats) -> Floats:
        """The slow inputs as they are."""
        return slow

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """The reference at each contract; NaN for one with an input that is not finite."""
        inputs = np.empty((len(rows), len(self._problem.domain.inputs)))
        inputs[:, : self._problem.domain.fast] = fast
        inputs[:, self._problem.domain.fast :] = rows
        known = np.isfinite(inputs).all(axis=1)
        out[~known] = np.nan
        if known.any():
            out[known] = self._problem.reference(inputs[known])

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The reference at each contract."""
        self.values(fast, slow, out)
