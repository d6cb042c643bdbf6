"""Compute: the ideal program itself, run whole at each decision or split at the spot."""

from collections import OrderedDict
from typing import Final

import numpy as np

from tradesim.market.chain import Chain
from tradesim.methods.entry import Entry
from tradesim.methods.method import Fast, Method, State
from tradesim.methods.solvers import solver_of
from tradesim.methods.staged import HIT, Prepared, Staged, slow_inputs
from tradesim.pricing.collocation import ACCURATE, Scheme
from tradesim.pricing.problem import Floats, Problem

KEPT_BYTES: Final = 2**26
"""Rows kept by one slice, in bytes, before the least recently used state is dropped."""


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
        return KeptSlice(self.problem, self._scheme) if self._solver.cold_is_sliced else self

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
        self._scheme = scheme
        self._solver = solver_of(problem, scheme)

    def replayed_by(self) -> Method:
        """The same, each state solved once for all runs."""
        return KeptSlice(self.problem, self._scheme)

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


class KeptSlice(AnalyticSlice):
    """A slice that keeps the rows of each state (its index and instant, for desks have states of their own).

    The runs of a comparison walk through the same states of the volatility service: one object serves them all. It
    keeps up to ``kept_bytes``, least recently used out first, and takes rows again if the slow inputs are those that
    they were made of.
    """

    def __init__(self, problem: Problem, scheme: Scheme = ACCURATE, kept_bytes: int = KEPT_BYTES) -> None:
        super().__init__(problem, scheme)
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[tuple[int, int], tuple[Floats, Prepared]] = OrderedDict()
        self._kept_now = 0

    def replayed_by(self) -> Method:
        """Itself."""
        return self

    def bind(self, chain: Chain) -> None:
        """Keep the chain; the rows of another chain's states are dropped."""
        if chain is not self._chain:
            self._kept.clear()
            self._kept_now = 0
        super().bind(chain)

    def update(self, state: State) -> None:
        """Solve the boundaries of ``state``, or take the ones kept."""
        if self._chain is None:
            super().update(state)
            return
        slow = slow_inputs(self._chain, state)
        key = state.index, state.instant
        kept = self._kept.get(key)
        if kept is not None and np.array_equal(kept[0], slow):
            self._kept.move_to_end(key)
            self._prepared = kept[1]
            return
        self._prepared = self.prepare(slow, state.spot)
        self._keep(key, slow, self._prepared)

    def _keep(self, key: tuple[int, int], slow: Floats, prepared: Prepared) -> None:
        self._drop(key)
        self._kept[key] = (slow, prepared)
        self._kept_now += slow.nbytes + prepared.nbytes
        while self._kept_now > self._kept_bytes and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[int, int]) -> None:
        if key in self._kept:
            slow, prepared = self._kept.pop(key)
            self._kept_now -= slow.nbytes + prepared.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes of the solver's tables and of all rows kept."""
        return self._kept_now + self._solver.nbytes


ENTRIES: Final = {
    "analytic": Entry(says="solver, every input new at each decision", make=lambda problem, *_: Analytic(problem)),
    "analytic-slice": Entry(says="solver, split at the spot", make=lambda problem, *_: AnalyticSlice(problem)),
}
