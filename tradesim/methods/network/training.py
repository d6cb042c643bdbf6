"""Training of networks, the only file that knows scikit-learn; :mod:`tradesim.methods.network.method` prices."""

import warnings
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from tradesim.extras import extra
from tradesim.methods.built import error_of
from tradesim.methods.method import BuildCost
from tradesim.methods.network.kernel import Network
from tradesim.methods.network.store import BuiltNetwork, NetworkSpec, network_prices, save_network
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import BASE, SCALE, Scaling
from tradesim.pricing.problem import Domain, Floats, Problem
from tradesim.progress import Progress, silent

with extra("network", "training a network needs scikit-learn"):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

STRESS: Final = 5.0
"""The rms of what the optimiser fits: it ends where a step gains less than 2e-9, whatever the loss."""


def build_network(problem: Problem, path: Path, spec: NetworkSpec, progress: Progress = silent) -> None:
    """Train a network on a sample of the domain, try it on held-out points, write it to ``path`` whole or not at all.

    Deterministic: one thread, fixed seeds; the same spec and library version give the same weights on one machine.
    """
    scaling, domain = scaling_of(problem), problem.domain
    point = domain.sample(1, seed=spec.seed)
    problem.reference(point)
    scaling.features_and_terms(domain, point)
    points = spec.points if problem.evaluations is None else min(spec.points, problem.evaluations)
    began = perf_counter()
    progress(0, 2, f"pricing {problem.name} training points")
    inputs = domain.sample(points, seed=spec.seed)
    prices = problem.reference(inputs)
    progress(1, 2, "training the network")
    network, _ = trained(scaling, domain, inputs, prices, spec)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=points)
    held_out = domain.sample(spec.checked, seed=spec.seed + 1)
    found = network_prices(scaling, domain, network, held_out)
    error = error_of(found, problem.reference(held_out), domain.in_units(held_out))
    save_network(path, problem, scaling, BuiltNetwork(network=network, cost=cost, error=error))


def trained(
    scaling: Scaling, domain: Domain, inputs: Floats, prices: Floats, spec: NetworkSpec
) -> tuple[Network, MLPRegressor]:
    """The network, and the library's own model of normalised inputs, whose output is in ``unit``.

    By L-BFGS on all points at once: the function is smooth, the points are few, and noise there is none. Errors weigh
    what they are worth in money.
    """
    features, terms = scaling.features_and_terms(domain, inputs)
    asked = terms[:, SCALE] > 0.0
    scale = terms[asked, SCALE]
    target = (prices[asked] - terms[asked, BASE]) / scale
    weight = (scale * domain.in_units(inputs)[asked]) ** 2
    low, high = _box(scaling, features[asked])
    held = np.clip(features[asked], low, high)
    centre, pace = held.mean(axis=0), 1.0 / np.maximum(held.std(axis=0), 1e-12)
    unit = float(np.sqrt(np.average(target**2, weights=weight))) / STRESS
    sizes = spec.sizes(features.shape[1])
    model = MLPRegressor(
        hidden_layer_sizes=sizes[1:-1],
        activation="tanh",
        solver="lbfgs",
        alpha=0.0,
        tol=0.0,
        max_iter=spec.iterations,
        max_fun=2 * spec.iterations,
        random_state=spec.seed % 2**32,
    )
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((held - centre) * pace, target / unit, sample_weight=weight / weight.mean())
    units = [np.concatenate([bias[:, None], weights.T], axis=1).ravel() for weights, bias in _layers(model)]
    network = Network(
        sizes=np.array(sizes, dtype=np.int64),
        weights=np.concatenate(units),
        low=low,
        high=high,
        centre=centre,
        pace=pace,
        unit=unit,
    )
    return network, model


def _box(scaling: Scaling, features: Floats) -> tuple[Floats, Floats]:
    """The coordinates' intervals; for the hints, what they are while the coordinates are within."""
    low = np.array([each.low for each in scaling.coordinates])
    high = np.array([each.high for each in scaling.coordinates])
    coordinates = features[:, : len(low)]
    within = ((coordinates >= low) & (coordinates <= high)).all(axis=1)
    hints = features[within, len(low) :]
    return np.concatenate([low, hints.min(axis=0)]), np.concatenate([high, hints.max(axis=0)])


def _layers(model: MLPRegressor) -> list[tuple[Floats, Floats]]:
    return list(zip(model.coefs_, model.intercepts_, strict=True))
