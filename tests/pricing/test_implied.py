import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradesim.pricing.american import american_value, price_with
from tradesim.pricing.collocation import ACCURATE, tables_of
from tradesim.pricing.columns import Points
from tradesim.pricing.european import DOMAIN, european_value, forward_intrinsic, price
from tradesim.pricing.implied import american_implied, european_implied, implied_volatilities

TABLES = tables_of(ACCURATE)
NO_GUESS = math.nan
MONEYNESS = st.floats(-0.5, 0.5)
EXPIRIES = st.floats(1e-3, 2.0)
VOLATILITIES = st.floats(0.03, 3.0)
RATES = st.floats(0.0, 0.1)
RIGHTS = st.sampled_from([1, -1])
GUESSES = st.one_of(st.just(NO_GUESS), st.floats(0.01, 5.0))


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS, GUESSES)
def test_european_round_trip(moneyness, expiry, volatility, rate, dividend, right, guess):
    spot = 100 * math.exp(moneyness)
    observed = european_value(spot, 100.0, expiry, volatility, rate, dividend, right)
    implied = european_implied(observed, spot, 100.0, expiry, rate, dividend, right, guess)
    assume(not math.isnan(implied))
    again = european_value(spot, 100.0, expiry, implied, rate, dividend, right)
    assert again == pytest.approx(observed, abs=1e-10)


@given(MONEYNESS, EXPIRIES, VOLATILITIES, RATES, RATES, RIGHTS, GUESSES)
def test_american_round_trip(moneyness, expiry, volatility, rate, dividend, right, guess):
    spot = 100 * math.exp(moneyness)
    observed = american_value(spot, 100.0, expiry, volatility, rate, dividend, right, TABLES)
    certain = max(right * (spot - 100.0), forward_intrinsic(spot, 100.0, expiry, rate, dividend, right), 0.0)
    assume(observed > certain + 1e-3)
    implied = american_implied(observed, spot, 100.0, expiry, rate, dividend, right, guess, TABLES)
    again = american_value(spot, 100.0, expiry, implied, rate, dividend, right, TABLES)
    assert again == pytest.approx(observed, abs=2e-6)


@pytest.mark.parametrize("style", [0, 1])
def test_a_chain_round_trip_from_a_near_guess(style):
    points = Points.of(DOMAIN.sample(1_000, seed=31))
    count = len(points)
    observed = price_with(ACCURATE, points) if style else price(*points.columns())
    out = np.empty(count)
    terms = (points.spot, points.strike, points.expiry, points.rate, points.dividend, points.right)
    implied_volatilities(observed, *terms, np.full(count, style, dtype=np.int8), 1.02 * points.volatility, out)
    lively = np.isfinite(out)
    assert lively.mean() > 0.8
    columns = dict(zip(Points.__dataclass_fields__, points.columns(), strict=True))
    columns["volatility"] = np.where(lively, out, points.volatility)
    again = Points(**columns)
    repriced = price_with(ACCURATE, again) if style else price(*again.columns())
    assert np.abs(repriced - observed).max() <= 1.01e-7


@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize("style", [0, 1])
def test_prices_outside_their_bounds_carry_no_volatility(right, style):
    spot = 100.0 + 10.0 * right
    impossible = np.array([np.nan, -1.0, 0.0, 9.0 if style else 5.0, 200.0])
    ones, out = np.ones(5), np.empty(5)
    implied_volatilities(
        impossible,
        spot * ones,
        100.0 * ones,
        0.5 * ones,
        0.04 * ones,
        0.02 * ones,
        np.full(5, right, dtype=np.int8),
        np.full(5, style, dtype=np.int8),
        0.2 * ones,
        out,
    )
    assert np.isnan(out).all()


def test_an_expired_option_carries_no_volatility():
    assert math.isnan(european_implied(5.0, 100.0, 100.0, 0.0, 0.04, 0.0, 1, 0.2))
    assert math.isnan(american_implied(5.0, 100.0, 100.0, 0.0, 0.04, 0.0, -1, 0.2, TABLES))


def test_two_boundaries_carry_no_volatility():
    assert math.isnan(american_implied(8.0, 100.0, 100.0, 1.0, -0.01, -0.03, -1, 0.2, TABLES))
    assert math.isnan(american_implied(8.0, 100.0, 100.0, 1.0, -0.03, -0.01, 1, 0.2, TABLES))


def test_a_call_that_is_never_exercised_early_is_implied_as_european():
    inputs = (100.0, 105.0, 0.7, 0.05, 0.0, 1)
    assert american_implied(6.0, *inputs, NO_GUESS, TABLES) == european_implied(6.0, *inputs, NO_GUESS)
