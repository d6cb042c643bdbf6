"""Standing orders in their ranks: a list an instrument and side, in the order of price, then time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.simulation.book import BUY
from tradesim.simulation.resting import NEXT, PRICE, SIGN

Ints = NDArray[np.int64]

NONE: Final = -1
"""The slot that stands for no order."""


class RestingQueue:
    """The arrays ``heads``, ``slots`` and ``queue`` that :func:`~tradesim.simulation.resting.scan` reads.

    ``fills`` int64[m, 2] is what it writes. They grow as more orders stand.
    """

    def __init__(self, instruments: int) -> None:
        count = 16
        self.heads = np.full((instruments, 2), NONE, dtype=np.int64)
        self.slots = np.zeros((count, 7), dtype=np.int64)
        self.queue = np.zeros((count, 2))
        self.fills = np.zeros((count, 2), dtype=np.int64)
        self._free = list(range(count))

    def first(self, instrument: int, sign: int) -> int:
        """The slot of the first order of a side, ``NONE`` without one."""
        return int(self.heads[instrument, _side(sign)])

    def insert(self, instrument: int, order: tuple[int, ...], ahead: float) -> int:
        """Put an order, a row of ``slots``, behind those of better or equal price; return its slot."""
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self.slots[slot] = order
        self.queue[slot] = (ahead, 0.0)
        sign, price = order[SIGN], order[PRICE]
        before, after = NONE, self.first(instrument, sign)
        while after != NONE and sign * (int(self.slots[after, PRICE]) - price) >= 0:
            before, after = after, int(self.slots[after, NEXT])
        self.slots[slot, NEXT] = after
        self._follow(instrument, sign, before, slot)
        return slot

    def remove(self, slot: int, instrument: int) -> None:
        """Take an order out of its list. Its own ``NEXT`` stays, for who is walking the list."""
        sign = int(self.slots[slot, SIGN])
        before, at = NONE, self.first(instrument, sign)
        while at != slot:
            before, at = at, int(self.slots[at, NEXT])
        self._follow(instrument, sign, before, int(self.slots[slot, NEXT]))
        self._free.append(slot)

    def _follow(self, instrument: int, sign: int, before: int, slot: int) -> None:
        """Let ``slot`` be the one after ``before``, or the first of its side."""
        if before == NONE:
            self.heads[instrument, _side(sign)] = slot
        else:
            self.slots[before, NEXT] = slot

    def _grow(self) -> None:
        count = len(self.slots)
        self.slots = np.concatenate([self.slots, np.zeros_like(self.slots)])
        self.queue = np.concatenate([self.queue, np.zeros_like(self.queue)])
        self.fills = np.zeros((2 * count, 2), dtype=np.int64)
        self._free = list(range(count, 2 * count))


def _side(sign: int) -> int:
    return 0 if sign == BUY else 1
