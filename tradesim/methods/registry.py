"""Methods by the name that they have on the command line: ``grid``, or ``grid@64KiB`` within a memory budget."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.forest_method import ForestMethod
from tradesim.methods.forest_store import ForestSpec, forest_path
from tradesim.methods.grid import Grid
from tradesim.methods.grid_sql import GridSql
from tradesim.methods.grid_table import MODELS, build_grid, default_spec, grid_path
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import Method
from tradesim.methods.network import NetworkMethod
from tradesim.methods.network_store import NetworkSpec, network_path
from tradesim.methods.nothing import Nothing
from tradesim.methods.proxy import Proxy
from tradesim.methods.reference import Reference
from tradesim.methods.subspace import SubspaceMethod, SubspaceSlice
from tradesim.methods.subspace import refuses as subspace_refuses
from tradesim.methods.subspace_store import SubspaceSpec, subspace_path
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress, silent
from tradesim.units import memory, spoken_memory


def _serves_all(problem: Problem) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How a method is made: ``make(problem, path, budget)``, after ``build(...)`` if ``path`` is missing.

    ``says``     a line for people
    ``path``     ``(home, problem, budget)``: where it is kept; None for a method that only computes
    ``build``    ``(problem, path, budget, progress)``
    ``budgets``  bytes at which a frontier builds it beside its default; none: its memory is what it is
    ``refuses``  why it cannot serve a problem; None where it can
    """

    says: str
    make: Callable[[Problem, Path, int | None], Method]
    path: Callable[[Path, Problem, int | None], Path] | None = None
    build: Callable[[Problem, Path, int | None, Progress], None] | None = None
    budgets: tuple[int, ...] = ()
    refuses: Callable[[Problem], str | None] = _serves_all


def _only(names: tuple[str, ...]) -> Callable[[Problem], str | None]:
    """Refuse every problem but those called ``names``."""
    return lambda problem: None if problem.name in names else f"it serves {', '.join(names)} alone"


GRID_PROBLEMS: Final = _only(tuple(MODELS))
EQUITY: Final = _only(("american", "european"))


def _grid_path(home: Path, problem: Problem, budget: int | None) -> Path:
    return grid_path(home, problem, default_spec(problem))


