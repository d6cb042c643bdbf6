"""Liquidity is not free: what was taken stays taken until the price changes or the size rises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from probes import START, Quote, tape_of, underlying

from tradesim.simulation.book import ASK_LEFT, empty_book, quote_rows, replay
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.reports import Report
from tradesim.simulation.venue import Venue


def taken_then(*later: Quote, first: int = 4, second: int = 100) -> int:
    """Lots that a second buy gets after a first one of ``first`` lots from an ask of 10 at 101."""
    tape = tape_of(underlying(0), Quote(at=0, bid=100, ask=101), *later)
    venue = Venue(tape, quote_rows(tape))
    buy(venue, at=1, lots=first)
    return buy(venue, at=100, lots=second).filled


def buy(venue: Venue, *, at: int, lots: int, limit: int = AT_MARKET) -> Report:
    return venue.place(
        instant=START + at, desk=0, number=at, contract=0, direction=1, lots=lots, limit=limit, kind=Kind.IOC
    )


def test_what_was_taken_is_gone():
    assert taken_then() == 6


def test_a_repeated_quote_is_no_new_liquidity():
    assert taken_then(Quote(at=50, bid=100, ask=101)) == 6


def test_a_changed_other_side_is_no_new_liquidity():
    assert taken_then(Quote(at=50, bid=99, ask=101, bid_size=3)) == 6


def test_only_the_rise_of_a_size_is_new():
    assert taken_then(Quote(at=50, bid=100, ask=101, ask_size=13)) == 9


def test_a_smaller_size_leaves_at_most_itself():
    assert taken_then(Quote(at=50, bid=100, ask=101, ask_size=5)) == 5


def test_a_new_price_is_new_liquidity():
    assert taken_then(Quote(at=50, bid=100, ask=102)) == 10


def test_a_side_that_vanished_and_came_back_is_new():
    assert taken_then(Quote(at=50, bid=100), Quote(at=60, bid=100, ask=101)) == 10


@pytest.mark.parametrize(("limit", "lots"), [(100_999_999, 0), (101_000_000, 6)])
def test_a_limit_is_respected(limit, lots):
    tape = tape_of(underlying(0), Quote(at=0, bid=100, ask=101))
    venue = Venue(tape, quote_rows(tape))
    assert buy(venue, at=0, lots=6, limit=limit).filled == lots


def test_a_better_price_on_arrival_is_the_price():
    tape = tape_of(underlying(0), Quote(at=0, bid=99, ask=100))
    (trade,) = buy(Venue(tape, quote_rows(tape)), at=0, lots=1, limit=101_000_000).trades
    assert trade.price == 100_000_000


quotes = st.lists(st.tuples(st.sampled_from([101, 102]), st.integers(0, 12), st.integers(0, 12)), max_size=30)


@given(quotes)
def test_no_more_is_ever_taken_than_was_shown_anew(steps):
    """The lots taken at a price never exceed the sum of the rises of its size since it appeared."""
    book = empty_book(2)
    clock = np.zeros(1, dtype=np.int64)
    price_before = size_before = offered = taken = 0
    for price, size, wanted in steps:
        rows = np.array([[1, 0, 100, 10, price, size]], dtype=np.int64)
        replay(rows, clock, 0, 0, book)
        if price != price_before or size_before == 0:
            offered = taken = 0
            size_before = 0
        offered += max(0, size - size_before)
        lots = min(wanted, int(book[1, ASK_LEFT]))
        book[1, ASK_LEFT] -= lots
        taken += lots
        assert 0 <= book[1, ASK_LEFT] <= size
        assert taken <= offered
        price_before, size_before = price, size
