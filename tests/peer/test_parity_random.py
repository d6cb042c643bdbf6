"""The same on small tapes of any shape: bursts, missing sides, crossing levels, and wires without delay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity import Rule, quote_and_cancel, take
from peer import QUEUES, Conditions
from random_tapes import level_tapes, quote_tapes

from tradesim.simulation.latency import Fixed
from tradesim.units import MICROSECOND

pytest.importorskip("hftbacktest", reason="the peer is an extra: pip install -e '.[peer]' in an environment of its own")

delays = st.sampled_from([0, 1, 2, 3]).map(lambda delay: delay * MICROSECOND)
conditions = st.builds(Conditions, entry=delays, response=delays, queue=st.sampled_from(list(QUEUES)))
PERIOD, STAND = 60 * MICROSECOND, 30 * MICROSECOND


@settings(max_examples=150)
@given(tape=quote_tapes, feed=delays, conditions=conditions)
def test_one_lot_takes_on_any_quotes(tape, feed, conditions):
    parity = take(tape, Fixed(feed), conditions, period=PERIOD)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.TAKEN}


@settings(max_examples=300)
@given(tape=quote_tapes, feed=delays, conditions=conditions)
def test_one_lot_quotes_on_any_quotes(tape, feed, conditions):
    parity = quote_and_cancel(tape, Fixed(feed), conditions, period=PERIOD, stand=STAND)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.UNTOLD}


@settings(max_examples=300)
@given(tape=level_tapes, feed=delays, conditions=conditions)
def test_one_lot_quotes_on_any_levels(tape, feed, conditions):
    parity = quote_and_cancel(tape, Fixed(feed), conditions, period=PERIOD, stand=STAND)
    assert parity.equal == len(parity.pairs)
