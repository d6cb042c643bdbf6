"""Compute on first request and remember: the same answer whatever was asked before, in bounded memory."""

import numpy as np
import pytest
from chains import small_chain, state_of
from hypothesis import given
from hypothesis import strategies as st
from toys import PRODUCT, SINE

from tradesim.errors import ArgumentError
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.built import error_of
from tradesim.methods.memo.memory import SET_BYTES, WAYS, memory_within, recall, remember
from tradesim.methods.memo.method import Lattice, Memo
from tradesim.methods.method import price_chain
from tradesim.methods.registry import make_method
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS

AMERICAN, EUROPEAN = PROBLEMS["american"], PROBLEMS["european"]


def bound(memo, **changed):
    chain, _ = small_chain()
    memo.bind(chain)
    memo.update(state_of(chain, index=0, **changed))
    return memo, len(chain)


def test_the_second_time_is_a_hit():
    memo, count = bound(Memo(AMERICAN))
    first, second = np.empty(count), np.empty(count)
    assert np.isnan(memo.hit_rate)
    assert memo.price(100.0, first) == "miss"
    assert memo.price(100.0, second) == "hit"
    assert np.array_equal(first, second)
    assert (memo.hits, memo.misses, memo.hit_rate) == (count, count, 0.5)


def test_the_tag_tells_the_share_of_the_chain_that_was_computed():
    chain, state = small_chain()
    memo = Memo(AMERICAN)
    memo.bind(chain)
    tags = []
    for moved in (12, 0, 1, 5):
        volatility = state.volatility.copy()
        volatility[:moved] += 0.01 * (1 + moved)
        memo.update(state_of(chain, index=0, volatility=volatility))
        tags.append(memo.price(100.0, np.empty(len(chain))))
    assert tags == ["miss", "miss", "miss-few", "miss-some"]


def test_binding_forgets():
    memo, count = bound(Memo(EUROPEAN))
    memo.price(100.0, np.empty(count))
    bound(memo)
    assert (memo.hits, memo.misses) == (0, 0)
    assert memo.price(100.0, np.empty(count)) == "miss"


@given(spots=st.lists(st.floats(80.0, 125.0), min_size=2, max_size=6), budget=st.sampled_from([SET_BYTES, 4096, 2**20]))
def test_a_price_is_a_function_of_its_inputs_whatever_was_asked_before(spots, budget):
    used, count = bound(Memo(EUROPEAN, budget))
    for spot in spots:
        fresh, _ = bound(Memo(EUROPEAN))
        assert np.array_equal(price_chain(used, spot, count), price_chain(fresh, spot, count))


@pytest.mark.parametrize("problem", [EUROPEAN, AMERICAN], ids=lambda problem: problem.name)
def test_the_error_is_the_rounding(problem):
    points = problem.domain.sample(600, seed=5)
    truth, unit = prices_at(AnalyticSlice(problem), points), problem.domain.in_units(points)
    rmse = [
        error_of(prices_at(Memo(problem, lattice=lattice), points), truth, unit).rmse
        for lattice in (Lattice(fast=2**12, slow=2**10), Lattice(), Lattice(fast=2**20, slow=2**18))
    ]
    assert rmse[1] < 0.002
    assert 3.0 < rmse[0] / rmse[1] < 5.0
    assert rmse[2] < 5e-5


def test_memory_is_bounded_and_evicts():
    memo, count = bound(Memo(EUROPEAN, 4096))
    for spot in np.linspace(90.0, 110.0, 200):
        memo.price(float(spot), np.empty(count))
    assert memo._memory.nbytes <= 4096
    assert 0.9 * 4096 / SET_BYTES * WAYS < memo._memory.held <= 4096 / SET_BYTES * WAYS
    assert memo.price(110.0, np.empty(count)) == "hit"
    assert memo.price(90.0, np.empty(count)) == "miss"
    with pytest.raises(ArgumentError, match="a memory of 97 bytes"):
        Memo(EUROPEAN, 97)


def test_a_budget_has_a_name(tmp_path):
    assert make_method("memo@64KiB", EUROPEAN, tmp_path).name == "memo@64KiB"
    assert make_method("memo@64KiB", EUROPEAN, tmp_path)._memory.nbytes <= 2**16 < 1.01 * 2**16
    with pytest.raises(ArgumentError, match="a lattice has at least one step"):
        Lattice(fast=0)


def test_an_input_that_is_not_a_number_has_no_price_and_takes_no_memory():
    volatility = small_chain()[1].volatility.copy()
    volatility[4] = np.nan
    memo, count = bound(Memo(EUROPEAN), volatility=volatility)
    assert np.flatnonzero(np.isnan(price_chain(memo, 100.0, count))).tolist() == [4]
    assert memo._memory.held == count - 1
    assert memo.price(100.0, np.empty(count)) == "hit"


@pytest.mark.parametrize("problem", [SINE, PRODUCT], ids=lambda problem: problem.name)
def test_a_problem_without_a_strike_or_with_two_fast_inputs_is_remembered_too(problem):
    points = problem.domain.sample(200, seed=1)
    memo = Memo(problem)
    first = prices_at(memo, points)
    np.testing.assert_allclose(first, problem.reference(points), atol=3e-3)
    assert memo.hits == 0
    assert np.array_equal(prices_at(memo, points), first)
    assert memo.hits == 200


@given(data=st.data())
def test_a_set_keeps_what_was_asked_for_and_the_newest(data):
    """In one set: a key is found while it is kept, with its value; the newest is kept; one that was asked for since the
    hand passed outlives the next newcomer while another was not."""
    memory, values = memory_within(SET_BYTES), {}
    out, missed = np.empty(1), np.empty(1, dtype=np.int64)

    def kept(key: int) -> bool:
        return bool((memory.keys == np.uint64(key)).any())

    for key in data.draw(st.lists(st.integers(1, 30), min_size=1, max_size=60)):
        asked = np.array([key], dtype=np.uint64)
        was_kept = kept(key)
        assert recall(asked, memory, out, missed) == (0 if was_kept else 1)
        if was_kept:
            assert out[0] == values[key]
            continue
        spared = [int(k) for way, k in enumerate(memory.keys[0]) if memory.spared[0] >> way & 1]
        values[key] = float(key)
        remember(asked, np.array([float(key)]), memory)
        assert kept(key)
        assert len(spared) == WAYS or all(kept(old) for old in spared)
        assert memory.held <= WAYS
