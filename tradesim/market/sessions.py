"""When a tape was open: its sessions are the runs of its rows without a long gap."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.units import HOUR

SESSION_GAP: Final = HOUR
"""A market without any row for longer than this was closed meanwhile, ns."""


def sessions_of(ts: NDArray[np.int64], gap: int) -> NDArray[np.int64]:
    """int64[k, 2], ns: first and last instant of each run of the ascending instants ``ts`` without a longer ``gap``.

    >>> sessions_of(np.array([0, 5, 6, 20, 21]), gap=10).tolist()
    [[0, 6], [20, 21]]
    """
    if not len(ts):
        return np.empty((0, 2), np.int64)
    later = np.flatnonzero(np.diff(ts) > gap) + 1
    return np.column_stack([ts[np.append(0, later)], ts[np.append(later, len(ts)) - 1]])


def session_at(ts: NDArray[np.int64], sessions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the session that has begun last at each instant; -1 before the first."""
    return np.searchsorted(sessions[:, 0], ts, side="right") - 1


def open_time(sessions: NDArray[np.int64]) -> int:
    """How long the market was open in all, ns."""
    return int(np.sum(sessions[:, 1] - sessions[:, 0]))
