"""One instrument of a tape as the rows that hftbacktest replays: ticks for prices, lots for sizes.

hftbacktest knows levels, not quotes, and it ignores its own best-quote events. So a quote is written as what it changes
in a book of levels: those better than the new best go (they are known to be empty), the best is set; a level that was
left behind stands with the last size that was seen there. A side whose price and size a quote repeats is not written: a
repetition is no news of the level. Bids are written before asks. Where the tape tells levels too, a quote tells again
of the price that it goes back to, but not amid a batch of levels that still cross.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradesim.market.tape import DEPTH, QUOTE, TRADE, Tape

BID, ASK = 1, -1

DEPTH_ROW, TRADE_ROW, NO_NEWS = 1, 2, 0
AT_VENUE, AT_DESK = 1 << 31, 1 << 30
FLAG = {BID: 1 << 29, ASK: 1 << 28}

EVENT = np.dtype(
    [
        ("ev", "u8"),
        ("exch_ts", "i8"),
        ("local_ts", "i8"),
        ("px", "f8"),
        ("qty", "f8"),
        ("order_id", "u8"),
        ("ival", "i8"),
        ("fval", "f8"),
    ],
    align=True,
)

AFTERWARDS = 10**12
"""ns: the replay goes on for so long after the last row, that responses on the wire arrive."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FeedEvents:
    """``rows`` of dtype ``EVENT``; ``tick`` in micros."""

    rows: NDArray[np.void]
    tick: int


class Levels:
    """A book of levels, and the rows ``(side, price, size)`` that tell of its changes.

    ``told``: whether the tape tells levels itself.
    """

    def __init__(self) -> None:
        self.told = False
        self._last = (0, 0, 0)
        self._sizes: dict[int, dict[int, int]] = {BID: {}, ASK: {}}
        self._best = {BID: (0, 0), ASK: (0, 0)}

    def quote(self, side: int, price: int, size: int) -> list[tuple[int, int, int]]:
        """The rows that make ``price`` the best of ``side``; nothing is left of it where ``size`` is 0."""
        if self._best[side] == (price, size):
            return []
        self._best[side] = price, size
        better = [p for p in self._sizes[side] if size == 0 or (p - price) * side > 0]
        gone = [self.level(side, p, 0) for p in sorted(better, reverse=side == BID)]
        if size == 0 or self._last == (side, price, size):
            return gone
        return [*gone, self.level(side, price, size)]

    def level(self, side: int, price: int, size: int) -> tuple[int, int, int]:
        """The row that puts ``size`` at ``price``."""
        if size:
            self._sizes[side][price] = size
        else:
            self._sizes[side].pop(price, None)
        self._last = side, price, size
        return self._last


def feed_events(tape: Tape, clock: NDArray[np.int64], *, instrument: int) -> FeedEvents:
    """The rows of ``instrument`` that reach a desk by ``clock``, int64[rows of the tape], ns."""
    tick = tick_of(tape, instrument)
    levels = Levels()
    rows = []
    for i in np.flatnonzero(tape.instrument == instrument).tolist():
        stamp = (int(tape.ts[i]), int(clock[i]))
        for kind, side, price, size in _told(tape, i, tick, levels):
            rows.append((kind | FLAG[side] | AT_VENUE | AT_DESK, *stamp, price, size, 0, 0, 0.0))
    end = rows[-1][2] + AFTERWARDS
    rows.append((NO_NEWS | AT_VENUE | AT_DESK, end, end, 0.0, 0.0, 0, 0, 0.0))
    return FeedEvents(rows=np.array(rows, dtype=EVENT), tick=tick)


def _told(tape: Tape, i: int, tick: int, levels: Levels) -> list[tuple[int, int, int, int]]:
    """What row ``i`` tells: kind, side, price, size."""
    side, price, size = int(tape.side[i]), int(tape.price[i]) // tick, int(tape.size[i])
    if tape.kind[i] == QUOTE:
        if levels.told and tape.bid_size[i] and tape.ask_size[i] and tape.bid[i] >= tape.ask[i]:
            return []
        changes = levels.quote(BID, int(tape.bid[i]) // tick, int(tape.bid_size[i]))
        changes += levels.quote(ASK, int(tape.ask[i]) // tick, int(tape.ask_size[i]))
        return [(DEPTH_ROW, *change) for change in changes]
    if tape.kind[i] == DEPTH:
        levels.told = True
        return [(DEPTH_ROW, *levels.level(side, price, size))]
    return [(TRADE_ROW, side, price, size)] if tape.kind[i] == TRADE and side else []


def tick_of(tape: Tape, instrument: int) -> int:
    """The largest price in micros of which every price of ``instrument`` is a whole multiple."""
    mine = tape.instrument == instrument
    prices = [tape.bid[mine & (tape.bid_size > 0)], tape.ask[mine & (tape.ask_size > 0)], tape.price[mine]]
    return int(np.gcd.reduce(np.concatenate(prices)))
