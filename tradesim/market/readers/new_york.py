"""The clock of New York, in which vendors of American markets write their times."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tradesim.errors import SourceError
from tradesim.units import SECOND

NEW_YORK: Final = ZoneInfo("America/New_York")
CLOSE: Final = 16 * 3600 * SECOND
"""From midnight to when the exchanges close, ns."""
SATURDAY: Final = 5


def midnight(date: str, where: str) -> int:
    """The instant (ns) of midnight in New York on ``date`` (``yyyymmdd``), as if no clock were changed that night.

    Where clocks are changed that night, the hours of trading are counted right.

    >>> midnight("20151224", "a file") == 1_450_933_200 * SECOND
    True
    """
    noon = datetime_of(date, where).replace(hour=12, tzinfo=NEW_YORK)
    return (int(noon.timestamp()) - 12 * 3600) * SECOND


def datetime_of(date: str, where: str) -> datetime:
    """The start of ``date`` (``yyyymmdd``); raises :class:`~tradesim.errors.SourceError` if the calendar lacks it."""
    try:
        return datetime.strptime(date, "%Y%m%d")
    except ValueError:
        raise SourceError(f"{where}: {date} is not a date; a name gives dates as yyyymmdd") from None


def expiry_of(date: str, where: str) -> int:
    """The instant (ns) at which contracts that expire on ``date`` (``yyyymmdd``) do: as the exchanges close.

    No vendor's quotes tell of days on which they close early. Contracts that expire on a Saturday, as until February
    2015 most did, were last traded on the Friday.

    >>> expiry_of("20100116", "a file") == midnight("20100115", "a file") + CLOSE
    True
    """
    day = datetime_of(date, where)
    return midnight(f"{day - timedelta(days=day.weekday() == SATURDAY):%Y%m%d}", where) + CLOSE
