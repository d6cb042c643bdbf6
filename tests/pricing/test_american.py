import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing.american import (
    AMERICAN_PROBLEM,
    american_value,
    boundary_row,
    boundary_rows,
    exercise_boundary,
    price,
    price_with,
    row_from_boundary,
    slice_value,
    slice_values,
)
from tradesim.pricing.boundary import depth_at, log_ceiling, log_floor
from tradesim.pricing.collocation import ACCURATE, FAST, HIGH, Scheme, tables_of
from tradesim.pricing.columns import Points
from tradesim.pricing.european import european_value

TABLES = tables_of(HIGH)
MONEYNESS = st.floats(-0.7, 0.7)
EXPIRIES = st.floats(1e-4, 2.0)
VOLATILITIES = st.floats(0.05, 2.0)
RATES = st.floats(0.0, 0.12)
RIGHTS = st.sampled_from([1, -1])
TINY = 2e-6
"""Twice the accuracy that is asked of a price of strike 100."""


def american(spot, strike, expiry, volatility, rate, dividend, right):
    return american_value(spot, strike, expiry, volatility, rate, dividend, right, TABLES)


def one_point(**changes):
    inputs = {"spot": 100, "strike": 100, "expiry": 1, "volatility": 0.2, "rate": 0.05, "dividend": 0, "right": -1}
    return Points(**{name: np.array([value]) for name, value in (inputs | changes).items()})


def test_agrees_with_quantlib_over_the_domain(whole_days, american_oracle):
    points = whole_days(AMERICAN_PROBLEM.domain, 300, seed=21)
    assert np.abs(price(*points.columns()) - american_oracle(points)).max() < 1e-6


@pytest.mark.slow
def test_agrees_with_quantlib_at_thousands_of_points(whole_days, american_oracle):
    points = whole_days(AMERICAN_PROBLEM.domain, 3_000, seed=22)
    assert np.abs(price(*points.columns()) - american_oracle(points)).max() < 1e-6


@pytest.mark.parametrize(("scheme", "error"), [(FAST, 2e-4), (ACCURATE, 2e-5), (HIGH, 2e-6)])
def test_schemes_converge_to_a_much_finer_one(scheme, error):
    points = Points.of(AMERICAN_PROBLEM.domain.sample(600, seed=23))
    finest = Scheme(nodes=32, iterations=60, quadrature=40, price_nodes=160, tolerance=1e-11)
    assert np.abs(price_with(scheme, points) - price_with(finest, points)).max() < error


def test_stays_accurate_well_outside_the_domain():
    rng = np.random.default_rng(24)
    count = 1_500
    expiry = np.exp(rng.uniform(np.log(1 / 8760), np.log(3.0), count))
    volatility = np.exp(rng.uniform(np.log(0.03), np.log(3.0), count))
    points = Points(
        spot=100 * np.exp(rng.uniform(-1.5, 1.5, count) * volatility * np.sqrt(expiry)),
        strike=np.full(count, 100.0),
        expiry=expiry,
        volatility=volatility,
        rate=rng.uniform(0.0, 0.12, count),
        dividend=rng.uniform(0.0, 0.12, count),
        right=rng.choice(np.array([1, -1], dtype=np.int8), count),
    )
    finest = Scheme(nodes=32, iterations=60, quadrature=40, price_nodes=160, tolerance=1e-11)
    assert np.abs(price(*points.columns()) - price_with(finest, points)).max() < 2e-5


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_is_worth_its_exercise_and_its_european_twin_but_no_more_than_what_is_paid_for(
    moneyness, expiry, volatility, rate, dividend, right
):
    spot = 100 * math.exp(moneyness)
    value = american(spot, 100.0, expiry, volatility, rate, dividend, right)
    twin = european_value(spot, 100.0, expiry, volatility, rate, dividend, right)
    assert max(twin - 1e-9, right * (spot - 100.0)) <= value <= (spot if right > 0 else 100.0) + 1e-9


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES)
def test_put_call_inequality(moneyness, expiry, volatility, rate, dividend):
    spot = 100 * math.exp(moneyness)
    call, put = (american(spot, 100.0, expiry, volatility, rate, dividend, right) for right in (1, -1))
    assert spot * math.exp(-dividend * expiry) - 100.0 - TINY <= call - put
    assert call - put <= spot - 100.0 * math.exp(-rate * expiry) + TINY


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES)
def test_a_call_is_a_put_with_money_and_asset_exchanged(moneyness, expiry, volatility, rate, dividend):
    spot = 100 * math.exp(moneyness)
    call = american(spot, 100.0, expiry, volatility, rate, dividend, 1)
    assert call == pytest.approx(american(100.0, spot, expiry, volatility, dividend, rate, -1), abs=1e-10)


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS, st.floats(0.01, 100.0))
def test_scales_with_the_currency(moneyness, expiry, volatility, rate, dividend, right, scale):
    spot = 100 * math.exp(moneyness)
    one = american(spot, 100.0, expiry, volatility, rate, dividend, right)
    scaled = american(scale * spot, scale * 100.0, expiry, volatility, rate, dividend, right)
    assert scaled == pytest.approx(scale * one, rel=1e-10, abs=1e-10 * scale)


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_grows_with_time_and_with_volatility(moneyness, expiry, volatility, rate, dividend, right):
    spot = 100 * math.exp(moneyness)
    value = american(spot, 100.0, expiry, volatility, rate, dividend, right)
    assert american(spot, 100.0, 1.1 * expiry, volatility, rate, dividend, right) >= value - 20 * TINY
    assert american(spot, 100.0, expiry, 1.1 * volatility, rate, dividend, right) >= value - 20 * TINY


