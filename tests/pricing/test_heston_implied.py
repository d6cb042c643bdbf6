"""The volatility now that a Heston price carries."""

import numpy as np
import pytest

from tradesim.pricing.heston import DOMAIN, greeks, price
from tradesim.pricing.heston_implied import HIGHEST, LOWEST, write_heston_implied

AT = {name: i for i, name in enumerate(DOMAIN.names)}


def implied(prices, inputs, guess=np.nan):
    out = np.empty(len(inputs))
    write_heston_implied(prices, inputs, np.full(len(inputs), guess), out)
    return out


def with_volatility(inputs, volatility):
    inputs = inputs.copy()
    inputs[:, AT["volatility"]] = volatility
    return inputs


@pytest.mark.parametrize("guess", [np.nan, 0.3])
@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
def test_a_price_gives_its_volatility_back(points, guess):
    inputs = points(500, seed=41)
    prices, vega = price(inputs), greeks(inputs)[:, 2]
    found = implied(prices, with_volatility(inputs, np.nan), guess)
    known = vega > 1e-3
    assert known.mean() > 0.6
    np.testing.assert_allclose(found[known], inputs[known, AT["volatility"]], atol=1e-5)
    met = np.isfinite(found)
    assert np.abs(price(with_volatility(inputs, found)[met]) - prices[met]).max() < 3e-9
    assert vega[~met].max(initial=0.0) < 1e-6


def test_prices_outside_the_bounds_carry_none():
    inputs = DOMAIN.sample(50, seed=42)
    inputs[:, AT["expiry"]] += 0.1
    asset = inputs[:, AT["spot"]] * np.exp(-inputs[:, AT["dividend"]] * inputs[:, AT["expiry"]])
    cash = inputs[:, AT["strike"]] * np.exp(-inputs[:, AT["rate"]] * inputs[:, AT["expiry"]])
    right = inputs[:, AT["right"]]
    least = price(with_volatility(inputs, LOWEST))
    for beyond in (
        np.maximum(right * (asset - cash), 0.0),
        np.maximum(right * (asset - cash), 0.0) - 1.0,
        np.where(right > 0, asset, cash),
        0.5 * (least + np.maximum(right * (asset - cash), 0.0)),
        np.full(50, np.nan),
    ):
        assert np.isnan(implied(beyond, inputs)).all()


def test_all_between_the_lowest_and_the_highest_volatility_carry_one():
    inputs = DOMAIN.sample(50, seed=43)
    inputs[:, AT["expiry"]] += 0.1
    least, most = (price(with_volatility(inputs, volatility)) for volatility in (LOWEST, HIGHEST))
    for share in (0.001, 0.3, 0.999):
        middle = least + share * (most - least)
        found = implied(middle, inputs)
        assert ((found >= LOWEST) & (found <= HIGHEST)).all()
        np.testing.assert_allclose(price(with_volatility(inputs, found)), middle, atol=3e-9)


@pytest.mark.parametrize("change", [{"expiry": 0.0}, {"spot": 0.0}, {"strike": 0.0}, {"reversion": np.nan}])
def test_options_without_a_price_carry_none(change):
    inputs = DOMAIN.sample(4, seed=44)
    prices = price(inputs)
    for name, value in change.items():
        inputs[:, AT[name]] = value
    assert np.isnan(implied(prices, inputs)).all()
