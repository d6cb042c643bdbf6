import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ProblemError
from tradesim.pricing.american import AMERICAN_PROBLEM, greeks
from tradesim.pricing.american_greeks import american_greeks
from tradesim.pricing.collocation import HIGH, tables_of
from tradesim.pricing.columns import Points
from tradesim.pricing.european import european_greeks

TABLES = tables_of(HIGH)
EXPIRIES = st.floats(1 / 365, 2.0)
VOLATILITIES = st.floats(0.1, 0.8)
RATES = st.floats(0.0, 0.1)
RIGHTS = st.sampled_from([1, -1])


def all_greeks(spot, expiry, volatility, rate, dividend, right, strike=100.0):
    return american_greeks(spot, strike, expiry, volatility, rate, dividend, right, TABLES)


def bumped(points, oracle, **changes):
    columns = dict(zip(Points.__dataclass_fields__, points.columns(), strict=True))
    return oracle(Points(**{**columns, **changes}))


def away_from_the_boundary(points, values):
    """Where a small move of the spot does not reach the boundary, across which gamma jumps."""
    intrinsic = points.right * (points.spot - points.strike)
    return values > intrinsic + 0.02 * points.strike * points.volatility * np.sqrt(points.expiry)


def test_agree_with_differences_of_quantlib(whole_days, american_oracle):
    points = whole_days(AMERICAN_PROBLEM.domain, 60, seed=31)
    values = american_oracle(points)
    step, wide, day = 1e-3 * points.spot, 0.01 * points.volatility, 1.0 / 365.0
    up, down = (bumped(points, american_oracle, spot=points.spot + sign * step) for sign in (1, -1))
    more, less = (bumped(points, american_oracle, volatility=points.volatility + sign * wide) for sign in (1, -1))
    later, sooner = (bumped(points, american_oracle, expiry=points.expiry + sign * day) for sign in (1, -1))
    inside, long_lived = away_from_the_boundary(points, values), points.expiry > 0.15
    found = AMERICAN_PROBLEM.greeks(points.inputs())
    assert found[inside, 0] == pytest.approx(((up - down) / (2 * step))[inside], abs=1e-4)
    assert found[inside, 1] == pytest.approx(((up - 2 * values + down) / step**2)[inside], abs=1e-4)
    assert found[:, 2] == pytest.approx((more - less) / (2 * wide), abs=5e-3)
    assert found[long_lived, 3] == pytest.approx(-((later - sooner) / (2 * day))[long_lived], abs=1e-2)
    assert inside.sum() > 30
    assert long_lived.sum() > 20


def test_theta_is_what_the_equation_of_black_and_scholes_says_while_it_is_held():
    points = Points.of(AMERICAN_PROBLEM.domain.sample(200, seed=32))
    values = AMERICAN_PROBLEM.reference(points.inputs())
    delta, gamma, _, theta = AMERICAN_PROBLEM.greeks(points.inputs()).T
    growth = (points.rate - points.dividend) * points.spot * delta + 0.5 * (
        points.volatility * points.spot
    ) ** 2 * gamma
    inside = away_from_the_boundary(points, values)
    assert inside.sum() > 100
    assert (theta + growth)[inside] == pytest.approx((points.rate * values)[inside], abs=5e-3)


def test_exercised_at_once_they_are_those_of_the_intrinsic_value():
    assert all_greeks(60.0, 1.0, 0.2, 0.08, 0.0, -1) == (-1.0, 0.0, 0.0, 0.0)
    assert all_greeks(160.0, 1.0, 0.2, 0.0, 0.08, 1) == (1.0, 0.0, 0.0, 0.0)


@given(st.floats(60.0, 160.0), EXPIRIES, VOLATILITIES, RATES, RATES)
def test_a_call_is_a_put_with_money_and_asset_exchanged(spot, expiry, volatility, rate, dividend):
    delta, gamma, vega, theta = all_greeks(spot, expiry, volatility, rate, dividend, 1)
    put = american_greeks(100.0, spot, expiry, volatility, dividend, rate, -1, TABLES)
    assert gamma * spot**2 == pytest.approx(put[1] * 100.0**2, rel=1e-9, abs=1e-9)
    assert (vega, theta) == pytest.approx(put[2:], rel=1e-6, abs=1e-6)
    assert 0.0 <= delta <= 1.0 + 1e-6


@given(st.floats(60.0, 160.0), EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_keep_their_range(spot, expiry, volatility, rate, dividend, right):
    delta, gamma, vega, theta = all_greeks(spot, expiry, volatility, rate, dividend, right)
    assert -1e-4 <= right * delta <= 1.0 + 1e-4
    assert gamma >= -1e-4
    assert vega >= -1e-2
    assert theta <= 1e-2


@given(st.floats(60.0, 160.0), EXPIRIES, VOLATILITIES, RATES)
def test_without_a_reason_to_exercise_they_are_european(spot, expiry, volatility, rate):
    twin = european_greeks(spot, 100.0, expiry, volatility, rate, 0.0, 1)
    found = all_greeks(spot, expiry, volatility, rate, 0.0, 1)
    assert found[:2] == pytest.approx(twin[:2], rel=1e-9, abs=1e-9)
    assert found[2:] == pytest.approx(twin[2:], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("expiry", "volatility"), [(0.0, 0.3), (1.0, 0.0), (0.0, 0.0)])
def test_without_uncertainty_they_are_those_of_the_best_instant(expiry, volatility):
    assert all_greeks(120.0, expiry, volatility, 0.05, 0.0, -1) == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-9)
    assert all_greeks(80.0, expiry, volatility, 0.05, 0.0, -1) == pytest.approx((-1.0, 0.0, 0.0, 0.0), abs=1e-6)
    waits = all_greeks(120.0, expiry, volatility, 0.05, 0.0, 1)
    assert waits == pytest.approx((1.0, 0.0, 0.0, -5.0 * math.exp(-0.05 * expiry)), abs=1e-5)
    assert all_greeks(100.0, expiry, volatility, 0.0, 0.0, 1) == pytest.approx((0.5, 0.0, 0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize(("expiry", "volatility"), [(0.0, 0.2), (1.0, 0.0), (0.0, 0.0), (1.0, 0.2)])
@pytest.mark.parametrize(("spot", "strike"), [(100.0, 100.0), (0.0, 100.0), (100.0, 0.0), (0.0, 0.0)])
def test_are_finite_at_every_edge(spot, strike, expiry, volatility, right):
    for rate, dividend in ((0.05, 0.02), (0.02, 0.05), (0.0, 0.0), (0.05, 0.05)):
        assert np.isfinite(all_greeks(spot, expiry, volatility, rate, dividend, right, strike=strike)).all()


def test_two_boundaries_are_refused():
    point = np.array([[100.0, 100.0, 1.0, 0.2, -0.01, -0.03, -1.0]])
    with pytest.raises(ProblemError, match="a put with dividend < rate < 0"):
        greeks(*point.T)
    assert np.isnan(all_greeks(100.0, 1.0, 0.2, -0.01, -0.03, -1)).all()
