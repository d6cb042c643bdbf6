"""A grid on disk: one DuckDB file that holds the tables, their axes, what they cost and how well they answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import polars as pl

from tradesim.errors import StoreError
from tradesim.methods.built import ErrorOfBuild, digest
from tradesim.methods.grid_model import Axes, Axis, Tables, shape_of
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import BuildCost
from tradesim.pricing.problem import Floats, Problem

LAYOUT: Final = 2
"""Raise it when a coordinate, a table's meaning or the file's schema changes: older files are then not used."""

SCHEMA: Final = """
CREATE TABLE grid (problem VARCHAR, version INTEGER, layout INTEGER, interpolation VARCHAR, seconds DOUBLE,
    evaluations BIGINT, checked BIGINT, rmse DOUBLE, p99 DOUBLE, largest DOUBLE, digest VARCHAR);
CREATE TABLE axis (number INTEGER, name VARCHAR, low DOUBLE, high DOUBLE, nodes INTEGER);
CREATE TABLE node AS SELECT * FROM nodes;
CREATE TABLE level AS SELECT * FROM levels;
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltGrid:
    """A grid in memory. ``errors`` are by interpolation."""

    axes: Axes
    tables: Tables
    cost: BuildCost
    errors: dict[Interpolation, ErrorOfBuild]


def save_grid(path: Path, problem: Problem, grid: BuiltGrid) -> None:
    """Write the tables, axes, cost and errors of ``grid`` to a new file at ``path``."""
    frames = {"nodes": _frame(grid.tables.values), "levels": _frame(grid.tables.levels)}
    with duckdb.connect(str(path)) as file:
        for name, frame in frames.items():
            file.register(name, frame)
        file.execute(SCHEMA)
        for number, axis in enumerate(grid.axes):
            file.execute("INSERT INTO axis VALUES (?, ?, ?, ?, ?)", [number, *asdict(axis).values()])
        marks = ", ".join("?" * 11)
        content = _content(grid.axes, grid.tables)
        for interpolation, error in grid.errors.items():
            head = [problem.name, problem.version, LAYOUT, str(interpolation)]
            costs = [grid.cost.seconds, grid.cost.evaluations, error.count, error.rmse, error.p99, error.largest]
            file.execute(f"INSERT INTO grid VALUES ({marks})", [*head, *costs, content])


def load_grid(path: Path, problem: Problem) -> BuiltGrid:
    """The grid kept at ``path``; ``StoreError`` where it is missing, damaged or another problem's."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no grid; build it with `tradesim build`")
    with damage_told(path), duckdb.connect(str(path), read_only=True) as file:
        axes = tuple(
            Axis(name=name, low=low, high=high, nodes=nodes)
            for name, low, high, nodes in file.sql("SELECT name, low, high, nodes FROM axis ORDER BY number").fetchall()
        )
        heads = file.sql("SELECT * FROM grid").pl().to_dicts()
        if not heads:
            raise ValueError("table grid is empty")
        errors = {Interpolation(row["interpolation"]): _error(row) for row in heads}
        tables = Tables(
            values=_column(file, "node").reshape(shape_of(axes)),
            levels=_column(file, "level"),
        )
    if tables.levels.size:
        tables = Tables(values=tables.values, levels=tables.levels.reshape(shape_of(axes[:-1])))
    head = heads[0]
    if (head["problem"], head["version"], head["layout"]) != (problem.name, problem.version, LAYOUT):
        raise StoreError(
            f"{path}: a grid of {head['problem']} version {head['version']}, layout {head['layout']}; wanted "
            f"{problem.name} version {problem.version}, layout {LAYOUT}: delete the file and build again"
        )
    if head["digest"] != _content(axes, tables):
        raise StoreError(f"{path}: its tables are not the ones that were written; delete the file and build again")
    return BuiltGrid(
        axes=axes,
        tables=tables,
        cost=BuildCost(seconds=head["seconds"], evaluations=head["evaluations"]),
        errors=errors,
    )


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn what DuckDB or a wrong shape has to say of the file at ``path`` into a ``StoreError``."""
    try:
        yield
    except (duckdb.Error, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{path}: cannot be read as a grid ({reason}); delete the file and build again") from error


def _content(axes: Axes, tables: Tables) -> str:
    return digest(*(axis.points for axis in axes), tables.values, tables.levels)


def _frame(values: Floats) -> pl.DataFrame:
    return pl.DataFrame({"cell": np.arange(values.size, dtype=np.int32), "value": values.reshape(-1)})


def _column(file: duckdb.DuckDBPyConnection, table: str) -> Floats:
    column = file.sql(f"SELECT value FROM {table} ORDER BY cell").fetchnumpy()["value"]
    return np.ascontiguousarray(column, dtype=np.float64)


def _error(row: dict[str, float]) -> ErrorOfBuild:
    return ErrorOfBuild(count=int(row["checked"]), rmse=row["rmse"], p99=row["p99"], largest=row["largest"])
