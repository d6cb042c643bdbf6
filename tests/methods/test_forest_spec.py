"""What forest is trained within a memory budget, for whatever problem."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tradesim.errors import ArgumentError
from tradesim.methods.lightgbm.forest import workspace_of
from tradesim.methods.lightgbm.method import ForestMethod
from tradesim.methods.lightgbm.spec import MOST_POINTS, ForestSpec, Target, forest_spec
from tradesim.methods.lightgbm.store import forest_path
from tradesim.methods.lightgbm.training import build_forest
from tradesim.methods.registry import METHODS
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Domain, Input, Problem
from tradesim.units import memory

SINE = Problem(
    name="sine",
    version=1,
    domain=Domain(inputs=(Input(name="x", low=0, high=7),)),
    reference=lambda x: np.sin(x[:, 0]),
    evaluations=4_000,
)
SADDLE = Problem(
    name="saddle",
    version=1,
    domain=Domain(
        inputs=(
            Input(name="x", low=-1.0, high=1.0),
            Input(name="y", low=-1.0, high=1.0),
            Input(name="fixed", low=2.0, high=2.0),
            Input(name="shift", low=0.0, high=1.0),
        ),
        fast=2,
    ),
    reference=lambda x: x[:, 2] * x[:, 0] * x[:, 1] + x[:, 3],
    evaluations=4_000,
)


@pytest.mark.parametrize("target", Target)
def test_without_a_budget_it_is_200_trees_of_63_leaves(target):
    spec = forest_spec(PROBLEMS["american"], target)
    assert (spec.trees, spec.leaves, spec.points, spec.learning_rate) == (200, 63, 150_000, 0.15)


@pytest.mark.parametrize("problem", [PROBLEMS["american"], PROBLEMS["european"], SADDLE], ids=lambda each: each.name)
@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("budget", ["32KiB", "64KiB"])
def test_forest_and_workspace_fill_the_budget_and_stay_within(tmp_path, target, problem, budget):
    spec = replace(forest_spec(problem, target, memory(budget)), points=4_000, checked=10, least_in_leaf=2)
    path = tmp_path / "forest.txt"
    build_forest(problem, path, spec)
    forest = ForestMethod(problem, path, target).built.forest
    nbytes = forest.nbytes + workspace_of(forest).nbytes
    assert 0.85 * memory(budget) <= nbytes <= memory(budget)


@pytest.mark.parametrize("name", ["lightgbm", "lightgbm-plain"])
def test_a_larger_budget_is_a_larger_forest(name):
    target = Target.PLAIN if name == "lightgbm-plain" else Target.SHAPED
    specs = [forest_spec(PROBLEMS["american"], target, budget) for budget in METHODS[name].budgets]
    sizes = [spec.trees * spec.leaves for spec in specs]
    assert len(sizes) == 4
    assert sizes == sorted(set(sizes))
    assert all(earlier.points <= later.points <= MOST_POINTS for earlier, later in itertools.pairwise(specs))


def test_a_budget_that_no_tree_fits_is_told_of():
    with pytest.raises(ArgumentError, match=r"memory 4KiB: a forest for american takes at least \d+ bytes; give more"):
        forest_spec(PROBLEMS["american"], Target.SHAPED, memory("4KiB"))


@pytest.mark.parametrize("sizes", [{"leaves": 129}, {"leaves": 1}, {"bins": 257}, {"trees": 0}])
def test_sizes_that_cannot_be_packed_are_told_of(sizes):
    with pytest.raises(ArgumentError, match=f"{next(iter(sizes))} .* of a forest: give from"):
        ForestSpec(**sizes)


def test_a_dear_problem_is_learned_from_the_points_it_allows():
    spec = forest_spec(SINE, Target.SHAPED, memory("4MiB"))
    assert (spec.points, spec.checked) == (4_000, 400)


@pytest.mark.parametrize(("problem", "error"), [(SINE, 0.02), (SADDLE, 0.1)], ids=["sine", "saddle"])
@pytest.mark.parametrize("target", Target)
def test_a_problem_of_ones_own_is_learned(tmp_path, target, problem, error):
    spec = forest_spec(problem, target, memory("64KiB"))
    path = forest_path(tmp_path, problem, spec)
    build_forest(problem, path, spec)
    method = ForestMethod(problem, path, target)
    inputs = problem.domain.sample(300, seed=1)
    wrong = prices_at(method, inputs) - problem.reference(inputs)
    assert np.sqrt(np.mean(wrong**2)) < error
    assert method.error.rmse < error
    assert method.build_cost.evaluations == 4_000
