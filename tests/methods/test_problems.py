"""Methods on the problems that no chain has: baskets, the sine, a user's own function."""

from dataclasses import replace

import numpy as np
import pytest

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods.approximator import MOVED_OUT
from tradesim.methods.lightgbm.method import ForestMethod
from tradesim.methods.lightgbm.spec import PLAIN, SHAPED, Target
from tradesim.methods.lightgbm.training import build_forest
from tradesim.methods.method import Outside
from tradesim.methods.registry import make_method
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import BASE, SCALE
from tradesim.methods.staged import FALLBACK, HIT, prices_at
from tradesim.pricing import PROBLEMS
from tradesim.pricing.basket_grids import WORKING
from tradesim.pricing.function import function_problem

SMALL = {
    target: replace(spec, points=6_000, trees=60, leaves=15, checked=500)
    for target, spec in ((Target.SHAPED, SHAPED), (Target.PLAIN, PLAIN))
}


def bumps(x, y, z):
    return np.exp(-x * x) * y + np.sqrt(z)


OWN = function_problem(bumps, name="bumps", fast=2, x=(-1.0, 2.0), y=(0.0, 1.0), z=(0.5, 2.0))
SUBJECTS = {problem.name: problem for problem in (PROBLEMS["basket-2"], PROBLEMS["basket-5"], PROBLEMS["sine"], OWN)}
EXACT = {"basket-2": WORKING, "basket-5": WORKING, "sine": 1e-15, "bumps": 1e-15}
OFF_SHAPED = {"basket-2": 0.02, "basket-5": 0.02, "sine": 0.005, "bumps": 0.02}
OFF_PLAIN = {"basket-2": 4.0, "basket-5": 4.0, "sine": 0.02, "bumps": 0.05}


@pytest.fixture(scope="module")
def forest(tmp_path_factory):
    folder, kept = tmp_path_factory.mktemp("forests"), {}

    def make(name, target=Target.SHAPED, outside=Outside.FALLBACK):
        path = folder / f"{name}-{target}.txt"
        if path not in kept:
            build_forest(SUBJECTS[name], path, SMALL[target])
            kept[path] = True
        return ForestMethod(SUBJECTS[name], path, target, outside)

    return make


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("method", ["analytic", "analytic-slice", "reference"])
def test_what_computes_is_near_the_reference(method, name, tmp_path):
    problem = SUBJECTS[name]
    inputs = problem.domain.sample(200, seed=1)
    off = prices_at(make_method(method, problem, tmp_path), inputs) - problem.reference(inputs)
    assert np.abs(off).max() <= (1e-12 if method == "reference" else EXACT[name])


@pytest.mark.parametrize("name", ["european", "basket-2", "basket-5"])
def test_the_proxy_is_a_method_where_there_is_one(name, tmp_path):
    problem = PROBLEMS[name]
    inputs = problem.domain.sample(100, seed=1)
    prices = prices_at(make_method("proxy", problem, tmp_path), inputs)
    np.testing.assert_allclose(prices, problem.proxy(inputs), atol=1e-10)
    with pytest.raises(ProblemError, match="cannot price problem 'sine': no closed form is near it"):
        make_method("proxy", PROBLEMS["sine"], tmp_path)


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize(("target", "most"), [(Target.SHAPED, OFF_SHAPED), (Target.PLAIN, OFF_PLAIN)])
def test_trees_learn_it(forest, name, target, most):
    problem = SUBJECTS[name]
    inputs = problem.domain.sample(300, seed=2)
    off = prices_at(forest(name, target), inputs) - problem.reference(inputs)
    assert np.sqrt(np.mean(off**2)) < most[name]


@pytest.mark.parametrize("name", SUBJECTS)
def test_outside_its_box_the_fallback_answers(forest, name):
    problem = SUBJECTS[name]
    domain, method = problem.domain, forest(name)
    method.open()
    inputs = domain.sample(1, seed=3)
    fast, slow = inputs[0, : domain.fast], inputs[:, domain.fast :]
    far = fast * np.array([1.0] * (domain.fast - 1) + [50.0])
    out = np.empty(1)
    prepared = method.prepare(slow, _fast(far))
    assert method.evaluate(_fast(far), prepared, out) == FALLBACK
    assert out[0] == pytest.approx(problem.reference(np.hstack([far[None], slow]))[0], abs=1e-6)
    prepared = method.prepare(slow, _fast(fast))
    assert method.evaluate(_fast(fast), prepared, out) == HIT
    assert method.evaluate(_fast(far), prepared, out) == MOVED_OUT
    assert out[0] == pytest.approx(problem.reference(np.hstack([far[None], slow]))[0], abs=1e-6)
    with pytest.raises(ProblemError, match="is outside the domain"):
        forest(name, outside=Outside.RAISE).prepare(slow, _fast(far))


