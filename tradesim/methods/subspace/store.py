"""A subspace on disk."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradesim.errors import StoreError
from tradesim.methods.arrays import load_arrays, save_arrays
from tradesim.methods.built import ErrorOfBuild, stem
from tradesim.methods.method import BuildCost
from tradesim.methods.scalings.scaling import Coordinate, Scaling, compose
from tradesim.methods.subspace.kernel import AXES, REACHED, Subspace, subspace_values
from tradesim.methods.subspace.lanes import LANES
from tradesim.pricing.problem import Domain, Floats, Problem

LAYOUT: Final = 1
"""Raise it when a coordinate or the meaning of the value changes: older files are then not used."""

PROPORTIONS: Final = {"american": (0.55, 0.85, 2.14)}
"""Nodes of the slow axes, relative to each other, where they shall not be as many on each."""

MOST_NODES: Final = 96
"""Nodes of an axis, at most: beyond, other errors are larger."""

MOST_STATES: Final = 40_000
"""States sampled, at most, to have more of them than nodes."""

FARTHEST: Final = {"american": 5.0}
"""How far beyond the level the components reach, in deviations, where a problem has a level."""


@dataclass(frozen=True, kw_only=True)
class SubspaceSpec:
    """What to build.

    ``budget``  bytes of the tables, at most
    ``cells``   of the components, along the fast coordinate
    ``states``  sampled where there are three slow coordinates, at least; fewer where there are fewer
    ``checked`` held-out points on which it is tried
    """

    budget: int = 340 * 1024
    cells: int = 40
    states: int = 12_000
    checked: int = 10_000
    seed: int = 20_240_607

    def within(self, budget: int | None) -> "SubspaceSpec":
        """This, within a budget if one is named."""
        return self if budget is None else replace(self, budget=budget)

    def along(self, problem: Problem, fast: Coordinate) -> tuple[float, float]:
        """Between which fast coordinates, counted from the level, the components stand."""
        return (0.0, FARTHEST[problem.name]) if problem.name in FARTHEST else (fast.low, fast.high)

    def sampled(self, problem: Problem, axes: int) -> int:
        """How many states are sampled: more than there are nodes."""
        nodes = int(np.prod(self.shape(problem, axes)))
        least: int = self.states // 4 ** (AXES - axes)
        return max(min(5 * nodes // 2, MOST_STATES), least)

    def shape(self, problem: Problem, axes: int) -> tuple[int, ...]:
        """Nodes of each slow axis, as many as the budget holds."""
        nodes = (self.budget - 4 * LANES * 4 * self.cells - 256) // (4 * LANES)
        proportions = PROPORTIONS.get(problem.name, (1.0,) * axes)
        side = nodes ** (1.0 / axes)
        return tuple(min(max(int(side * each), REACHED), MOST_NODES) for each in proportions)


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltSubspace:
    """A subspace in memory."""

    subspace: Subspace
    cost: BuildCost
    error: ErrorOfBuild


def subspace_path(home: Path, problem: Problem, spec: SubspaceSpec) -> Path:
    """Where in the data home the subspace of ``spec`` is kept."""
    return home / "subspaces" / f"{stem(problem, [LAYOUT, asdict(spec)])}.npz"


def save_subspace(path: Path, problem: Problem, scaling: Scaling, built: BuiltSubspace) -> None:
    """Write it whole or not at all."""
    arrays = {name: np.asarray(value) for name, value in built.subspace._asdict().items()}
    about = _identity(problem, scaling) | {"cost": asdict(built.cost), "error": asdict(built.error)}
    save_arrays(path, about, arrays)


def load_subspace(path: Path, problem: Problem, scaling: Scaling) -> BuiltSubspace:
    """The subspace kept at ``path``; ``StoreError`` where it is missing, damaged or another problem's."""
    about, arrays = load_arrays(path, "subspace")
    identity = _identity(problem, scaling)
    if {name: about.get(name) for name in identity} != identity or set(arrays) != set(Subspace._fields):
        raise StoreError(f"{path}: is of another problem, version or layout; delete the file and build again")
    kept: dict[str, Any] = {name: array if array.ndim else float(array) for name, array in arrays.items()}
    return BuiltSubspace(
        subspace=Subspace(**kept), cost=BuildCost(**about["cost"]), error=ErrorOfBuild(**about["error"])
    )


def subspace_prices(scaling: Scaling, domain: Domain, subspace: Subspace, inputs: Floats) -> Floats:
    """Prices of many options with fast inputs of their own."""
    features, terms = scaling.features_and_terms(domain, inputs)
    out = np.empty(len(inputs))
    subspace_values(features, subspace, out)
    compose(terms, out, out)
    return out


def _identity(problem: Problem, scaling: Scaling) -> dict[str, object]:
    return {
        "problem": problem.name,
        "version": problem.version,
        "layout": LAYOUT,
        "features": list(scaling.features),
    }
