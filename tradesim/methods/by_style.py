"""A chain of both exercise styles, as CME's European month-ends beside American quarterlies: each contract by its own.

The method itself prices the American contracts. The European ones are priced

- in the same way, as a chain of their own, by a method that only computes (``analytic``, ``curve``, ``taylor``, ...);
- by the formula, whole at each decision, beside a method that is handed in, whose prices are American, and beside one
  that keeps values: a table, a model, a memory, or a ladder of them. It keeps values to be spared the search for an
  exercise boundary, and a European option has none: its formula is faster than any table here, exact, and takes no
  memory. So a stated memory is for the American contracts alone.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.market.chain import AMERICAN, EUROPEAN, Chain, priced_styles
from tradesim.methods.method import BuildCost, Fast, Method, Outside, State
from tradesim.methods.registry import make_method
from tradesim.methods.spec import Given
from tradesim.methods.spec import method as spec_of
from tradesim.methods.staged import HIT
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress, silent

Ints = NDArray[np.int64]

FORMULA = "analytic"


def method_for(
    given: Given,
    problem: Problem,
    chain: Chain,
    home: Path,
    progress: Progress = silent,
    outside: Outside = Outside.FALLBACK,
) -> Method:
    """The method that is ``given``, as :func:`~tradesim.methods.registry.make_method` makes it, for ``chain``.

    Of a chain whose contracts ``problem`` prices by both styles it is a :class:`ByStyle`.
    """
    spec = spec_of(given)
    method = make_method(spec, problem, home, progress, outside)
    if len(np.unique(priced_styles(chain, problem))) < 2:
        return method
    european = make_method(
        FORMULA if spec.entry.keeps or spec.given is not None else spec, PROBLEMS["european"], home, progress, outside
    )
    return ByStyle(method, european)


def options_of(problem: Problem, chain: Chain) -> str:
    """The options that ``problem`` prices in ``chain``: its name, and how many are European beside American ones."""
    styles = priced_styles(chain, problem)
    count = int(np.count_nonzero(styles == EUROPEAN))
    return f"{problem.name}, {count} of {len(chain)} european" if 0 < count < len(chain) else problem.name


class ByStyle(Method):
    """Two methods for one chain of both styles: ``american`` and ``european``, each for the contracts of its style.

    The work tag is that of the American contracts, and behind it that of the European ones where it is another than
    ``hit``. Bytes, build costs and fallbacks are those of both.
    """

    def __init__(self, american: Method, european: Method) -> None:
        self.name = american.name
        self.problem = american.problem
        self._american, self._european = american, european
        self._chain: Chain | None = None
        self._parts = (Chain.empty(), Chain.empty())
        self._places = (np.empty(0, np.int64), np.empty(0, np.int64))
        self._values = (np.empty(0), np.empty(0))

    def bind(self, chain: Chain) -> None:
        """Bind each method to the contracts of its style; a method knows a chain again that it had before."""
        if chain is not self._chain:
            self._chain = chain
            self._places = np.flatnonzero(chain.style == AMERICAN), np.flatnonzero(chain.style == EUROPEAN)
            self._parts = chain.select(self._places[0]), chain.select(self._places[1])
            self._values = np.empty(len(self._parts[0])), np.empty(len(self._parts[1]))
        self._american.bind(self._parts[0])
        self._european.bind(self._parts[1])

    def update(self, state: State) -> None:
        """Each method takes the slow inputs of its contracts."""
        self._american.update(_part(state, self._places[0]))
        self._european.update(_part(state, self._places[1]))

    def price(self, fast: Fast, out: Floats) -> str:
        """One call to each method, and their prices in the places of the contracts."""
        tag = self._american.price(fast, self._values[0])
        further = self._european.price(fast, self._values[1])
        put(self._places[0], self._values[0], out)
        put(self._places[1], self._values[1], out)
        return tag if further in (HIT, tag) else f"{tag}-{further}"

    def replayed_by(self) -> Method:
        """By what each method is replayed by."""
        american, european = self._american.replayed_by(), self._european.replayed_by()
        same = american is self._american and european is self._european
        return self if same else ByStyle(american, european)

    def within(self, ns: float) -> None:
        """Tell both."""
        self._american.within(ns)
        self._european.within(ns)

    @property
    def choices(self) -> tuple[float, ...]:
        """Those of the American contracts, which are what takes time."""
        return self._american.choices

    @property
    def nbytes(self) -> int:
        """Bytes of both methods and of the places of the contracts."""
        own = sum(array.nbytes for array in (*self._places, *self._values))
        return self._american.nbytes + self._european.nbytes + own

    @property
    def build_cost(self) -> BuildCost:
        """Of both."""
        costs = self._american.build_cost, self._european.build_cost
        return BuildCost(
            seconds=sum(cost.seconds for cost in costs), evaluations=sum(cost.evaluations for cost in costs)
        )

    @property
    def fallbacks(self) -> int:
        """Of both."""
        return self._american.fallbacks + self._european.fallbacks


def _part(state: State, index: Ints) -> State:
    """The slow inputs of the contracts at ``index``."""
    return replace(
        state,
        **{name: getattr(state, name)[index] for name in ("expiry", "volatility", "rate", "dividend")},
        further=None if state.further is None else state.further[index],
        own=None if state.own is None else state.own[index],
    )


@njit(cache=True, error_model="numpy")
def put(places: Ints, values: Floats, out: Floats) -> None:
    """Write ``values`` into their ``places`` in ``out``."""
    for i in range(len(places)):
        out[places[i]] = values[i]
