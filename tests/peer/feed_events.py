"""One instrument of a tape as the rows that hftbacktest replays: ticks for prices, lots for sizes.

hftbacktest knows levels, not quotes, and it ignores its own best-quote events. So a quote is written as what it changes
in a book of levels: those better than the new best go (they are known to be empty), the best is set; a level that was
left behind stands with the last size that was seen there. A side that a row does not change is not written: a repeated
quote is no news of the level. Bids are written before asks.
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
    """``rows`` of dtype ``EVENT``; ``tick`` in micros; ``start end`` the first and last arrival at the desk, ns."""

    rows: NDArray[np.void]
    tick: int
    start: int
    end: int


class Levels:
    """A book of levels that yields a row for each change."""

    def __init__(self) -> None:
        self._side: dict[int, dict[int, int]] = {BID: {}, ASK: {}}

    def quote(self, side: int, price: int, size: int) -> list[tuple[int, int, int]]:
        """The rows that make ``price`` the best of ``side``; none is left where ``size`` is 0."""
        levels = self._side[side]
        better = [p for p in levels if size == 0 or (p - price) * side > 0]
        changes = [change for p in sorted(better, reverse=side == BID) for change in self.level(side, p, 0)]
        return changes + (self.level(side, price, size) if size else [])

    def level(self, side: int, price: int, size: int) -> list[tuple[int, int, int]]:
        """The row that puts ``size`` at ``price``, if it is not there already."""
        levels = self._side[side]
        if levels.get(price, 0) == size:
            return []
        if size:
            levels[price] = size
        else:
            del levels[price]
        return [(side, price, size)]


def feed_events(tape: Tape, clock: NDArray[np.int64], *, instrument: int) -> FeedEvents:
    """The rows of ``instrument`` that reach a desk by ``clock``, int64[rows of the tape], ns."""
    tick = tick_of(tape, instrument)
    levels = Levels()
    rows = []
    for i in np.flatnonzero(tape.instrument == instrument).tolist():
        match tape.kind[i]:
            case _ if tape.kind[i] == QUOTE:
                changes = levels.quote(BID, int(tape.bid[i]) // tick, int(tape.bid_size[i]))
                changes += levels.quote(ASK, int(tape.ask[i]) // tick, int(tape.ask_size[i]))
                told = [(DEPTH_ROW, *change) for change in changes]
            case _ if tape.kind[i] == DEPTH:
                changes = levels.level(int(tape.side[i]), int(tape.price[i]) // tick, int(tape.size[i]))
                told = [(DEPTH_ROW, *change) for change in changes]
            case _ if tape.kind[i] == TRADE and tape.side[i] != 0:
                told = [(TRADE_ROW, int(tape.side[i]), int(tape.price[i]) // tick, int(tape.size[i]))]
            case _:
                told = []
        stamp = (int(tape.ts[i]), int(clock[i]))
        rows += [(kind | FLAG[side] | AT_VENUE | AT_DESK, *stamp, price, size, 0, 0, 0.0) for kind, side, price, size in told]
    start, end = rows[0][2], rows[-1][2]
    rows.append((NO_NEWS | AT_VENUE | AT_DESK, end + AFTERWARDS, end + AFTERWARDS, 0.0, 0.0, 0, 0, 0.0))
    return FeedEvents(rows=np.array(rows, dtype=EVENT), tick=tick, start=start, end=end)


def tick_of(tape: Tape, instrument: int) -> int:
    """The largest price in micros of which every price of ``instrument`` is a whole multiple."""
    mine = tape.instrument == instrument
    prices = [tape.bid[mine & (tape.bid_size > 0)], tape.ask[mine & (tape.ask_size > 0)], tape.price[mine]]
    return int(np.gcd.reduce(np.concatenate(prices)))
