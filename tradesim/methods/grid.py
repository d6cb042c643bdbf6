"""Remember: prices from a table built beforehand, held in memory."""

from pathlib import Path

from tradesim.methods.built import ErrorOfBuild
from tradesim.methods.fallback import Fallback
from tradesim.methods.grid_store import BuiltGrid, load_grid
from tradesim.methods.grid_table import grid_model
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import BuildCost, Fast
from tradesim.methods.staged import FALLBACK, HIT, Prepared, Staged, outside_domain
from tradesim.pricing.problem import Floats, Problem


class Grid(Staged[Prepared]):
    """``grid`` (cubic) and ``grid-linear``: a lookup in all of the table's dimensions at each decision.

    ``update`` places the slow inputs on the axes and, for the american problem, looks the boundary up. Moneyness has no
    bound: beyond the table's fast axis the difference from the proxy is nil, or the option is in exercise.
    """

    def __init__(self, problem: Problem, path: Path, interpolation: Interpolation = Interpolation.CUBIC) -> None:
        super().__init__()
        self.name = "grid" if interpolation is Interpolation.CUBIC else "grid-linear"
        self.problem = problem
        self.path = path
        self.interpolation = interpolation
        self.model = grid_model(problem)
        self._fallback = Fallback(problem)
        self._grid: BuiltGrid | None = None

    @property
    def grid(self) -> BuiltGrid:
        """The grid, loaded from its file when first asked for."""
        if self._grid is None:
            self._grid = load_grid(self.path, self.problem)
        return self._grid

    def open(self) -> None:
        """Load the tables."""
        self._tables = self.grid.tables

    def prepare(self, slow: Floats, anchor: Fast) -> Prepared:
        """Place the contracts on the axes; solve those outside the domain."""
        rows = self.model.place(slow, self.grid.axes)
        self.model.settle(rows, self._levels(rows), self.grid.axes)
        outside = outside_domain(self.problem.domain, slow)
        self.refuse(outside)
        self.model.retire(rows, outside)
        return Prepared(rows=rows, outside=outside, fallback=self._fallback.rows(slow[outside]))

    def evaluate(self, fast: Fast, prepared: Prepared, out: Floats) -> str:
        """Look the contracts up; the tag is ``fallback`` where any of them is outside the domain."""
        self._lookup(fast, prepared.rows, out)
        if not len(prepared.outside):
            return HIT
        self._fallback.overwrite(fast, prepared, out)
        return FALLBACK

    def _levels(self, rows: Floats) -> Floats:
        return self.model.levels(rows, self._tables, self.interpolation)

    def _lookup(self, spot: float, rows: Floats, out: Floats) -> None:
        self.model.prices(spot, rows, self._tables, self.interpolation, out)

    @property
    def nbytes(self) -> int:
        """Bytes of tables, of the fallback's, and of the workspace."""
        return super().nbytes + self.grid.tables.nbytes + self._fallback.nbytes

    @property
    def build_cost(self) -> BuildCost:
        """What the build cost, as its file has it."""
        return self.grid.cost

    @property
    def error(self) -> ErrorOfBuild:
        """Error over the domain, taken when the grid was built."""
        return self.grid.errors[self.interpolation]
