"""What holds for every method: the three stages, the bounds, the fallback."""

from dataclasses import replace

import numpy as np
import pytest
from chains import small_chain, state_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods.method import Outside, price_chain
from tradesim.methods.registry import METHODS, built, make_method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.collocation import ACCURATE, tables_of
from tradesim.pricing.columns import Points

ERROR = {"analytic": 5e-5, "analytic-slice": 5e-5, "reference": 1e-9, "grid": 0.03, "grid-sql": 0.03}
ERROR |= {"grid-linear": 0.2, "chebyshev": 0.2, "lightgbm": 0.5, "lightgbm-plain": 8.0}
ERROR |= {"network": 0.5, "subspace": 0.02, "subspace-slice": 0.02}
ERROR |= {"memo": 0.02, "taylor": 5e-5, "curve": 1e-4, "grid-slice": 0.03, "lightgbm-slice": 0.5, "ladder": 0.5}
TABLES = ("grid", "grid-linear", "grid-sql", "chebyshev", "lightgbm", "lightgbm-plain")
TABLES += ("network", "subspace", "subspace-slice")
"""Methods with a domain."""
SLICES = ("grid-slice", "lightgbm-slice")
BUILT = (*TABLES, *SLICES, "ladder")
ANCHORED = {"taylor": 1e-3, "curve": 1e-5, "grid-slice": 0.01, "lightgbm-slice": 0.5}
"""Methods that make a price of the spot at the update too, and how far apart two such prices are here."""
BETWEEN = ("memo", "taylor", "curve", *SLICES, "ladder")
PRICING = (*ERROR, "proxy")


def reference_prices(problem, chain, state, spot):
    count = len(chain)
    points = Points(
        spot=np.full(count, spot),
        strike=chain.strike,
        expiry=state.expiry,
        volatility=state.volatility,
        rate=state.rate,
        dividend=state.dividend,
        right=chain.right,
    )
    return PROBLEMS[problem].reference(points.inputs())


@pytest.mark.parametrize("problem", ["european", "american"])
@pytest.mark.parametrize("name", ERROR)
def test_prices_are_near_the_reference(make, name, problem):
    chain, state = small_chain()
    method = make(name, problem)
    method.bind(chain)
    method.update(state)
    for spot in (90.0, 100.0, 111.0):
        prices = price_chain(method, spot, len(chain))
        np.testing.assert_allclose(prices, reference_prices(problem, chain, state, spot), atol=ERROR[name])


@pytest.mark.parametrize("name", PRICING)
@pytest.mark.parametrize("problem", ["european", "american"])
def test_the_chain_at_once_is_each_option_alone(make, name, problem):
    chain, state = small_chain()
    method = make(name, problem)
    method.bind(chain)
    method.update(state)
    prices = price_chain(method, 103.0, len(chain))
    alone = [
        method.value(
            spot=103.0,
            strike=float(chain.strike[i]),
            expiry=float(state.expiry[i]),
            volatility=float(state.volatility[i]),
            rate=float(state.rate[i]),
            dividend=float(state.dividend[i]),
            right=int(chain.right[i]),
        )
        for i in range(len(chain))
    ]
    np.testing.assert_allclose(prices, alone, rtol=0.0, atol=ANCHORED.get(name, 1e-13))
    assert (prices == price_chain(method, 103.0, len(chain))).all()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("problem", ["european", "american"])
def test_a_contract_outside_the_domain_is_solved_and_counted(make, name, problem):
    chain, inside = small_chain()
    volatility = inside.volatility.copy()
    volatility[[2, 7]] = 1.5
    method = make(name, problem)
    method.bind(chain)
    method.update(inside)
    assert method.price(100.0, np.empty(len(chain))) == "hit"
    assert method.fallbacks == 0
    state = state_of(chain, index=1, volatility=volatility)
    method.update(state)
    prices = np.empty(len(chain))
    assert method.price(100.0, prices) == "fallback"
    assert method.fallbacks == 2
    truth = reference_prices(problem, chain, state, 100.0)
    np.testing.assert_allclose(prices[[2, 7]], truth[[2, 7]], atol=2e-4)


@pytest.mark.parametrize("name", [*TABLES, *SLICES])
def test_a_contract_outside_the_domain_is_refused_by_choice(make, home, name):
    make(name, "american")
    chain, inside = small_chain()
    method = make_method(name, PROBLEMS["american"], home, outside=Outside.RAISE)
    method.bind(chain)
    method.update(inside)
    volatility = inside.volatility.copy()
    volatility[3] = 1.5
    with pytest.raises(ProblemError, match=f"method '{name}': contract 3 is outside the domain"):
        method.update(state_of(chain, index=1, volatility=volatility))


@pytest.mark.parametrize("name", ["lightgbm", "lightgbm-plain", "network", "subspace", "subspace-slice"])
def test_none_is_asked_beyond_the_moneyness_they_know(make, name):
    chain, state = small_chain()
    method = make(name, "american")
    method.bind(chain)
    method.update(state)
    prices = np.empty(len(chain))
    assert method.price(150.0, prices) == "moved-out"
    far = np.abs(np.log(150.0 / chain.strike)) > 0.5
    assert far.any()
    np.testing.assert_allclose(prices[far], reference_prices("american", chain, state, 150.0)[far], atol=2e-4)


@pytest.mark.parametrize("name", PRICING)
@pytest.mark.parametrize("problem", ["european", "american"])
def test_an_expired_contract_is_worth_its_exercise(make, name, problem):
    chain, _ = small_chain()
    state = state_of(chain, index=0, expiry=np.zeros(len(chain)))
    method = make(name, problem)
    method.bind(chain)
    method.update(state)
    intrinsic = np.maximum(chain.right * (104.0 - chain.strike), 0.0)
    np.testing.assert_allclose(price_chain(method, 104.0, len(chain)), intrinsic, atol=1e-12)
    assert method.fallbacks == 0


