import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.pricing.american import american_value, price_with
from tradesim.pricing.collocation import ACCURATE, tables_of
from tradesim.pricing.columns import Points
from tradesim.pricing.european import DOMAIN, european_value, forward_intrinsic, price
from tradesim.pricing.implied import (
    HIGHEST,
    LOWEST,
    american_implied,
    european_implied,
    implied_by,
    implied_volatilities,
)

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


def implied_of(price, spot, strike, years, right, style, guess=NO_GUESS):
    one, out = (lambda x: np.array([float(x)])), np.empty(1)
    terms = (one(spot), one(strike), one(years), one(0.0), one(0.0), np.array([right], np.int8))
    implied_volatilities(one(price), *terms, np.array([style], np.int8), one(guess), out)
    return out[0]


SECOND_OF_YEAR = 1 / (365 * 86_400)


@pytest.mark.parametrize("guess", [NO_GUESS, 0.2, 19.999])
@pytest.mark.parametrize("style", [0, 1])
@pytest.mark.parametrize(
    ("price", "spot", "strike", "seconds", "right"),
    [(0.02, 100, 110, 20, 1), (0.05, 100, 92, 5, -1), (30.01, 130, 100, 60, 1), (1e-8, 100, 110, 20, 1)],
)
def test_a_price_beyond_the_highest_volatility_carries_none(price, spot, strike, seconds, right, style, guess):
    assert math.isnan(implied_of(price, spot, strike, seconds * SECOND_OF_YEAR, right, style, guess))


@pytest.mark.parametrize("style", [0, 1])
@pytest.mark.parametrize("right", [1, -1])
@pytest.mark.parametrize("end", [LOWEST, HIGHEST])
def test_the_ends_divide_what_carries_a_volatility_from_what_does_not(end, right, style):
    """At the money, where the lowest volatility has a price of its own; a second to go, where the highest has."""
    years = 1.0 if end == LOWEST else 60 * SECOND_OF_YEAR
    at_end = european_value(100.0, 100.0, years, end, 0.0, 0.0, right)
    inner, outer = (1.01, 0.99) if end == LOWEST else (0.99, 1.01)
    assert implied_of(inner * at_end, 100, 100, years, right, style) == pytest.approx(inner * end, rel=1e-3)
    for guess in (NO_GUESS, 0.3, end * (2.0 if end == LOWEST else 0.5)):
        assert math.isnan(implied_of(outer * at_end, 100, 100, years, right, style, guess))


@pytest.mark.parametrize(("right", "style"), [(0, 0), (2, 1), (1, 2), (-1, -1)])
def test_a_right_or_style_that_is_none_is_refused(right, style):
    with pytest.raises(ArgumentError, match=r"right|style"):
        implied_of(5.0, 100, 100, 0.5, right, style)


def test_a_price_that_no_trial_meets_is_not_believed_where_a_problem_has_no_inversion_of_its_own():
    def value(slow, out):
        out[:] = price(np.full(len(slow), 100.0), *slow.T[:5], slow[:, 5].astype(np.int8))

    slow = np.array([[110.0, 20 * SECOND_OF_YEAR, 0.3, 0.0, 0.0, 1.0], [110.0, 0.5, 0.3, 0.0, 0.0, 1.0]])
    found = implied_by(value, slow, 2, np.array([1e-8, 5.0]), np.full(2, np.nan))
    assert np.isnan(found).tolist() == [True, False]
