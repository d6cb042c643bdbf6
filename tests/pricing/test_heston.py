"""Heston prices and Greeks against QuantLib, published values, their limits and their laws."""

import itertools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing import european
from tradesim.pricing.heston import DOMAIN, HESTON_PROBLEM, greeks, price, proxy
from tradesim.pricing.implied import european_implied

NAMES = DOMAIN.names
AT = {name: i for i, name in enumerate(NAMES)}
PLAIN = {"spot": 100.0, "strike": 100.0, "expiry": 0.5, "volatility": 0.2, "rate": 0.03, "dividend": 0.01, "right": 1.0}
PLAIN |= {"reversion": 2.0, "long_volatility": 0.25, "vol_of_vol": 0.5, "correlation": -0.6}

OPTIONS = {each.name: st.floats(each.low, each.high) for each in DOMAIN.inputs}
OPTIONS["right"] = st.sampled_from([1.0, -1.0])


def inputs(**columns):
    """A table of options that differ from the plain one in ``columns``."""
    return np.stack(np.broadcast_arrays(*({**PLAIN, **columns}[name] for name in NAMES)), axis=-1).reshape(-1, 11)


def changed(table, **columns):
    table = table.copy()
    for name, column in columns.items():
        table[:, AT[name]] = column
    return table


def whole_days(table):
    """So that QuantLib's calendar has exactly the same expiries."""
    return changed(table, expiry=np.maximum(np.rint(365 * table[:, AT["expiry"]]), 1) / 365)


@pytest.fixture(scope="module")
def oracle():
    """Prices of QuantLib's engine on an angled contour by exponential-sinh quadrature (Andersen and Lake 2018).

    Its usual quadratures are off by 1e-8 and more at the domain's corners, or do not come to an end.
    """
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today

    def one(spot, strike, expiry, volatility, rate, dividend, right, kappa, long_volatility, xi, rho):
        def flat(level):
            return ql.YieldTermStructureHandle(ql.FlatForward(today, float(level), ql.Actual365Fixed()))

        quote = ql.QuoteHandle(ql.SimpleQuote(float(spot)))
        variance, theta = volatility**2, long_volatility**2
        process = ql.HestonProcess(flat(rate), flat(dividend), quote, *map(float, (variance, kappa, theta, xi, rho)))
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, float(strike))
        option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + round(365 * expiry)))
        contour, quadrature = ql.AnalyticHestonEngine.AngledContour, ql.FourierIntegration.expSinh(1e-13)
        option.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(process), contour, quadrature))
        return option.NPV()

    return lambda table: np.array([one(*row) for row in table])


@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
def test_agrees_with_quantlib_over_the_domain(points, oracle):
    table = whole_days(points(1_000, seed=11))
    assert np.abs(price(table) - oracle(table)).max() < 1e-10


