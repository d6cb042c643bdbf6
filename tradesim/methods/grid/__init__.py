"""Remember: a table of values over the problem's domain, kept in DuckDB."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from tradesim.methods.curve import slice_of
from tradesim.methods.entry import TABLE_BYTES, Entry
from tradesim.methods.grid.build import GridSpec, build_grid, default_spec, grid_path, refusal
from tradesim.methods.grid.method import Grid
from tradesim.methods.grid.sql import GridSql
from tradesim.methods.interpolation import Interpolation
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress


def _spec(problem: Problem, budget: int | None) -> GridSpec:
    return default_spec(problem) if budget is None else replace(default_spec(problem), budget=budget)


def _path(home: Path, problem: Problem, budget: int | None) -> Path:
    return grid_path(home, problem, _spec(problem, budget))


def _build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    build_grid(problem, path, _spec(problem, budget), progress)


_CUBIC: Final = Entry(
    says="table in memory, cubic",
    make=lambda problem, path, _: Grid(problem, path),
    path=_path,
    build=_build,
    budgets=TABLE_BYTES,
    refuses=refusal,
)

ENTRIES: Final = {
    "grid": _CUBIC,
    "grid-slice": slice_of(_CUBIC),
    "grid-linear": replace(
        _CUBIC,
        says="table in memory, multilinear",
        make=lambda problem, path, _: Grid(problem, path, Interpolation.LINEAR),
    ),
    "grid-sql": replace(
        _CUBIC,
        says="the same table, queried in DuckDB",
        make=lambda problem, path, _: GridSql(problem, path),
        budgets=(),
    ),
}
