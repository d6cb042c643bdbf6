"""Remember, and ask the database each time: the same grid, queried in DuckDB."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from tradesim.errors import StoreError
from tradesim.methods.approximator import Boxed
from tradesim.methods.grid.axes import shape_of
from tradesim.methods.grid.method import Grid
from tradesim.methods.grid.store import damage_told, load_grid, page_columns
from tradesim.methods.interpolation import Interpolation, stencil
from tradesim.methods.method import Fast, Method
from tradesim.methods.tables.table import Worked
from tradesim.pricing.problem import Floats, Problem

RESIDENT: Final = "SELECT coalesce(sum(memory_usage_bytes), 0) FROM duckdb_memory()"
"""What the database keeps in memory: its buffers, pages of the tables among them."""


def blend_query(width: int) -> str:
    """One query a chain: join every contract's neighbours, blend their pages of ``width`` numbers."""
    sums = ", ".join(f"sum(stencil.weight * node.{column}) AS {column}" for column in page_columns(width))
    return f"SELECT stencil.contract, {sums} FROM stencil JOIN node ON node.cell = stencil.cell GROUP BY ALL"


class GridSql(Grid):
    """``grid-sql``: the cells around each contract are joined in SQL, for the chain in one query.

    No node is in memory but what the database keeps of its own.

    Its prices are those of ``grid`` but for the order and precision of summation. A replay may therefore take the
    prices of ``replayed_by()``, the grid in memory, and charge the latencies measured here.
    """

    def __init__(self, problem: Problem, path: Path) -> None:
        super().__init__(problem, path, Interpolation.CUBIC)
        self.name = "grid-sql"
        self._file: duckdb.DuckDBPyConnection | None = None

    def open(self) -> None:
        """Check the file, keep its axes and connect to it, read-only."""
        if self._file is not None:
            return
        grid = load_grid(self.path, self.table)
        self._width = grid.nodes.shape[1]
        self._grid = replace(grid, nodes=np.empty((0, self._width)))
        with damage_told(self.path):
            self._file = duckdb.connect(str(self.path), read_only=True)
            self._file.execute("SET threads = 1")

    def replayed_by(self) -> Method:
        """The same grid in memory."""
        grid = Grid(self.problem, self.path, self.interpolation)
        grid.answer_outside(self.outside)
        return grid

    def ask(self, fast: Fast, prepared: Boxed, out: Floats) -> None:
        """Place, ask the database, finish."""
        assert isinstance(prepared, Worked)
        axes = self.grid.axes
        low, step = (np.array([getattr(axis, name) for axis in axes]) for name in ("low", "step"))
        pages = self._blend((self.table.place(fast, prepared) - low) / step)
        self.table.finish(fast, prepared, pages, out)

    def _blend(self, positions: Floats) -> Floats:
        cells, weights = stencil(shape_of(self.grid.axes), positions, self.interpolation)
        contract = np.repeat(np.arange(len(positions)), cells.shape[1])
        file = self._connection()
        file.register("stencil", {"contract": contract, "cell": cells.reshape(-1), "weight": weights.reshape(-1)})
        answer = file.execute(blend_query(self._width)).fetchnumpy()
        pages = np.empty((len(positions), self._width))
        for k, column in enumerate(page_columns(self._width)):
            pages[answer["contract"], k] = answer[column]
        return pages

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._file is None:
            raise StoreError(f"{self.path}: is not open; call bind first")
        return self._file

    @property
    def nbytes(self) -> int:
        """Bytes of the database's buffers, of the fallback's tables, and of the workspace."""
        if self._file is None:
            return super().nbytes
        ((resident,),) = self._file.execute(RESIDENT).fetchall()
        return super().nbytes + int(resident)
