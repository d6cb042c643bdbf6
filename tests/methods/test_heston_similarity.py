"""What Heston prices have in common."""

import itertools

import numpy as np
import pytest

from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, compose
from tradesim.pricing.heston import DOMAIN, HESTON_PROBLEM, price, proxy

HESTON = scaling_of(HESTON_PROBLEM)
AT = {name: i for i, name in enumerate(DOMAIN.names)}


def values(inputs):
    """Features, and what a table or a model would be taught."""
    features, terms = HESTON.features_and_terms(DOMAIN, inputs)
    return features, (price(inputs) - terms[:, BASE]) / terms[:, SCALE]


def corners():
    return np.array(
        list(itertools.product(*((each.low, each.high) for each in DOMAIN.inputs if each.name != "strike")))
    )


@pytest.mark.parametrize("points", ["inside", "faces", "corners"])
def test_the_box_of_the_coordinates_holds_the_domain(points):
    if points == "corners":
        inputs = np.insert(corners(), AT["strike"], 100.0, axis=1)
    else:
        inputs = (DOMAIN.sample if points == "inside" else DOMAIN.edges)(20_000, seed=31)
    features, _ = HESTON.features_and_terms(DOMAIN, inputs)
    for i, each in enumerate(HESTON.coordinates):
        assert each.low - 1e-12 <= features[:, i].min(), each.name
        assert features[:, i].max() <= each.high + 1e-12, each.name


def test_the_box_is_no_wider_than_the_corners_ask():
    features, _ = HESTON.features_and_terms(DOMAIN, np.insert(corners(), AT["strike"], 100.0, axis=1))
    for i, each in enumerate(HESTON.coordinates):
        spare = 0.05 * (each.high - each.low)
        assert features[:, i].min() < each.low + spare, each.name
        assert features[:, i].max() > each.high - spare, each.name


def test_one_value_for_all_that_the_scalings_make_equal():
    one = DOMAIN.sample(300, seed=32)
    other = one.copy()
    other[:, AT["expiry"]] *= 0.4
    for name in ("rate", "dividend", "reversion", "vol_of_vol"):
        other[:, AT[name]] /= 0.4
    other[:, [AT["volatility"], AT["long_volatility"]]] /= np.sqrt(0.4)
    other[:, [AT["spot"], AT["strike"]]] *= 3.0
    carry = 0.7 * other[:, AT["expiry"]]
    other[:, AT["rate"]] += 0.7
    other[:, AT["strike"]] *= np.exp(carry)
    other[:, AT["right"]] *= -1
    (features, value), (others, same) = values(one), values(other)
    np.testing.assert_allclose(others, features, atol=1e-9)
    np.testing.assert_allclose(same, value, atol=1e-9)


@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
def test_a_price_is_composed_of_its_value_and_its_terms(points):
    inputs = points(1_000, seed=33)
    _, terms = HESTON.features_and_terms(DOMAIN, inputs)
    held = np.clip(terms[:, BASE], terms[:, FLOOR], terms[:, CAP])
    np.testing.assert_allclose(held, proxy(inputs), atol=1e-11)
    _, value = values(inputs)
    out = np.empty(len(inputs))
    compose(terms, value, out)
    np.testing.assert_allclose(out, price(inputs), atol=1e-10)
    assert np.abs(value).max() < 0.1


def test_floor_and_cap_are_what_arbitrage_leaves():
    inputs = DOMAIN.edges(1_000, seed=34)
    _, terms = HESTON.features_and_terms(DOMAIN, inputs)
    asset = inputs[:, AT["spot"]] * np.exp(-inputs[:, AT["dividend"]] * inputs[:, AT["expiry"]])
    cash = inputs[:, AT["strike"]] * np.exp(-inputs[:, AT["rate"]] * inputs[:, AT["expiry"]])
    right = inputs[:, AT["right"]]
    np.testing.assert_allclose(terms[:, FLOOR], np.maximum(right * (asset - cash), 0.0), atol=1e-12)
    np.testing.assert_allclose(terms[:, CAP], np.where(right > 0, asset, cash), rtol=1e-14)


def test_the_hints_are_what_the_price_has_above_black_scholes():
    inputs = DOMAIN.sample(300, seed=35)
    inputs[:, AT["vol_of_vol"]] = 1e-2
    features, terms = HESTON.features_and_terms(DOMAIN, inputs)
    resting = inputs.copy()
    resting[:, AT["vol_of_vol"]] = 0.0
    above = (price(inputs) - price(resting)) / terms[:, SCALE]
    skew, smile = (features[:, HESTON.features.index(name)] for name in ("skew", "smile"))
    assert np.abs(above).max() > 1e-3
    assert np.abs(above - skew).max() < 0.05 * np.abs(above).max()
    assert np.abs(above - skew - smile).max() < 0.05 * np.abs(above - skew).max()


def test_an_expired_contract_is_worth_its_exercise_and_an_unknown_one_nothing_known():
    inputs = DOMAIN.sample(3, seed=36)
    inputs[:2, AT["expiry"]] = 0.0
    inputs[2, AT["volatility"]] = np.nan
    features, terms = HESTON.features_and_terms(DOMAIN, inputs)
    out = np.zeros(3)
    compose(terms, out, out)
    spot, strike, right = (inputs[:2, AT[name]] for name in ("spot", "strike", "right"))
    np.testing.assert_allclose(out[:2], np.maximum(right * (spot - strike), 0.0), atol=1e-12)
    assert np.isfinite(features[:2]).all()
    assert np.isnan(out[2])
