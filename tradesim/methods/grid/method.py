"""Remember: prices from a table built beforehand, held in memory."""

from dataclasses import replace
from pathlib import Path

from tradesim.methods.approximator import Boxed
from tradesim.methods.built import ErrorOfBuild
from tradesim.methods.grid.store import BuiltGrid, load_grid, nodes_of
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import BuildCost, Fast, Outside
from tradesim.methods.tabled import Tabled
from tradesim.methods.tables.table import Worked
from tradesim.pricing.problem import Floats, Problem


class Grid(Tabled):
    """``grid`` (cubic) and ``grid-linear``: a function of all inputs at each decision, looked up in all dimensions."""

    def __init__(
        self,
        problem: Problem,
        path: Path,
        interpolation: Interpolation = Interpolation.CUBIC,
        outside: Outside = Outside.FALLBACK,
    ) -> None:
        super().__init__(problem, outside)
        self.name = "grid" if interpolation is Interpolation.CUBIC else "grid-linear"
        self.path = path
        self.interpolation = interpolation
        self._grid: BuiltGrid | None = None

    @classmethod
    def of(cls, problem: Problem, path: Path, interpolation: Interpolation, grid: BuiltGrid) -> "Grid":
        """The method of a ``grid`` in memory that is to be kept at ``path``."""
        method = cls(problem, path, interpolation)
        method._grid = grid
        return method

    @property
    def grid(self) -> BuiltGrid:
        """The grid, loaded from its file when first asked for."""
        if self._grid is None:
            self._grid = load_grid(self.path, self.table)
        return self._grid

    def open(self) -> None:
        """Load the nodes."""
        nodes = nodes_of(self.grid, self.interpolation)
        self._nodes = replace(nodes, work=self.table.workspace(nodes))

    def ask(self, fast: Fast, prepared: Boxed, out: Floats) -> None:
        """Look the contracts up."""
        assert isinstance(prepared, Worked)
        self.table.look_up(fast, prepared, self._nodes, out)

    @property
    def nbytes(self) -> int:
        """Bytes of nodes, of the fallback's tables, and of the workspace."""
        return super().nbytes + self.grid.nodes.nbytes

    @property
    def build_cost(self) -> BuildCost:
        """What the build cost, as its file has it."""
        return self.grid.cost

    @property
    def error(self) -> ErrorOfBuild:
        """Error over the domain, taken when the grid was built."""
        return self.grid.errors[self.interpolation]
