"""The same on small tapes of any shape: bursts, missing sides, crossing levels, and wires without delay."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity import Rule, quote_and_cancel, take
from peer import QUEUES, Conditions
from random_tapes import level_tape, quote_tape

from tradesim.simulation.latency import Fixed
from tradesim.units import MICROSECOND

pytest.importorskip("hftbacktest", reason="the peer is an extra: pip install -e '.[peer]' in an environment of its own")

delays = st.sampled_from([0, 1, 2, 3]).map(lambda delay: delay * MICROSECOND)
conditions = st.builds(Conditions, entry=delays, response=delays, queue=st.sampled_from(list(QUEUES)))
seeds, counts = st.integers(0, 2**32 - 1), st.integers(50, 400)
PERIOD, STAND = 100 * MICROSECOND, 50 * MICROSECOND


@settings(max_examples=150)
@given(seed=seeds, count=counts, feed=delays, conditions=conditions, lots=st.integers(1, 8))
def test_takes_on_any_quotes(seed, count, feed, conditions, lots):
    parity = take(quote_tape(seed, count), Fixed(feed), replace(conditions, lots=lots), period=10 * MICROSECOND)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.TAKEN, Rule.SHOWN}


@settings(max_examples=300)
@given(seed=seeds, count=counts, feed=delays, conditions=conditions)
def test_one_lot_quotes_on_any_quotes(seed, count, feed, conditions):
    parity = quote_and_cancel(quote_tape(seed, count), Fixed(feed), conditions, period=PERIOD, stand=STAND)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.UNTOLD, Rule.NEVER_BELOW, Rule.TRADED, Rule.UNKNOWN}


@settings(max_examples=300)
@given(seed=seeds, count=counts, feed=delays, conditions=conditions)
def test_one_lot_quotes_on_any_levels(seed, count, feed, conditions):
    parity = quote_and_cancel(level_tape(seed, count), Fixed(feed), conditions, period=PERIOD, stand=STAND)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.NEVER_BELOW, Rule.TRADED, Rule.UNKNOWN}
