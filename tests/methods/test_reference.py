"""The reference keeps the rows of states that many runs walk through."""

from dataclasses import replace

import numpy as np
from chains import small_chain, state_of

from tradesim.methods.method import price_chain
from tradesim.methods.reference import Reference
from tradesim.pricing import PROBLEMS
from tradesim.pricing.collocation import HIGH, tables_of


def prices(reference, chain, state):
    reference.update(state)
    return price_chain(reference, 101.0, len(chain))


def test_a_state_seen_before_is_not_solved_again(monkeypatch):
    chain, state = small_chain()
    reference = Reference(PROBLEMS["american"])
    reference.bind(chain)
    first = prices(reference, chain, state)
    monkeypatch.setattr(Reference, "prepare", lambda *_: 1 / 0)
    assert (prices(reference, chain, state) == first).all()
    reference.bind(chain)
    assert (prices(reference, chain, state) == first).all()


def test_the_same_index_with_other_inputs_is_solved_anew():
    chain, state = small_chain()
    other = state_of(chain, index=state.index, volatility=state.volatility + 0.1)
    reference = Reference(PROBLEMS["american"])
    reference.bind(chain)
    before = prices(reference, chain, state)
    assert (prices(reference, chain, other) > before).any()
    assert (prices(reference, chain, state) == before).all()


def test_the_states_of_two_desks_are_kept_beside_each_other(monkeypatch):
    chain, mine = small_chain()
    theirs = replace(mine, instant=mine.instant + 1, volatility=mine.volatility + 0.1)
    reference = Reference(PROBLEMS["american"])
    reference.bind(chain)
    first = [prices(reference, chain, state) for state in (mine, theirs)]
    monkeypatch.setattr(Reference, "prepare", lambda *_: 1 / 0)
    assert np.array_equal([prices(reference, chain, state) for state in (mine, theirs)], first)
    assert (first[1] > first[0]).any()


def test_memory_is_bounded_and_the_oldest_goes_first():
    chain, _ = small_chain()
    reference = Reference(PROBLEMS["american"], kept_bytes=80_000)
    reference.bind(chain)
    for index in range(8):
        reference.update(state_of(chain, index=index, rate=np.full(len(chain), 0.01 * index)))
        assert reference.nbytes <= 80_000 + tables_of(HIGH).nbytes
    assert reference.nbytes > 20_000 + tables_of(HIGH).nbytes
    unbounded = Reference(PROBLEMS["american"])
    unbounded.bind(chain)
    state = state_of(chain, index=0, rate=np.zeros(len(chain)))
    assert (prices(reference, chain, state) == prices(unbounded, chain, state)).all()
