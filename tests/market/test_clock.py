"""What receive times say, and their correction by a constant or by a line."""

import gzip
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from tape_samples import quote, raw

from tradesim.errors import ArgumentError
from tradesim.market.clock import correct_clock, correct_skew, lower_line, measure_clock, skew_error
from tradesim.market.tape import Tape
from tradesim.market.validation import validated
from tradesim.units import MILLISECOND, SECOND


def tape_with(latencies: list[int]) -> Tape:
    tape, _ = validated(raw([quote(ms, 0, 99, 101) for ms in range(len(latencies))]))
    return replace(tape, received=tape.ts + np.array(latencies, dtype=np.int64))


def test_a_slow_recorder_clock_shows_as_negative_latency():
    clock = measure_clock(tape_with([-1_272_000_000, -1_250_000_000, -1_219_000_000]))
    assert (clock.least, clock.median, clock.p99) == (-1_272_000_000, -1_250_000_000, -1_250_000_000)
    assert clock.negative == 1.0
    assert clock.jitter == 0
    assert "100.0% before it" in str(clock)


def test_quantiles_are_latencies_of_the_tape():
    clock = measure_clock(tape_with(list(range(100, -1, -1))))
    assert (clock.least, clock.median, clock.p99, clock.jitter) == (0, 50, 99, 49)
    assert clock.negative == 0.0
    assert clock.recorded == pytest.approx(100 / 101)


def test_a_tape_without_receive_times_says_so():
    clock = measure_clock(tape_with([0, 0]))
    assert clock.recorded == 0.0
    assert str(clock) == "receive times: none recorded"


latencies = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=50)


@settings(deadline=None)
@given(latencies, st.integers(0, 10**9))
def test_correction_sets_the_least_latency_and_keeps_all_differences(latencies, floor):
    tape = tape_with(latencies)
    corrected = correct_clock(tape, floor=floor)
    before, after = measure_clock(tape), measure_clock(corrected)
    assert after.least == floor
    assert after.negative == 0.0
    assert after.jitter == before.jitter
    assert len(set((corrected.received - tape.received).tolist())) == 1
    np.testing.assert_array_equal(corrected.ts, tape.ts)


def test_a_negative_floor_is_refused():
    with pytest.raises(ArgumentError, match="floor is -1 ns"):
        correct_clock(tape_with([5]), floor=-1)


def planted(skew_ppm: float, seed: int = 0, rows: int = 2000) -> Tape:
    """A tape of an hour whose recorder's clock is 1 s slow and gains ``skew_ppm``; the fastest feed takes 1 ms."""
    rng = np.random.default_rng(seed)
    tape = tape_with([0] * rows)
    ts = tape.ts[0] + np.sort(rng.integers(0, 3600 * SECOND, rows))
    took = MILLISECOND + rng.exponential(3 * MILLISECOND, rows).astype(np.int64)
    gained = (ts + took - ts[0]) * (skew_ppm * 1e-6)
    return replace(tape, ts=ts, received=ts + took - SECOND + np.rint(gained).astype(np.int64))


@pytest.mark.parametrize("skew", [-400.0, -25.0, 3.0, 400.0])
def test_the_skew_of_a_clock_is_found_and_taken_out(skew):
    tape = planted(skew)
    before = measure_clock(tape)
    assert before.skew == pytest.approx(skew, abs=0.05 + abs(skew) * 1e-3)
    assert before.offset == pytest.approx(MILLISECOND - SECOND, abs=MILLISECOND)
    corrected = correct_skew(tape, floor=MILLISECOND)
    after = measure_clock(corrected)
    assert after.least == MILLISECOND
    assert after.negative == 0.0
    assert after.skew == pytest.approx(0.0, abs=1e-3)
    true = planted(0.0)
    np.testing.assert_allclose(corrected.received - tape.ts, true.received + SECOND - true.ts, atol=MILLISECOND)


def test_a_constant_does_not_mend_a_clock_that_gains():
    tape = planted(100.0)
    spread = measure_clock(planted(0.0)).jitter
    assert measure_clock(correct_clock(tape)).jitter > 5 * spread
    assert measure_clock(correct_skew(tape)).jitter == pytest.approx(spread, rel=0.05)


points = st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**6), 10**6)), min_size=1, max_size=40)


@given(points)
def test_the_line_below_is_the_best_of_the_linear_program(rows):
    x, y = np.array(rows, dtype=np.int64).T
    height, slope = lower_line(x, y)
    since = x - x.min()
    above = y - height - slope * since
    assert np.min(above) > -0.51
    assert np.min(above) < 0.51
    if len(set(x.tolist())) > 1:
        best = linprog(
            [-len(x), -since.sum() / 1e6],
            A_ub=np.column_stack([np.ones(len(x)), since / 1e6]),
            b_ub=y,
            bounds=(None, None),
        )
        least = y.sum() + best.fun
        assert above.sum() == pytest.approx(least, abs=0.6 * len(x) + 1e-6 * abs(least))


