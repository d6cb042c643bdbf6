"""A network on disk."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradesim.errors import ArgumentError, StoreError
from tradesim.methods.arrays import load_arrays, save_arrays
from tradesim.methods.built import ErrorOfBuild, stem
from tradesim.methods.method import BuildCost
from tradesim.methods.network.kernel import Network, network_values, weights_in, workspace
from tradesim.methods.scalings.scaling import Scaling, compose
from tradesim.pricing.problem import Domain, Floats, Problem
from tradesim.units import formatted_memory

LAYOUT: Final = 1
"""Raise it when a feature or the meaning of the value changes: older files are then not used."""


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What to train.

    ``budget``     bytes of weights, at most: the width of the layers follows
    ``layers``     hidden ones
    ``points``     training points, drawn from the domain by ``seed``
    ``iterations`` of the optimiser
    ``checked``    held-out points on which it is tried
    """

    budget: int = 8 * 1024
    layers: int = 2
    points: int = 20_000
    iterations: int = 1_000
    checked: int = 10_000
    seed: int = 20_240_607

    def within(self, budget: int | None) -> "NetworkSpec":
        """This, within a budget if one is named."""
        return self if budget is None else replace(self, budget=budget)

    def sizes(self, inputs: int) -> tuple[int, ...]:
        """Inputs, units of each hidden layer, and the one output; the widest that the budget holds."""

        def wide(width: int) -> tuple[int, ...]:
            return (inputs, *[width] * self.layers, 1)

        def needed(width: int) -> int:
            return 8 * (weights_in(wide(width)) + 4 * inputs + self.layers + 3)

        if needed(1) > self.budget:
            raise ArgumentError(
                f"a network within {formatted_memory(self.budget)}: one unit per layer takes {needed(1)} bytes; "
                "allow more"
            )
        width = 1
        while needed(width + 1) <= self.budget:
            width += 1
        return wide(width)


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltNetwork:
    """A network in memory."""

    network: Network
    cost: BuildCost
    error: ErrorOfBuild


def network_path(home: Path, problem: Problem, spec: NetworkSpec) -> Path:
    """Where in the data home the network of ``spec`` is kept."""
    return home / "networks" / f"{stem(problem, [LAYOUT, asdict(spec)])}.npz"


def save_network(path: Path, problem: Problem, scaling: Scaling, built: BuiltNetwork) -> None:
    """Write it whole or not at all."""
    arrays = {name: np.asarray(value) for name, value in built.network._asdict().items()}
    about = _identity(problem, scaling) | {"cost": asdict(built.cost), "error": asdict(built.error)}
    save_arrays(path, about, arrays)


def load_network(path: Path, problem: Problem, scaling: Scaling) -> BuiltNetwork:
    """The network kept at ``path``; ``StoreError`` where it is missing, damaged or another problem's."""
    about, arrays = load_arrays(path, "network")
    identity = _identity(problem, scaling)
    if {name: about.get(name) for name in identity} != identity or set(arrays) != set(Network._fields):
        raise StoreError(f"{path}: is of another problem, version or layout; delete the file and build again")
    kept: dict[str, Any] = {name: array if array.ndim else float(array) for name, array in arrays.items()}
    return BuiltNetwork(network=Network(**kept), cost=BuildCost(**about["cost"]), error=ErrorOfBuild(**about["error"]))


def network_prices(scaling: Scaling, domain: Domain, network: Network, inputs: Floats) -> Floats:
    """Prices of many options with fast inputs of their own."""
    features, terms = scaling.features_and_terms(domain, inputs)
    out = np.empty(len(inputs))
    network_values(features, network, workspace(network), out)
    compose(terms, out, out)
    return out


def _identity(problem: Problem, scaling: Scaling) -> dict[str, object]:
    return {
        "problem": problem.name,
        "version": problem.version,
        "layout": LAYOUT,
        "features": list(scaling.features),
    }
