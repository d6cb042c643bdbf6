"""The packed forest answers what the library answers, whatever its trees look like and however many are asked."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradesim.errors import StoreError
from tradesim.methods.lightgbm.forest import FEW, MOST_LEAVES, forest_values, workspace_of
from tradesim.methods.lightgbm.lanes import LANES
from tradesim.methods.lightgbm.text import read_forest, rounded_leaves
from tradesim.pricing import PROBLEMS

COUNTS = (1, FEW, FEW + 1, LANES - 1, LANES, LANES + 1, 3 * LANES + FEW)
LINEAR = {"linear_tree": True}


def trained(x, y, rounds=5, **parameters):
    """The text of a model of few trees."""
    settings = {"verbose": -1, "objective": "l2", "num_threads": 1, "min_data_in_leaf": 5, "num_leaves": 15}
    settings |= parameters
    data = lightgbm.Dataset(x, y, params=settings)
    return rounded_leaves(lightgbm.train(settings, data, num_boost_round=rounds).model_to_string())


def values_of(forest, features):
    values = np.empty(len(features))
    forest_values(forest, workspace_of(forest), features, values)
    return values


def assert_is_the_librarys(text, features):
    forest, expected = read_forest(text), lightgbm.Booster(model_str=text).predict(features)
    np.testing.assert_allclose(values_of(forest, features), expected, rtol=0.0, atol=1e-12)
    for count in COUNTS:
        np.testing.assert_allclose(values_of(forest, features[:count]), expected[:count], rtol=0.0, atol=1e-12)


def samples(features, count=1_000, seed=0):
    return np.random.default_rng(seed).normal(size=(count, features))


@pytest.mark.parametrize("problem", ["european", "american"])
@pytest.mark.parametrize("name", ["lightgbm", "lightgbm-plain"])
def test_a_methods_trees_are_the_librarys(make, name, problem):
    method, domain = make(name, problem), PROBLEMS[problem].domain
    features, _ = method.scaling.features_and_terms(domain, domain.sample(2_000, seed=5))
    assert_is_the_librarys(method.path.read_text(), features)


@pytest.mark.parametrize("parameters", [{}, LINEAR], ids=["constant", "linear"])
@pytest.mark.parametrize("features", [1, 2, 3, 4, 9])
def test_any_number_of_features(features, parameters):
    x = samples(features)
    text = trained(x, np.sin(x).sum(axis=1) + x[:, 0] ** 2, **parameters)
    assert_is_the_librarys(text, samples(features, seed=1))


@pytest.mark.parametrize("parameters", [{}, LINEAR], ids=["constant", "linear"])
def test_deep_unbalanced_trees(parameters):
    x = np.arange(150.0)[:, None]
    small = {"min_data_in_leaf": 1, "min_data_in_bin": 1, "min_sum_hessian_in_leaf": 0.0}
    text = trained(x, 1.5 ** (x[:, 0] - 150.0), num_leaves=MOST_LEAVES, **small, **parameters)
    forest = read_forest(text)
    assert len(forest.deeper) > 15
    assert_is_the_librarys(text, np.random.default_rng(0).permutation(x))


@pytest.mark.parametrize("parameters", [{}, LINEAR], ids=["constant", "linear"])
def test_trees_of_one_leaf(parameters):
    text = trained(samples(2, count=50), np.full(50, 3.0), min_data_in_leaf=50, **parameters)
    assert text.count("num_leaves=1\n") > 0
    assert_is_the_librarys(text, samples(2, seed=1))


def test_trees_that_run_out_of_splits():
    x = samples(1)
    text = trained(x, np.sin(x[:, 0]), rounds=40, min_gain_to_split=1.0)
    assert len({line for line in text.splitlines() if line.startswith("num_leaves=")}) > 1
    assert_is_the_librarys(text, samples(1))


def test_constant_features_do_no_harm():
    x = samples(3)
    x[:, 1] = 100.0
    assert_is_the_librarys(trained(x, x[:, 0] * x[:, 2], **LINEAR), x)


@pytest.mark.parametrize("parameters", [{}, LINEAR], ids=["constant", "linear"])
def test_features_on_a_threshold_and_next_to_it(parameters):
    x = np.round(samples(2), 1)
    text = trained(x, x[:, 0] * np.sign(x[:, 1]), **parameters)
    for feature, thresholds in enumerate(read_forest(text).thresholds):
        exact = thresholds[np.isfinite(thresholds)]
        on = np.concatenate(
            [exact, np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf), [-1e3, 1e3, 0.0, -0.0, 1e-36, -1e-36]]
        )
        rows = samples(2, count=len(on))
        rows[:, feature] = on
        assert_is_the_librarys(text, rows)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    features=st.integers(1, 6),
    leaves=st.integers(2, MOST_LEAVES),
    bins=st.integers(2, 256),
    linear=st.booleans(),
)
def test_any_forest(seed, features, leaves, bins, linear):
    rng = np.random.default_rng(seed)
    x = rng.standard_t(2, size=(400, features))
    text = trained(x, rng.normal(size=400), num_leaves=leaves, max_bin=bins, min_data_in_leaf=2, linear_tree=linear)
    assert_is_the_librarys(text, rng.standard_t(2, size=(200, features)))


def test_one_option_and_many_have_the_same_bits():
    x = samples(4)
    forest = read_forest(trained(x, x.prod(axis=1), **LINEAR))
    alone = np.concatenate([values_of(forest, x[i : i + 1]) for i in range(100)])
    assert (alone == values_of(forest, x[:100])).all()


def test_leaves_are_kept_in_single_precision():
    x = samples(3)
    settings = {"verbose": -1, "objective": "l2", "num_threads": 1, "linear_tree": True}
    booster = lightgbm.train(settings, lightgbm.Dataset(x, np.sin(x[:, 0]), params=settings), num_boost_round=20)
    text = rounded_leaves(booster.model_to_string())
    np.testing.assert_allclose(values_of(read_forest(text), x), booster.predict(x), rtol=0.0, atol=1e-5)
    assert rounded_leaves(text) == text


def test_missing_values_and_categories_are_refused():
    x = samples(1, count=200)
    x[::3] = np.nan
    with pytest.raises(StoreError, match="decisions of type"):
        read_forest(trained(x, np.nan_to_num(x[:, 0])))


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [({"num_leaves": 200}, "at most 128 leaves a tree"), ({"max_bin": 2_000}, "max_bin at most 256")],
)
def test_more_than_a_byte_can_number_is_refused(parameters, rule):
    x = samples(1, count=4_000)
    with pytest.raises(StoreError, match=rule):
        read_forest(trained(x, np.sin(9.0 * x[:, 0]), rounds=30, min_data_in_leaf=1, **parameters))
