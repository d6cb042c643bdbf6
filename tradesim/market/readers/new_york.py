"""The clock of New York, in which vendors of American markets write their times, and its exchange's calendar."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from tradesim.errors import SourceError
from tradesim.market.calendar import sessions_in
from tradesim.units import SECOND

NEW_YORK: Final = ZoneInfo("America/New_York")

NYSE: Final = "XNYS"
"""The calendar of its exchange, which those of stocks and options there share."""

CLOSE: Final = 16 * 3600 * SECOND
"""From midnight to when the exchange closes but on half days, ns."""

YEARS: Final = range(1970, 2262)
"""The years whose instants a tape can hold."""


def midnight(date: str, where: str) -> int:
    """The instant (ns) of midnight in New York on ``date`` (``yyyymmdd``), as if no clock were changed that night.

    Where clocks are changed that night, the hours of trading are counted right.

    >>> midnight("20151224", "a file") == 1_450_933_200 * SECOND
    True
    """
    noon = _within_years(date, where).replace(hour=12, tzinfo=NEW_YORK)
    return (int(noon.timestamp()) - 12 * 3600) * SECOND


def datetime_of(date: str, where: str) -> datetime:
    """The start of ``date`` (``yyyymmdd``); raises :class:`~tradesim.errors.SourceError` if the calendar lacks it."""
    try:
        return datetime.strptime(date, "%Y%m%d")
    except ValueError:
        raise SourceError(f"{where}: {date} is not a date; a name gives dates as yyyymmdd") from None


def expiry_of(date: str, where: str, *, morning: bool = False) -> int:
    """The instant (ns) at which contracts that expire on ``date`` (``yyyymmdd``) do: as the New York Stock Exchange
    closes its last session until then, or opens it, of those that are settled in the ``morning``.

    On half days that is 13:00. Contracts that expire on a Saturday, as until February 2015 most did, were last traded
    on the Friday, or on the Thursday before a Good Friday.

    Raises :class:`~tradesim.errors.SourceError` for a date that is none, or that a tape cannot hold.

    >>> expiry_of("20140419", "a file") == midnight("20140417", "a file") + 16 * 3600 * SECOND
    True
    """
    day = _within_years(date, where)
    days, opens, closes = sessions_in(NYSE, day.year)
    return int((opens if morning else closes)[np.searchsorted(days, np.datetime64(day, "D"), side="right") - 1])


def closes_early(date: str, where: str) -> bool:
    """Whether ``date`` (``yyyymmdd``) is a half day.

    >>> closes_early("20151224", "a file"), closes_early("20151223", "a file")
    (True, False)
    """
    start = midnight(date, where)
    return start < expiry_of(date, where) < start + CLOSE


def _within_years(date: str, where: str) -> datetime:
    day = datetime_of(date, where)
    if day.year not in YEARS:
        raise SourceError(f"{where}: {date}: a tape holds the years {YEARS[0]} to {YEARS[-1]}; leave it out")
    return day
