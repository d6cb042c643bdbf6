"""Laws of races on random tapes: nobody takes what is not there, and money adds up to the last unit."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from probes import Quote, seat_of, session_of, tape_of, underlying
from races import raced

from tradesim.simulation.strategy import Policy, Strategy, TakeRule
from tradesim.simulation.trigger import EveryQuote

PRICES = st.integers(95, 105)
SIZES = st.integers(0, 9)


@st.composite
def tapes(draw):
    """Up to ten instants at which the underlying moves and the one option is quoted, each price a new one."""
    rows = []
    for number, gap in enumerate(draw(st.lists(st.integers(1, 60), min_size=1, max_size=10))):
        at = (rows[-1].at if rows else 0) + gap
        ask = 100 + number
        rows += [underlying(at, 100 + number), Quote(at=at, bid=1, ask=ask, ask_size=draw(SIZES))]
    return tape_of(*rows, multiplier=draw(st.sampled_from([1, 100])))


@st.composite
def takers(draw):
    rule = TakeRule(edge=0.0, cap=draw(st.integers(1, 40)))
    policy = draw(st.sampled_from(list(Policy)))
    strategy = Strategy(rule=rule, trigger=EveryQuote(), policy=policy, cpus=draw(st.integers(1, 2)))
    return seat_of(strategy, compute=draw(st.integers(0, 80)))


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    tape=tapes(),
    seats=st.lists(takers(), min_size=2, max_size=4),
    entry=st.integers(0, 50),
    seed=st.integers(0, 2**32),
)
@pytest.mark.slow
def test_races_obey_their_laws(tape, seats, entry, seed):
    with tempfile.TemporaryDirectory() as folder:
        store = raced(Path(folder), [session_of(tape, entry=entry, response=7, feed=3, fee=0.25, seed=seed)], seats)
        _nobody_takes_what_is_not_there(store, tape)
        _costs_add_up(store)
        _meetings_are_told_from_both_sides(store)


def _nobody_takes_what_is_not_there(store, tape):
    """Every ask has a price of its own: what all desks took of it is at most its size, and each alone likewise."""
    offered = dict(zip(tape.ask.tolist(), tape.ask_size.tolist(), strict=True))
    taken = store.query("""
        SELECT price, CASE role WHEN 'alone' THEN r.desk END AS who, sum(quantity)::BIGINT AS lots
        FROM fills JOIN runs r USING (run) GROUP BY ALL
    """)
    for price, _, lots in taken.iter_rows():
        assert lots <= offered[price]
    wanted = store.query("SELECT DISTINCT price, got, wanted FROM race_events")
    for price, got, asked in wanted.iter_rows():
        assert got <= min(asked, offered[price])


def _costs_add_up(store):
    for row in store.query("SELECT * FROM race_costs").iter_rows(named=True):
        assert row["cost"] == row["alone"] - row["raced"] == row["missed"] + row["worsened"] - row["gained"]
    fates = store.query("SELECT * FROM race_fates").fill_null(0)
    assert fates.filter(pl.col("kept_lots") > pl.min_horizontal("alone_lots", "race_lots")).is_empty()


def _meetings_are_told_from_both_sides(store):
    pairs = store.query("SELECT * FROM race_pairs")
    assert (pairs["gap"] >= 0).all()
    assert (pairs["first"] != pairs["second"]).all()
    table = store.query("SELECT * FROM race_table")
    assert table["meetings"].sum() == 2 * len(pairs)
    assert table["won"].sum() == table["lost"].sum() == pairs["winner"].count()
    assert (table["won"] + table["lost"] + table["neither"] == table["meetings"]).all()
