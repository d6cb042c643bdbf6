"""When a market was open: in the hours that its calendar states, and where none does as long as rows came."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.units import HOUR, NEVER

SESSION_GAP: Final = HOUR
"""A market without any row for longer than this was closed meanwhile, ns."""


Hours = tuple[tuple[int, int], ...]
"""Opening and closing of each session that is stated, ns, ascending; a row at the closing is within."""


def sessions_of(ts: NDArray[np.int64], gap: int, hours: Hours = ()) -> NDArray[np.int64]:
    """int64[k, 2], ns: first and last of the ascending instants ``ts`` in each session.

    A session lasts as long as ``hours`` state. Instants outside them belong to one session where no ``gap`` is longer.

    >>> sessions_of(np.array([0, 5, 6, 20, 21]), gap=10).tolist()
    [[0, 6], [20, 21]]
    >>> sessions_of(np.array([0, 5, 6, 20, 21]), gap=10, hours=((0, 5), (6, 30))).tolist()
    [[0, 5], [6, 21]]
    """
    if not len(ts):
        return np.empty((0, 2), np.int64)
    splits, within = np.diff(ts) > gap, stated(ts, hours)
    both = (within[1:] >= 0) & (within[:-1] >= 0)
    splits[both] = within[1:][both] != within[:-1][both]
    splits |= _enters_another(within, splits)
    later = np.flatnonzero(splits) + 1
    return np.column_stack([ts[np.append(0, later)], ts[np.append(later, len(ts)) - 1]])


def _enters_another(within: NDArray[np.int64], splits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where rows outside of stated sessions end, of one that they are near, and another stated one begins."""
    run = np.append(0, np.cumsum(splits))
    last = np.maximum.accumulate(np.where(within >= 0, np.arange(len(within)), -1))
    known = (last[:-1] >= 0) & (within[1:] >= 0)
    before = np.maximum(last[:-1], 0)
    same_run = run[before] == run[:-1]
    another: NDArray[np.bool_] = known & same_run & (within[before] != within[1:])
    return another


def joined(sessions: Iterable[tuple[int, int]]) -> Hours:
    """The opening and closing of each of ascending ``sessions``; those that touch are one.

    >>> joined([(0, 5), (5, 9), (20, 30)])
    ((0, 9), (20, 30))
    """
    found: list[tuple[int, int]] = []
    for opens, closes in sessions:
        found.append((found.pop()[0] if found and found[-1][1] == opens else opens, closes))
    return tuple(found)


def stated(ts: NDArray[np.int64], hours: Hours) -> NDArray[np.int64]:
    """The number of the stated session in which each instant lies, -1 outside of them.

    The nanosecond behind a closing is within: there quotes end that came at the closing itself.
    """
    table = np.array([(-NEVER, -NEVER), *hours], dtype=np.int64)
    at = np.searchsorted(table[:, 0], ts, side="right") - 1
    return np.where(ts <= table[at, 1] + 1, at, 0) - 1


def session_at(ts: NDArray[np.int64], sessions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the session that has begun last at each instant; -1 before the first."""
    return np.searchsorted(sessions[:, 0], ts, side="right") - 1


def open_time(sessions: NDArray[np.int64]) -> int:
    """How long the market was open in all, ns."""
    return int(np.sum(sessions[:, 1] - sessions[:, 0]))
