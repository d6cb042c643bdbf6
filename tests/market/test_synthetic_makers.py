import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.market.makers import ROW_COLUMNS, book_rows, queued, quotes_around, reaction_delays

TS, INSTRUMENT, KIND, BID, ASK, BID_SIZE, ASK_SIZE, PRICE, SIZE = range(len(ROW_COLUMNS))


def rows_of(requotes, noise=(), *, size=10, refill=100):
    noise = np.array(noise, dtype=np.int64).reshape(-1, 4)
    return book_rows(np.array(requotes, dtype=np.int64), noise, size=size, refill=refill).tolist()


@given(st.lists(st.integers(0, 50), min_size=1))
def test_queued_instants_are_the_earliest_that_keep_the_order(instants):
    expected = []
    for instant in instants:
        expected.append(max(instant, expected[-1] + 1) if expected else instant)
    assert queued(np.array(instants)).tolist() == expected


def test_delays_have_their_floor_median_and_tail():
    delays = reaction_delays((2000, 50), fixed=50_000, median=100_000, sigma=1.3, rng=np.random.default_rng(1))
    assert delays.min() >= 50_000
    assert np.median(delays) == pytest.approx(150_000, rel=0.02)
    assert np.mean(delays > 1_050_000) == pytest.approx(0.0383, rel=0.05)  # ln(10) / 1.3 standard deviations


@given(st.floats(0.0, 1000.0), st.floats(0.0, 0.1), st.floats(0.0, 0.5))
def test_quotes_keep_the_half_spread_and_never_cross(value, least, share):
    bid, ask = (side[0] for side in quotes_around(np.array([value]), tick=0.01, least=least, share=share))
    half_spread = max(least, share * value)
    assert bid == 0 or bid * 0.01 <= value - half_spread + 1e-9
    assert ask * 0.01 >= value + half_spread - 1e-9
    assert 0 <= bid < ask


def test_half_spread_is_the_larger_of_the_two():
    bid, ask = quotes_around(np.array([0.005, 1.005, 10.005]), tick=0.01, least=0.01, share=0.003)
    assert bid.tolist() == [0, 99, 997]
    assert ask.tolist() == [2, 102, 1004]


def test_an_unchanged_requote_writes_nothing():
    assert rows_of([[0, 0, 99, 101], [5, 0, 99, 101], [9, 0, 98, 101]]) == [
        [0, 1, 0, 99, 101, 10, 10, 0, 0],
        [9, 1, 0, 98, 101, 10, 10, 0, 0],
    ]


def test_a_noise_trade_prints_at_the_quote_and_is_refilled():
    assert rows_of([[0, 0, 99, 101]], [[7, 0, 1, 4]]) == [
        [0, 1, 0, 99, 101, 10, 10, 0, 0],
        [7, 1, 1, 0, 0, 0, 0, 101, 4],
        [7, 1, 0, 99, 101, 10, 6, 0, 0],
        [107, 1, 0, 99, 101, 10, 10, 0, 0],
    ]


def test_a_requote_restores_the_size_before_the_refill():
    assert [row[BID_SIZE] for row in rows_of([[0, 0, 99, 101], [20, 0, 99, 101]], [[7, 0, -1, 4]])] == [10, 0, 6, 10]


def test_an_exhausted_side_is_missing_until_it_is_refilled():
    rows = rows_of([[0, 0, 99, 101]], [[7, 0, -1, 30], [8, 0, -1, 1]])
    assert rows[1:] == [
        [7, 1, 1, 0, 0, 0, 0, 99, 10],
        [7, 1, 0, 0, 101, 0, 10, 0, 0],
        [107, 1, 0, 99, 101, 10, 10, 0, 0],
    ]


def test_no_trade_with_a_missing_side():
    assert rows_of([[0, 0, 0, 1]], [[7, 0, -1, 1]]) == [[0, 1, 0, 0, 1, 0, 10, 0, 0]]


def test_contracts_do_not_share_a_book():
    rows = rows_of([[0, 0, 99, 101], [0, 1, 49, 51]], [[7, 1, 1, 4]])
    assert [(row[INSTRUMENT], row[KIND], row[ASK_SIZE]) for row in rows] == [
        (1, 0, 10),
        (2, 0, 10),
        (2, 1, 0),
        (2, 0, 6),
        (2, 0, 10),
    ]
