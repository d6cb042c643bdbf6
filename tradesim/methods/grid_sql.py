"""Remember, and ask the database each time: the same grid, queried in DuckDB."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import polars as pl

from tradesim.errors import StoreError
from tradesim.methods.grid import Grid
from tradesim.methods.grid_model import Tables, shape_of
from tradesim.methods.grid_store import damage_told, load_grid
from tradesim.methods.interpolation import Interpolation, stencil
from tradesim.methods.method import Method
from tradesim.pricing.problem import Floats, Problem

BLEND: Final = """
SELECT stencil.contract, sum(stencil.weight * {table}.value) AS value
FROM stencil JOIN {table} ON {table}.cell = stencil.cell
GROUP BY stencil.contract
"""
"""One query a chain: join every contract's neighbours, blend them."""

RESIDENT: Final = "SELECT coalesce(sum(memory_usage_bytes), 0) FROM duckdb_memory()"
"""What the database keeps in memory: its buffers, pages of the tables among them."""

NO_TABLES: Final = Tables(values=np.empty(0), levels=np.empty(0))
"""What this process itself keeps of the tables."""


class GridSql(Grid):
    """``grid-sql``: the cells around each contract are joined in SQL, for the chain in one query.

    No table is in memory but what the database keeps of its own.

    Its prices are those of ``grid`` but for the order of summation. A replay may therefore take the prices of
    ``replayed_by()``, the grid in memory, and charge the latencies measured here.
    """

    def __init__(self, problem: Problem, path: Path) -> None:
        super().__init__(problem, path, Interpolation.CUBIC)
        self.name = "grid-sql"
        self._file: duckdb.DuckDBPyConnection | None = None

    def open(self) -> None:
        """Check the file, keep its axes and connect to it, read-only."""
        if self._file is not None:
            return
        grid = load_grid(self.path, self.problem)
        self._shape = shape_of(grid.axes)
        self._has_levels = grid.tables.levels.size > 0
        self._grid = replace(grid, tables=NO_TABLES)
        with damage_told(self.path):
            self._file = duckdb.connect(str(self.path), read_only=True)
            self._file.execute("SET threads = 1")

    def replayed_by(self) -> Method:
        """The same grid in memory."""
        grid = Grid(self.problem, self.path, self.interpolation)
        grid.answer_outside(self.outside)
        return grid

    @property
    def nbytes(self) -> int:
        """Bytes of the database's buffers, of the fallback's tables, and of the workspace."""
        if self._file is None:
            return super().nbytes
        row = self._file.execute(RESIDENT).fetchone()
        return super().nbytes + (int(row[0]) if row else 0)

    def _levels(self, rows: Floats) -> Floats:
        if not self._has_levels:
            return NO_TABLES.levels
        return self._blend("level", self._shape[:-1], self.model.slow_positions(rows))

    def _lookup(self, spot: float, rows: Floats, out: Floats) -> None:
        fast = self.model.fast_positions(spot, rows, self.grid.axes)
        priced = np.flatnonzero(~np.isnan(fast))
        positions = np.column_stack([self.model.slow_positions(rows[priced]), fast[priced]])
        excess = np.zeros(len(rows))
        excess[priced] = self._blend("node", self._shape, positions)
        self.model.compose(spot, rows, excess, out)

    def _blend(self, table: str, shape: tuple[int, ...], positions: Floats) -> Floats:
        cells, weights = stencil(shape, positions, self.interpolation)
        contract = np.repeat(np.arange(len(positions)), cells.shape[1])
        frame = pl.DataFrame({"contract": contract, "cell": cells.reshape(-1), "weight": weights.reshape(-1)})
        file = self._connection()
        file.register("stencil", frame)
        answer = file.execute(BLEND.format(table=table)).fetchnumpy()
        values = np.empty(len(positions))
        values[answer["contract"]] = answer["value"]
        return values

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._file is None:
            raise StoreError(f"{self.path}: is not open; call bind first")
        return self._file
