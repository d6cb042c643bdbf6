"""When contracts expire that are listed in New York: by the exchange's own calendar."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import SourceError
from tradesim.market.readers.new_york import expiry_of
from tradesim.units import SECOND

NEW_YORK = ZoneInfo("America/New_York")


def local(date: str) -> datetime:
    return datetime.fromtimestamp(expiry_of(date, "a file") // SECOND, NEW_YORK)


@pytest.mark.parametrize(
    ("stated", "expires"),
    [
        ("20240119", "2024-01-19T16:00"),
        ("20240719", "2024-07-19T16:00"),
        ("20140517", "2014-05-16T16:00"),
        ("20140419", "2014-04-17T16:00"),
        ("20080322", "2008-03-20T16:00"),
        ("20190419", "2019-04-18T16:00"),
        ("20151224", "2015-12-24T13:00"),
        ("20241129", "2024-11-29T13:00"),
        ("20230703", "2023-07-03T13:00"),
        ("20110101", "2010-12-31T16:00"),
        ("20010915", "2001-09-10T16:00"),
    ],
)
def test_a_contract_expires_as_the_last_session_until_its_day_closes(stated, expires):
    assert local(stated) == datetime.fromisoformat(expires).replace(tzinfo=NEW_YORK)


@pytest.mark.parametrize(("stated", "expires"), [("20240119", "2024-01-19T09:30"), ("20140419", "2014-04-17T09:30")])
def test_one_that_is_settled_in_the_morning_expires_as_that_session_opens(stated, expires):
    opens = datetime.fromtimestamp(expiry_of(stated, "a file", morning=True) // SECOND, NEW_YORK)
    assert opens == datetime.fromisoformat(expires).replace(tzinfo=NEW_YORK)


@given(st.dates(date(1996, 1, 1), date(2040, 12, 31)))
def test_an_expiry_is_a_close_within_a_week_and_never_after_its_day(day):
    closes = local(f"{day:%Y%m%d}")
    assert timedelta(0) <= day - closes.date() <= timedelta(7)
    assert closes.weekday() < 5
    assert closes.hour in {13, 16}


@pytest.mark.parametrize("stated", ["99991231", "19691231", "20240230", "2024"])
def test_a_day_that_no_tape_holds_is_refused(stated):
    with pytest.raises(SourceError, match=stated):
        expiry_of(stated, "a file")
