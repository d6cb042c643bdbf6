"""Trees know nothing beyond what they were trained on: what holds there is held by the guards."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradesim.methods.lightgbm.forest import forest_values, workspace_of
from tradesim.methods.lightgbm.store import forest_prices
from tradesim.methods.scalings.scaling import BASE, SCALE
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Domain, Input, Spacing

FAR = Domain(
    inputs=(
        Input(name="spot", low=5.0, high=2_000.0, spacing=Spacing.LOG, money=True),
        Input(name="strike", low=100.0, high=100.0, money=True),
        Input(name="expiry", low=1e-6, high=10.0),
        Input(name="volatility", low=0.005, high=4.0, spacing=Spacing.LOG),
        Input(name="rate", low=0.0, high=0.3),
        Input(name="dividend", low=0.0, high=0.3),
        Input(name="right", low=-1.0, high=1.0, spacing=Spacing.SIGN),
    ),
    unit="strike",
)
NAMES = ("lightgbm", "lightgbm-plain")


def exercise_and_cap(problem, inputs):
    """What exercise is worth at least, and the most that an option can bring."""
    spot, strike, expiry, _, rate, dividend, right = inputs.T
    if problem == "european":
        spot, strike = spot * np.exp(-dividend * expiry), strike * np.exp(-rate * expiry)
    return np.maximum(right * (spot - strike), 0.0), np.where(right > 0.0, spot, strike)


def values_of(forest, features):
    values = np.empty(len(features))
    forest_values(forest, workspace_of(forest), features, values)
    return values


def european(inputs):
    return PROBLEMS["european"].reference(inputs)


def largest(inputs):
    return np.maximum(inputs[:, 0], inputs[:, 1])


@pytest.mark.parametrize("problem", ["european", "american"])
@pytest.mark.parametrize("name", NAMES)
def test_far_outside_the_domain_the_reference_answers(make, name, problem):
    inputs = FAR.sample(400, seed=2)
    inputs = inputs[~PROBLEMS[problem].domain.contains(inputs)]
    assert len(inputs) > 350
    error = prices_at(make(name, problem), inputs) - PROBLEMS[problem].reference(inputs)
    assert (np.abs(error) < 1e-4 * largest(inputs)).all()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("problem", ["european", "american"])
@pytest.mark.parametrize("name", NAMES)
def test_no_price_is_below_exercise_or_above_its_cap(make, name, problem, seed):
    inputs = np.concatenate([FAR.sample(8, seed=seed), PROBLEMS[problem].domain.sample(24, seed=seed)])
    prices = prices_at(make(name, problem), inputs)
    exercise, cap = exercise_and_cap(problem, inputs)
    assert (prices >= exercise - 1e-9 * largest(inputs)).all()
    assert (prices <= cap + 1e-9 * largest(inputs)).all()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_no_american_price_is_below_the_european_one(make, seed):
    inputs = np.concatenate([FAR.sample(8, seed=seed), PROBLEMS["american"].domain.sample(24, seed=seed)])
    prices = prices_at(make("lightgbm", "american"), inputs)
    assert (prices >= european(inputs) - 1e-9 * largest(inputs)).all()


def test_where_the_fallback_is_not_asked_the_floor_holds(make):
    method, inputs = make("lightgbm", "american"), FAR.sample(4_000, seed=3)
    scaling, domain, forest = method.scaling, method.problem.domain, method.built.forest
    features, terms = scaling.features_and_terms(domain, inputs)
    unguarded = terms[:, BASE] + terms[:, SCALE] * values_of(forest, features)
    floor = np.maximum(european(inputs), exercise_and_cap("american", inputs)[0])
    assert (unguarded < floor - 1e-6).mean() > 0.1
    prices = forest_prices(scaling, domain, forest, inputs)
    assert (prices >= floor - 1e-9 * largest(inputs)).all()
    assert (prices <= exercise_and_cap("american", inputs)[1]).all()
