"""The table of any problem with a scaling: its normalised value as a function of the coordinates."""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ProblemError
from tradesim.methods.interpolation import Interpolation, lookup, stencil
from tradesim.methods.method import Fast
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import BASE, SCALE, Scaling, compose
from tradesim.methods.tables.table import Nodes, Table, Trend, Worked
from tradesim.pricing.problem import Floats, Problem

PROBES: Final = 40
"""Lines along each axis, through points of the domain, on which the fall of the error is measured."""
FINEST: Final = 33
"""Nodes on such a line; interpolation is tried with 9 and with 17 of them."""
LEAST_ORDER, MOST_ORDER = 0.5, 4.0


class SimilarTable(Table):
    """A page is one number: the value of a :class:`~tradesim.methods.scalings.scaling.Scaling`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.scaling: Scaling = scaling_of(problem)
        if self.scaling.inputs_at is None:
            raise ProblemError(
                f"problem {problem.name!r}: its scaling does not lead from coordinates back to inputs, so that no "
                "table is made for it; give the scaling inputs_at"
            )
        self.names = tuple(each.name for each in self.scaling.coordinates)
        self.low = np.array([each.low for each in self.scaling.coordinates])
        self.high = np.array([each.high for each in self.scaling.coordinates])

    def width(self, budget: int) -> int:
        """One number."""
        return 1

    def fill(self, points: Floats, pages: Floats) -> None:
        """Ask the reference for options that have these coordinates; nothing where the value has no say."""
        pages[:, 0] = self._values(points)[0]

    def _values(self, points: Floats) -> tuple[Floats, Floats]:
        """Value and scale at coordinates."""
        assert self.scaling.inputs_at is not None
        inputs = self.scaling.inputs_at(points)
        _, terms = self.scaling.features_and_terms(self.problem.domain, inputs)
        scale = terms[:, SCALE]
        told = np.flatnonzero(scale != 0.0)
        values = np.zeros(len(points))
        values[told] = (self.problem.reference(inputs[told]) - terms[told, BASE]) / scale[told]
        return values, scale * self.problem.domain.in_units(inputs)

    def trend(self) -> Trend:
        """Measured: along each axis, cubic interpolation on lines through the domain's points."""
        return _measured(self.problem)

    def measured(self) -> Trend:
        """Interpolate lines with 9 and with 17 of their nodes; what is left at the others, in money of the domain."""
        inputs = self.problem.domain.sample(PROBES, seed=PROBES)
        features, _ = self.scaling.features_and_terms(self.problem.domain, inputs)
        through = np.clip(features[:, : len(self.names)], self.low, self.high)
        sizes, orders = [], []
        for axis in range(len(self.names)):
            coarse, fine = (self._left(through, axis, nodes) for nodes in (9, 17))
            order = np.clip(np.log2(max(coarse, 1e-300) / max(fine, 1e-300)), LEAST_ORDER, MOST_ORDER)
            sizes.append(max(fine, 1e-14) * 16.0**order)
            orders.append(float(order))
        return Trend(size=tuple(map(float, sizes)), order=tuple(orders))

    def _left(self, through: Floats, axis: int, nodes: int) -> float:
        """The rms error along ``axis``."""
        line = np.linspace(self.low[axis], self.high[axis], FINEST)
        points = np.repeat(through, FINEST, axis=0)
        points[:, axis] = np.tile(line, len(through))
        values, scale = (array.reshape(len(through), FINEST) for array in self._values(points))
        stride = (FINEST - 1) // (nodes - 1)
        cells, weights = stencil((nodes,), np.arange(FINEST)[:, None] / stride, Interpolation.CUBIC)
        blended = (values[:, ::stride][:, cells] * weights).sum(axis=2)
        return float(np.sqrt(np.mean(((blended - values) * scale) ** 2)))

    def place(self, fast: Fast, prepared: Worked) -> Floats:
        """The coordinates, as models see them too."""
        self.scaling.write_rows(prepared.rows, prepared.placed)
        self.scaling.write_terms(fast, prepared.placed, prepared.features, prepared.terms)
        return prepared.features[:, : len(self.names)]

    def finish(self, fast: Fast, prepared: Worked, pages: Floats, out: Floats) -> None:
        """Compose the prices."""
        compose(prepared.terms, pages[:, 0], out)

    def workspace(self, nodes: Nodes) -> tuple[NDArray[Any], ...]:
        """The cells around one contract, and their weights."""
        count = nodes.reach ** len(self.names)
        return np.empty(count, dtype=np.int64), np.empty(count)

    def look_up(self, fast: Fast, prepared: Worked, nodes: Nodes, out: Floats) -> None:
        """Place, blend, compose."""
        coordinates, (cells, weights) = self.place(fast, prepared), nodes.work
        lookup(nodes.pages, nodes.shape, nodes.reach, nodes.low, nodes.per, coordinates, cells, weights, out)
        compose(prepared.terms, out, out)


@cache
def _measured(problem: Problem) -> Trend:
    return SimilarTable(problem).measured()
