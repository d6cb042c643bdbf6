"""Methods by the name that they have on the command line.

``grid``, or ``grid@64KiB`` within a memory budget; ``ladder``, or ``ladder:50us`` within a deadline; ``inexact``, or
``inexact:0.01`` for a price error of that size.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods import curve, inexact, taylor_basket
from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.chebyshev import Chebyshev
from tradesim.methods.chebyshev_build import SeriesSpec, build_series, series_path
from tradesim.methods.chebyshev_build import refusal as series_refusal
from tradesim.methods.curve import Curve
from tradesim.methods.forest_method import ForestMethod
from tradesim.methods.forest_spec import Target, forest_spec
from tradesim.methods.forest_store import forest_path
from tradesim.methods.grid import Grid
from tradesim.methods.grid_build import GridSpec, build_grid, default_spec, grid_path, refusal
from tradesim.methods.grid_sql import GridSql
from tradesim.methods.inexact import Inexact, parse_error
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.ladder import DEADLINE, Ladder
from tradesim.methods.memo import Memo
from tradesim.methods.method import Method
from tradesim.methods.network import NetworkMethod
from tradesim.methods.network_store import NetworkSpec, network_path
from tradesim.methods.nothing import Nothing
from tradesim.methods.proxy import Proxy
from tradesim.methods.proxy import refuses as no_proxy
from tradesim.methods.reference import Reference
from tradesim.methods.rungs import build_rungs, rungs_path
from tradesim.methods.staged import Outside, Staged
from tradesim.methods.subspace import SubspaceMethod, SubspaceSlice
from tradesim.methods.subspace import refuses as subspace_refuses
from tradesim.methods.subspace_store import SubspaceSpec, subspace_path
from tradesim.methods.taylor import Taylor
from tradesim.methods.taylor_basket import BasketTaylor
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress, silent
from tradesim.units import duration, memory, spoken_memory


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
    ``deadline`` ns that ``:50us`` behind its name replaces; None: it knows no deadline
    ``error``    currency, the price error that ``:0.01`` behind its name replaces; None: its error is what it is
    """

    says: str
    make: Callable[[Problem, Path, int | None], Method]
    path: Callable[[Path, Problem, int | None], Path] | None = None
    build: Callable[[Problem, Path, int | None, Progress], None] | None = None
    budgets: tuple[int, ...] = ()
    refuses: Callable[[Problem], str | None] = _serves_all
    deadline: int | None = None
    error: float | None = None


def _grid_spec(problem: Problem, budget: int | None) -> GridSpec:
    return default_spec(problem) if budget is None else replace(default_spec(problem), budget=budget)


def _grid_path(home: Path, problem: Problem, budget: int | None) -> Path:
    return grid_path(home, problem, _grid_spec(problem, budget))


