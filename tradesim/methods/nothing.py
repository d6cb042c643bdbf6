"""The null of trading: a method that has no prices, so that a desk which asks it does nothing."""

from typing import Final

import numpy as np

from tradesim.market.chain import Chain
from tradesim.methods.entry import Entry
from tradesim.methods.method import Fast, Method, State
from tradesim.methods.staged import NONE
from tradesim.pricing.problem import Floats, Problem


class Nothing(Method):
    """``nothing``: not a number for every contract, at once."""

    name = "nothing"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def bind(self, chain: Chain) -> None:
        """Nothing to load."""

    def update(self, state: State) -> None:
        """Nothing to take in."""

    def price(self, fast: Fast, out: Floats) -> str:
        """No prices."""
        out.fill(np.nan)
        return NONE

    @property
    def nbytes(self) -> int:
        """None."""
        return 0


ENTRIES: Final = {
    "nothing": Entry(
        says="no prices: a desk that does nothing", make=lambda problem, *_: Nothing(problem), answers=False
    )
}