@given(EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS)
def test_is_monotone_and_convex_in_the_spot(expiry, volatility, rate, dividend, right):
    row = np.empty(HIGH.row_width)
    boundary_row(100.0, expiry, volatility, rate, dividend, right, TABLES, row)
    values = np.array([slice_value(spot, row) for spot in np.linspace(50.0, 200.0, 61)])
    assert (right * np.diff(values) >= -TINY).all()
    assert (np.diff(values, 2) >= -10 * TINY).all()


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES)
def test_without_a_reason_to_exercise_it_is_european(moneyness, expiry, volatility, rate, carry):
    spot = 100 * math.exp(moneyness)
    for right, inputs in ((1, (rate, -carry)), (-1, (-carry, rate))):
        twin = european_value(spot, 100.0, expiry, volatility, *inputs, right)
        assert american(spot, 100.0, expiry, volatility, *inputs, right) == pytest.approx(twin, rel=1e-12, abs=1e-12)


def test_rows_price_the_chain_as_single_calls_do():
    points = Points.of(AMERICAN_PROBLEM.domain.sample(60, seed=25))
    rows, out = np.empty((60, ACCURATE.row_width)), np.empty(60)
    boundary_rows(*points.columns()[1:], tables_of(ACCURATE), rows)
    for spot in (80.0, 100.0, 125.0):
        slice_values(spot, rows, out)
        cold = [
            american_value(spot, *inputs, tables_of(ACCURATE)) for inputs in zip(*points.columns()[1:], strict=True)
        ]
        assert out.tolist() == cold


@given(EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS, st.floats(0.05, 1.0), st.floats(50.0, 200.0))
def test_one_curve_serves_every_shorter_expiry(expiry_max, volatility, rate, dividend, right, part, strike):
    curve, row = np.zeros(HIGH.nodes), np.empty(HIGH.row_width)
    exercise_boundary(expiry_max, volatility, rate, dividend, right, TABLES, curve)
    expiry = part * expiry_max
    row_from_boundary(strike, expiry, expiry_max, volatility, rate, dividend, right, TABLES, curve, row)
    cold = american(100.0, strike, expiry, volatility, rate, dividend, right)
    assert slice_value(100.0, row) == pytest.approx(cold, abs=2e-5)


@given(EXPIRIES, VOLATILITIES, st.floats(0.001, 0.12), st.floats(-0.05, 0.12))
def test_the_boundary_falls_from_its_limit_towards_the_perpetual_one(expiry, volatility, rate, dividend):
    curve = np.empty(HIGH.nodes)
    assert exercise_boundary(expiry, volatility, rate, dividend, -1, TABLES, curve)
    depths = np.array([depth_at(root, TABLES, curve) for root in np.linspace(0.0, 1.0, 41)])
    assert depths[0] == 0.0
    assert (np.diff(depths) > -1e-4 * depths[-1] - 1e-5).all()
    assert depths[-1] <= log_ceiling(rate, dividend) - log_floor(volatility, rate, dividend) + 1e-12


