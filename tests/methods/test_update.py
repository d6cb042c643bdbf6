"""Slow inputs taken in again and again: what is compiled and written over is what one would compute anew."""

from dataclasses import replace

import numpy as np
import pytest
from chains import small_chain, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tradesim.errors import ArgumentError, ProblemError
from tradesim.market.chain import AMERICAN, Chain
from tradesim.methods.box import box_of, enclose, outside_at
from tradesim.methods.method import Outside, State
from tradesim.methods.registry import make_method
from tradesim.methods.staged import alive, slow_inputs, write_state
from tradesim.pricing import PROBLEMS
from tradesim.pricing.function import function_problem
from tradesim.units import DAY

OWN = function_problem(lambda x, y, z: x + y * z, name="own", fast=2, x=(-1.0, 2.0), y=(0.0, 1.0), z=(0.5, 2.0))
DOMAINS = {
    name: problem.domain
    for name, problem in (PROBLEMS | {"own": OWN}).items()
    if name in {"american", "heston", "asian", "basket-2", "sine", "own"}
}
COMPUTING = ("proxy", "analytic", "analytic-slice", "reference", "memo", "taylor", "curve")
BUILT = ("grid", "grid-linear", "chebyshev", "lightgbm", "lightgbm-plain", "network", "subspace", "subspace-slice")
METHODS = (*COMPUTING, *BUILT, "grid-slice", "lightgbm-slice", "ladder")

SEEDS = st.integers(0, 2**32 - 1)


def strewn(domain, rng, count):
    """Inputs in the box, on its ends, beside them, and not finite; contracts that have expired; other strikes."""
    inputs = domain.sample(count, seed=int(rng.integers(2**31)))
    for column, each in zip(inputs.T, domain.inputs, strict=True):
        beside = 1e-12 * (abs(each.low) + abs(each.high))
        ends = [each.low, each.high, each.low - beside, each.high + beside, each.low - 0.1, each.high + 0.1]
        some = rng.random(count) < 0.1
        column[some] = rng.choice([*ends, 0.0, -each.high, np.nan, np.inf], some.sum())
    if domain.unit is not None:
        scale = rng.choice([1.0, 0.7, 123.4], count)
        inputs[:, [each.money for each in domain.inputs]] *= scale[:, None]
    return inputs


@np.errstate(divide="ignore", invalid="ignore")
def plainly(domain, fast, slow, bounded):
    """Who is outside, and the limits of the others, as arrays of numpy say it."""
    ends = np.array([(each.low, each.high) for each in domain.inputs[: domain.fast]])
    if not bounded:
        ends[:] = -np.inf, np.inf
    low, high = (np.repeat(end[None], len(slow), axis=0) for end in ends.T)
    if domain.unit is not None and bounded:
        unit = domain.column(domain.unit)
        low, high = (slow[:, [unit - domain.fast]] * (end / domain.inputs[unit].low) for end in ends.T)
    living = alive(domain, slow)
    outside = living & (~domain.contains_slow(slow) | ((low > fast) | (high < fast)).any(axis=1))
    inside = living & ~outside
    return outside, low[inside].max(axis=0, initial=-np.inf), high[inside].min(axis=0, initial=np.inf)


@settings(max_examples=100)
@given(seed=SEEDS, bounded=st.booleans())
@pytest.mark.parametrize("name", DOMAINS)
def test_who_is_outside_and_the_limits_of_the_others_are_those_of_the_plain_definition(name, seed, bounded):
    domain, rng = DOMAINS[name], np.random.default_rng(seed)
    inputs = strewn(domain, rng, int(rng.integers(0, 70)))
    slow = np.ascontiguousarray(inputs[:, domain.fast :])
    fast = domain.sample(1, seed=seed)[0, : domain.fast] * rng.choice([1.0, 1.0, 1.5])
    lowest, highest = np.empty((2, domain.fast))
    box = box_of(domain, bounded=bounded)
    count = enclose(box, float(fast[0]) if domain.fast == 1 else fast, slow, lowest, highest)
    outside, low, high = plainly(domain, fast, slow, bounded)
    assert count == outside.sum()
    np.testing.assert_array_equal(outside_at(box, fast, slow), outside)
    np.testing.assert_array_equal([lowest, highest], [low, high])


def random_chain(rng):
    count = int(rng.integers(1, 70))
    return Chain(
        name=tuple(f"contract {i}" for i in range(count)),
        strike=100.0 * np.exp(rng.normal(0.0, 0.1, count)),
        expiry=rng.integers(2, 360, count) * DAY,
        right=rng.choice(np.array([-1, 1], dtype=np.int8), count),
        style=np.full(count, AMERICAN, dtype=np.int8),
        multiplier=np.full(count, 100),
    )


