"""At the edges of its inputs every method of every problem gives the limit, or refuses: never another number."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chains import small_chain, state_of

from tradesim.errors import ArgumentError, TradesimError
from tradesim.methods.by_style import ByStyle
from tradesim.methods.method import price_chain
from tradesim.methods.registry import METHODS, make_method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.function import function_problem
from tradesim.pricing.problem import Domain, Input, Problem, Spacing
from tradesim.units import DAY

USUAL = {
    **{
        "spot": 100.0,
        "spot_1": 100.0,
        "spot_2": 90.0,
        "strike": 95.0,
        "expiry": 0.6,
        "volatility": 0.25,
        "rate": 0.05,
        "dividend": 0.02,
    },
    **{"right": 1.0, "reversion": 2.0, "long_volatility": 0.3, "vol_of_vol": 0.5, "correlation": 0.05},
    **{"fixings": 12.0, "fixed": 3.0, "average": 99.0, "interval": 1 / 24, "x": 1.0},
}
EDGES = {
    "spot": (0.0, 1e-300, 1e8, -1.0, math.nan, math.inf),
    "spot_1": (0.0, 1e8, -1.0, math.nan),
    "strike": (0.0, 1e-8, 1e8, -1.0, math.nan, math.inf),
    "expiry": (0.0, 1e-12, 30.0, 1e300, -1e-9, math.nan, math.inf),
    "volatility": (0.0, 1e-12, 1e-4, 60.0, 1e300, -0.1, math.nan, math.inf),
    "rate": (-0.5, 5.0, -1e3, 1e3, math.nan, math.inf),
    "dividend": (-0.5, 5.0, math.nan),
    "right": (0.0, 2.0, 1.5, math.nan),
    "fixings": (0.0, 2.5, 4.0, 1e300),
    "fixed": (0.0, 11.0, 12.0, -1.0),
    "average": (0.0, 1e8, -1.0),
    "interval": (0.0, 10.0),
    "reversion": (0.0, 1e-12),
    "vol_of_vol": (0.0, -1.0),
    "correlation": (-1.0, 1.0, 1.01),
    "x": (0.0, 7.0, -1e9, math.nan),
}
BOTH = (
    {"spot": 0.0, "expiry": 0.0},
    {"strike": 0.0, "expiry": 0.0},
    {"spot": 0.0, "volatility": 0.0},
    {"spot_1": 0.0, "spot_2": 0.0, "expiry": 0.0},
    {"spot": 95.0, "expiry": 0.0, "volatility": 0.0},
    {"spot": 1e-5, "strike": 1e-5},
    {"spot": 1e200, "strike": 1e200},
    {"fixed": 11.0, "expiry": 0.0},
    {"fixed": 11.0, "average": 1e4},
    {"spot": 1.0, "rate": -0.03, "dividend": 0.0},
    {"strike": 1.0, "rate": 0.0, "dividend": -0.02},
)
PURE = ("analytic", "analytic-slice", "reference", "memo", "taylor", "curve")
QUICK = ("lightgbm", "lightgbm-plain", "network", "lightgbm-slice", "network-slice", "ladder")
SLOW = ("grid", "grid-sql", "chebyshev", "grid-slice")
OFF = {"memo": 0.03, "lightgbm-plain": 12.0, "reference": 1e-6, "analytic": 5e-3}
"""How far a method is from the reference on money of 100, where it is built small."""


def allowed(method):
    return OFF.get(method, 2e-3 if method in PURE else 2.0)


def subjects():
    for problem in ("european", "american", "heston", "asian", "basket-2", "sine"):
        for method in (*PURE, *QUICK, *SLOW, "subspace", "subspace-slice"):
            if METHODS[method].refuses(PROBLEMS[problem]) is not None:
                continue
            built = method not in PURE and problem not in {"european", "american"}
            slow = built and (method in SLOW or method == "ladder")
            yield pytest.param(problem, method, marks=[pytest.mark.slow] if slow else [])


def edges_of(names):
    for name in names:
        yield from ({name: value} for value in EDGES.get(name, ()))
    yield from (both for both in BOTH if set(both) <= set(names))


def told(ask):
    """What ``ask`` returns, or the error that it raises."""
    try:
        return float(ask())
    except TradesimError as error:
        return error


def bounds_of(problem, inputs):
    """The least and the most that an option is worth without arbitrage; a hundredth of a cent to each side."""
    spot = inputs["spot"] if "spot" in inputs else 0.5 * (inputs["spot_1"] + inputs["spot_2"])
    asset = spot * math.exp(-inputs["dividend"] * inputs["expiry"])
    cash = inputs["strike"] * math.exp(-inputs["rate"] * inputs["expiry"])
    right = inputs["right"]
    if problem == "asian":
        return 0.0, math.inf
    if problem == "american":
        exercised = max(right * (spot - inputs["strike"]), right * (asset - cash), 0.0)
        return exercised, max(spot, asset) if right > 0.0 else max(inputs["strike"], cash)
    return max(right * (asset - cash), 0.0), asset if right > 0.0 else cash


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize(("problem", "method"), list(subjects()))
def test_at_an_edge_a_value_is_the_references_or_refused(make, problem, method, right):
    made, reference = make(method, problem), PROBLEMS[problem].reference
    names = made.problem.domain.names
    for edge in edges_of(names):
        inputs = {name: (USUAL | {"right": right} | edge)[name] for name in names}
        truth = told(lambda inputs=inputs: reference(np.array([list(inputs.values())]))[0])
        found = told(lambda inputs=inputs: made.value(**inputs))
        if isinstance(found, TradesimError):
            assert isinstance(truth, TradesimError), (edge, found, truth)
            assert "\n" not in str(found)
        elif isinstance(truth, TradesimError):
            assert method in {"analytic", "memo"}, (edge, found, truth)
            assert "too large for the recursion" in str(truth)
        else:
            size = max(inputs.get("spot", 0.0), inputs.get("spot_1", 0.0), inputs.get("strike", 100.0)) / 100.0
            assert found == pytest.approx(truth, abs=allowed(method) * size, rel=1e-4), edge
        if isinstance(found, float) and problem != "sine":
            least, most = bounds_of(problem, inputs)
            assert least - 1e-6 * max(1.0, least) <= found <= most + 1e-6 * max(1.0, most), edge


GIVEN = [
    *({"right": given} for given in ("1", None, 1 + 0j, np.array([1.0, -1.0]), [1.0])),
    *({"spot": given} for given in ("100", b"100", {}, np.array([100.0]))),
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
@pytest.mark.parametrize("problem", ["european", "asian"])
def test_a_value_is_asked_for_with_one_number_each(problem, given):
    made = make_method("analytic", PROBLEMS[problem], Path())
    inputs = {name: USUAL[name] for name in PROBLEMS[problem].domain.names}
    with pytest.raises(ArgumentError, match=f"{next(iter(given))} is .*: it must be one number"):
        made.value(**(inputs | given))
    assert made.value(**(inputs | {"right": np.int8(1)})) == made.value(**inputs)


def test_a_problem_without_rules_of_its_own_is_held_to_its_domains():
    domain = Domain(
        inputs=(
            Input(name="spot", low=1.0, high=2.0),
            Input(name="count", low=1.0, high=9.0, spacing=Spacing.WHOLE),
            Input(name="side", low=-1.0, high=1.0, spacing=Spacing.SIGN),
        )
    )
    problem = Problem(name="counted", version=1, domain=domain, reference=lambda inputs: inputs.prod(axis=1))
    made = make_method("analytic", problem, Path())
    assert made.value(spot=1.5, count=3, side=-1) == -4.5
    for changes in ({"count": 2.5}, {"side": 0.5}, {"side": 0}, {"spot": math.nan}):
        with pytest.raises(ArgumentError, match=f"{next(iter(changes))}.* must be"):
            made.value(**({"spot": 1.5, "count": 3, "side": 1} | changes))


def test_a_value_too_large_to_be_remembered_is_computed():
    problem = function_problem(lambda x, y: x * y, name="product", x=(0.0, 1.0), y=(1.0, 2.0))
    made = make_method("memo@64KiB", problem, Path())
    for _ in range(2):
        assert made.value(x=1e300, y=2.0) == 2e300
    assert made.value(x=0.5, y=2.0) == pytest.approx(1.0, abs=1e-3)


EVERY = (*PURE, *QUICK, *SLOW, "subspace", "subspace-slice", "proxy", "inexact")


def bound(make, name, problem, **changed):
    chain, _ = small_chain()
    method, state = make(name, problem), state_of(chain, index=0, **changed)
    method.bind(chain)
    method.update(state)
    return method, state, chain


def truth_of(problem, chain, state, spot):
    count = len(chain)
    columns = (chain.strike, state.expiry, state.volatility, state.rate, state.dividend, chain.right)
    return PROBLEMS[problem].reference(np.column_stack([np.full(count, spot), *columns]))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("problem", ["european", "american"])
def test_a_chain_with_contracts_at_edges_is_priced_as_one_without(make, name, problem):
    chain, state = small_chain()
    expiry, volatility = state.expiry.copy(), state.volatility.copy()
    expiry[[0, 1]] = 0.0
    volatility[[2, 3]] = 0.0
    volatility[[4, 5]] = np.nan
    method, state, chain = bound(make, name, problem, expiry=expiry, volatility=volatility)
    plain, *_ = bound(make, name, problem)
    for spot in (100.0, 0.0, 1e-300, 97.0):
        prices = price_chain(method, spot, len(chain))
        if name != "proxy":
            assert np.isnan(prices[[4, 5]]).all()
        known = np.array([0, 1, 2, 3]) if spot > 0.0 else np.delete(np.arange(12), [4, 5])
        if name not in {"proxy", "inexact"}:
            truth = truth_of(problem, chain, replace(state, volatility=np.nan_to_num(volatility)), spot)
            np.testing.assert_allclose(prices[known], truth[known], atol=allowed(name))
            off = 0.03 if name in {"lightgbm-plain", "taylor"} or "-slice" in name or name == "curve" else 1e-9
            np.testing.assert_allclose(prices[6:], price_chain(plain, spot, len(chain))[6:], atol=off)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("problem", ["european", "american"])
def test_without_a_spot_nothing_has_a_price_and_with_one_everything(make, name, problem):
    method, state, chain = bound(make, name, problem)
    before = price_chain(method, 100.0, len(chain))
    for spot in (math.nan, math.inf, -math.inf, -1.0):
        assert np.isnan(price_chain(method, spot, len(chain))).all()
        method.update(replace(state, index=state.index + 1, spot=spot))
        np.testing.assert_allclose(price_chain(method, 100.0, len(chain)), before, atol=0.5)
        method.update(replace(state, index=state.index + 2))
    np.testing.assert_array_equal(price_chain(method, 100.0, len(chain)), before)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in {"proxy", "inexact"}])
def test_an_american_chain_at_negative_rates_is_worth_more_than_its_strikes(make, name):
    """What is received later is worth more than now: a put's cap is not its strike, nor a call's the spot."""
    count = 12
    method, state, chain = bound(make, name, "american", rate=np.full(count, -0.05), dividend=np.full(count, 0.0))
    spot = 0.5
    prices, truth = price_chain(method, spot, count), truth_of("american", chain, state, spot)
    assert (truth > chain.strike)[chain.right < 0].any()
    np.testing.assert_allclose(prices, truth, atol=allowed(name) if name == "memo" else 0.02)


@pytest.mark.parametrize("name", ["analytic", "curve", "memo", "inexact"])
def test_a_chain_and_a_state_are_held_to_their_rules(make, name):
    method, (chain, state) = make(name, "european"), small_chain()
    for right in (np.full(12, 2, np.int8), np.full(12, 1.5), np.zeros(12, np.int8), np.full(12, 257)):
        with pytest.raises(ArgumentError, match=r"right\[0\] is .*: it must be \+1"):
            method.bind(replace(chain, right=right))
    for strike in (-1.0, math.nan, math.inf):
        with pytest.raises(ArgumentError, match=r"strike\[3\] is .*finite and not negative"):
            method.bind(replace(chain, strike=np.where(np.arange(12) == 3, strike, chain.strike)))
    for column, value in (
        *(("expiry", value) for value in (-1e-9, math.nan, math.inf)),
        *(("volatility", value) for value in (-0.1, math.inf)),
        *((column, value) for column in ("rate", "dividend") for value in (math.inf, -math.inf)),
    ):
        with pytest.raises(ArgumentError, match=rf"state 0: {column}\[7\] is .*must be finite"):
            replace(state, **{column: np.where(np.arange(12) == 7, value, getattr(state, column))})


def test_both_styles_at_their_edges(make):
    chain, state = small_chain()
    chain = replace(chain, style=(np.arange(12) % 2).astype(np.int8))
    method = ByStyle(make("analytic", "american"), make("analytic", "european"))
    method.bind(chain)
    method.update(replace(state, expiry=np.maximum((chain.expiry - 7 * DAY) / (365 * DAY), 0.0)))
    prices = price_chain(method, 100.0, 12)
    np.testing.assert_array_equal(prices[:4], np.maximum(chain.right * (100.0 - chain.strike), 0.0)[:4])
    prices = price_chain(method, 0.0, 12)
    puts = (chain.right < 0) & (chain.style == 1)
    np.testing.assert_allclose(prices[puts], chain.strike[puts])
    assert (prices[chain.right > 0] == 0.0).all()
    assert np.isnan(price_chain(method, math.nan, 12)).all()
