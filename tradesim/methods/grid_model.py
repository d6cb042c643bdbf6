"""What a grid needs to know of a problem: its axes, what stands at a node, and the way from table to price."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.methods.interpolation import Interpolation
from tradesim.pricing.problem import Floats


@dataclass(frozen=True, kw_only=True)
class Axis:
    """``nodes`` equidistant nodes of a coordinate from ``low`` to ``high``, both included."""

    name: str
    low: float
    high: float
    nodes: int

    def __post_init__(self) -> None:
        if self.nodes < 4 or not self.low < self.high:
            raise ArgumentError(
                f"axis {self.name} has {self.nodes} nodes from {self.low} to {self.high}: "
                "an axis needs 4 nodes or more (cubic) and low < high"
            )

    @property
    def step(self) -> float:
        """Distance between two nodes."""
        return (self.high - self.low) / (self.nodes - 1)

    @property
    def points(self) -> Floats:
        """The coordinate at each node."""
        return np.linspace(self.low, self.high, self.nodes)

    def position(self, coordinate: Floats) -> Floats:
        """The coordinate counted in nodes, held within the axis; what is not a number is at its beginning."""
        return np.fmin(np.fmax((coordinate - self.low) / self.step, 0.0), self.nodes - 1.0)


Axes = tuple[Axis, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """What a grid remembers.

    ``values``  float64, one dimension an axis, the last the fast one: the normalised difference of price and proxy
    ``levels``  float64, one dimension a slow axis: where the fast axis begins; empty for a problem that needs none
    """

    values: Floats
    levels: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return self.values.nbytes + self.levels.nbytes


class GridModel(ABC):
    """A problem as a grid sees it. Rows are the contracts' prepared slow inputs, float64[n, width].

    ``problem``  name of the problem
    ``axes``     the default axes, slow ones first, the fast one last
    """

    problem: str
    axes: Axes

    @abstractmethod
    def fill(self, axes: Axes, slow_nodes: Floats, levels: Floats, values: Floats) -> None:
        """Evaluate the reference at ``slow_nodes`` [m, d - 1] into ``levels`` [m] and ``values`` [m, fast nodes]."""

    def empty_levels(self, axes: Axes) -> Floats:
        """Levels to be filled: none, unless the model has them."""
        return np.empty(0)

    @abstractmethod
    def place(self, slow: Floats, axes: Axes) -> Floats:
        """Rows of the slow inputs float64[n, 6], placed on the axes."""

    @abstractmethod
    def slow_positions(self, rows: Floats) -> Floats:
        """Where the rows are on the slow axes, float64[n, d - 1], counted in nodes."""

    def levels(self, rows: Floats, tables: Tables, interpolation: Interpolation) -> Floats:
        """Where each row's fast axis begins, as its table has it; empty unless the model has levels."""
        return np.empty(0)

    def settle(self, rows: Floats, levels: Floats, axes: Axes) -> None:  # noqa: B027
        """Write into the rows what follows from their levels."""

    @abstractmethod
    def retire(self, rows: Floats, contracts: NDArray[np.int64]) -> None:
        """Make the rows of ``contracts`` cost nothing: something else prices them."""

    @abstractmethod
    def prices(self, spot: float, rows: Floats, tables: Tables, interpolation: Interpolation, out: Floats) -> None:
        """Write the prices at ``spot``: the compiled lookup."""

    @abstractmethod
    def fast_positions(self, spot: float, rows: Floats, axes: Axes) -> Floats:
        """Where the rows are on the fast axis, counted in nodes; NaN where nothing is added to the proxy."""

    @abstractmethod
    def compose(self, spot: float, rows: Floats, excess: Floats, out: Floats) -> None:
        """Write the prices at ``spot`` that follow from what the table says, float64[n]."""


def shape_of(axes: Axes) -> tuple[int, ...]:
    """Nodes along each axis."""
    return tuple(axis.nodes for axis in axes)


def slow_nodes(axes: Axes) -> Floats:
    """Coordinates of every combination of slow nodes, float64[m, d - 1], the last slow axis fastest."""
    mesh = np.meshgrid(*(axis.points for axis in axes[:-1]), indexing="ij")
    return np.stack([coordinate.ravel() for coordinate in mesh], axis=1)


def node_count(axes: Axes) -> int:
    """Nodes of the table."""
    return prod(shape_of(axes))
