"""What receive times say, and their correction by a constant."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import draft, quote

from tradesim.errors import ArgumentError
from tradesim.market.clock import correct_clock, measure_clock
from tradesim.market.tape import Tape
from tradesim.market.validation import validated


def tape_with(latencies: list[int]) -> Tape:
    tape, _ = validated(draft([quote(ms, 0, 99, 101) for ms in range(len(latencies))]))
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
