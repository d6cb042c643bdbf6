"""A chain of both exercise styles: each contract's volatility and forward are those of its own style."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed import mixed_chain, mixed_tape, quantlib_values
from probes import tape_of, underlying

from tradesim.market.chain import AMERICAN
from tradesim.market.tape import problem_of
from tradesim.pricing import PROBLEMS
from tradesim.simulation.session import Setting, open_session


def state_of(tape, problem=None):
    """The last one: early exercise premium and forward have found each other."""
    return open_session(tape, PROBLEMS[problem or problem_of(tape)], Setting(), seed=1).states[-1]


@settings(max_examples=10)
@given(
    volatility=st.floats(0.12, 0.6),
    rate=st.floats(0.01, 0.08),
    dividend=st.sampled_from([0.0, 0.02, 0.06]),
    spot=st.floats(90.0, 112.0),
)
def test_volatility_and_dividend_of_every_contract_are_recovered(volatility, rate, dividend, spot):
    tape = mixed_tape(spot, spot, spot, volatility=volatility, rate=rate, dividend=dividend)
    state = state_of(tape)
    values = quantlib_values(spot, volatility=volatility, rate=rate, dividend=dividend)
    told = values > np.maximum(tape.chain.right * (spot - tape.chain.strike), 0.0) + 0.05
    assert told.sum() > len(told) / 2
    assert state.dividend == pytest.approx(dividend, abs=2e-4)
    assert state.volatility[told] == pytest.approx(volatility, abs=3e-3)


def test_at_usual_inputs_they_are_recovered_to_four_digits():
    """But for an American put so far in the money that it is worth its exercise, whatever the volatility."""
    state = state_of(mixed_tape(100.0, 100.0))
    assert mixed_chain().style[~state.own].tolist() == [AMERICAN]
    assert state.volatility[state.own] == pytest.approx(0.2, abs=5e-5)
    assert state.dividend == pytest.approx(0.0, abs=5e-6)


def test_all_are_priced_as_european_where_that_is_asked():
    tape = mixed_tape(100.0, 100.0)
    volatility = state_of(tape, "european").volatility
    only_american = tape.chain.expiry == tape.chain.expiry.max()
    puts = (tape.chain.right < 0) & (tape.chain.strike > 100.0)
    assert (volatility[only_american & puts] > 0.205).all()
    assert volatility[tape.chain.expiry == tape.chain.expiry.min()] == pytest.approx(0.2, abs=5e-5)


def test_a_european_contract_keeps_a_yield_that_no_american_one_could_have():
    """At a rate of -1 % and a yield of -0.5 % an American call has two exercise boundaries."""
    chain = mixed_chain()
    tape = replace(tape_of(underlying(0), contracts=len(chain)), chain=chain, rate=-0.01)
    state = state_of(replace(tape, carry=np.full(len(chain), -0.005)))
    assert state.dividend == pytest.approx(np.where(chain.style == AMERICAN, 0.0, -0.005))
