"""Greeks by differences of prices, against closed forms and QuantLib."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813
from scipy.stats import norm
from toys import PRODUCT, SINE

from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.greeks import DELTA, GAMMA, THETA, VEGA, differences, greeks_of, reference_greeks
from tradesim.pricing import PROBLEMS

AMERICAN, EUROPEAN = PROBLEMS["american"], PROBLEMS["european"]


def closed_form(inputs):
    """Merton's formulas, differentiated."""
    spot, strike, expiry, volatility, rate, dividend, right = inputs.T
    deviation = volatility * np.sqrt(expiry)
    upper = (np.log(spot / strike) + (rate - dividend) * expiry) / deviation + 0.5 * deviation
    asset, cash = np.exp(-dividend * expiry), strike * np.exp(-rate * expiry)
    density, below = norm.pdf(upper), norm.cdf(right * upper)
    return np.stack(
        [
            right * asset * below,
            asset * density / (spot * deviation),
            spot * asset * density * np.sqrt(expiry),
            -spot * asset * density * volatility / (2.0 * np.sqrt(expiry))
            + right * (dividend * spot * asset * below - rate * cash * norm.cdf(right * (upper - deviation))),
        ],
        axis=1,
    )


@pytest.mark.parametrize("points", ["sample", "edges"])
def test_european_greeks_are_those_of_the_formula_also_at_the_edges(points):
    inputs = getattr(EUROPEAN.domain, points)(2_000, seed=7)
    truth = closed_form(inputs)
    for found in (reference_greeks(EUROPEAN, inputs), greeks_of(AnalyticSlice(EUROPEAN), inputs)):
        error = np.abs(found - truth)
        assert (error.max(axis=0) <= [5e-6, 5e-6, 5e-5, 1e-4]).all()


def test_american_delta_and_gamma_are_quantlibs():
    inputs = AMERICAN.domain.sample(60, seed=3)
    inputs[:, 5] = np.abs(inputs[:, 5])
    error = np.abs(reference_greeks(AMERICAN, inputs)[:, :2] - [quantlib_greeks(*row) for row in inputs])
    assert error[:, DELTA].max() < 2e-3
    assert np.quantile(error, 0.9, axis=0).max() < 5e-4


def quantlib_greeks(spot, strike, expiry, volatility, rate, dividend, right):
    """Delta and gamma of a fine finite-difference grid."""
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    days = max(round(expiry * 365), 1)
    volatility *= np.sqrt(expiry * 365.0 / days)
    rate, dividend = rate * expiry * 365.0 / days, dividend * expiry * 365.0 / days
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(float(spot))),
        ql.YieldTermStructureHandle(ql.FlatForward(today, float(dividend), count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, float(rate), count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(volatility), count)),
    )
    kind = ql.Option.Call if right > 0 else ql.Option.Put
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, float(strike)), ql.AmericanExercise(today, today + days))
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 200, 800))
    return option.delta(), option.gamma()


def test_an_option_in_exercise_moves_with_the_spot_alone():
    inputs = np.array([[60.0, 100.0, 0.5, 0.2, 0.08, 0.0, -1.0]])
    np.testing.assert_allclose(reference_greeks(AMERICAN, inputs), [[-1.0, 0.0, 0.0, 0.0]], atol=1e-9)


def test_an_expired_option_and_one_without_volatility_have_greeks():
    expired = np.array([[110.0, 100.0, 0.0, 0.3, 0.0, 0.0, 1.0], [90.0, 100.0, 0.0, 0.3, 0.0, 0.0, 1.0]])
    np.testing.assert_allclose(reference_greeks(EUROPEAN, expired)[:, :2], [[1.0, 0.0], [0.0, 0.0]], atol=1e-6)
    certain = np.array([[110.0, 100.0, 0.5, 0.0, 0.0, 0.02, 1.0]])
    delta = np.exp(-0.01)
    expected = [[delta, 0.0, 0.0, 0.02 * 110.0 * delta]]
    np.testing.assert_allclose(reference_greeks(EUROPEAN, certain), expected, atol=1e-6)


def test_every_price_is_taken_inside_the_box_where_the_option_is():
    asked = []

    def pricer(points):
        asked.append(points)
        return EUROPEAN.reference(points)

    inputs = EUROPEAN.domain.edges(500, seed=2)
    differences(pricer, EUROPEAN.domain, inputs)
    assert len(asked) == 1
    assert EUROPEAN.domain.contains(asked[0]).all()


def test_a_problems_own_greeks_are_taken():
    own = replace(SINE, greeks=lambda inputs: np.full((len(inputs), 4), 7.0))
    assert (reference_greeks(own, np.ones((3, 1))) == 7.0).all()


def test_without_volatility_or_expiry_there_are_delta_and_gamma_alone():
    inputs = np.linspace(0.0, 6.0, 40)[:, None]
    expected = np.stack([np.cos(inputs[:, 0]), -np.sin(inputs[:, 0]), np.zeros(40), np.zeros(40)], axis=1)
    np.testing.assert_allclose(reference_greeks(SINE, inputs), expected, atol=1e-6)
    np.testing.assert_allclose(greeks_of(AnalyticSlice(SINE), inputs), expected, atol=1e-6)


def test_several_spots_are_moved_together_by_one_amount():
    inputs = PRODUCT.domain.sample(20, seed=4)
    first, second, power = inputs.T
    delta = second**power + first * power * second ** (power - 1.0)
    gamma = 2.0 * power * second ** (power - 1.0) + first * power * (power - 1.0) * second ** (power - 2.0)
    found = reference_greeks(PRODUCT, inputs)
    np.testing.assert_allclose(found[:, DELTA], delta, rtol=1e-9)
    np.testing.assert_allclose(found[:, GAMMA], gamma, rtol=1e-6)
    assert (found[:, [VEGA, THETA]] == 0.0).all()


def test_the_steps_suit_a_price_of_seven_digits():
    inputs = EUROPEAN.domain.sample(2_000, seed=8)
    truth = closed_form(inputs)
    single = differences(
        lambda points: EUROPEAN.reference(points).astype(np.float32).astype(float), EUROPEAN.domain, inputs
    )
    assert np.abs(single - truth)[:, DELTA].max() < 1e-3
    scale = np.abs(truth).max(axis=0)
    assert (np.sqrt(np.mean((single - truth) ** 2, axis=0)) < 1e-3 * scale).all()
