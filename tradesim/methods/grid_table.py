"""A grid on disk: one DuckDB file that holds the tables, their axes, what they cost and how well they answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import duckdb
import numpy as np
import polars as pl

from tradesim.errors import ProblemError, StoreError
from tradesim.methods.built import ErrorOfBuild, digest, error_of, stem, written_whole
from tradesim.methods.grid_american import AmericanGrid
from tradesim.methods.grid_european import EuropeanGrid
from tradesim.methods.grid_model import Axes, Axis, GridModel, Tables, node_count, shape_of, slow_nodes
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import BuildCost
from tradesim.pricing.problem import Floats, Points, Problem
from tradesim.progress import Progress, silent

LAYOUT: Final = 1
"""Raise it when a coordinate, a table's meaning or the file's schema changes: older files are then not used."""

CHUNK: Final = 128
"""Slow nodes evaluated between two words of progress."""

SCHEMA: Final = """
CREATE TABLE grid (problem VARCHAR, version INTEGER, layout INTEGER, interpolation VARCHAR, seconds DOUBLE,
    evaluations BIGINT, checked BIGINT, rmse DOUBLE, p99 DOUBLE, largest DOUBLE, digest VARCHAR);
CREATE TABLE axis (number INTEGER, name VARCHAR, low DOUBLE, high DOUBLE, nodes INTEGER);
CREATE TABLE node AS SELECT * FROM nodes;
CREATE TABLE level AS SELECT * FROM levels;
"""

MODELS: Final[dict[str, GridModel]] = {model.problem: model for model in (EuropeanGrid(), AmericanGrid())}
"""The problems that grids are built for."""


@dataclass(frozen=True, kw_only=True)
class GridSpec:
    """What to build: ``axes``, and the ``checked`` points of the domain, drawn by ``seed``, on which it is tried."""

    axes: Axes
    checked: int = 10_000
    seed: int = 20_240_607


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltGrid:
    """A grid in memory. ``errors`` are by interpolation."""

    axes: Axes
    tables: Tables
    cost: BuildCost
    errors: dict[Interpolation, ErrorOfBuild]


def grid_model(problem: Problem) -> GridModel:
    """The grid's view of ``problem``; ``ProblemError`` where there is none."""
    if problem.name not in MODELS:
        raise ProblemError(f"problem {problem.name!r}: no grid is made for it; choose one of {', '.join(MODELS)}")
    return MODELS[problem.name]


def default_spec(problem: Problem) -> GridSpec:
    """The grid that ``tradesim build`` makes."""
    return GridSpec(axes=grid_model(problem).axes)


def grid_path(home: Path, problem: Problem, spec: GridSpec) -> Path:
    """Where in the data home the grid of ``spec`` is kept."""
    return home / "grids" / f"{stem(problem, [LAYOUT, asdict(spec)])}.duckdb"


def build_grid(problem: Problem, path: Path, spec: GridSpec, progress: Progress = silent) -> None:
    """Evaluate the reference at every node, try the grid on held-out points, write it to ``path`` whole or not at all.

    Deterministic: the same spec gives the same tables.
    """
    model = grid_model(problem)
    began = perf_counter()
    tables = _filled(model, spec.axes, progress)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=node_count(spec.axes))
    progress(1.0, 1.0, f"checking the {problem.name} grid")
    errors = _errors(problem, model, spec, tables)
    with written_whole(path) as part:
        _save(part, problem, BuiltGrid(axes=spec.axes, tables=tables, cost=cost, errors=errors))


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
    if head["digest"] != digest(tables.values, tables.levels):
        raise StoreError(f"{path}: its tables are not the ones that were written; delete the file and build again")
    return BuiltGrid(
        axes=axes,
        tables=tables,
        cost=BuildCost(seconds=head["seconds"], evaluations=head["evaluations"]),
        errors={Interpolation(row["interpolation"]): _error(row) for row in heads},
    )


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Turn what DuckDB or a wrong shape has to say of the file at ``path`` into a ``StoreError``."""
    try:
        yield
    except (duckdb.Error, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{path}: cannot be read as a grid ({reason}); delete the file and build again") from error


def grid_prices(model: GridModel, axes: Axes, tables: Tables, interpolation: Interpolation, points: Points) -> Floats:
    """Prices of many options with a spot each, from tables."""
    slow = slow_of(points)
    rows = model.place(slow, axes)
    model.settle(rows, model.levels(rows, tables, interpolation), axes)
    out = np.empty(len(points))
    for i in range(len(points)):
        model.prices(points.spot[i], rows[i : i + 1], tables, interpolation, out[i : i + 1])
    return out


def slow_of(points: Points) -> Floats:
    """The slow inputs of points, float64[n, 6]."""
    columns = (points.strike, points.expiry, points.volatility, points.rate, points.dividend, points.right)
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _filled(model: GridModel, axes: Axes, progress: Progress) -> Tables:
    nodes = slow_nodes(axes)
    levels = model.empty_levels(axes)
    values = np.empty(shape_of(axes))
    flat_levels, flat_values = levels.reshape(-1), values.reshape(len(nodes), -1)
    for first in range(0, len(nodes), CHUNK):
        progress(first, len(nodes), f"building the {model.problem} grid")
        chunk = slice(first, first + CHUNK)
        model.fill(axes, nodes[chunk], flat_levels[chunk], flat_values[chunk])
    progress(len(nodes), len(nodes), f"building the {model.problem} grid")
    return Tables(values=values, levels=levels)


def _errors(problem: Problem, model: GridModel, spec: GridSpec, tables: Tables) -> dict[Interpolation, ErrorOfBuild]:
    points = problem.domain.sample(spec.checked, seed=spec.seed)
    reference = problem.reference(*points.columns())
    return {
        interpolation: error_of(grid_prices(model, spec.axes, tables, interpolation, points), reference, points.strike)
        for interpolation in Interpolation
    }


def _save(path: Path, problem: Problem, grid: BuiltGrid) -> None:
    frames = {"nodes": _frame(grid.tables.values), "levels": _frame(grid.tables.levels)}
    with duckdb.connect(str(path)) as file:
        for name, frame in frames.items():
            file.register(name, frame)
        file.execute(SCHEMA)
        for number, axis in enumerate(grid.axes):
            file.execute("INSERT INTO axis VALUES (?, ?, ?, ?, ?)", [number, *asdict(axis).values()])
        marks = ", ".join("?" * 11)
        content = digest(grid.tables.values, grid.tables.levels)
        for interpolation, error in grid.errors.items():
            head = [problem.name, problem.version, LAYOUT, str(interpolation)]
            costs = [grid.cost.seconds, grid.cost.evaluations, error.count, error.rmse, error.p99, error.largest]
            file.execute(f"INSERT INTO grid VALUES ({marks})", [*head, *costs, content])


def _frame(values: Floats) -> pl.DataFrame:
    return pl.DataFrame({"cell": np.arange(values.size, dtype=np.int32), "value": values.reshape(-1)})


def _column(file: duckdb.DuckDBPyConnection, table: str) -> Floats:
    column = file.sql(f"SELECT value FROM {table} ORDER BY cell").fetchnumpy()["value"]
    return np.ascontiguousarray(column, dtype=np.float64)


def _error(row: dict[str, float]) -> ErrorOfBuild:
    return ErrorOfBuild(count=int(row["checked"]), rmse=row["rmse"], p99=row["p99"], largest=row["largest"])
