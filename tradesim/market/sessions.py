"""Sessions of a market: from one row to the last before a gap in which nothing is reported."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.units import SECOND

Ints = NDArray[np.int64]

SESSION_GAP: Final = 3600 * SECOND
"""Ns without a row after which a session has ended, unless a tape states another."""


def sessions_of(ts: Ints, gap: int = SESSION_GAP) -> Ints:
    """First and last instant of each run of instants (ascending, ns) no two of which are more than ``gap`` apart.

    int64[k, 2].

    >>> sessions_of(np.array([0, 5, 100, 101]), gap=10).tolist()
    [[0, 5], [100, 101]]
    """
    if not len(ts):
        return np.empty((0, 2), dtype=np.int64)
    last = np.append(np.flatnonzero(np.diff(ts) > gap), len(ts) - 1)
    first = np.append(0, last[:-1] + 1)
    return np.stack([ts[first], ts[last]], axis=1)