def _build_grid(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    build_grid(problem, path, _grid_spec(problem, budget), progress)


def _series_spec(budget: int | None) -> SeriesSpec:
    return SeriesSpec() if budget is None else SeriesSpec(budget=budget)


SERIES_BYTES: Final = (2**10, 2**12, 2**14, 2**16)
"""Beyond, a series takes longer than a solver."""

TABLE_BYTES: Final = (2**14, 2**16, 2**18, 2**20, 2**22, 2**24)
"""From what a first-level cache holds to more than a second-level one does."""


def _forest(says: str, target: Target) -> Entry:
    def path(home: Path, problem: Problem, budget: int | None) -> Path:
        return forest_path(home, problem, forest_spec(problem, target, budget))

    def build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
        from tradesim.methods.lightgbm import build_forest

        build_forest(problem, path, forest_spec(problem, target, budget), progress)

    return Entry(
        says=says,
        make=lambda problem, path, _: ForestMethod(problem, path, target),
        path=path,
        build=build,
        budgets=FOREST_BUDGETS,
    )


FOREST_BUDGETS: Final = tuple(memory(size) for size in ("64KiB", "256KiB", "1MiB", "4MiB"))


def slice_of(entry: Entry) -> Entry:
    """The entry of a full method's slice, sampled along the spot: built and kept as the full method is."""

    def make(problem: Problem, path: Path, budget: int | None) -> Method:
        return Curve(_staged(entry.make(problem, path, budget)))

    return replace(
        entry,
        says=f"{entry.says}; sampled along the spot",
        make=make,
        refuses=lambda problem: entry.refuses(problem) or curve.refuses(problem),
    )


def _staged(method: Method) -> Staged[Any]:
    if not isinstance(method, Staged):
        raise ArgumentError(f"method {method.name!r} has no slow half of its own; choose another")
    return method


RUNGS: Final = ("analytic", "grid", "lightgbm")
"""Of a ladder: compute, table, model."""


def _rungs(problem: Problem, home: Path, progress: Progress = silent) -> dict[str, Staged[Any]]:
    """The methods on a ladder, those that can serve the problem, built if they are missing."""
    names = [name for name in RUNGS if METHODS[name].refuses(problem) is None]
    return {name: _staged(make_method(name, problem, home, progress)) for name in names}


def _make_ladder(problem: Problem, path: Path, budget: int | None) -> Method:
    return Ladder(problem, path, _rungs(problem, path.parent.parent))


def _build_ladder(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    methods = _rungs(problem, path.parent.parent, progress)
    progress(0, 1, "measuring the ladder")
    build_rungs(problem, path, methods)
    progress(1, 1, "measuring the ladder")


NETWORK: Final = NetworkSpec()
NETWORK_BUDGETS: Final = tuple(memory(size) for size in ("4KiB", "8KiB", "32KiB"))


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
    "inexact": Entry(
        says="the truth and an error of a stated size",
        make=lambda problem, *_: Inexact(problem),
        refuses=inexact.refuses,
        error=inexact.ERROR,
    ),
    "proxy": Entry(
        says="closed form without the difference",
        make=lambda problem, *_: Proxy(problem),
        refuses=no_proxy,
    ),
    "grid": Entry(
        says="table in memory, cubic",
        make=lambda problem, path, _: Grid(problem, path),
        path=_grid_path,
        build=_build_grid,
        budgets=TABLE_BYTES,
        refuses=refusal,
    ),
    "grid-linear": Entry(
        says="table in memory, multilinear",
        make=lambda problem, path, _: Grid(problem, path, Interpolation.LINEAR),
        path=_grid_path,
        build=_build_grid,
        budgets=TABLE_BYTES,
        refuses=refusal,
    ),
    "grid-sql": Entry(
        says="the same table, queried in DuckDB",
        make=lambda problem, path, _: GridSql(problem, path),
        path=_grid_path,
        build=_build_grid,
        refuses=refusal,
    ),
    "chebyshev": Entry(
        says="tensor Chebyshev series, thinned out",
        make=lambda problem, path, _: Chebyshev(problem, path),
        path=lambda home, problem, budget: series_path(home, problem, _series_spec(budget)),
        build=lambda problem, path, budget, progress: build_series(problem, path, _series_spec(budget), progress),
        budgets=SERIES_BYTES,
        refuses=series_refusal,
    ),
    "lightgbm": _forest("trees that learned the difference from the proxy", Target.SHAPED),
    "lightgbm-plain": _forest("trees that learned the price", Target.PLAIN),
    "memo": Entry(
        says="solver, its answers remembered",
        make=lambda problem, _, budget: Memo(problem, budget),
        budgets=(2**14, 2**16, 2**18, 2**20, 2**22),
    ),
    "taylor": Entry(
        says="a polynomial around the last update's spot",
        make=lambda problem, *_: Taylor(problem) if problem.domain.fast == 1 else BasketTaylor(problem),
        refuses=lambda problem: (curve if problem.domain.fast == 1 else taylor_basket).refuses(problem),
    ),
    "curve": Entry(
        says="solver, sampled along the spot",
        make=lambda problem, *_: Curve(AnalyticSlice(problem), name="curve"),
        refuses=curve.refuses,
    ),
    "ladder": Entry(
        says="the most accurate of analytic, grid and lightgbm within a deadline",
        make=_make_ladder,
        path=lambda home, problem, _: rungs_path(home, problem, RUNGS),
        build=_build_ladder,
        deadline=DEADLINE,
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

for _name in ("grid", "chebyshev", "lightgbm", "network"):
    METHODS[f"{_name}-slice"] = slice_of(METHODS[_name])


def parse_method(text: str) -> tuple[str, int | None]:
    """The name and the budget (bytes) that ``text`` says; ``ArgumentError`` lists the names there are.

    >>> parse_method("grid-linear"), parse_method("memo@64KiB"), parse_method("inexact:0.01")
    (('grid-linear', None), ('memo', 65536), ('inexact', None))
    """
    kind, at, budget = str(text).partition("@")
    name = kind.partition(":")[0]
    if name not in METHODS:
        raise ArgumentError(f"method {text!r}: there is no such method; choose from {', '.join(METHODS)}")
    if METHODS[name].error is None:
        deadline_of(text)
    else:
        parse_error(kind)
    if not at:
        return name, None
    if not METHODS[name].budgets:
        raise ArgumentError(f"method {text!r}: {name} has no memory budget; leave out @{budget}")
    return name, memory(budget)


def deadline_of(text: str) -> int | None:
    """The deadline (ns) that ``text`` says, or the method's own; None for a method that knows none.

    >>> deadline_of("ladder"), deadline_of("ladder:50us"), deadline_of("grid")
    (20000, 50000, None)
    """
    name, colon, given = str(text).partition("@")[0].partition(":")
    default = METHODS[name].deadline
    if not colon:
        return default
    if default is None:
        raise ArgumentError(f"method {text!r}: {name} knows no deadline; leave out :{given}")
    return duration(given)


def method_name(name: str, budget: int | None) -> str:
    """What :func:`parse_method` reads."""
    return name if budget is None else f"{name}@{spoken_memory(budget)}"


def make_method(
    text: str,
    problem: Problem,
    home: Path,
    progress: Progress = silent,
    outside: Outside = Outside.FALLBACK,
) -> Method:
    """The method that ``text`` names for ``problem``, built first in the data ``home`` if it is missing there.

    ``outside`` is what it does with a contract outside its domain, if it has one.

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
    if isinstance(method, Staged):
        method.answer_outside(outside)
    if isinstance(method, Ladder):
        method.deadline = deadline_of(text) or DEADLINE
        method.name = text
    if isinstance(method, Inexact):
        method.error, method.seed = parse_error(text)
        method.name = text
    return method


def built(text: str, problem: Problem, home: Path) -> bool:
    """Whether :func:`make_method` has nothing to build."""
    name, budget = parse_method(text)
    path = METHODS[name].path
    return path is None or path(home, problem, budget).is_file()
