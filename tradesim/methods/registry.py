"""Methods by the name that they have on the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradesim.errors import ArgumentError
from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.forest_store import ForestSpec, forest_path
from tradesim.methods.grid import Grid
from tradesim.methods.grid_sql import GridSql
from tradesim.methods.grid_table import build_grid, default_spec, grid_path
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.learned import Learned
from tradesim.methods.method import Method
from tradesim.methods.nothing import Nothing
from tradesim.methods.proxy import Proxy
from tradesim.methods.reference import Reference
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How a method is made: ``make(problem, path)``, after ``build(problem, path, progress)`` if ``path`` is missing.

    ``path(home, problem)`` is where it is kept; None for a method that only computes.
    """

    says: str
    make: Callable[[Problem, Path], Method]
    path: Callable[[Path, Problem], Path] | None = None
    build: Callable[[Problem, Path, Progress], None] | None = None


def _grid_path(home: Path, problem: Problem) -> Path:
    return grid_path(home, problem, default_spec(problem))


def _build_grid(problem: Problem, path: Path, progress: Progress) -> None:
    build_grid(problem, path, default_spec(problem), progress)


SHAPED_FOREST: Final = ForestSpec()
PLAIN_FOREST: Final = ForestSpec(target="plain")


def _forest_path(spec: ForestSpec) -> Callable[[Path, Problem], Path]:
    return lambda home, problem: forest_path(home, problem, spec)


def _forest_build(spec: ForestSpec) -> Callable[[Problem, Path, Progress], None]:
    def build(problem: Problem, path: Path, progress: Progress) -> None:
        from tradesim.methods.lightgbm import build_forest

        build_forest(problem, path, spec, progress)

    return build


METHODS: Final[dict[str, Entry]] = {
    "nothing": Entry(says="no prices: a desk that does nothing", make=lambda problem, _: Nothing(problem)),
    "analytic": Entry(says="solver, every input new at each decision", make=lambda problem, _: Analytic(problem)),
    "analytic-slice": Entry(says="solver, split at the spot", make=lambda problem, _: AnalyticSlice(problem)),
    "reference": Entry(says="the truth, split at the spot", make=lambda problem, _: Reference(problem)),
    "proxy": Entry(says="closed form without the difference", make=lambda problem, _: Proxy(problem)),
    "grid": Entry(says="table in memory, cubic", make=Grid, path=_grid_path, build=_build_grid),
    "grid-linear": Entry(
        says="table in memory, multilinear",
        make=lambda problem, path: Grid(problem, path, Interpolation.LINEAR),
        path=_grid_path,
        build=_build_grid,
    ),
    "grid-sql": Entry(says="the same table, queried in DuckDB", make=GridSql, path=_grid_path, build=_build_grid),
    "lightgbm": Entry(
        says="trees that learned the difference from the proxy",
        make=Learned,
        path=_forest_path(SHAPED_FOREST),
        build=_forest_build(SHAPED_FOREST),
    ),
    "lightgbm-plain": Entry(
        says="trees that learned the price",
        make=lambda problem, path: Learned(problem, path, "plain"),
        path=_forest_path(PLAIN_FOREST),
        build=_forest_build(PLAIN_FOREST),
    ),
}
"""Every method, by name."""


def make_method(name: str, problem: Problem, home: Path, progress: Progress = silent) -> Method:
    """The method called ``name`` for ``problem``, built first in the data ``home`` if it is missing there.

    ``ArgumentError`` lists the names there are. A damaged file is told of by ``StoreError`` when it is loaded, at
    ``bind``; it is never built over.
    """
    entry = _entry(name)
    if entry.path is None or entry.build is None:
        return entry.make(problem, home)
    path = entry.path(home, problem)
    if not path.is_file():
        entry.build(problem, path, progress)
    return entry.make(problem, path)


def built(name: str, problem: Problem, home: Path) -> bool:
    """Whether :func:`make_method` has nothing to build."""
    entry = _entry(name)
    return entry.path is None or entry.path(home, problem).is_file()


def _entry(name: str) -> Entry:
    if name not in METHODS:
        raise ArgumentError(f"method {name!r}: there is no such method; choose from {', '.join(METHODS)}")
    return METHODS[name]
