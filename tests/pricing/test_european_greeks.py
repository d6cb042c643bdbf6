import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.pricing.columns import Points
from tradesim.pricing.european import EUROPEAN_PROBLEM, european_greeks, european_value, greeks

SPOTS = st.floats(20.0, 500.0)
EXPIRIES = st.floats(1e-3, 3.0)
VOLATILITIES = st.floats(0.05, 2.0)
RATES = st.floats(-0.05, 0.15)
RIGHTS = st.sampled_from([1, -1])


def test_agree_with_quantlib_over_the_domain(whole_days, european_greeks_oracle):
    points = whole_days(EUROPEAN_PROBLEM.domain, 500, seed=12)
    found, expected = EUROPEAN_PROBLEM.greeks(points.inputs()), european_greeks_oracle(points)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES)
def test_parity(spot, expiry, volatility, rate, dividend):
    call, put = (np.array(european_greeks(spot, 100.0, expiry, volatility, rate, dividend, right)) for right in (1, -1))
    asset, cash = np.exp(-dividend * expiry), 100.0 * np.exp(-rate * expiry)
    forward = [asset, 0.0, 0.0, dividend * spot * asset - rate * cash]
    assert call - put == pytest.approx(np.array(forward), rel=1e-12, abs=1e-11)


@given(SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_theta_is_what_the_equation_of_black_and_scholes_says(spot, expiry, volatility, rate, dividend, right):
    inputs = (spot, 100.0, expiry, volatility, rate, dividend, right)
    delta, gamma, _, theta = european_greeks(*inputs)
    growth = (rate - dividend) * spot * delta + 0.5 * (volatility * spot) ** 2 * gamma
    assert theta + growth == pytest.approx(rate * european_value(*inputs), abs=1e-10)


@given(SPOTS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_delta_and_gamma_keep_their_range(spot, expiry, volatility, rate, dividend, right):
    delta, gamma, vega, _ = european_greeks(spot, 100.0, expiry, volatility, rate, dividend, right)
    assert 0.0 <= right * delta <= np.exp(-dividend * expiry) * (1.0 + 1e-12)
    assert gamma >= 0.0
    assert vega >= 0.0


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize(("expiry", "volatility"), [(0.0, 0.2), (1.0, 0.0)])
@pytest.mark.parametrize("spot", [80.0, 120.0])
def test_without_uncertainty_they_are_those_of_the_forward_intrinsic_value(spot, expiry, volatility, right):
    inside = right * (spot - 100.0) > 0.0
    asset, cash = np.exp(-0.01 * expiry), 100.0 * np.exp(-0.05 * expiry)
    theta = right * (0.01 * spot * asset - 0.05 * cash)
    expected = (right * asset, 0.0, 0.0, theta) if inside else (0.0, 0.0, 0.0, 0.0)
    assert european_greeks(spot, 100.0, expiry, volatility, 0.05, 0.01, right) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize(("expiry", "volatility"), [(0.0, 0.2), (1.0, 0.0), (0.0, 0.0), (1.0, 0.2)])
@pytest.mark.parametrize(("spot", "strike"), [(100.0, 100.0), (0.0, 100.0), (100.0, 0.0), (0.0, 0.0)])
def test_are_finite_at_every_edge(spot, strike, expiry, volatility, right):
    assert np.isfinite(european_greeks(spot, strike, expiry, volatility, 0.05, 0.05, right)).all()


def test_at_the_kink_delta_is_half_way():
    assert european_greeks(100.0, 100.0, 0.0, 0.2, 0.05, 0.05, 1)[:3] == pytest.approx((0.5, 0.0, 0.0))


def test_bad_inputs_are_named():
    ones = np.ones(1)
    with pytest.raises(ArgumentError, match=r"volatility\[0\] is nan"):
        greeks(*Points.of(np.array([[1.0, 1.0, 1.0, np.nan, 0.0, 0.0, 1.0]])).columns())
    assert greeks(ones, ones, ones, ones, ones, ones, ones.astype(np.int8)).shape == (1, 4)
