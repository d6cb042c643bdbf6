"""A grid on disk: one DuckDB file that holds the nodes, their axes, what they cost and how well they answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from tradesim.errors import StoreError
from tradesim.methods.built import ErrorOfBuild, digest
from tradesim.methods.grid.axes import Axes, Axis, node_count, shape_of
from tradesim.methods.interpolation import Interpolation, Pages, softened
from tradesim.methods.method import BuildCost
from tradesim.methods.tables.table import Nodes, Table
from tradesim.pricing.problem import Problem

LAYOUT: Final = 3
"""Raise it when a coordinate, a table's meaning or the file's schema changes: older files are then not used."""

SCHEMA: Final = """
CREATE TABLE grid (problem VARCHAR, version BIGINT, layout INTEGER, interpolation VARCHAR, seconds DOUBLE,
    evaluations BIGINT, checked BIGINT, rmse DOUBLE, p99 DOUBLE, largest DOUBLE, digest VARCHAR);
CREATE TABLE axis (number INTEGER, name VARCHAR, low DOUBLE, high DOUBLE, nodes INTEGER);
CREATE TABLE node AS SELECT * FROM pages;
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltGrid:
    """A grid in memory: ``nodes`` are float[cells, width], the last axis fastest; ``errors`` are by interpolation."""

    axes: Axes
    nodes: Pages
    cost: BuildCost
    errors: dict[Interpolation, ErrorOfBuild]


def nodes_of(grid: BuiltGrid, interpolation: Interpolation) -> Nodes:
    """The nodes as ``interpolation`` takes them."""
    shape = shape_of(grid.axes)
    pages = grid.nodes
    if interpolation is Interpolation.LINEAR:
        pages = softened(pages.reshape(*shape, -1), len(shape)).reshape(pages.shape)
    return Nodes(
        pages=pages,
        shape=np.array(shape, dtype=np.int64),
        low=np.array([axis.low for axis in grid.axes]),
        per=1.0 / np.array([axis.step for axis in grid.axes]),
        reach=interpolation.reach,
    )


def save_grid(path: Path, problem: Problem, grid: BuiltGrid) -> None:
    """Write the nodes, axes, cost and errors of ``grid`` to a new file at ``path``."""
    with duckdb.connect(str(path)) as file:
        file.register("pages", _columns(grid.nodes))
        file.execute(SCHEMA)
        for number, axis in enumerate(grid.axes):
            file.execute("INSERT INTO axis VALUES (?, ?, ?, ?, ?)", [number, *asdict(axis).values()])
        marks = ", ".join("?" * 11)
        content = _content(grid.axes, grid.nodes)
        for interpolation, error in grid.errors.items():
            head = [problem.name, problem.version, LAYOUT, str(interpolation)]
            costs = [grid.cost.seconds, grid.cost.evaluations, error.count, error.rmse, error.p99, error.largest]
            file.execute(f"INSERT INTO grid VALUES ({marks})", [*head, *costs, content])


def load_grid(path: Path, table: Table) -> BuiltGrid:
    """The grid of ``table`` kept at ``path``; ``StoreError`` where it is missing, damaged or another problem's."""
    problem = table.problem
    if not path.is_file():
        raise StoreError(f"{path}: there is no grid; build it with `tradesim build`")
    with damage_told(path), duckdb.connect(str(path), read_only=True) as file:
        axes = tuple(
            Axis(name=name, low=low, high=high, nodes=nodes)
            for name, low, high, nodes in file.sql("SELECT name, low, high, nodes FROM axis ORDER BY number").fetchall()
        )
        heads = file.sql("SELECT * FROM grid").to_dicts()
        if not heads:
            raise ValueError("table grid is empty")
        errors = {Interpolation(row["interpolation"]): _error(row) for row in heads}
        columns = file.sql("SELECT * EXCLUDE (cell) FROM node ORDER BY cell").fetchnumpy()
        nodes = np.ascontiguousarray(np.stack([np.asarray(column) for column in columns.values()], axis=1))
    head = heads[0]
    if (head["problem"], head["version"], head["layout"]) != (problem.name, problem.version, LAYOUT):
        raise StoreError(
            f"{path}: a grid of {head['problem']} version {head['version']}, layout {head['layout']}; wanted "
            f"{problem.name} version {problem.version}, layout {LAYOUT}: delete the file and build again"
        )
    if len(nodes) != node_count(axes) or head["digest"] != _content(axes, nodes):
        raise StoreError(f"{path}: its tables are not the ones that were written; delete the file and build again")
    cost = BuildCost(seconds=head["seconds"], evaluations=head["evaluations"])
    return BuiltGrid(axes=axes, nodes=nodes, cost=cost, errors=errors)


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn what DuckDB or a wrong shape has to say of the file at ``path`` into a ``StoreError``."""
    try:
        yield
    except (duckdb.Error, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{path}: cannot be read as a grid ({reason}); delete the file and build again") from error


def _content(axes: Axes, nodes: Pages) -> str:
    return digest(*(axis.points for axis in axes), nodes)


def _columns(nodes: Pages) -> dict[str, NDArray[Any]]:
    cells = {"cell": np.arange(len(nodes), dtype=np.int32)}
    return cells | {column: np.ascontiguousarray(nodes[:, k]) for k, column in enumerate(page_columns(nodes.shape[1]))}


def page_columns(width: int) -> tuple[str, ...]:
    """Names of the columns that hold a page of ``width`` numbers."""
    return tuple(f"value_{k}" for k in range(width))


def _error(row: dict[str, float]) -> ErrorOfBuild:
    return ErrorOfBuild(count=int(row["checked"]), rmse=row["rmse"], p99=row["p99"], largest=row["largest"])
