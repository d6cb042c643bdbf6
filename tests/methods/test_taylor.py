"""An expansion around the last update's spot: exact there, worse with distance, and not trusted beyond its reach."""

import numpy as np
import pytest
from chains import small_chain, state_of
from hypothesis import given
from hypothesis import strategies as st
from toys import PRODUCT, SINE

from tradesim.errors import ProblemError
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.method import price_chain
from tradesim.methods.staged import prices_at
from tradesim.methods.taylor.method import REACH, Taylor
from tradesim.pricing import PROBLEMS

EUROPEAN, AMERICAN = PROBLEMS["european"], PROBLEMS["american"]


def pair(problem, state=None):
    chain, default = small_chain()
    methods = Taylor(problem), AnalyticSlice(problem)
    for method in methods:
        method.bind(chain)
        method.update(state or default)
    return *methods, len(chain)


@given(
    strike=st.floats(60.0, 160.0),
    expiry=st.floats(1.0 / 365.0, 1.0),
    volatility=st.floats(0.1, 0.8),
    right=st.sampled_from([-1.0, 1.0]),
    moved=st.floats(-REACH, REACH),
)
def test_what_the_expansion_leaves_out_is_as_stated(strike, expiry, volatility, right, moved):
    slow = np.array([[strike, expiry, volatility, 0.03, 0.01, right]])
    taylor, full = Taylor(EUROPEAN), AnalyticSlice(EUROPEAN)
    deviation = volatility * np.sqrt(expiry)
    spot = 100.0 * (1.0 + 0.999 * moved * deviation)
    expanded, exact = np.empty(1), np.empty(1)
    assert taylor.evaluate(spot, taylor.prepare(slow, 100.0), expanded) == "hit"
    full.evaluate(spot, full.prepare(slow, 100.0), exact)
    spread = (1.0 + 2.0 * deviation + 2.0 * deviation**2) / (1.0 - abs(moved) * deviation) ** 3
    assert abs(expanded[0] - exact[0]) <= 100.0 * deviation * moved**4 / 60.0 * spread + 1e-6
    assert max(right * (spot * np.exp(-0.01 * expiry) - strike * np.exp(-0.03 * expiry)), 0.0) <= expanded[0] + 1e-12


@pytest.mark.parametrize("problem", [EUROPEAN, AMERICAN], ids=lambda problem: problem.name)
def test_it_is_the_solver_at_the_anchor_and_staler_with_distance(problem):
    taylor, full, count = pair(problem)
    errors = [
        np.abs(price_chain(taylor, spot, count) - price_chain(full, spot, count)).max()
        for spot in (100.0, 100.25, 100.5, 101.0)
    ]
    assert errors[0] == 0.0
    assert errors == sorted(errors)
    assert errors[-1] < 1e-3


def test_staleness_shows_in_its_error_over_the_domain():
    points = EUROPEAN.domain.sample(500, seed=2)
    truth = EUROPEAN.reference(points)
    errors = [np.abs(prices_at(Taylor(EUROPEAN), points, moved=moved) - truth).max() for moved in (0.0, 1e-3, 5e-3)]
    assert errors[0] < 1e-9
    assert errors[1] < errors[2]
    assert 1e-5 < errors[2] < 1e-2


@pytest.mark.parametrize("problem", [EUROPEAN, AMERICAN], ids=lambda problem: problem.name)
def test_the_solver_prices_what_is_out_of_reach_and_nothing_else(problem):
    taylor, full, count = pair(problem)
    out = np.empty(count)
    assert taylor.price(101.0, out) == "hit"
    assert taylor.price(103.0, out) == "far"
    truth = price_chain(full, 103.0, count)
    weekly, yearly = slice(0, 4), slice(8, 12)
    assert np.array_equal(out[weekly], truth[weekly])
    assert (out[yearly] != truth[yearly]).any()
    np.testing.assert_allclose(out, truth, atol=1e-3)


def test_an_expired_contract_is_worth_its_exercise_however_far_the_spot_went():
    chain, state = small_chain()
    expiry = state.expiry.copy()
    expiry[:4] = 0.0
    taylor, _, count = pair(AMERICAN, state_of(chain, index=1, expiry=expiry))
    out = np.empty(count)
    assert taylor.price(101.5, out) == "hit"
    assert out[:4].tolist() == np.maximum(chain.right[:4] * (101.5 - chain.strike[:4]), 0.0).tolist()


@pytest.mark.parametrize("problem", [SINE, PRODUCT], ids=lambda problem: problem.name)
def test_no_expansion_without_a_deviation_or_in_two_spots(problem):
    with pytest.raises(ProblemError, match=f"method 'taylor' cannot price problem '{problem.name}'"):
        Taylor(problem)
