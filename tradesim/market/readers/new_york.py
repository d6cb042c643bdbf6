"""The clock of New York, in which vendors of American markets write their times."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from tradesim.errors import SourceError
from tradesim.units import SECOND

NEW_YORK: Final = ZoneInfo("America/New_York")
CLOSE: Final = 16 * 3600 * SECOND
"""From midnight to when the exchanges close, ns; no vendor's quotes tell of days on which they close early."""


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
