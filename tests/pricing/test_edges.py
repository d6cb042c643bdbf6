"""Where an input is nothing: prices and Greeks are those of the limit, in every problem."""

import math

import numpy as np
import pytest

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing import PROBLEMS, asian

USUAL = {
    **{
        "spot": 100.0,
        "spot_1": 100.0,
        "spot_2": 90.0,
        "strike": 94.0,
        "expiry": 0.8,
        "volatility": 0.2,
        "rate": 0.05,
        "dividend": 0.02,
    },
    **{"right": 1.0, "reversion": 2.0, "long_volatility": 0.3, "vol_of_vol": 0.5, "correlation": 0.3},
    **{"fixings": 12.0, "fixed": 3.0, "average": 99.0, "interval": 1 / 24},
}
MONEY = {"spot", "spot_1", "spot_2", "strike", "average"}
NAMES = ("european", "american", "heston", "asian", "basket-2")
EDGES = (
    *("spot", "strike", "expiry", "volatility", "average", "interval", "vol_of_vol"),
    *("spot_1 spot_2", "spot_1", "strike expiry", "spot expiry", "spot volatility", "expiry volatility"),
)
CASES = [(name, edge) for name in NAMES for edge in EDGES if set(edge.split()) <= set(PROBLEMS[name].domain.names)]


def inputs(name, **changes):
    return np.array([[(USUAL | changes)[each] for each in PROBLEMS[name].domain.names]])


def near(edge, distance):
    return {name: distance * (100.0 if name in MONEY else 1.0) for name in edge.split()}


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize(("name", "edge"), CASES)
def test_prices_and_greeks_at_an_edge_are_their_limits(name, edge, right):
    problem = PROBLEMS[name]
    at, beside = (inputs(name, right=right, **near(edge, distance)) for distance in (0.0, 1e-9))
    for pricer in (problem.reference, problem.proxy):
        np.testing.assert_allclose(pricer(at), pricer(beside), atol=2e-3)
    greeks, limit = problem.greeks(at)[0], problem.greeks(beside)[0]
    assert np.isfinite(greeks).all()
    np.testing.assert_allclose(greeks[[0, 2, 3]], limit[[0, 2, 3]], rtol=1e-2, atol=2e-2)


@pytest.mark.parametrize("name", NAMES)
def test_a_spot_of_next_to_nothing_overflows_nowhere(name):
    spots = dict.fromkeys(("spot", "spot_1", "spot_2"), 1e-300)
    for right in (1.0, -1.0):
        assert np.isfinite(PROBLEMS[name].greeks(inputs(name, right=right, **spots))).all()


def test_an_asian_put_on_nothing_is_worth_its_discounted_strike():
    row = np.array([[0.0, 95.0, 1.0, 0.2, 0.05, 0.02, -1.0, 12.0, 0.0, 100.0, 1 / 12]])
    assert asian.price(row)[0] == pytest.approx(95.0 * math.exp(-0.05), abs=1e-12)
    times = np.arange(1, 13) / 12
    delta, gamma, vega, theta = asian.greeks(row)[0]
    assert delta == pytest.approx(-np.exp(0.03 * times).mean() * math.exp(-0.05), abs=1e-12)
    assert (gamma, vega) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert theta == pytest.approx(0.05 * 95.0 * math.exp(-0.05), abs=1e-6)


def test_the_last_fixing_leaves_a_european_option():
    row = inputs("asian", fixings=1.0, fixed=0.0)
    european = PROBLEMS["european"].reference(inputs("european"))
    np.testing.assert_allclose(PROBLEMS["asian"].reference(row), european, atol=1e-10)


@pytest.mark.parametrize("right", [0.4, 1.4, 2.0, 0.0, -1.5, math.nan, 257.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_right_is_held_to_its_rule_before_it_is_cast(name, right):
    for pricer in (PROBLEMS[name].reference, PROBLEMS[name].proxy, PROBLEMS[name].greeks):
        with pytest.raises(ArgumentError, match=r"right"):
            pricer(inputs(name, right=right))


@pytest.mark.parametrize("name", ["asian", "basket-2"])
def test_a_volatility_beyond_a_program_is_refused_and_not_priced_wrong(name):
    for pricer in (PROBLEMS[name].reference, PROBLEMS[name].greeks):
        with pytest.raises(ProblemError, match="option 0"):
            pricer(inputs(name, volatility=20.0, correlation=0.0))
    assert np.isfinite(PROBLEMS[name].proxy(inputs(name, volatility=60.0))).all()
