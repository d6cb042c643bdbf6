"""The subspace of the american problem: error, memory, and time an option in full, a chain of 40 at a time."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figure import Figure, seconds_of
from numba import njit

from tradesim.methods.built import error_of
from tradesim.methods.registry import METHODS, make_method
from tradesim.methods.scalings.american_batch import american_batch_terms
from tradesim.methods.scalings.scaling import compose
from tradesim.methods.staged import prices_at
from tradesim.methods.subspace.kernel import subspace_coefficients, subspace_values, values_along
from tradesim.methods.subspace.lanes import LANES
from tradesim.methods.subspace.method import SubspaceMethod
from tradesim.pricing import PROBLEMS
from tradesim.units import formatted_memory

CHAIN, CHAINS = 40, 50


@njit(error_model="numpy")
def full(spots, slow, features, terms, subspace, out):
    """Price each chain at its spot, every input new."""
    for chain in range(len(slow)):
        american_batch_terms(spots[chain], slow[chain], features[chain], terms[chain])
        subspace_values(features[chain], subspace, out)
        compose(terms[chain], out, out)


@njit(error_model="numpy")
def along(spots, slow, features, terms, lanes, subspace, out):
    """Price each chain at its spot, the coefficients known."""
    for chain in range(len(slow)):
        american_batch_terms(spots[chain], slow[chain], features[chain], terms[chain])
        values_along(features[chain], lanes[chain], subspace, out)
        compose(terms[chain], out, out)


def figures() -> Iterable[Figure]:
    """One line a budget, then the bars."""
    problem = PROBLEMS["american"]
    held_out = problem.domain.sample(20_000, seed=71)
    truth, unit = problem.reference(held_out), problem.domain.in_units(held_out)
    slow = problem.domain.sample(CHAIN * CHAINS, seed=72)[:, 1:].reshape(CHAINS, CHAIN, -1).copy()
    spots = np.random.default_rng(73).uniform(90.0, 110.0, CHAINS)
    features, terms = np.empty((CHAINS, CHAIN, 6)), np.empty((CHAINS, CHAIN, 4))
    out = np.empty(CHAIN)
    for budget in METHODS["subspace"].budgets:
        with TemporaryDirectory() as home:
            method = make_method(f"subspace@{formatted_memory(budget)}", problem, Path(home))
            assert isinstance(method, SubspaceMethod)
            method.open()
        subspace = method.built.subspace
        error = error_of(prices_at(method, held_out), truth, unit)
        half = make_coefficients(slow, spots, features, terms, subspace)
        prepared = method.prepare(slow[0], 100.0)
        loop, sliced, python = seconds_of(
            lambda subspace=subspace: full(spots, slow, features, terms, subspace, out),
            lambda half=half, subspace=subspace: along(spots, slow, features, terms, half, subspace, out),
            lambda method=method, prepared=prepared: method.evaluate(100.0, prepared, out),
            least=5e-4,
        )
        each = 1e9 * loop / (CHAIN * CHAINS)
        small = subspace.nbytes <= 340 * 1024
        yield Figure(
            what=f"subspace@{formatted_memory(budget)}, american full",
            measured=(
                f"rmse {error.rmse:.5f}, p99 {error.p99:.4f}, max {error.largest:.4f}; "
                f"{subspace.nbytes / 1024:.0f} KiB; {each:.0f} ns an option "
                f"({1e9 * sliced / (CHAIN * CHAINS):.0f} slice), "
                f"{1e9 * python / CHAIN:.0f} called from Python; built in {method.build_cost.seconds:.0f} s from "
                f"{method.build_cost.evaluations} prices"
            ),
            bar="rmse <= 0.003, <= 60 ns, <= 340 KiB" if small else "best <= 1 MiB: rmse <= 0.001",
            reached=(error.rmse <= 0.003 and each <= 60.0) if small else error.rmse <= 1e-3,
        )


def make_coefficients(slow, spots, features, terms, subspace):
    """Level and coefficients of every chain."""
    lanes = np.empty((len(slow), CHAIN * LANES), dtype=np.float32)
    for chain, spot in enumerate(spots):
        american_batch_terms(spot, slow[chain], features[chain], terms[chain])
        subspace_coefficients(features[chain], subspace, lanes[chain])
    return lanes
