"""The hint of American trees: near the premium in the domain, finite everywhere."""

import numpy as np
import pytest

from tradesim.methods.scalings.american import AMERICAN
from tradesim.methods.scalings.american_quadratic import AMERICAN_QUADRATIC, QUADRATIC, SHORTFALL
from tradesim.methods.scalings.scaling import BASE, SCALE
from tradesim.pricing import PROBLEMS

PROBLEM = PROBLEMS["american"]


def placed(inputs):
    return AMERICAN_QUADRATIC.features_and_terms(PROBLEM.domain, inputs)


def test_it_is_near_the_premium():
    inputs = PROBLEM.domain.sample(3_000, seed=8)
    features, terms = placed(inputs)
    price = terms[:, BASE] + terms[:, SCALE] * features[:, QUADRATIC]
    error = (price - PROBLEM.reference(inputs)) * PROBLEM.domain.in_units(inputs)
    assert np.sqrt(np.mean(error**2)) < 0.1
    assert np.abs(error).max() < 1.5


def test_deep_in_the_money_it_is_what_exercise_is_worth():
    inputs = np.array([[50.0, 100.0, 0.5, 0.3, 0.05, 0.0, -1.0], [200.0, 100.0, 0.5, 0.3, 0.0, 0.05, 1.0]])
    features, terms = placed(inputs)
    assert (features[:, QUADRATIC] == features[:, SHORTFALL]).all()
    np.testing.assert_allclose(terms[:, BASE] + terms[:, SCALE] * features[:, QUADRATIC], [50.0, 100.0], atol=1e-9)


def test_the_other_features_and_the_terms_are_the_similaritys():
    inputs = PROBLEM.domain.sample(200, seed=9)
    features, terms = placed(inputs)
    others, same = AMERICAN.features_and_terms(PROBLEM.domain, inputs)
    assert (features[:, :QUADRATIC] == others).all()
    assert (terms == same).all()
    assert AMERICAN_QUADRATIC.features == (*AMERICAN.features, "quadratic")


@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.05, 2.0])
@pytest.mark.parametrize("dividend", [-0.5, -1e-12, 0.0, 1e-12, 0.05, 2.0])
@pytest.mark.parametrize("right", [-1.0, 1.0])
def test_it_is_finite(rate, dividend, right):
    spot, expiry, volatility = (each.ravel() for each in np.meshgrid([1.0, 100.0, 9e3], [1e-9, 1.0, 30.0], [1e-4, 5.0]))
    same = np.ones(len(spot))
    inputs = np.stack([spot, 100.0 * same, expiry, volatility, rate * same, dividend * same, right * same], axis=1)
    assert np.isfinite(placed(inputs)[0][:, QUADRATIC]).all()