def random_state(chain, rng, index, further=None):
    """Within the domain; every other time some contracts are on its ends, outside it, or have expired."""
    count = len(chain)
    columns = {
        "expiry": (chain.years_to_expiry(0).copy(), (0.0, 1 / 365, 1.0, 2.0)),
        "volatility": (rng.uniform(0.1, 0.8, count), (0.1, 0.8, 1.5, np.nan)),
        "rate": (rng.uniform(0.0, 0.08, count), (0.0, 0.08, 0.09)),
        "dividend": (rng.uniform(-0.02, 0.06, count), (-0.02, 0.06, 0.07)),
    }
    for column, ends in columns.values():
        some = rng.random(count) < (0.1 if rng.random() < 0.5 else 0.0)
        column[some] = rng.choice(ends, some.sum())
    spot = float(rng.choice([100.0, 97.3, 160.0]))
    state = State(index=index, instant=index, spot=spot, **{name: column for name, (column, _) in columns.items()})
    return state if further is None else replace(state, further=rng.random((count, further)))


@given(seed=SEEDS, further=st.sampled_from([None, 1, 4]))
def test_a_state_written_over_another_is_that_state(seed, further):
    rng = np.random.default_rng(seed)
    chain = random_chain(rng)
    slow = slow_inputs(chain, random_state(chain, rng, 0, further))
    state = random_state(chain, rng, 1, further)
    columns = (state.expiry, state.volatility, state.rate, state.dividend)
    assert write_state(*columns, state.further, slow)
    assert slow.flags.c_contiguous
    np.testing.assert_array_equal(slow, slow_inputs(chain, state))
    before = slow.copy()
    assert not write_state(*columns, rng.random((len(chain), 2)), slow)
    assert not write_state(*(column[1:] for column in columns), state.further, slow)
    np.testing.assert_array_equal(slow, before)


@settings(max_examples=8)
@given(seed=SEEDS)
@pytest.mark.parametrize("problem", ["european", "american"])
@pytest.mark.parametrize("name", METHODS)
def test_prices_after_many_updates_are_those_of_slow_inputs_prepared_alone(make, name, problem, seed):
    rng = np.random.default_rng(seed)
    chain = random_chain(rng)
    method, other = make(name, problem), make(name, problem)
    method.bind(chain)
    other.bind(chain)
    prices, alone = np.empty((2, len(chain)))
    for index in range(6):
        state = random_state(chain, rng, index)
        method.update(state)
        prepared = other.prepare(slow_inputs(chain, state), state.spot)
        assert method.fallbacks == len(prepared.outside)
        assert method._prepared.nbytes == prepared.nbytes
        for spot in (state.spot, 103.0, 150.0, state.spot):
            assert method.price(spot, prices) == other.evaluate(spot, prepared, alone)
            np.testing.assert_array_equal(prices, alone)


@pytest.mark.parametrize("name", METHODS)
def test_an_update_leaves_alone_what_was_prepared_before(make, name):
    chain, state = small_chain()
    method = make(name, "american")
    method.bind(chain)
    method.update(state)
    first, again = np.empty((2, len(chain)))
    prepared = method.prepare(slow_inputs(chain, state), 100.0)
    method.evaluate(101.0, prepared, first)
    for index in range(1, 4):
        method.update(state_of(chain, index=index, volatility=state.volatility + 0.1 * index))
    method.evaluate(101.0, prepared, again)
    assert (first == again).all()


@pytest.mark.parametrize("name", ["analytic", "memo", "grid", "lightgbm", "subspace-slice"])
def test_a_state_that_is_not_of_the_chain_changes_nothing(make, name):
    chain, state = small_chain()
    method = make(name, "american")
    method.bind(chain)
    before, after = np.empty((2, len(chain)))
    for index in range(2):
        method.update(replace(state, index=index))
    method.price(101.0, before)
    for short in ({"expiry": state.expiry[:5]}, {"dividend": np.zeros(13)}, {"further": np.zeros((3, 1))}):
        with pytest.raises(ArgumentError, match="give one of each a contract"):
            method.update(replace(state, volatility=state.volatility + 0.1, **short))
    method.price(101.0, after)
    assert (before == after).all()


@pytest.mark.parametrize("name", ["grid", "lightgbm", "subspace-slice", "grid-slice"])
def test_there_are_no_prices_after_a_state_that_was_refused(make, home, name):
    make(name, "american")
    chain, state = small_chain()
    method = make_method(name, PROBLEMS["american"], home, outside=Outside.RAISE)
    method.bind(chain)
    method.update(state)
    with pytest.raises(ProblemError, match="is outside the domain"):
        method.update(state_of(chain, index=1, volatility=np.full(len(chain), 1.5)))
    with pytest.raises(ArgumentError, match="no slow inputs"):
        method.price(100.0, np.empty(len(chain)))
    method.update(state)
    assert method.price(100.0, np.empty(len(chain))) == "hit"
