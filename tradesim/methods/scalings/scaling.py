"""What a problem's prices have in common, so that few numbers tell them apart.

Exact scalings turn a problem's inputs into few dimensionless *coordinates*. A price is ``base + scale value``, held
between a floor and a cap: four *terms* that are known in closed form, so that a table or a model spends its memory on
the shape of ``value`` alone, a function of the coordinates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.method import Fast
from tradesim.pricing.problem import Domain, Floats

BASE: Final = 0
SCALE: Final = 1
FLOOR: Final = 2
CAP: Final = 3
"""Columns of the terms. Scale zero: the value has no say."""


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """A dimensionless coordinate and the interval that the problem's domain maps into."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The way from a problem's inputs to coordinates, and from a value to a price.

    ``coordinates``  those that move with the fast inputs first, as many as there are fast inputs
    ``hints``        names of further features, functions of the coordinates that trees cannot easily make themselves
    ``width``        floats in a row
    ``write_rows``   ``(slow, rows)``: what of it needs the slow inputs alone, float64[n, width]
    ``write_terms``  ``(fast, rows, features, terms)``: coordinates and then hints float64[n, f], terms float64[n, 4]
    ``settles``      whether its terms alone are the price of an expired option; where not, the fallback prices it
    ``inputs_at``    the way back: inputs float64[m, inputs] of options that have the coordinates float64[m, k], whether
                     or not the domain holds them; None where nobody knows one, and then no table can be filled
    """

    coordinates: tuple[Coordinate, ...]
    hints: tuple[str, ...] = ()
    width: int
    write_rows: Callable[[Floats, Floats], None]
    write_terms: Callable[[Fast, Floats, Floats, Floats], None]
    settles: bool = True
    inputs_at: Callable[[Floats], Floats] | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """Names of all that a model sees."""
        return (*(each.name for each in self.coordinates), *self.hints)

    def rows(self, slow: Floats) -> Floats:
        """The rows of slow inputs."""
        rows = np.empty((len(slow), self.width))
        self.write_rows(slow, rows)
        return rows

    def features_and_terms(self, domain: Domain, inputs: Floats) -> tuple[Floats, Floats]:
        """Features and terms of many options, each with fast inputs of its own."""
        rows = self.rows(np.ascontiguousarray(inputs[:, domain.fast :]))
        features, terms = np.empty((len(inputs), len(self.features))), np.empty((len(inputs), 4))
        for i in range(len(inputs)):
            fast = float(inputs[i, 0]) if domain.fast == 1 else np.ascontiguousarray(inputs[i, : domain.fast])
            one = slice(i, i + 1)
            self.write_terms(fast, rows[one], features[one], terms[one])
        return features, terms


@njit(cache=True, error_model="numpy")
def compose(terms: Floats, values: Floats, out: Floats) -> None:
    """Write the prices that follow from values; ``values`` and ``out`` may be one array."""
    for i in range(len(out)):
        price = terms[i, BASE]
        if terms[i, SCALE] != 0.0:
            price += terms[i, SCALE] * values[i]
        out[i] = min(max(price, terms[i, FLOOR]), terms[i, CAP])


@njit(cache=True, error_model="numpy")
def copy_rows(slow: Floats, rows: Floats) -> None:
    """The slow inputs as they are."""
    rows[:] = slow
