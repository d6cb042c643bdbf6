"""Networks of the american problem: error, memory, time an option in full, and the library's predict beside it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figure import Figure, seconds_of
from numba import njit

from tradesim.methods.built import error_of
from tradesim.methods.network import NETWORK
from tradesim.methods.network.kernel import network_values, workspace
from tradesim.methods.network.method import NetworkMethod
from tradesim.methods.network.training import trained
from tradesim.methods.registry import METHODS, make_method
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.american_batch import american_batch_terms
from tradesim.methods.scalings.scaling import compose
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS
from tradesim.units import formatted_memory

CHAIN = 40


@njit(error_model="numpy")
def full(spot, slow, features, terms, network, space, out):
    """Price a chain, every input new."""
    american_batch_terms(spot, slow, features, terms)
    network_values(features, network, space, out)
    compose(terms, out, out)


def figures() -> Iterable[Figure]:
    """The kernel beside the library at each size, then what training reaches."""
    problem = PROBLEMS["american"]
    domain, scaling = problem.domain, scaling_of(problem)
    inputs = domain.sample(500, seed=70)
    held_out = domain.sample(20_000, seed=71)
    truth, unit = problem.reference(held_out), domain.in_units(held_out)
    slow = domain.sample(CHAIN, seed=72)[:, 1:].copy()
    features, terms = np.empty((CHAIN, 6)), np.empty((CHAIN, 4))
    for budget in METHODS["network"].budgets:
        spec = replace(NETWORK.within(budget), iterations=2)
        network, model = trained(scaling, domain, inputs, problem.reference(inputs), spec)
        space, out = workspace(network), np.empty(CHAIN)
        full(100.0, slow, features, terms, network, space, out)
        normal = (np.clip(features, network.low, network.high) - network.centre) * network.pace
        ours, library, whole = seconds_of(
            lambda network=network, space=space, out=out: network_values(features, network, space, out),
            lambda model=model, normal=normal: model.predict(normal),
            lambda network=network, space=space, out=out: full(100.0, slow, features, terms, network, space, out),
            least=5e-4,
        )
        with TemporaryDirectory() as home:
            method = make_method(f"network@{formatted_memory(budget)}", problem, Path(home))
            assert isinstance(method, NetworkMethod)
            method.open()
        error = error_of(prices_at(method, held_out), truth, unit)
        yield Figure(
            what=f"network@{formatted_memory(budget)}, american full, {' x '.join(map(str, network.sizes))}",
            measured=(
                f"rmse {error.rmse:.5f}, p99 {error.p99:.4f}, max {error.largest:.4f}; "
                f"{network.nbytes / 1024:.0f} KiB; {1e9 * whole / CHAIN:.0f} ns an option; kernel {library / ours:.1f} "
                f"times the library's predict; built in {method.build_cost.seconds:.0f} s from "
                f"{method.build_cost.evaluations} prices"
            ),
            bar="best <= 1 MiB: rmse <= 0.001",
            reached=error.rmse <= 1e-3,
        )
