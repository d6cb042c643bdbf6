"""Training of forests: the only file that knows the LightGBM library. ``method`` prices."""

from pathlib import Path
from time import perf_counter
from typing import Final

import lightgbm
import numpy as np

from tradesim.methods.built import error_of
from tradesim.methods.lightgbm.spec import ForestSpec, Leaf
from tradesim.methods.lightgbm.store import BuiltForest, forest_prices, save_forest
from tradesim.methods.lightgbm.text import read_forest, rounded_leaves
from tradesim.methods.method import BuildCost
from tradesim.methods.scalings.scaling import BASE, SCALE, Scaling
from tradesim.pricing.problem import Domain, Floats, Problem
from tradesim.progress import Progress, silent

CHUNK: Final = 10_000
"""Points evaluated between two words of progress."""


def build_forest(problem: Problem, path: Path, spec: ForestSpec, progress: Progress = silent) -> None:
    """Train a forest on a sample of the domain, try it on held-out points, write it to ``path`` whole or not at all.

    Deterministic: one thread, fixed seeds; the same spec and library version give the same text.
    """
    model = spec.target.scaling(problem)
    _compile(problem, model, spec)
    began = perf_counter()
    inputs = problem.domain.sample(spec.points, seed=spec.seed)
    prices = _reference(problem, inputs, progress)
    text = _trained(model, problem.domain, inputs, prices, spec, progress)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=spec.points)
    forest = read_forest(text)
    held_out = problem.domain.sample(spec.checked, seed=spec.seed + 1)
    truth = problem.reference(held_out)
    error = error_of(forest_prices(model, problem.domain, forest, held_out), truth, problem.domain.in_units(held_out))
    save_forest(path, problem, model, text, BuiltForest(forest=forest, cost=cost, error=error))


def _compile(problem: Problem, model: Scaling, spec: ForestSpec) -> None:
    """Price one point and forget it: compilation is no cost of a forest."""
    point = problem.domain.sample(1, seed=spec.seed)
    problem.reference(point)
    model.features_and_terms(problem.domain, point)


def _reference(problem: Problem, inputs: Floats, progress: Progress) -> Floats:
    out = np.empty(len(inputs))
    for first in range(0, len(inputs), CHUNK):
        progress(first, len(inputs), f"pricing {problem.name} training points")
        chunk = slice(first, first + CHUNK)
        out[chunk] = problem.reference(inputs[chunk])
    return out


def _trained(
    model: Scaling, domain: Domain, inputs: Floats, prices: Floats, spec: ForestSpec, progress: Progress
) -> str:
    features, terms = model.features_and_terms(domain, inputs)
    asked = terms[:, SCALE] > 0.0
    scale = terms[asked, SCALE]
    target = (prices[asked] - terms[asked, BASE]) / scale
    weight = (scale * domain.in_units(inputs)[asked]) ** 2
    parameters = _parameters(spec)
    data = lightgbm.Dataset(
        features[asked],
        target,
        weight=weight / weight.mean(),
        feature_name=list(model.features),
        params=parameters,
    )

    def tell(environment: lightgbm.callback.CallbackEnv) -> None:
        progress(environment.iteration + 1, spec.trees, "growing trees")

    booster = lightgbm.train(parameters, data, num_boost_round=spec.trees, callbacks=[tell])
    return rounded_leaves(booster.model_to_string())


def _parameters(spec: ForestSpec) -> dict[str, object]:
    return {
        "objective": "l2",
        "linear_tree": spec.leaf is Leaf.LINEAR,
        "max_bin": spec.bins,
        "num_leaves": spec.leaves,
        "learning_rate": spec.learning_rate,
        "min_data_in_leaf": spec.least_in_leaf,
        "seed": spec.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