@given(st.lists(st.integers(-(10**6), 10**6), min_size=10, max_size=50), st.integers(0, 10**9))
def test_after_a_correction_no_row_is_earlier_than_the_floor(rows, floor):
    hour = 3600 * SECOND
    happened = [k * hour for k in range(len(rows))]
    tape = stamped(happened, [ts + ts // 10_000 + latency for ts, latency in zip(happened, rows, strict=True)])
    corrected = correct_skew(tape, floor=floor)
    assert measure_clock(corrected).least == floor
    order = np.argsort(tape.received, kind="stable")
    assert np.all(np.diff(corrected.received[order]) >= 0)


def test_a_slope_that_no_clock_has_is_refused_and_not_reported():
    tape = tape_with([0, 5, 10])
    tape = replace(tape, received=tape.ts + np.array([0, 10_000, 20_000]))
    assert str(measure_clock(tape)).endswith("skew not identified")
    with pytest.raises(ArgumentError, match=r"clock skew of \+9901 ppm: no clock gains more than 1000 ppm"):
        correct_skew(tape)
    with pytest.raises(ArgumentError, match="floor is -1 ns"):
        correct_skew(planted(3.0), floor=-1)


def test_a_skew_is_told_to_within_the_rounding_of_stamps():
    clock = measure_clock(replace(planted(3.0), resolution=MILLISECOND))
    assert clock.error == pytest.approx(1 / 3.6, rel=0.01)
    assert str(clock).endswith("skew +3 +- 0.28 ppm")
    bars = replace(planted(3.0), resolution=60 * SECOND)
    assert str(measure_clock(bars)).endswith("skew not identified")


def exponential(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.exponential(3 * MILLISECOND, rows)


def slow_to_begin(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.gamma(2.0, 3 * MILLISECOND, rows)


def without_a_floor(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.normal(0.0, MILLISECOND, rows)


def jammed(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Latencies like their neighbours': a jam of the feed lasts over many rows."""
    push = rng.normal(0.0, np.sqrt(1.0 - 0.95**2), rows)
    state = np.zeros(rows)
    for i in range(1, rows):
        state[i] = 0.95 * state[i - 1] + push[i]
    return MILLISECOND * np.exp(state)


@pytest.mark.parametrize("seconds_and_rows", [(30, 300), (30, 60), (3600, 2000)])
@pytest.mark.parametrize("latencies", [exponential, slow_to_begin, without_a_floor, jammed])
@pytest.mark.parametrize("skew", [0.0, 50.0])
def test_the_interval_of_a_skew_holds_the_true_one_in_95_of_100_recordings(latencies, seconds_and_rows, skew):
    seconds, rows = seconds_and_rows
    if latencies is jammed and rows < 300:
        pytest.skip("two jams are too few to tell")
    held, trials = 0, 400
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        ts = np.sort(rng.integers(0, seconds * SECOND, rows))
        took = (5 * MILLISECOND + latencies(rng, rows)).astype(np.int64)
        received = ts + took + np.rint((ts + took) * skew * 1e-6).astype(np.int64)
        slope = lower_line(received, received - ts)[1]
        held += abs(slope - skew * 1e-6) <= skew_error(received, received - ts, slope)
    assert held / trials == pytest.approx(0.95, abs=0.045)


@given(st.integers(0, 2**32), st.integers(6, 60), st.integers(1, 20))
def test_messages_of_many_rows_tell_no_more_than_of_one(seed, messages, rows):
    rng = np.random.default_rng(seed)
    received = np.cumsum(rng.integers(1, SECOND, messages))
    latency = rng.integers(0, MILLISECOND, messages)
    once = skew_error(received, latency, 0.0)
    assert skew_error(np.repeat(received, rows), np.repeat(latency, rows), 0.0) == pytest.approx(once)


def test_a_skew_that_is_not_told_from_zero_is_not_taken_out():
    clock = measure_clock(planted(0.0))
    assert abs(clock.skew) < clock.error < 0.05
    with pytest.raises(ArgumentError, match=r"clock skew of \S+ \+- \S+ ppm: it is not told from 0"):
        correct_skew(planted(0.0))
    with pytest.raises(ArgumentError, match="not told from 0"):
        correct_skew(tape_with([5, 5, 5, 5, 5, 5, 5]))
    with pytest.raises(ArgumentError, match=r"\+- inf ppm: it is not told from 0"):
        correct_skew(stamped([0, 3600 * SECOND], [0, 3600 * SECOND + MILLISECOND]))


def stamped(ts: list[int], received: list[int]) -> Tape:
    order = np.argsort(np.array(ts), kind="stable")
    tape = tape_with([0] * len(ts))
    return replace(tape, ts=np.array(ts)[order], received=np.array(received)[order])


def test_a_capture_whose_recorder_was_slow_is_set_right(shared_data):
    ts, received = [], []
    with gzip.open(shared_data / "binance_btcusdt_20240808" / "usdm_btcusdt_20240808.gz", "rt") as lines:
        for line in lines:
            instant, _, message = line.partition(" ")
            happened = json.loads(message).get("data", {}).get("T")
            if happened is not None:
                ts.append(happened * MILLISECOND)
                received.append(int(instant))
    tape = stamped(ts, received)
    clock = measure_clock(tape)
    assert clock.negative == 1.0
    assert clock.least == pytest.approx(-1272 * MILLISECOND, abs=MILLISECOND)
    assert clock.skew == pytest.approx(-5.8, abs=0.1)
    after = measure_clock(correct_skew(tape, floor=MILLISECOND))
    assert after.least == MILLISECOND
    assert after.skew == pytest.approx(0.0, abs=0.01)
    assert after.jitter == pytest.approx(clock.jitter, rel=0.1)


@pytest.mark.parametrize(("file", "skew"), [("quotes", 5.6), ("trades", -0.22)])
def test_a_recorder_that_was_right_is_not_touched(shared_data, file, skew):
    folder = shared_data / "tardis_binance_20200222"
    rows = pl.read_csv(folder / f"{file}.csv.gz")
    tape = stamped((rows["timestamp"] * 1000).to_list(), (rows["local_timestamp"] * 1000).to_list())
    tape = replace(tape, resolution=MILLISECOND)
    clock = measure_clock(tape)
    assert clock.skew == pytest.approx(skew, abs=0.1)
    assert abs(clock.skew) < clock.error
    assert clock.negative == 0.0
    with pytest.raises(ArgumentError, match="not told from 0"):
        correct_skew(tape, floor=clock.least)
