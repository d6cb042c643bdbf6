"""Texts of instants and durations."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.market.row_filter import utc
from tradesim.units import DAY, SECOND, duration, instant

MIDNIGHT = int(datetime(2024, 7, 1, tzinfo=UTC).timestamp()) * SECOND


@given(moment=st.integers(-(2**62), 2**62))
def test_an_instant_is_read_as_it_is_printed(moment):
    assert instant(utc(moment), after=0) == moment


@pytest.mark.parametrize(
    ("text", "after_midnight"),
    [
        ("2024-07-01", 0),
        ("2024-07-01T00:00:01.5", 1_500_000_000),
        ("2024-07-01 00:00:00,000000001Z", 1),
        ("2024-07-01T000000.123456789+0000", 123_456_789),
        ("2024-06-30T20:00:00.000000900-04:00", 900),
        ("2024-07-02T00:00:00Z", DAY),
    ],
)
def test_an_instant_is_exact_to_the_nanosecond(text, after_midnight):
    assert instant(text, after=17) == MIDNIGHT + after_midnight


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01T00:00:00.0000000001Z",
        "2024-07-01T00:00.5Z",
        "2024-07-01T00:00:00.Z",
        "2024-07-01T00:00:00-04:00:00.5",
        "2024-13-01",
        "2024-07-01T25:00:00",
    ],
)
def test_an_instant_that_would_be_cut_or_is_none_is_refused(text):
    with pytest.raises(ArgumentError, match="instant '2024"):
        instant(text, after=0)


def test_a_duration_is_exact_to_the_nanosecond():
    assert duration("31535999.999999999s") == 365 * DAY - 1
    assert instant("20000000.000000001s", after=1) == 20_000_000 * SECOND + 2