def _build_grid(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    build_grid(problem, path, default_spec(problem), progress)


SHAPED_FOREST: Final = ForestSpec()
PLAIN_FOREST: Final = ForestSpec(target="plain")


def _forest_path(spec: ForestSpec) -> Callable[[Path, Problem, int | None], Path]:
    return lambda home, problem, _: forest_path(home, problem, spec)


def _forest_build(spec: ForestSpec) -> Callable[[Problem, Path, int | None, Progress], None]:
    def build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
        from tradesim.methods.lightgbm import build_forest

        build_forest(problem, path, spec, progress)

    return build


NETWORK: Final = NetworkSpec()
NETWORK_BUDGETS: Final = tuple(memory(size) for size in ("8KiB", "64KiB", "256KiB"))


def _network_path(home: Path, problem: Problem, budget: int | None) -> Path:
    return network_path(home, problem, NETWORK.within(budget))


def _build_network(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    from tradesim.methods.network_training import build_network

    build_network(problem, path, NETWORK.within(budget), progress)


SUBSPACE: Final = SubspaceSpec()
SUBSPACE_BUDGETS: Final = tuple(memory(size) for size in ("64KiB", "340KiB", "1MiB"))


def _subspace_path(home: Path, problem: Problem, budget: int | None) -> Path:
    return subspace_path(home, problem, SUBSPACE.within(budget))


def _build_subspace(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    from tradesim.methods.subspace_build import build_subspace

    build_subspace(problem, path, SUBSPACE.within(budget), progress)


METHODS: Final[dict[str, Entry]] = {
    "nothing": Entry(says="no prices: a desk that does nothing", make=lambda problem, *_: Nothing(problem)),
    "analytic": Entry(says="solver, every input new at each decision", make=lambda problem, *_: Analytic(problem)),
    "analytic-slice": Entry(says="solver, split at the spot", make=lambda problem, *_: AnalyticSlice(problem)),
    "reference": Entry(says="the truth, split at the spot", make=lambda problem, *_: Reference(problem)),
    "proxy": Entry(says="closed form without the difference", make=lambda problem, *_: Proxy(problem), refuses=EQUITY),
    "grid": Entry(
        says="table in memory, cubic",
        make=lambda problem, path, _: Grid(problem, path),
        path=_grid_path,
        build=_build_grid,
        refuses=GRID_PROBLEMS,
    ),
    "grid-linear": Entry(
        says="table in memory, multilinear",
        make=lambda problem, path, _: Grid(problem, path, Interpolation.LINEAR),
        path=_grid_path,
        build=_build_grid,
        refuses=GRID_PROBLEMS,
    ),
    "grid-sql": Entry(
        says="the same table, queried in DuckDB",
        make=lambda problem, path, _: GridSql(problem, path),
        path=_grid_path,
        build=_build_grid,
        refuses=GRID_PROBLEMS,
    ),
    "lightgbm": Entry(
        says="trees that learned the difference from the proxy",
        make=lambda problem, path, _: ForestMethod(problem, path),
        path=_forest_path(SHAPED_FOREST),
        build=_forest_build(SHAPED_FOREST),
    ),
    "lightgbm-plain": Entry(
        says="trees that learned the price",
        make=lambda problem, path, _: ForestMethod(problem, path, "plain"),
        path=_forest_path(PLAIN_FOREST),
        build=_forest_build(PLAIN_FOREST),
    ),
    "network": Entry(
        says="multilayer perceptron that learned the difference from the proxy",
        make=lambda problem, path, _: NetworkMethod(problem, path),
        path=_network_path,
        build=_build_network,
        budgets=NETWORK_BUDGETS,
    ),
    "subspace": Entry(
        says="principal components, coefficients from a table",
        make=lambda problem, path, _: SubspaceMethod(problem, path),
        path=_subspace_path,
        build=_build_subspace,
        budgets=SUBSPACE_BUDGETS,
        refuses=subspace_refuses,
    ),
    "subspace-slice": Entry(
        says="the same, coefficients taken in update",
        make=lambda problem, path, _: SubspaceSlice(problem, path),
        path=_subspace_path,
        build=_build_subspace,
        budgets=SUBSPACE_BUDGETS,
        refuses=subspace_refuses,
    ),
}
"""Every method, by name."""


def parse_method(text: str) -> tuple[str, int | None]:
    """The name and the budget (bytes) that ``text`` says; ``ArgumentError`` lists the names there are.

    >>> parse_method("grid-linear"), parse_method("lightgbm")
    (('grid-linear', None), ('lightgbm', None))
    """
    name, at, budget = str(text).partition("@")
    if name not in METHODS:
        raise ArgumentError(f"method {text!r}: there is no such method; choose from {', '.join(METHODS)}")
    if not at:
        return name, None
    if not METHODS[name].budgets:
        raise ArgumentError(f"method {text!r}: {name} has no memory budget; leave out @{budget}")
    return name, memory(budget)


def method_name(name: str, budget: int | None) -> str:
    """What :func:`parse_method` reads."""
    return name if budget is None else f"{name}@{spoken_memory(budget)}"


def make_method(text: str, problem: Problem, home: Path, progress: Progress = silent) -> Method:
    """The method that ``text`` names for ``problem``, built first in the data ``home`` if it is missing there.

    ``ProblemError`` says why a method cannot serve the problem. A damaged file is told of by ``StoreError`` when it is
    loaded, at ``bind``; it is never built over.
    """
    name, budget = parse_method(text)
    entry = METHODS[name]
    refused = entry.refuses(problem)
    if refused is not None:
        raise ProblemError(f"method {name!r} cannot price problem {problem.name!r}: {refused}; choose another")
    path = home if entry.path is None else entry.path(home, problem, budget)
    if entry.build is not None and not path.is_file():
        entry.build(problem, path, budget, progress)
    method = entry.make(problem, path, budget)
    if budget is not None:
        method.name = text
    return method


def built(text: str, problem: Problem, home: Path) -> bool:
    """Whether :func:`make_method` has nothing to build."""
    name, budget = parse_method(text)
    path = METHODS[name].path
    return path is None or path(home, problem, budget).is_file()
