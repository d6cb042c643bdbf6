"""The truth of a run: the problem at its reference accuracy, whose slow half is shared by many runs."""

from collections import OrderedDict
from typing import Final

import numpy as np

from tradesim.market.chain import Chain
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.method import State
from tradesim.methods.staged import Prepared, slow_inputs
from tradesim.pricing.collocation import HIGH
from tradesim.pricing.problem import Floats, Problem

KEPT_BYTES: Final = 2 * 2**30
"""Rows kept by one reference, in bytes, before the least recently used state is dropped."""


class Reference(AnalyticSlice):
    """``reference``: as ``analytic-slice``, at the accuracy of the problem's reference.

    The runs of a comparison walk through the same states of the volatility service. One reference object therefore
    serves them all: it keeps the rows of each state (its index and instant, for desks have states of their own), up to
    ``kept_bytes``, least recently used out first, and takes them again if the slow inputs are those that the rows were
    made of.
    """

    name = "reference"

    def __init__(self, problem: Problem, kept_bytes: int = KEPT_BYTES) -> None:
        super().__init__(problem, HIGH)
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[tuple[int, int], tuple[Floats, Prepared]] = OrderedDict()
        self._kept_now = 0

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
