"""The hours of markets: by the exchange's calendar, with half days, holidays and clocks that change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tradesim.errors import ArgumentError
from tradesim.market.calendar import ALL_DAY, hours_of, sessions_in
from tradesim.units import DAY, SECOND


def instant(text, zone="America/New_York"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("calendar", "zone", "quoted", "opens", "closes"),
    [
        ("XNYS", "America/New_York", "2015-12-23T12:00", "2015-12-23T09:30", "2015-12-23T16:00"),
        ("XNYS", "America/New_York", "2015-12-24T12:00", "2015-12-24T09:30", "2015-12-24T13:00"),
        ("XNYS", "America/New_York", "2021-11-26T12:00", "2021-11-26T09:30", "2021-11-26T13:00"),
        ("XNYS", "America/New_York", "2021-03-15T12:00", "2021-03-15T09:30", "2021-03-15T16:00"),
        ("XLON", "Europe/London", "2024-10-28T12:00", "2024-10-28T08:00", "2024-10-28T16:30"),
        (ALL_DAY, "UTC", "2024-10-27T01:30", "2024-10-27T00:00", "2024-10-28T00:00"),
    ],
)
def test_a_session_lasts_as_its_exchange_says(calendar, zone, quoted, opens, closes):
    hours = hours_of(calendar, np.array([instant(quoted, zone)]))
    assert hours == ((instant(opens, zone), instant(closes, zone)),)


def test_only_sessions_in_which_something_is_recorded_are_stated():
    days = ("2021-11-24T12:00", "2021-11-25T12:00", "2021-11-26T14:00", "2021-11-29T12:00")
    hours = hours_of("XNYS", np.array([instant(day) for day in days]))
    assert [opens for opens, _ in hours] == [instant("2021-11-24T09:30"), instant("2021-11-29T09:30")]


def test_days_that_touch_are_one_session():
    assert hours_of(ALL_DAY, np.array([1, DAY, 3 * DAY])) == ((0, 2 * DAY), (3 * DAY, 4 * DAY))


def test_a_calendar_that_there_is_not_is_refused():
    with pytest.raises(ArgumentError, match=r"calendar is 'XYZ'.*XNYS"):
        hours_of("XYZ", np.array([instant("2021-11-24T12:00")]))


def test_a_break_at_noon_parts_a_day():
    hours = hours_of(
        "XHKG", np.array([instant("2024-03-05T10:00", "Asia/Hong_Kong"), instant("2024-03-05T14:00", "Asia/Hong_Kong")])
    )
    zone = "Asia/Hong_Kong"
    morning = (instant("2024-03-05T09:30", zone), instant("2024-03-05T12:00", zone))
    assert hours == (morning, (instant("2024-03-05T13:00", zone), instant("2024-03-05T16:00", zone)))


def test_a_calendar_whose_sessions_touch_states_no_hours():
    assert hours_of("CMES", np.array([instant("2024-07-01T12:00"), instant("2024-07-02T12:00")])) == ()


def test_a_year_that_a_calendar_lacks_is_one_line():
    with pytest.raises(ArgumentError, match="calendar XSHG: it has no sessions in 2090"):
        sessions_in("XSHG", 2090)
