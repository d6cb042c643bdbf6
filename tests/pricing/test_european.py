import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.pricing import PROBLEMS, american
from tradesim.pricing.columns import Points
from tradesim.pricing.european import EUROPEAN_PROBLEM, european_value, forward_intrinsic, price, proxy

SPOTS = st.floats(1.0, 1e4)
EXPIRIES = st.floats(1e-4, 3.0)
VOLATILITIES = st.floats(0.03, 3.0)
RATES = st.floats(-0.05, 0.15)
RIGHTS = st.sampled_from([1, -1])


def test_agrees_with_quantlib_over_the_domain(whole_days, european_oracle):
    points = whole_days(EUROPEAN_PROBLEM.domain, 2_000, seed=11)
    scale = np.maximum(points.spot, points.strike)
    assert np.abs((price(*points.columns()) - european_oracle(points)) / scale).max() < 1e-10


@given(SPOTS, SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES)
def test_put_call_parity(spot, strike, expiry, volatility, rate, dividend):
    call, put = (european_value(spot, strike, expiry, volatility, rate, dividend, right) for right in (1, -1))
    forward = spot * math.exp(-dividend * expiry) - strike * math.exp(-rate * expiry)
    assert call - put == pytest.approx(forward, abs=1e-12 * (spot + strike))


@given(SPOTS, SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_lies_between_its_intrinsic_value_and_what_is_paid_for(spot, strike, expiry, volatility, rate, dividend, right):
    value = european_value(spot, strike, expiry, volatility, rate, dividend, right)
    most = spot * math.exp(-dividend * expiry) if right > 0 else strike * math.exp(-rate * expiry)
    assert forward_intrinsic(spot, strike, expiry, rate, dividend, right) <= value <= most * (1 + 1e-15)


@given(SPOTS, SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_grows_with_volatility(spot, strike, expiry, volatility, rate, dividend, right):
    low = european_value(spot, strike, expiry, volatility, rate, dividend, right)
    high = european_value(spot, strike, expiry, 1.1 * volatility, rate, dividend, right)
    assert high >= low - 1e-14 * (spot + strike)


@given(SPOTS, SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS, st.floats(0.01, 100.0))
def test_scales_with_the_currency(spot, strike, expiry, volatility, rate, dividend, right, scale):
    one = european_value(spot, strike, expiry, volatility, rate, dividend, right)
    scaled = european_value(scale * spot, scale * strike, expiry, volatility, rate, dividend, right)
    assert scaled == pytest.approx(scale * one, abs=1e-12 * scale * (spot + strike))


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize(("expiry", "volatility"), [(0.0, 0.2), (1.0, 0.0)])
def test_without_uncertainty_it_is_the_forward_intrinsic_value(expiry, volatility, right):
    value = european_value(100.0, 95.0, expiry, volatility, 0.05, 0.01, right)
    assert value == forward_intrinsic(100.0, 95.0, expiry, 0.05, 0.01, right)


def test_worthless_spot_or_strike():
    assert european_value(0.0, 100.0, 1.0, 0.2, 0.05, 0.0, 1) == 0.0
    assert european_value(0.0, 100.0, 1.0, 0.2, 0.05, 0.0, -1) == pytest.approx(100 * math.exp(-0.05))
    assert european_value(100.0, 0.0, 1.0, 0.2, 0.05, 0.0, 1) == 100.0


def test_proxy_is_the_reference_without_volatility():
    points = Points.of(EUROPEAN_PROBLEM.domain.sample(100, seed=1))
    still = price(*points.columns()[:3], np.zeros(100), *points.columns()[4:])
    assert proxy(*points.columns()).tolist() == still.tolist()


def _columns(**changes):
    columns = dict.fromkeys(("spot", "strike", "expiry", "volatility", "rate", "dividend"), np.ones(2))
    return (columns | {"right": np.array([1, -1])} | changes).values()


@pytest.mark.parametrize("function", [price, proxy, american.price])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spot": np.array([1.0, -1.0])}, r"spot\[1\] is -1.0: it must be finite and not negative"),
        ({"expiry": np.array([np.nan, 1.0])}, r"expiry\[0\] is nan"),
        ({"rate": np.array([0.0, np.inf])}, r"rate\[1\] is inf: it must be finite;"),
        ({"strike": np.ones(3)}, r"strike has shape \(3,\)"),
        ({"right": np.array([1, 0])}, r"right\[1\] is"),
    ],
)
def test_bad_inputs_are_named(function, changes, message):
    with pytest.raises(ArgumentError, match=message):
        function(*_columns(**changes))


def test_problems_know_their_names():
    assert [problem.name for problem in PROBLEMS.values()] == list(PROBLEMS)
