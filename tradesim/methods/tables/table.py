"""What a table remembers of a problem: its coordinates, what stands at a point of them, and the way to a price.

Each problem has one :class:`Table`; grids and Chebyshev series differ in how they remember it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradesim.methods.approximator import Boxed
from tradesim.methods.interpolation import Cells, Pages
from tradesim.methods.method import Fast
from tradesim.pricing.problem import Floats, Problem


@dataclass(frozen=True, kw_only=True, eq=False)
class Worked(Boxed):
    """Slow inputs as noted, and what else ``price`` works in, which is the table's."""

    work: tuple[NDArray[Any], ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all workspace."""
        return super().nbytes + sum(array.nbytes for array in self.work)


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """A page at each of equidistant nodes, to be blended from ``reach`` of them along each axis.

    ``pages``  float[cells, width], the last axis fastest
    ``shape``  int64[axes], nodes along each
    ``low per`` float64[axes], where each axis begins, and nodes per unit along it
    ``work``   what the table's ``look_up`` works in
    """

    pages: Pages
    shape: Cells
    low: Floats
    per: Floats
    reach: int
    work: tuple[NDArray[Any], ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of pages, axes and workspace."""
        return sum(array.nbytes for array in (self.pages, self.shape, self.low, self.per, *self.work))


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How the error of interpolation falls: along an axis of ``n`` nodes it is ``size (n - 1) ** -order``."""

    size: tuple[float, ...]
    order: tuple[float, ...]

    def error(self, axis: int, nodes: int) -> float:
        """The error that ``nodes`` leave along ``axis``."""
        return float(self.size[axis] * (nodes - 1.0) ** -self.order[axis])


class Table(ABC):
    """A problem as a table sees it: a page of numbers as a function of coordinates in a box.

    ``names low high``  of the coordinates; float64[dimension]
    ``bounded``         whether it knows the fast inputs of the domain alone
    """

    problem: Problem
    names: tuple[str, ...]
    low: Floats
    high: Floats
    bounded: bool = True

    @abstractmethod
    def width(self, budget: int) -> int:
        """How many numbers a page has where all of them may take ``budget`` bytes."""

    @abstractmethod
    def trend(self) -> Trend:
        """How the error falls along each axis, as known or as measured."""

    @abstractmethod
    def fill(self, points: Floats, pages: Floats) -> None:
        """Write the pages, float64[m, width], at coordinates float64[m, dimension], from the reference."""

    def work(self, count: int) -> tuple[NDArray[Any], ...]:
        """What ``price`` works in, for ``count`` contracts; nothing but what every approximator has by default."""
        return ()

    def lay_out(self, slow: Floats, work: tuple[NDArray[Any], ...]) -> None:  # noqa: B027
        """Write slow inputs where ``price`` reads them, if that is in ``work``."""

    @abstractmethod
    def place(self, fast: Fast, prepared: Worked) -> Floats:
        """The coordinates of each contract, float64[n, dimension]."""

    @abstractmethod
    def finish(self, fast: Fast, prepared: Worked, pages: Floats, out: Floats) -> None:
        """Write the prices that follow from the pages float64[n, width] of the contracts that were last placed."""

    @abstractmethod
    def workspace(self, nodes: Nodes) -> tuple[NDArray[Any], ...]:
        """What ``look_up`` works in, whatever the chain."""

    @abstractmethod
    def look_up(self, fast: Fast, prepared: Worked, nodes: Nodes, out: Floats) -> None:
        """Place, blend and finish, compiled."""


def mesh(points: Sequence[Floats]) -> Floats:
    """Every combination of ``points`` of each coordinate, float64[m, dimension], the last one fastest."""
    return np.stack([grid.ravel() for grid in np.meshgrid(*points, indexing="ij")], axis=1)
