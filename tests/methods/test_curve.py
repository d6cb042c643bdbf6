"""A full method sampled along the spot: as good as the method itself inside the window, the method itself outside."""

from dataclasses import replace

import numpy as np
import pytest
from chains import small_chain, state_of
from hypothesis import given
from hypothesis import strategies as st
from toys import PRODUCT, SINE

from tradesim.errors import ProblemError
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.curve import LEAST_DEVIATION, Curve
from tradesim.methods.method import Outside, price_chain
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Domain, Problem

EUROPEAN, AMERICAN = PROBLEMS["european"], PROBLEMS["american"]


def pair(problem):
    chain, state = small_chain()
    methods = Curve(AnalyticSlice(problem)), AnalyticSlice(problem)
    for method in methods:
        method.bind(chain)
        method.update(state)
    return *methods, len(chain)


@given(
    strike=st.floats(60.0, 160.0),
    expiry=st.floats(0.5 / 365.0, 1.0),
    volatility=st.floats(0.05, 0.8),
    right=st.sampled_from([-1.0, 1.0]),
    move=st.floats(-3.5, 3.5),
)
def test_a_european_curve_is_within_its_stated_error(strike, expiry, volatility, right, move):
    slow = np.array([[strike, expiry, volatility, 0.03, 0.01, right]])
    full, curve = AnalyticSlice(EUROPEAN), Curve(AnalyticSlice(EUROPEAN))
    deviation = volatility * np.sqrt(expiry)
    sampled, exact = np.empty(1), np.empty(1)
    prepared = curve.prepare(slow, 100.0)
    spot = float(100.0 * np.exp(move * min(deviation, 0.012)))
    assert curve.evaluate(spot, prepared, sampled) == "hit"
    full.evaluate(spot, full.prepare(slow, 100.0), exact)
    assert abs(sampled[0] - exact[0]) <= 1.3e-7 * deviation * spot + 1e-9


@given(volatility=st.floats(0.1, 0.8), rate=st.floats(0.0, 0.08), dividend=st.floats(-0.02, 0.06), data=st.data())
def test_an_american_curve_is_within_its_stated_error_at_the_kink(volatility, rate, dividend, data):
    expiry = data.draw(st.floats(1.0 / 365.0, 1.0))
    slow = np.array([[100.0, expiry, volatility, rate, dividend, -1.0]])
    full, curve = AnalyticSlice(AMERICAN), Curve(AnalyticSlice(AMERICAN))
    row = full.prepare(slow, 100.0)
    boundary = float(100.0 * np.exp(row.rows[0, 3]))
    if not boundary > 0.0:
        return
    prepared = curve.prepare(slow, boundary)
    sampled, exact = np.empty(1), np.empty(1)
    for spot in boundary * np.exp(prepared.spacing * np.linspace(-2.0, 2.0, 21)):
        assert curve.evaluate(spot, prepared, sampled) == "hit"
        full.evaluate(spot, row, exact)
        assert abs(sampled[0] - exact[0]) <= 1.2e-4
        assert sampled[0] >= max(100.0 - spot, 0.0)


@pytest.mark.parametrize("problem", [EUROPEAN, AMERICAN], ids=lambda problem: problem.name)
def test_outside_the_window_the_full_method_prices(problem):
    curve, full, count = pair(problem)
    out = np.empty(count)
    assert curve.price(104.0, out) == "hit"
    assert curve.price(125.0, out) == "moved-out"
    assert np.array_equal(out, price_chain(full, 125.0, count))


def test_a_contract_that_is_a_kink_is_asked_of_the_full_method():
    chain, state = small_chain()
    expiry = state.expiry.copy()
    expiry[[1, 2]] = (0.5 * LEAST_DEVIATION / state.volatility[[1, 2]]) ** 2
    thin = state_of(chain, index=1, expiry=expiry)
    curve, full = Curve(AnalyticSlice(AMERICAN)), AnalyticSlice(AMERICAN)
    for method in (curve, full):
        method.bind(chain)
        method.update(thin)
    out = np.empty(len(chain))
    assert curve.price(100.001, out) == "direct"
    np.testing.assert_allclose(out, price_chain(full, 100.001, len(chain)), rtol=0.0, atol=1e-4)
    assert (out[[1, 2]] == price_chain(full, 100.001, len(chain))[[1, 2]]).all()


def test_a_window_is_as_wide_as_the_least_deviation_allows():
    chain, state = small_chain()
    curve = Curve(AnalyticSlice(EUROPEAN))
    curve.bind(chain)
    curve.update(replace(state, volatility=np.full(len(chain), 0.08)))
    out = np.empty(len(chain))
    reach = 3.58 * 0.08 * np.sqrt(7.0 / 365.0)
    assert curve.price(100.0 * np.exp(0.99 * reach), out) == "hit"
    assert curve.price(100.0 * np.exp(-0.99 * reach), out) == "hit"
    assert curve.price(100.0 * np.exp(1.05 * reach), out) == "moved-out"


def test_what_the_full_method_answers_by_its_fallback_is_counted(make):
    chain, state = small_chain()
    volatility = state.volatility.copy()
    volatility[[2, 7]] = 1.5
    method = make("grid-slice", "american")
    method.bind(chain)
    method.update(state_of(chain, index=1, volatility=volatility))
    assert method.fallbacks == 2


def test_a_window_may_leave_the_domain_where_the_spot_does_not(make, home):
    chain, state = small_chain()
    make("lightgbm-slice", "american")
    slices = make_method("lightgbm-slice", AMERICAN, home, outside=Outside.RAISE)
    slices.bind(chain)
    slices.update(replace(state, spot=80.0 * np.exp(0.49)))
    out = np.empty(len(chain))
    assert slices.price(80.0 * np.exp(0.495), out) == "hit"
    with pytest.raises(ProblemError, match="outside the domain of american"):
        slices.price(80.0 * np.exp(0.56), out)


def test_no_curve_along_two_spots_or_without_a_deviation():
    with pytest.raises(ProblemError, match=r"no slice for problem 'a product': it has 2 fast inputs"):
        Curve(AnalyticSlice(PRODUCT))
    with pytest.raises(ProblemError, match=r"no slice for problem 'a sine': it has no volatility and expiry"):
        Curve(AnalyticSlice(SINE))


def test_a_problem_without_known_bounds_has_a_curve_too():
    domain = EUROPEAN.domain
    forward = Problem(
        name="forward",
        version=1,
        domain=Domain(inputs=domain.inputs, unit="strike"),
        reference=lambda inputs: inputs[:, 0] * np.exp(-inputs[:, 5] * inputs[:, 2]) - inputs[:, 1],
    )
    chain, state = small_chain()
    curve = Curve(AnalyticSlice(forward))
    curve.bind(chain)
    curve.update(state)
    prices = price_chain(curve, 99.0, len(chain))
    np.testing.assert_allclose(prices, 99.0 * np.exp(-0.02 * state.expiry) - chain.strike, atol=1e-9)
    assert (prices < 0.0).any()