def test_where_the_spot_is_past_the_boundary_it_is_exercised():
    curve, row = np.empty(HIGH.nodes), np.empty(HIGH.row_width)
    exercise_boundary(1.0, 0.2, 0.05, 0.0, -1, TABLES, curve)
    boundary = 100.0 * math.exp(-depth_at(1.0, TABLES, curve))
    boundary_row(100.0, 1.0, 0.2, 0.05, 0.0, -1, TABLES, row)
    assert slice_value(0.999 * boundary, row) == pytest.approx(100.0 - 0.999 * boundary, abs=1e-12)
    assert slice_value(1.02 * boundary, row) > 100.0 - 1.02 * boundary
    assert not exercise_boundary(1.0, 0.2, 0.05, 0.0, 1, TABLES, curve)


def test_the_premium_is_continuous_where_the_way_to_solve_changes():
    rate = 0.10
    for volatility in (2 * rate - 1e-9, 2 * rate + 1e-9):
        assert american(95.0, 100.0, 1.0, volatility, rate, 0.0, -1) == pytest.approx(
            american(95.0, 100.0, 1.0, 2 * rate, rate, 0.0, -1), abs=TINY
        )


@pytest.mark.parametrize("right", [1, -1])
def test_at_expiry_it_is_its_intrinsic_value(right):
    for spot in (90.0, 100.0, 110.0):
        assert american(spot, 100.0, 0.0, 0.3, 0.05, 0.03, right) == max(right * (spot - 100.0), 0.0)


def test_without_volatility_it_is_exercised_at_the_best_instant():
    now = american(100.0, 120.0, 1.0, 0.0, 0.05, 0.01, -1)
    at_expiry = american(100.0, 120.0, 1.0, 0.0, 0.0, 0.05, -1)
    between = american(100.0, 120.0, 40.0, 0.0, 0.01, 0.5, -1)
    instants = np.linspace(0.0, 40.0, 400_001)
    best = (120 * np.exp(-0.01 * instants) - 100 * np.exp(-0.5 * instants)).max()
    assert now == pytest.approx(20.0)
    assert at_expiry == pytest.approx(120.0 - 100.0 * math.exp(-0.05))
    assert between == pytest.approx(best, abs=1e-8)


def test_worthless_spot_or_strike():
    assert american(0.0, 100.0, 1.0, 0.2, 0.05, 0.0, -1) == 100.0
    assert american(0.0, 100.0, 1.0, 0.2, 0.05, 0.02, 1) == 0.0
    assert american(100.0, 0.0, 1.0, 0.2, 0.05, 0.02, 1) == 100.0
    assert american(0.0, 0.0, 1.0, 0.2, 0.05, 0.02, 1) == 0.0
    assert american(0.0, 0.0, 1.0, 0.2, 0.05, 0.02, -1) == 0.0


@pytest.mark.parametrize(
    ("right", "rate", "dividend", "rule"),
    [(-1, -0.01, -0.03, "a put with dividend < rate < 0"), (1, -0.03, -0.01, "a call with rate < dividend < 0")],
)
def test_two_boundaries_are_refused(right, rate, dividend, rule):
    with pytest.raises(ProblemError, match=rule):
        price(*one_point(right=right, rate=rate, dividend=dividend).columns())
    for expiry, volatility in ((1.0, 0.2), (0.0, 0.2), (1.0, 0.0)):
        assert math.isnan(american(100.0, 100.0, expiry, volatility, rate, dividend, right))


def test_proxy_lacks_only_the_premium():
    points = Points.of(AMERICAN_PROBLEM.domain.sample(200, seed=26))
    premium = AMERICAN_PROBLEM.reference(points.inputs()) - AMERICAN_PROBLEM.proxy(points.inputs())
    assert premium.min() > -1e-9
    assert premium.max() < 10.0


@pytest.mark.parametrize("nodes", [0, 10])
def test_nodes_come_in_fours(nodes):
    with pytest.raises(ArgumentError, match=f"nodes {nodes}: they are interpolated four at a time"):
        Scheme(nodes=nodes, iterations=1, quadrature=8, price_nodes=8, tolerance=1e-3)
