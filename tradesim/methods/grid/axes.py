"""The axes of a grid, and how many nodes each gets within a memory budget."""

from dataclasses import dataclass
from math import log, prod
from typing import Final

import numpy as np

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods.tables.table import Table, Trend
from tradesim.pricing.problem import Floats
from tradesim.units import formatted_memory

LEAST_NODES: Final = 4
"""Nodes that a cubic takes on an axis."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """``nodes`` equidistant nodes of a coordinate from ``low`` to ``high``, both included."""

    name: str
    low: float
    high: float
    nodes: int

    def __post_init__(self) -> None:
        if self.nodes < LEAST_NODES or not self.low < self.high:
            raise ArgumentError(
                f"axis {self.name} has {self.nodes} nodes from {self.low} to {self.high}: "
                f"an axis needs {LEAST_NODES} nodes or more (cubic) and low < high"
            )

    @property
    def step(self) -> float:
        """Distance between two nodes."""
        return (self.high - self.low) / (self.nodes - 1)

    @property
    def points(self) -> Floats:
        """The coordinate at each node."""
        return np.linspace(self.low, self.high, self.nodes)


Axes = tuple[Axis, ...]


def shape_of(axes: Axes) -> tuple[int, ...]:
    """Nodes along each axis."""
    return tuple(axis.nodes for axis in axes)


def node_count(axes: Axes) -> int:
    """Nodes of the grid."""
    return prod(shape_of(axes))


def least_bytes(table: Table, number: int = 4) -> int:
    """Bytes of the smallest grid of ``table``, in numbers of ``number`` bytes."""
    return int(LEAST_NODES ** len(table.names) * table.width(0) * number)


def axes_within(table: Table, budget: int, number: int) -> Axes:
    """The best axes of a grid that takes at most ``budget`` bytes, in numbers of ``number`` bytes.

    Node by node, the axis that takes the most squared error away for its growth of the table, as far as the trend of
    the errors tells.
    """
    least = least_bytes(table, number)
    if least > budget:
        raise ProblemError(
            f"problem {table.problem.name!r}: a grid over {len(table.names)} coordinates ({', '.join(table.names)}) "
            f"takes {LEAST_NODES} nodes on each, {formatted_memory(least)}, and the budget is "
            f"{formatted_memory(budget)}; give it more memory or choose another method"
        )
    most = budget // (table.width(budget) * number)
    shape = _spread(table.trend(), len(table.names), most)
    return tuple(
        Axis(name=name, low=float(low), high=float(high), nodes=nodes)
        for name, low, high, nodes in zip(table.names, table.low, table.high, shape, strict=True)
    )


def estimate(table: Table, axes: Axes) -> float:
    """The rms error that the trend promises, in money of the domain."""
    trend = table.trend()
    return float(np.sqrt(sum(trend.error(i, axis.nodes) ** 2 for i, axis in enumerate(axes))))


def _spread(trend: Trend, dimension: int, most: int) -> list[int]:
    shape = [LEAST_NODES] * dimension

    def gain(axis: int) -> float:
        nodes = shape[axis]
        taken = trend.error(axis, nodes) ** 2 - trend.error(axis, nodes + 1) ** 2
        return taken / log((nodes + 1) / nodes)

    def fits(axis: int) -> bool:
        return prod(shape) // shape[axis] * (shape[axis] + 1) <= most

    while growing := [axis for axis in range(dimension) if fits(axis)]:
        shape[max(growing, key=gain)] += 1
    return shape
