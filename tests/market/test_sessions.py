"""The sessions of a tape: runs of rows without a long gap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradesim.market.sessions import open_time, session_at, sessions_of

instants = st.lists(st.integers(0, 10**6), max_size=60).map(lambda ts: np.array(sorted(ts), dtype=np.int64))


@given(instants, st.integers(1, 10**5))
def test_sessions_hold_every_row_and_lie_further_apart_than_the_gap(ts, gap):
    sessions = sessions_of(ts, gap)
    of_rows = session_at(ts, sessions)
    assert sessions.shape == (len(set(of_rows.tolist())), 2)
    assert np.all(sessions[1:, 0] - sessions[:-1, 1] > gap)
    for number, (first, last) in enumerate(sessions):
        run = ts[of_rows == number]
        assert (run[0], run[-1]) == (first, last)
        assert np.all(np.diff(run) <= gap)


@given(instants, st.integers(1, 10**5))
def test_the_market_is_open_for_all_gaps_between_rows_that_are_not_long(ts, gap):
    gaps = np.diff(ts)
    assert open_time(sessions_of(ts, gap)) == gaps[gaps <= gap].sum()


def test_before_the_first_row_there_is_no_session():
    sessions = sessions_of(np.array([5, 6, 100]), 10)
    assert session_at(np.array([4, 5, 50, 100]), sessions).tolist() == [-1, 0, 0, 1]
    assert sessions_of(np.empty(0, np.int64), 10).shape == (0, 2)


def test_stated_hours_hold_a_quiet_session_together_and_part_two_that_are_near():
    hours = ((0, 1_000), (1_001, 2_000))
    assert sessions_of(np.array([0, 900, 1_000, 1_001, 2_000]), 50, hours).tolist() == [[0, 1_000], [1_001, 2_000]]


def test_rows_outside_of_stated_hours_belong_to_the_session_that_they_are_near():
    hours = ((100, 200), (500, 600))
    ts = np.array([80, 100, 200, 230, 300, 460, 505, 600])
    assert sessions_of(ts, 50, hours).tolist() == [[80, 230], [300, 300], [460, 600]]


@given(st.lists(st.integers(0, 500), min_size=1).map(sorted), st.integers(1, 100))
def test_hours_that_cover_everything_are_one_session(ts, gap):
    assert sessions_of(np.array(ts), gap, ((0, 500),)).tolist() == [[ts[0], ts[-1]]]


def test_rows_between_two_stated_sessions_join_neither_to_the_other():
    hours = ((100, 200), (230, 300))
    assert sessions_of(np.array([150, 200, 215, 230, 300]), 50, hours).tolist() == [[150, 215], [230, 300]]
