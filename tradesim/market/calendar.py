"""The calendar of an exchange: when its sessions open and close, half days, holidays and changes of clocks included."""

import warnings
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.sessions import Hours, joined, stated
from tradesim.units import DAY

Ints = NDArray[np.int64]

ALL_DAY: Final = "24/7"
"""The calendar of a market that never closes, such as those of coins."""


def hours_of(calendar: str, ts: Ints) -> Hours:
    """The sessions of ``calendar`` in which some of the ascending instants ``ts`` lie.

    ``calendar`` is a name of exchange_calendars, such as XNYS or 24/7; an empty one states no hours. Nor does one whose
    sessions touch, such as CMES, but 24/7: when such a market halts each day it does not say.

    Raises :class:`~tradesim.errors.ArgumentError` for a calendar that there is not.

    >>> hours_of("24/7", np.array([5, DAY, 3 * DAY + 1])) == ((0, 2 * DAY), (3 * DAY, 4 * DAY))
    True
    """
    if not calendar or not len(ts):
        return ()
    if calendar == ALL_DAY:
        opens = np.unique(ts // DAY) * DAY
        closes = opens + DAY
    else:
        first, last = ts[[0, -1]].astype("datetime64[ns]").astype("datetime64[Y]").astype(int) + 1970
        years = [sessions_in(calendar, year) for year in range(int(first), int(last) + 1)]
        if _touch(years):
            return ()
        _, opens, closes = (np.concatenate(column) for column in zip(*years, strict=True))
        opens, unique = np.unique(opens, return_index=True)
        closes = closes[unique]
        held = np.unique(stated(ts, tuple(zip(opens, closes, strict=True))))
        opens, closes = opens[held[held >= 0]], closes[held[held >= 0]]
    return joined(zip(opens.tolist(), closes.tolist(), strict=True))


def _touch(years: list[tuple[NDArray[np.datetime64], Ints, Ints]]) -> bool:
    """Whether a session begins as the one before it ends."""
    return any((opens[1:] <= closes[:-1]).any() for _, opens, closes in years)


@cache
def sessions_in(calendar: str, year: int) -> tuple[NDArray[np.datetime64], Ints, Ints]:
    """Days, openings and closings (ns) of the sessions of ``calendar`` in ``year`` and the December before it; a day
    with a break has two."""
    from exchange_calendars import errors, get_calendar

    try:
        with warnings.catch_warnings(action="ignore"):  # of its parts among themselves
            schedule = get_calendar(calendar, start=f"{year - 1}-12-01", end=f"{year}-12-31").schedule
    except errors.InvalidCalendarName:
        raise ArgumentError(
            f"calendar is {calendar!r}: it must be a name of exchange_calendars, such as XNYS or {ALL_DAY}"
        ) from None
    except ValueError as error:
        raise ArgumentError(
            f"calendar {calendar}: it has no sessions in {year} ({' '.join(str(error).split())[:100]}); leave it to "
            "the rows (calendar '')"
        ) from None
    days = schedule.index.to_numpy().astype("datetime64[D]")
    opens, pauses, resumes, closes = (
        schedule[name].dt.tz_convert(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
        for name in ("open", "break_start", "break_end", "close")
    )
    paused = ~schedule["break_start"].isna().to_numpy()
    begins = np.concatenate([opens, resumes[paused]])
    ends = np.concatenate([np.where(paused, pauses, closes), closes[paused]])
    order = np.argsort(begins, kind="stable")
    return np.concatenate([days, days[paused]])[order], begins[order], ends[order]
