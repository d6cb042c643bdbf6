"""Networks: the compiled layers equal the library's, training is deterministic, damage is told of."""

import json
from itertools import pairwise

import numpy as np
import pytest
from chains import small_chain

from tradesim.errors import ArgumentError, StoreError
from tradesim.methods.built import error_of
from tradesim.methods.network.kernel import BLOCK, network_values, workspace
from tradesim.methods.network.method import NetworkMethod
from tradesim.methods.network.store import NetworkSpec, load_network, network_prices
from tradesim.methods.network.training import build_network, trained
from tradesim.methods.registry import METHODS
from tradesim.methods.scalings import scaling_of
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS

TINY = NetworkSpec(budget=2048, points=1_500, iterations=30, checked=500)


@pytest.fixture
def built(tmp_path):
    problem, path = PROBLEMS["american"], tmp_path / "network.npz"
    build_network(problem, path, TINY)
    return problem, path


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, 3 * BLOCK + 5])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", ["european", "american"])
def test_the_kernel_is_the_librarys(name, layers, count):
    problem = PROBLEMS[name]
    domain, scaling = problem.domain, scaling_of(problem)
    inputs = domain.sample(500, seed=3)
    spec = NetworkSpec(budget=1024, layers=layers, iterations=5)
    network, model = trained(scaling, domain, inputs, problem.reference(inputs), spec)
    features, _ = scaling.features_and_terms(domain, domain.sample(count, seed=4))
    values = np.empty(count)
    network_values(features, network, workspace(network), values)
    held = np.clip(features, network.low, network.high)
    expected = model.predict((held - network.centre) * network.pace) * network.unit
    np.testing.assert_allclose(values, expected, rtol=0.0, atol=1e-12)


def test_the_same_spec_gives_the_same_weights(built, tmp_path):
    problem, path = built
    again = tmp_path / "again.npz"
    build_network(problem, again, TINY)
    first, second = (load_network(each, problem, scaling_of(problem)) for each in (path, again))
    for one, other in zip(first.network, second.network, strict=True):
        np.testing.assert_array_equal(one, other)
    assert first.error == second.error


@pytest.mark.parametrize("inputs", [1, 2, 6, 12])
@pytest.mark.parametrize("budget", [*METHODS["network"].budgets, 1024])
def test_a_network_fills_its_budget(budget, inputs):
    sizes = NetworkSpec(budget=budget).sizes(inputs)
    wider = tuple(units + 1 if 0 < place < len(sizes) - 1 else units for place, units in enumerate(sizes))
    assert _bytes(sizes) <= budget < _bytes(wider)


def _bytes(sizes):
    weights = sum((before + 1) * units for before, units in pairwise(sizes))
    return 8 * (weights + 4 * sizes[0] + len(sizes) + 1)


def test_the_bytes_counted_are_the_networks(built):
    problem, path = built
    network = load_network(path, problem, scaling_of(problem)).network
    assert network.nbytes == _bytes(tuple(network.sizes)) <= TINY.budget


def test_a_budget_for_no_unit_is_refused():
    with pytest.raises(ArgumentError, match="a network within 100B: one unit per layer takes"):
        NetworkSpec(budget=100).sizes(6)


def test_the_error_stated_is_that_on_fresh_points(built):
    problem, path = built
    method = NetworkMethod(problem, path)
    inputs = problem.domain.sample(4_000, seed=99)
    fresh = error_of(prices_at(method, inputs), problem.reference(inputs), problem.domain.in_units(inputs))
    assert fresh.rmse == pytest.approx(method.error.rmse, rel=0.3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bar"), [("european", 0.005), ("american", 0.01)])
def test_the_default_network_meets_its_error(tmp_path, name, bar):
    problem, path = PROBLEMS[name], tmp_path / "network.npz"
    build_network(problem, path, NetworkSpec())
    assert load_network(path, problem, scaling_of(problem)).error.rmse < bar


def test_prices_are_held_between_the_bounds_whatever_is_learned(built):
    problem, path = built
    network = load_network(path, problem, scaling_of(problem)).network
    inputs = problem.domain.edges(300, seed=8)
    spot, strike, right = inputs[:, 0], inputs[:, 1], inputs[:, -1]
    for weights in (1e3 * network.weights, -1e3 * network.weights):
        wild = network._replace(weights=weights)
        prices = network_prices(scaling_of(problem), problem.domain, wild, inputs)
        assert (prices >= np.maximum(right * (spot - strike), 0.0) - 1e-9).all()
        assert (prices <= np.where(right > 0.0, spot, strike) + 1e-9).all()


def test_interrupted_training_leaves_nothing(tmp_path):
    def interrupt(done, total, what):
        if what.startswith("training"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_network(PROBLEMS["european"], tmp_path / "network.npz", TINY, interrupt)
    assert not list(tmp_path.iterdir())


def test_a_file_cut_short_is_told_of(built):
    problem, path = built
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(StoreError, match=r"network\.npz: cannot be read as a network .*delete the file"):
        NetworkMethod(problem, path).bind(small_chain()[0])


def test_a_weight_changed_is_told_of(built):
    problem, path = built
    with np.load(path) as file:
        arrays = dict(file)
    arrays["weights"][5] += 1e-9
    np.savez(path, **arrays)
    with pytest.raises(StoreError, match="is not the network that was written"):
        load_network(path, problem, scaling_of(problem))


def test_another_layout_is_told_of(built):
    problem, path = built
    with np.load(path) as file:
        arrays = dict(file)
    arrays["about"] = np.array(json.dumps(json.loads(str(arrays["about"])) | {"layout": -1}))
    np.savez(path, **arrays)
    with pytest.raises(StoreError, match="is of another problem, version or layout"):
        load_network(path, problem, scaling_of(problem))


def test_another_problems_network_is_told_of(built):
    _, path = built
    with pytest.raises(StoreError, match="is of another problem"):
        load_network(path, PROBLEMS["european"], scaling_of(PROBLEMS["european"]))


def test_a_missing_network_is_told_of(tmp_path):
    with pytest.raises(StoreError, match="there is no network; build it"):
        NetworkMethod(PROBLEMS["american"], tmp_path / "none.npz").bind(small_chain()[0])
