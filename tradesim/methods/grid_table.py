"""The making of a grid: the reference at every node, tried on held-out points."""

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from tradesim.errors import ProblemError
from tradesim.methods.built import ErrorOfBuild, error_of, stem, written_whole
from tradesim.methods.grid_american import AmericanGrid
from tradesim.methods.grid_european import EuropeanGrid
from tradesim.methods.grid_model import Axes, GridModel, Tables, node_count, shape_of, slow_nodes
from tradesim.methods.grid_store import LAYOUT, BuiltGrid, save_grid
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import BuildCost
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress, silent

CHUNK: Final = 128
"""Slow nodes evaluated between two words of progress."""

MODELS: Final[dict[str, GridModel]] = {model.problem: model for model in (EuropeanGrid(), AmericanGrid())}
"""The problems that grids are built for."""


@dataclass(frozen=True, kw_only=True)
class GridSpec:
    """What to build: ``axes``, and the ``checked`` points of the domain, drawn by ``seed``, on which it is tried."""

    axes: Axes
    checked: int = 10_000
    seed: int = 20_240_607


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
    _compile(model, spec.axes)
    began = perf_counter()
    tables = _filled(model, spec.axes, progress)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=node_count(spec.axes))
    progress(1.0, 1.0, f"checking the {problem.name} grid")
    errors = _errors(problem, model, spec, tables)
    with written_whole(path) as part:
        save_grid(part, problem, BuiltGrid(axes=spec.axes, tables=tables, cost=cost, errors=errors))


def grid_prices(model: GridModel, axes: Axes, tables: Tables, interpolation: Interpolation, inputs: Floats) -> Floats:
    """Prices of many options with a spot each, from tables."""
    rows = model.place(inputs[:, 1:], axes)
    model.settle(rows, model.levels(rows, tables, interpolation), axes)
    out = np.empty(len(inputs))
    for i in range(len(inputs)):
        model.prices(inputs[i, 0], rows[i : i + 1], tables, interpolation, out[i : i + 1])
    return out


def _compile(model: GridModel, axes: Axes) -> None:
    """Fill one slow node and forget it: compilation is no cost of a grid."""
    model.fill(axes, slow_nodes(axes)[:1], np.empty(1), np.empty((1, axes[-1].nodes)))


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
    inputs = problem.domain.sample(spec.checked, seed=spec.seed)
    reference, unit = problem.reference(inputs), problem.domain.in_units(inputs)
    return {
        interpolation: error_of(grid_prices(model, spec.axes, tables, interpolation, inputs), reference, unit)
        for interpolation in Interpolation
    }
