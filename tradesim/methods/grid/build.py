"""The making of a grid: the reference at every node, tried on held-out points."""

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from tradesim.errors import ProblemError
from tradesim.methods.built import ErrorOfBuild, error_of, stem, written_whole
from tradesim.methods.grid.axes import Axes, axes_within, estimate, least_bytes, node_count
from tradesim.methods.grid.method import Grid
from tradesim.methods.grid.store import LAYOUT, BuiltGrid, save_grid
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import BuildCost
from tradesim.methods.staged import prices_at
from tradesim.methods.tables import table_of
from tradesim.methods.tables.table import Table, mesh
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress, silent
from tradesim.units import formatted_memory

CHUNK: Final = 4096
"""Nodes evaluated between two words of progress."""
DEFAULT_BYTES: Final = 2**18
"""Budget of a grid that is asked for without one, if its problem allows."""
MOST_BYTES: Final = 2**24
"""The largest budget at which a grid is offered: the curse of dimension ends here."""
ROUNDING: Final = 1e-6
"""Error in money of the domain below which single precision is too little for a price of about 30."""


@dataclass(frozen=True, kw_only=True)
class GridSpec:
    """What to build: at most ``budget`` bytes of nodes, tried on ``checked`` points of the domain drawn by ``seed``."""

    budget: int = DEFAULT_BYTES
    checked: int = 10_000
    seed: int = 20_240_607


def default_spec(problem: Problem) -> GridSpec:
    """The grid that is built without a budget: the default one's, or the least that the problem's dimension allows."""
    return GridSpec(budget=max(DEFAULT_BYTES, least_bytes(table_of(problem))))


def refusal(problem: Problem) -> str | None:
    """Why no grid is made for ``problem``; None where one is."""
    try:
        table = table_of(problem)
    except ProblemError as error:
        return str(error)
    least = least_bytes(table)
    if least <= MOST_BYTES:
        return None
    return (
        f"a table over its {len(table.names)} coordinates takes 4 nodes on each, {formatted_memory(least)}, "
        f"more than {formatted_memory(MOST_BYTES)}"
    )


def grid_path(home: Path, problem: Problem, spec: GridSpec) -> Path:
    """Where in the data home the grid of ``spec`` is kept."""
    return home / "grids" / f"{stem(problem, [LAYOUT, asdict(spec)])}.duckdb"


def build_grid(problem: Problem, path: Path, spec: GridSpec, progress: Progress = silent) -> None:
    """Evaluate the reference at every node, try the grid on held-out points, write it to ``path`` whole or not at all.

    Deterministic: the same spec gives the same nodes.
    """
    table = table_of(problem)
    _compile(table)
    began = perf_counter()
    axes, kind = chosen(table, spec.budget)
    nodes = _filled(table, axes, spec.budget, progress).astype(kind)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=node_count(axes))
    progress(1.0, 1.0, f"checking the {problem.name} grid")
    grid = BuiltGrid(axes=axes, nodes=nodes, cost=cost, errors={})
    grid.errors.update(_errors(problem, path, spec, grid))
    with written_whole(path) as part:
        save_grid(part, problem, grid)


def chosen(table: Table, budget: int) -> tuple[Axes, type[np.floating]]:
    """Axes and precision: single, unless its nodes would promise less error than its rounding leaves."""
    axes = axes_within(table, budget, 4)
    if table.width(budget) > 1 or estimate(table, axes) > ROUNDING or least_bytes(table, 8) > budget:
        return axes, np.float32
    return axes_within(table, budget, 8), np.float64


def _compile(table: Table) -> None:
    """Fill one node and forget it: compilation is no cost of a grid."""
    table.fill(table.low[None], np.empty((1, table.width(0))))


def _filled(table: Table, axes: Axes, budget: int, progress: Progress) -> Floats:
    points = mesh([axis.points for axis in axes])
    pages = np.empty((len(points), table.width(budget)))
    for first in range(0, len(points), CHUNK):
        progress(first, len(points), f"building the {table.problem.name} grid")
        chunk = slice(first, first + CHUNK)
        table.fill(points[chunk], pages[chunk])
    progress(len(points), len(points), f"building the {table.problem.name} grid")
    return pages


def _errors(problem: Problem, path: Path, spec: GridSpec, built: BuiltGrid) -> dict[Interpolation, ErrorOfBuild]:
    inputs = problem.domain.sample(spec.checked, seed=spec.seed)
    reference, unit = problem.reference(inputs), problem.domain.in_units(inputs)
    return {
        interpolation: error_of(prices_at(Grid.of(problem, path, interpolation, built), inputs), reference, unit)
        for interpolation in Interpolation
    }