@pytest.mark.parametrize("name", ["lightgbm", "lightgbm-plain"])
def test_expired_contracts_do_not_narrow_the_box_of_the_others(make, name):
    chain, state = small_chain()
    strike, expiry = chain.strike.copy(), state.expiry.copy()
    strike[:2], expiry[:2] = (1.0, 10_000.0), 0.0
    method = make(name, "american")
    method.bind(replace(chain, strike=strike))
    method.update(state_of(chain, index=0, expiry=expiry))
    prices = np.empty(len(chain))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(method, "prepare", None)
        assert method.price(100.0, prices) == "hit"
    assert prices[:2].tolist() == [99.0, 9_900.0]


@pytest.mark.parametrize("name", PRICING)
def test_a_dividend_that_is_not_a_number_has_no_price(make, name):
    chain, state = small_chain()
    dividend = state.dividend.copy()
    dividend[4] = np.nan
    method = make(name, "american")
    method.bind(chain)
    method.update(state_of(chain, index=1, dividend=dividend))
    assert np.flatnonzero(np.isnan(price_chain(method, 100.0, len(chain)))).tolist() == [4]


@pytest.mark.parametrize("name", PRICING)
def test_a_volatility_that_is_not_a_number_has_no_price(make, name):
    for problem in ("european", "american"):
        if (name, problem) == ("proxy", "european"):
            continue
        chain, state = small_chain()
        volatility = state.volatility.copy()
        volatility[4] = np.nan
        method = make(name, problem)
        method.bind(chain)
        method.update(state_of(chain, index=1, volatility=volatility))
        prices = price_chain(method, 100.0, len(chain))
        assert np.flatnonzero(np.isnan(prices)).tolist() == [4]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", [*TABLES, "analytic-slice", *BETWEEN])
@pytest.mark.parametrize("problem", ["european", "american"])
def test_no_price_is_below_exercise_or_above_the_bound(make, name, problem, data):
    def within(low, high):
        return data.draw(st.floats(low, high, allow_nan=False))

    spot, right = within(20.0, 500.0), data.draw(st.sampled_from([-1, 1]))
    terms = {
        "expiry": within(0.0, 2.0),
        "volatility": within(0.01, 1.5),
        "rate": within(0.0, 0.15),
        "dividend": within(0.0, 0.1),
    }
    price = make(name, problem).value(spot=spot, strike=100.0, right=right, **terms)
    asset, cash = spot, 100.0
    if problem == "european":
        asset *= np.exp(-terms["dividend"] * terms["expiry"])
        cash *= np.exp(-terms["rate"] * terms["expiry"])
    assert max(right * (asset - cash), 0.0) - 1e-9 <= price <= (asset if right > 0 else cash) + 1e-9


@pytest.mark.parametrize("name", PRICING)
def test_a_method_says_which_stage_is_missing(make, name):
    chain, state = small_chain()
    method = make(name, "american")
    with pytest.raises(ArgumentError, match="call bind before update"):
        method.update(state)
    method.bind(chain)
    with pytest.raises(ArgumentError, match="call bind and update before price"):
        method.price(100.0, np.empty(len(chain)))
    short = state_of(chain.select(np.arange(3)), index=0)
    with pytest.raises(ArgumentError, match="inputs of 3 contracts and the chain has 12"):
        method.update(short)


@pytest.mark.parametrize("name", ["analytic", "analytic-slice", "reference", "memo", "taylor", "curve"])
def test_two_exercise_boundaries_are_refused(make, name):
    chain, _ = small_chain()
    count = len(chain)
    method = make(name, "american")
    method.bind(chain)
    with pytest.raises(ProblemError, match="two exercise boundaries"):
        method.update(state_of(chain, index=0, rate=np.full(count, -0.01), dividend=np.full(count, -0.02)))


@pytest.mark.parametrize("name", PRICING)
def test_memory_is_told_and_building_has_a_cost(make, name):
    chain, state = small_chain()
    method = make(name, "american")
    method.bind(chain)
    method.update(state)
    method.price(100.0, np.empty(len(chain)))
    assert method.nbytes > (0 if name == "proxy" else tables_of(ACCURATE).nbytes)
    assert (method.build_cost.evaluations > 0) == (name in BUILT)


def test_the_names_are_told_where_one_is_wrong(tmp_path):
    with pytest.raises(ArgumentError, match=r"no such method; choose from .*analytic-slice.*pricer.py:Mine"):
        make_method("magic", PROBLEMS["american"], tmp_path)
    with pytest.raises(ArgumentError, match=r"did you mean grid\?"):
        make_method("gird", PROBLEMS["american"], tmp_path)


def test_a_built_method_has_nothing_to_build(make, home, tmp_path):
    make("grid", "american")
    for name in METHODS:
        assert built(name, PROBLEMS["american"], home)
    assert not built("grid", PROBLEMS["american"], tmp_path)
    assert not built("lightgbm", PROBLEMS["american"], tmp_path)
    assert built("analytic", PROBLEMS["american"], tmp_path)


@pytest.mark.parametrize("problem", ["european", "american"])
@pytest.mark.parametrize("name", ["analytic", "grid", "lightgbm"])
def test_what_a_replay_may_take_instead_is_the_same_to_the_last_bit(make, name, problem):
    chain, state = small_chain()
    method = make(name, problem)
    twin = method.replayed_by()
    for each in (method, twin):
        each.bind(chain)
        each.update(state)
    for spot in (80.0, 99.99, 117.3):
        assert np.array_equal(price_chain(method, spot, len(chain)), price_chain(twin, spot, len(chain)))
