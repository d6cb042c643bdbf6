"""Tables and models small enough to build once a session."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tradesim.methods import grid, lightgbm, network, subspace
from tradesim.methods.grid.build import GridSpec, default_spec
from tradesim.methods.lightgbm.spec import ForestSpec, Leaf, Target
from tradesim.methods.method import Method
from tradesim.methods.network.store import NetworkSpec
from tradesim.methods.registry import METHODS, make_method
from tradesim.methods.subspace.store import SubspaceSpec
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Problem

SMALL_NETWORK = NetworkSpec(budget=4096, points=4_000, iterations=150, checked=500)
SMALL_SUBSPACE = SubspaceSpec(budget=32 * 1024, states=1_500, checked=500)


def small_forest(problem: Problem, target: Target, budget: int | None = None) -> ForestSpec:
    """Few trees, from few points."""
    leaf = Leaf.CONSTANT if target is Target.PLAIN else Leaf.LINEAR
    return ForestSpec(target=target, leaf=leaf, points=8_000, trees=30, leaves=31, checked=500)


def small_grid(problem: Problem) -> GridSpec:
    """The default grid, tried on few points."""
    return replace(default_spec(problem), checked=500)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data home for what the session builds."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def make(home: Path) -> Iterator[Callable[[str, str], Method]]:
    """Make a method by its name and its problem's, from small grids and forests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "default_spec", small_grid)
        patch.setattr(lightgbm, "forest_spec", small_forest)
        patch.setattr(network, "NETWORK", SMALL_NETWORK)
        patch.setattr(subspace, "SUBSPACE", SMALL_SUBSPACE)
        for problem in ("european", "american"):
            for name in METHODS:
                make_method(name, PROBLEMS[problem], home)
        yield lambda name, problem: make_method(name, PROBLEMS[problem], home)
