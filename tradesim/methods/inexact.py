"""Prices that are wrong by a stated amount: what is charged for an error can be measured without building a method."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.methods.entry import Entry
from tradesim.methods.method import Fast, Method, State
from tradesim.methods.reference import Reference
from tradesim.pricing.problem import Floats, Problem

ERROR: Final = 0.01
"""Root mean square, currency, where none is stated."""

LARGEST_ERROR: Final = 1e6

WAVELENGTH: Final = 0.05
"""Of the error along the logarithm of spot over strike: what a table with nodes every fortieth would have."""

HARMONICS: Final = 3


class Inexact(Method):
    """``inexact:0.01``: reference prices plus an error of that root mean square over the chain, at every spot.

    Contract i is wrong by ``error c_i / rms(c)`` with ``c_i = sum_k cos(2 pi k ln(spot / strike_i) / 0.05 + phi_ik)``,
    k from 1 to 3: smooth in the spot, of its own phases ``phi_ik`` in each contract, and as wrong next time at the same
    spot, as a table or a model is. The phases are drawn from ``seed``: ``inexact:0.01:7``. The error is laid on
    whatever the option is worth, below zero too.

    It errs from a reference of its own, or from the run's (``know``).
    """

    name = "inexact"

    def __init__(self, problem: Problem, *, error: float = ERROR, seed: int = 0) -> None:
        _check(error, seed)
        self.problem = problem
        self.error, self.seed = error, seed
        self.truth: Method = Reference(problem)
        self._strikes: Floats = np.empty(0)
        self._phases: Floats = np.empty((0, HARMONICS))

    def know(self, reference: Method) -> None:
        """See :class:`~tradesim.methods.method.Method`."""
        self.truth = reference

    def bind(self, chain: Chain) -> None:
        """Draw the phases of each contract."""
        self.truth.bind(chain)
        self._strikes = np.asarray(chain.strike, dtype=np.float64)
        self._phases = np.random.default_rng(self.seed).uniform(0.0, math.tau, (len(chain), HARMONICS))

    def update(self, state: State) -> None:
        """As the reference."""
        self.truth.update(state)

    def price(self, fast: Fast, out: Floats) -> str:
        """The truth, and the error of each contract."""
        tag = self.truth.price(fast, out)
        add_error(float(fast), self._strikes, self._phases, self.error, out)
        return tag

    @property
    def nbytes(self) -> int:
        """Bytes of the reference and of the phases."""
        return self.truth.nbytes + self._phases.nbytes


def refuses(problem: Problem) -> str | None:
    """Why no error can be laid on prices of ``problem``; None where one can."""
    if problem.domain.fast == 1 and "strike" in problem.domain.names:
        return None
    return "its error is laid along spot over strike, and there is no one spot, or no strike"


def stated_options(stated: Sequence[str]) -> dict[str, float | int]:
    """The error (currency) and the seed that are ``stated``, as ``0.01`` and ``7``; else ``ArgumentError``.

    >>> stated_options(["0.02", "7"]), stated_options([])
    ({'error': 0.02, 'seed': 7}, {'error': 0.01, 'seed': 0})
    """
    try:
        error = float(stated[0]) if stated else ERROR
        seed = int(stated[1]) if len(stated) > 1 else 0
    except ValueError:
        error, seed = math.nan, 0
    _check(error if len(stated) < 3 else math.nan, seed)
    return {"error": error, "seed": seed}


def _check(error: float, seed: int) -> None:
    numbers = isinstance(error, int | float) and isinstance(seed, int) and not isinstance(error, bool)
    if not numbers or not 0.0 <= error <= LARGEST_ERROR or not 0 <= seed < 2**63:
        raise ArgumentError(
            "an error is a root mean square in currency, at least 0, and a seed a whole number; "
            "write inexact:0.01 or inexact:0.01:7"
        )


@njit(cache=True, error_model="numpy")
def add_error(spot: float, strikes: Floats, phases: Floats, error: float, out: Floats) -> None:
    """Add to each price that is a number its share of an error of root mean square ``error`` over those prices."""
    total, count = 0.0, 0
    for i in range(len(out)):
        if not np.isnan(out[i]):
            total += wave(spot, strikes[i], phases[i]) ** 2
            count += 1
    if total == 0.0:
        return
    scale = error / math.sqrt(total / count)
    for i in range(len(out)):
        out[i] += scale * wave(spot, strikes[i], phases[i])


@njit(cache=True, error_model="numpy")
def wave(spot: float, strike: float, phases: Floats) -> float:
    """The sum of cosines of one contract; nothing where spot or strike is nothing."""
    if not (spot > 0.0 and strike > 0.0):
        return 0.0
    angle = 2.0 * math.pi * math.log(spot / strike) / WAVELENGTH
    total = 0.0
    for k in range(len(phases)):
        total += math.cos((k + 1) * angle + phases[k])
    return total


ENTRIES: Final = {
    "inexact": Entry(
        says="the truth and an error of a stated size",
        make=lambda problem, _, spec: Inexact(problem, **spec.options),
        refuses=refuses,
        options=stated_options,
        answers=False,
    )
}
