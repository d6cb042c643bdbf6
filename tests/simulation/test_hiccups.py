import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.simulation.hiccups import NO_PAUSES, Hiccups, Pauses
from tradesim.simulation.latency import Fixed, Gamma, LogNormal
from tradesim.units import MILLISECOND, SECOND

GARBAGE = Hiccups(every=Gamma(shape=1.0, scale=100 * MILLISECOND), pause=LogNormal(median=MILLISECOND, sigma=1.0))
START = 1_700_000_000 * SECOND


def arrays(*instants):
    begin, end = np.array(instants, dtype=np.int64).reshape(-1, 2).T
    return Pauses(begin=begin.copy(), end=end.copy())


@pytest.mark.parametrize(
    ("start", "work", "finished", "paused"),
    [
        (0, 0, 0, 0),
        (0, 10, 10, 0),  # done as the pause begins
        (0, 11, 16, 5),
        (9, 1, 10, 0),
        (10, 0, 15, 5),  # a process that stands still takes nothing up
        (12, 1, 16, 3),
        (15, 5, 20, 0),
        (15, 6, 41, 20),
        (0, 16, 41, 25),
        (40, 7, 47, 0),
        (90, 7, 97, 0),
    ],
)
def test_work_goes_on_where_the_process_runs(start, work, finished, paused):
    assert arrays(10, 15, 20, 40).finish(start, work) == (finished, paused)


@st.composite
def pauses(draw):
    lengths = draw(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), max_size=20))
    edges = np.cumsum(np.array(lengths, dtype=np.int64).reshape(-1))
    return arrays(*edges.tolist())


@given(pauses(), st.integers(0, 1000), st.integers(0, 1000))
def test_what_was_done_is_the_nanoseconds_outside_pauses(found, start, work):
    finished, paused = found.finish(start, work)
    assert finished - start - paused == work
    stopped = np.zeros(finished + 1, dtype=bool)
    for begin, end in zip(found.begin, found.end, strict=True):
        stopped[begin:end] = True
    assert np.sum(stopped[start:finished]) == paused
    if work > 0:
        assert not stopped[finished - 1]


@given(pauses(), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=2))
def test_to_begin_later_or_to_do_more_is_never_done_earlier(found, tasks):
    (early, late), (less, more) = sorted(t[0] for t in tasks), sorted(t[1] for t in tasks)
    assert found.finish(early, less)[0] <= found.finish(late, less)[0]
    assert found.finish(early, less)[0] <= found.finish(early, more)[0]


@given(pauses(), st.integers(0, 500), st.integers(1, 200), st.integers(0, 200))
def test_work_in_two_parts_is_done_when_the_whole_is(found, start, first, second):
    halfway, _ = found.finish(start, first)
    assert second == 0 or found.finish(halfway, second)[0] == found.finish(start, first + second)[0]


def test_pauses_are_those_of_the_seed_and_the_desk():
    drawn = GARBAGE.pauses(START, START + 60 * SECOND, seed=3, desk=1)
    again = GARBAGE.pauses(START, START + 60 * SECOND, seed=3, desk=1)
    np.testing.assert_array_equal(drawn.begin, again.begin)
    np.testing.assert_array_equal(drawn.end, again.end)
    for seed, desk in ((3, 0), (4, 1)):
        assert GARBAGE.pauses(START, START + SECOND, seed=seed, desk=desk).begin[0] != drawn.begin[0]


def test_a_longer_tape_begins_with_the_pauses_of_a_shorter():
    short = GARBAGE.pauses(START, START + SECOND, seed=3, desk=1)
    long = GARBAGE.pauses(START, START + 100 * SECOND, seed=3, desk=1)
    assert len(long.begin) > 500
    np.testing.assert_array_equal(long.end[: len(short.end)], short.end)


def test_longer_pauses_come_after_the_same_running_times():
    longer = Hiccups(every=GARBAGE.every, pause=Fixed(5 * MILLISECOND))
    one, other = (h.pauses(START, START + 10 * SECOND, seed=3, desk=1) for h in (GARBAGE, longer))
    count = min(len(one.begin), len(other.begin)) - 1
    ran = [h.begin[1:count] - h.end[: count - 1] for h in (one, other)]
    np.testing.assert_array_equal(*ran)


def test_pauses_come_as_often_and_last_as_long_as_stated():
    drawn = GARBAGE.pauses(0, 2000 * SECOND, seed=7, desk=0)
    assert np.mean(drawn.begin[1:] - drawn.end[:-1]) == pytest.approx(100 * MILLISECOND, rel=0.03)
    assert np.mean(drawn.end - drawn.begin) == pytest.approx(MILLISECOND * np.exp(0.5), rel=0.03)


def test_desks_that_pause_at_a_constant_rate_do_not_pause_in_step():
    clockwork = Hiccups(every=Fixed(1000), pause=Fixed(10))
    first = [int(clockwork.pauses(0, 10_000, seed=1, desk=desk).begin[0]) for desk in range(200)]
    assert 0 <= min(first) < 50
    assert 950 < max(first) <= 1000
    assert np.mean(first) == pytest.approx(500, abs=60)


def test_a_process_that_never_pauses_is_never_paused():
    rare = Hiccups(every=Fixed(10 * SECOND), pause=Fixed(1)).pauses(0, 0, seed=1, desk=0)
    assert len(rare.begin) == 0
    assert rare.finish(5, 7) == NO_PAUSES.finish(5, 7) == (12, 0)


def test_a_process_is_slower_by_the_share_of_time_that_it_stands_still():
    """By renewal the work of a time is that of the running part of it: mean gap / (mean gap + mean pause)."""
    often = Hiccups(every=Gamma(shape=1.0, scale=MILLISECOND), pause=Gamma(shape=2.0, scale=MILLISECOND // 8))
    drawn = often.pauses(START, START + 100 * SECOND, seed=5, desk=0)
    finished, _ = drawn.finish(START, 60 * SECOND)
    assert (finished - START) / (60 * SECOND) == pytest.approx(1.25, rel=0.01)


def test_more_pauses_than_can_be_held_are_refused():
    with pytest.raises(ArgumentError, match="make them rarer"):
        Hiccups(every=Fixed(0), pause=Fixed(0)).pauses(0, 10 * SECOND, seed=1, desk=0)


@pytest.mark.parametrize("edges", [(5, 4), (1, 3, 3, 4), (1, 3, 2, 4)])
def test_pauses_that_touch_are_refused(edges):
    with pytest.raises(ArgumentError, match="each ends no earlier than it begins"):
        arrays(*edges)