def test_agrees_with_quantlib_at_the_corners_of_the_domain(oracle):
    """Every corner of expiry, variances, vol of vol and correlation, at five spots: the longest sums are here."""
    names = ("expiry", "volatility", "reversion", "long_volatility", "vol_of_vol", "correlation")
    ends = [(each.low, each.high) for each in DOMAIN.inputs if each.name in names]
    corners = np.repeat(np.array(list(itertools.product(*ends))), 5, axis=0)
    spot = np.tile(100 * np.exp(np.linspace(-0.5, 0.5, 5)), len(corners) // 5)
    table = inputs(spot=spot, **dict(zip(names, corners.T, strict=True)))
    assert np.abs(price(table) - oracle(table)).max() < 1e-10


EXACT = "exact_rounded"


def published(folder):
    """The published rows, as a table of inputs, and their frame."""
    frame = pl.read_csv(folder / "heston_european.csv", infer_schema_length=None)
    of = {name: frame[column].to_numpy() for name, column in (("spot", "S"), ("strike", "K"), ("expiry", "T_eff"))}
    of |= {
        name: frame[column].to_numpy() for name, column in (("rate", "r"), ("dividend", "q"), ("reversion", "kappa"))
    }
    of |= {"vol_of_vol": frame["xi"].to_numpy(), "correlation": frame["rho"].to_numpy()}
    of |= {"volatility": np.sqrt(frame["v0"].to_numpy()), "long_volatility": np.sqrt(frame["theta"].to_numpy())}
    of["right"] = np.where(frame["option_type"].to_numpy() == "call", 1.0, -1.0)
    return inputs(**of), frame


def test_published_values(shared_reference):
    """Every exact row: 13 prices and 9 implied volatilities. Not covered: the 4 that their file calls suspect."""
    table, frame = published(shared_reference)
    exact = frame["kind"].to_numpy() == EXACT
    assert (int(exact.sum()), len(exact)) == (22, 26)
    got = price(table)
    for i in np.flatnonzero(frame["quantity"].to_numpy() == "implied_vol"):
        spot, strike, expiry, _, rate, dividend, right = table[i, :7]
        got[i] = european_implied(got[i], spot, strike, expiry, rate, dividend, int(right), np.nan)
    off = np.abs(got - frame["value"].to_numpy())
    wrong = exact & ~(off <= frame["tolerance"].to_numpy())
    assert frame["id"].filter(wrong).to_list() == []


def test_suspect_rows_are_told_apart_by_their_kind_alone(shared_reference):
    table, frame = published(shared_reference)
    suspect = frame["kind"].str.starts_with("suspect").to_numpy()
    assert (suspect | (frame["kind"] == EXACT).to_numpy()).all()
    assert np.isfinite(price(table[suspect])).all()


@pytest.mark.parametrize("vol_of_vol", [0.0, 1e-9, 1e-6, 1e-3])
def test_nears_its_closed_form_as_vol_of_vol_falls(vol_of_vol):
    table = changed(DOMAIN.sample(300, seed=3), vol_of_vol=vol_of_vol)
    assert np.abs(price(table) - proxy(table)).max() < 0.01 * vol_of_vol + 1e-10


def test_a_variance_that_rests_is_black_scholes():
    table = changed(DOMAIN.sample(300, seed=4), vol_of_vol=0.0)
    table = changed(table, long_volatility=table[:, AT["volatility"]])
    assert np.abs(price(table) - european.price(*table[:, :7].T)).max() < 1e-10


def present_values(table):
    asset = table[:, AT["spot"]] * np.exp(-table[:, AT["dividend"]] * table[:, AT["expiry"]])
    return asset, table[:, AT["strike"]] * np.exp(-table[:, AT["rate"]] * table[:, AT["expiry"]])


@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
def test_put_call_parity(points):
    table = points(500, seed=5)
    asset, cash = present_values(table)
    gap = price(changed(table, right=1.0)) - price(changed(table, right=-1.0)) - (asset - cash)
    assert np.abs(gap).max() < 1e-10


@given(st.fixed_dictionaries(OPTIONS))
def test_lies_between_its_intrinsic_value_and_what_is_paid_for(option):
    table = inputs(**option)
    (asset,), (cash,) = present_values(table)
    most = asset if option["right"] > 0 else cash
    assert max(option["right"] * (asset - cash), 0.0) - 1e-11 <= price(table)[0] <= most + 1e-11


@given(st.fixed_dictionaries(OPTIONS), st.floats(1e-3, 0.2))
def test_is_convex_in_spot_and_in_strike(option, width):
    for name in ("spot", "strike"):
        below, middle, above = price(inputs(**{**option, name: option[name] * np.array([1 - width, 1, 1 + width])}))
        assert below - 2 * middle + above >= -2e-10


@given(st.fixed_dictionaries(OPTIONS), st.floats(1.01, 1.5))
def test_grows_with_both_volatilities(option, factor):
    for name in ("volatility", "long_volatility"):
        low, high = price(inputs(**{**option, name: option[name] * np.array([1, factor])}))
        assert high >= low - 1e-10


@given(st.fixed_dictionaries(OPTIONS), st.floats(0.01, 100.0))
def test_scales_with_the_currency(option, scale):
    one, scaled = price(inputs(**{**option, **{n: option[n] * np.array([1, scale]) for n in ("spot", "strike")}}))
    assert scaled == pytest.approx(scale * one, abs=1e-10 * scale)


def test_time_runs_at_the_pace_of_its_unit():
    """Half the time with all that is a year doubled is the same option."""
    table = DOMAIN.sample(300, seed=6)
    half = table.copy()
    half[:, AT["expiry"]] /= 2
    for name in ("rate", "dividend", "reversion", "vol_of_vol"):
        half[:, AT[name]] *= 2
    for name in ("volatility", "long_volatility"):
        half[:, AT[name]] *= math.sqrt(2)
    assert np.abs(price(half) - price(table)).max() < 1e-10


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize("still", [{"expiry": 0.0}, {"volatility": 0.0, "long_volatility": 0.0}])
def test_without_uncertainty_it_is_the_forward_intrinsic_value(still, right):
    table = inputs(spot=np.array([90.0, 100.0, 110.0]), right=right, **still)
    asset, cash = present_values(table)
    np.testing.assert_allclose(price(table), np.maximum(right * (asset - cash), 0.0), atol=1e-12)


def test_worthless_spot_or_strike():
    table = inputs(spot=np.array([0.0, 0.0, 100.0]), strike=np.array([100.0, 100.0, 0.0]), right=np.array([1, -1, 1]))
    asset, cash = present_values(table)
    np.testing.assert_allclose(price(table), [0.0, cash[1], asset[2]], atol=1e-12)


@pytest.mark.parametrize(
    "extreme",
    [
        {"volatility": 0.0},
        {"volatility": 5.0, "vol_of_vol": 5.0},
        {"expiry": 1e-8},
        {"expiry": 20.0},
        {"correlation": 1.0},
        {"correlation": -1.0},
        {"reversion": 1e-6},
        {"reversion": 100.0},
    ],
)
def test_a_call_keeps_its_shape_far_outside_the_domain(extreme):
    call = price(inputs(spot=np.linspace(50, 200, 31), **extreme))
    asset, cash = present_values(inputs(spot=np.linspace(50, 200, 31), **extreme))
    slope = np.diff(call) / np.diff(asset)
    assert ((slope >= -1e-10) & (slope <= 1 + 1e-10)).all()
    assert ((call >= np.maximum(asset - cash, 0.0)) & (call <= asset)).all()
    assert (np.diff(slope) >= -1e-10).all()


GREEKS = ("delta", "gamma", "vega", "theta")


def central(function, table, name, step):
    """First and second derivatives by one input, of fourth order."""
    value = {n: function(changed(table, **{name: table[:, AT[name]] + n * step})) for n in (-2, -1, 0, 1, 2)}
    first = (8 * (value[1] - value[-1]) - (value[2] - value[-2])) / (12 * step)
    second = (16 * (value[1] + value[-1]) - (value[2] + value[-2]) - 30 * value[0]) / (12 * step**2)
    return first, second


def differences(function, table, day):
    """Delta, gamma, vega and theta by central differences; ``day`` is the step of time."""
    spot, root = table[:, AT["spot"]], np.sqrt(table[:, AT["expiry"]])
    delta, _ = central(function, table, "spot", 1e-4 * spot)
    _, gamma = central(function, table, "spot", 2e-3 * spot * root)
    vega, _ = central(function, table, "volatility", 1e-4 * table[:, AT["volatility"]])
    return np.stack([delta, gamma, vega, -central(function, table, "expiry", day)[0]], axis=1)


@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
def test_greeks_are_central_differences(points):
    table = points(1_000, seed=7)
    off = np.abs(greeks(table) - differences(price, table, 1e-4 * table[:, AT["expiry"]]))
    assert dict(zip(GREEKS, off.max(axis=0) < [1e-7, 1e-7, 1e-6, 1e-5], strict=True)) == dict.fromkeys(GREEKS, True)


def test_greeks_are_differences_of_quantlib(oracle):
    table = whole_days(DOMAIN.sample(60, seed=8))
    table = table[table[:, AT["expiry"]] > 60 / 365]
    off = np.abs(greeks(table) - differences(oracle, table, 1 / 365))
    assert len(table) > 30
    assert dict(zip(GREEKS, off.max(axis=0) < [1e-7, 1e-7, 1e-6, 1e-3], strict=True)) == dict.fromkeys(GREEKS, True)


def test_greeks_of_a_certain_option_are_those_of_a_forward():
    table = inputs(spot=np.array([90.0, 110.0]), expiry=0.0)
    np.testing.assert_allclose(greeks(table)[:, :3], [[0, 0, 0], [1, 0, 0]], atol=1e-15)


@pytest.mark.parametrize("function", [price, proxy, greeks])
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"spot": np.array([1.0, -1.0])}, ArgumentError, r"spot\[1\] is -1.0: it must be finite and not negative"),
        ({"volatility": np.nan}, ArgumentError, r"volatility\[0\] is nan"),
        ({"right": 0.0}, ArgumentError, r"right\[0\] is"),
        ({"reversion": 0.0}, ProblemError, r"reversion of option 0 is 0.0: it must be finite and above zero"),
        ({"long_volatility": -0.1}, ProblemError, "long_volatility of option 0 is -0.1: it must be finite and not neg"),
        ({"vol_of_vol": np.array([0.1, np.inf])}, ProblemError, "vol_of_vol of option 1 is inf"),
        ({"correlation": 1.1}, ProblemError, "correlation of option 0 is 1.1: it must be finite and between -1 and 1"),
    ],
)
def test_bad_inputs_are_named(function, changes, error, message):
    with pytest.raises(error, match=message):
        function(inputs(**changes))


def test_a_table_of_another_width_is_refused():
    with pytest.raises(ArgumentError, match=r"shape \(1, 7\): give a table of 11 columns, spot, strike"):
        price(inputs()[:, :7])


def test_a_transform_that_does_not_fade_is_told():
    table = inputs(volatility=np.array([0.2, 0.001]), long_volatility=np.array([0.2, 0.001]), vol_of_vol=1.0)
    with pytest.raises(ProblemError, match="option 1: its transform has not faded"):
        price(table)


def test_the_problem_answers_by_these():
    table = DOMAIN.sample(5, seed=9)
    assert HESTON_PROBLEM.reference(table).tolist() == price(table).tolist()
    assert HESTON_PROBLEM.proxy(table).tolist() == proxy(table).tolist()