def _fast(values):
    return float(values[0]) if len(values) == 1 else np.ascontiguousarray(values)


@pytest.mark.parametrize("name", ["sine", "bumps", "basket-2"])
def test_one_value_by_the_names_of_its_inputs(name, tmp_path):
    problem = SUBJECTS[name]
    inputs = problem.domain.sample(1, seed=4)
    method = make_method("analytic", problem, tmp_path)
    value = method.value(**dict(zip(problem.domain.names, inputs[0].tolist(), strict=True)))
    assert value == pytest.approx(problem.reference(inputs)[0], abs=1e-6)
    with pytest.raises(ArgumentError, match=f"problem '{name}' takes"):
        method.value(spot=1.0)


def test_an_input_called_expiry_is_like_any_other(tmp_path):
    """Of a function nobody knows what expires: beyond its box the function itself answers."""
    problem = function_problem(lambda x, expiry: x + expiry, name="sum", x=(0.0, 1.0), expiry=(0.5, 1.0))
    build_forest(problem, tmp_path / "forest.txt", SMALL[Target.SHAPED])
    method = ForestMethod(problem, tmp_path / "forest.txt")
    assert method.value(x=0.5, expiry=-3.0) == -2.5


@pytest.mark.parametrize("dimension", [2, 5])
def test_options_of_one_similarity_have_one_value(dimension):
    """Exchanged assets, another currency, another clock, put for call: coordinates and value stay."""
    problem = PROBLEMS[f"basket-{dimension}"]
    domain, scaling = problem.domain, scaling_of(problem)
    inputs = domain.sample(40, seed=6)
    expiry, volatility, rate, dividend, right = range(dimension + 1, dimension + 6)
    exchanged, money, clock, other = (inputs.copy() for _ in range(4))
    exchanged[:, :dimension] = inputs[:, dimension - 1 :: -1]
    money[:, : dimension + 1] *= 7.0
    clock[:, expiry] /= 4.0
    clock[:, volatility] *= 2.0
    clock[:, [rate, dividend]] *= 4.0
    other[:, right] *= -1.0

    def told(each):
        features, terms = scaling.features_and_terms(domain, each)
        apart = (problem.reference(each) - terms[:, BASE]) / terms[:, SCALE]
        return np.column_stack([features, apart])

    for like in (exchanged, money, clock, other):
        np.testing.assert_allclose(told(like), told(inputs), rtol=1e-6, atol=2e-6)


def test_coordinates_of_a_basket_stay_in_their_intervals():
    problem = PROBLEMS["basket-3"]
    scaling = scaling_of(problem)
    features, _ = scaling.features_and_terms(problem.domain, problem.domain.edges(500, seed=7))
    for column, coordinate in zip(features.T[1:], scaling.coordinates[1:], strict=False):
        assert coordinate.low - 1e-9 <= column.min()
        assert column.max() <= coordinate.high + 1e-9


def test_a_slice_is_as_wide_as_the_finest_grid_that_it_needs(tmp_path):
    method = make_method("analytic-slice", PROBLEMS["basket-5"], tmp_path)
    still = np.array([[100.0, 0.01, 0.1, 0.0, 0.0, 1.0, 0.9]])
    wild = np.array([[100.0, 1.0, 0.8, 0.0, 0.0, 1.0, 0.0]])
    spots = np.full(5, 100.0)
    narrow, wide = (method.prepare(slow, spots).nbytes for slow in (still, np.vstack([still, wild])))
    assert narrow < wide / 20
    both, alone = np.empty(2), np.empty(1)
    method.evaluate(spots, method.prepare(np.vstack([still, wild]), spots), both)
    method.evaluate(spots, method.prepare(still, spots), alone)
    assert both[0] == alone[0]
