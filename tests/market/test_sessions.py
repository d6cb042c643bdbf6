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
