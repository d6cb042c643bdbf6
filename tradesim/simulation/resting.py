"""Orders of desks that stand at the venue, and the compiled replay of tape rows that moves and fills them.

The tape does not know of a desk's order. What it tells fills one by these rules, in the order of price, then time:

- *Through*: a trade at a worse price than the order's would have met the order first. It fills with the trade's lots.
- *At*: a trade at the order's price reduces what is ahead of it; what goes beyond fills it. In an order feed it was not
  with the orders ahead, which the feed tells: it fills an order that is first, and moves no other.
- *Crossed*: an opposite quote at the order's price or through it fills it, with the lots that stand there.
- *Executed* (order feed): an execution of an order at the same price fills it where that order came after it.

It fills at its own price, and with no more lots than the tape's event had. When its side's best price on the tape is
worse than the order's, nobody is ahead of it; when it is the same, the size there tells how the queue shrank
(:mod:`tradesim.simulation.queueing`); when it is better, only deeper rows can tell.

Orders are rows of ``slots``, int64[m, 7] (``SIGN, PRICE, LEFT, SINCE, SHOWN, NEXT, EXACT``), and of ``queue``,
float64[m, 2] (``AHEAD, TRADED``). ``heads`` int64[instruments, 2] is the first order of each instrument's bids and
asks, ``NEXT`` the one after it, -1 none.
"""

from functools import cached_property
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.market.tape import ADD, DEPTH, EXECUTE, QUOTE, REDUCE, TRADE, Tape
from tradesim.simulation.book import ASK, ASK_LEFT, ASK_SIZE, BID, BID_LEFT, BID_SIZE, BUY, SELL, show, trade
from tradesim.simulation.queueing import after_cancellation

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SIGN: Final = 0
PRICE: Final = 1
LEFT: Final = 2
SINCE: Final = 3
"""Tape rows that the venue had applied when the order came."""
SHOWN: Final = 4
"""The size that the tape last told of its price; -1 where it has told none."""
NEXT: Final = 5
EXACT: Final = 6
"""1 where an order feed tells its queue."""

AHEAD: Final = 0
TRADED: Final = 1

UNKNOWN: Final = 1e18
"""Lots ahead where the tape has not told the size at the order's price."""


def deeper_rows(tape: Tape) -> Ints:
    """What fills and queues need of each row besides its quote: price, size, side, and the row of the order's ``ADD``.

    int64[rows, 4]. The side of a trade of which it is not told is that of the quote it traded at, by the nearer side.
    """
    side = tape.side.astype(np.int64)
    untold = (tape.kind == TRADE) & (side == 0)
    if untold.any():
        _infer_sides(tape.instrument, tape.kind, tape.bid, tape.bid_size, tape.ask, tape.ask_size, tape.price, side)
    return np.ascontiguousarray(np.stack([tape.price, tape.size, side, _added(tape)], axis=1))


@njit(cache=True)
def _infer_sides(
    instrument: NDArray[np.int32],
    kind: NDArray[np.int8],
    bid: Ints,
    bid_size: Ints,
    ask: Ints,
    ask_size: Ints,
    price: Ints,
    side: Ints,
) -> None:
    """Say who came of each trade that does not tell: by the quote before it (Lee and Ready 1991, without the delay)."""
    count = instrument.max() + 1
    quote = np.zeros((count, 4), dtype=np.int64)
    for row in range(len(kind)):
        at = quote[instrument[row]]
        if kind[row] == QUOTE:
            at[0], at[1], at[2], at[3] = bid[row], bid_size[row], ask[row], ask_size[row]
        elif kind[row] == TRADE and side[row] == 0:
            if at[1] == 0 and at[3] == 0:
                continue
            if at[1] == 0:
                side[row] = BUY
            elif at[3] == 0 or 2 * price[row] < at[0] + at[2]:
                side[row] = SELL
            elif 2 * price[row] > at[0] + at[2]:
                side[row] = BUY


def _added(tape: Tape) -> Ints:
    """Of each row of an order feed the row that added its order last, -1 where the tape has none before it."""
    added = np.full(len(tape), -1, dtype=np.int64)
    feed = np.flatnonzero((tape.kind == ADD) | (tape.kind == REDUCE) | (tape.kind == EXECUTE))
    if not len(feed):
        return added
    feed = feed[np.lexsort((feed, tape.order[feed], tape.instrument[feed]))]
    adds = tape.kind[feed] == ADD
    begins = (np.diff(tape.instrument[feed], prepend=-1) != 0) | (np.diff(tape.order[feed], prepend=-1) != 0)
    last = np.maximum.accumulate(np.where(adds | begins, np.arange(len(feed)), 0))
    added[feed] = np.where(adds[last], feed[last], -1)
    return added


@njit(cache=True)
def scan(
    rows: Ints,
    deeper: Ints,
    clock: Ints,
    cursor: int,
    until: int,
    book: Ints,
    heads: Ints,
    slots: Ints,
    queue: Floats,
    model: int,
    exponent: float,
    fills: Ints,
) -> tuple[int, int]:
    """Apply rows as :func:`~tradesim.simulation.book.replay` does, and stop behind the first that fills an order.

    ``fills`` int64[m, 2] receives a slot and its lots for each fill. Returns the next cursor and the number of fills.
    """
    end = len(clock)
    while cursor < end and clock[cursor] <= until:
        row = rows[cursor]
        instrument = row[0]
        quote = book[instrument]
        bid_told = quote[BID] != row[2] or quote[BID_SIZE] != row[3]
        ask_told = quote[ASK] != row[4] or quote[ASK_SIZE] != row[5]
        if row[1] == QUOTE:
            show(book, instrument, BID, row[2], row[3])
            show(book, instrument, ASK, row[4], row[5])
        elif row[1] == TRADE:
            trade(quote, row[2], row[3], row[4])
        cursor += 1
        count = 0
        for side in range(2):
            slot = heads[instrument, side]
            if slot >= 0:
                own_told = bid_told if side == 0 else ask_told
                told = deeper[cursor - 1]
                count = _meet(row[1], own_told, told, quote, slot, slots, queue, model, exponent, fills, count)
        if count > 0:
            return cursor, count
    return cursor, 0


@njit(cache=True)
def _meet(
    kind: int,
    own_told: bool,
    told: Ints,
    quote: Ints,
    slot: int,
    slots: Ints,
    queue: Floats,
    model: int,
    exponent: float,
    fills: Ints,
    count: int,
) -> int:
    """Let one row of the tape move and fill the orders of one side, from ``slot`` on; return the number of fills.

    ``own_told``: whether the row's quote differs from the one before on that side; a repetition tells nothing.
    """
    used = 0
    while slot >= 0:
        order = slots[slot]
        lots = 0
        if kind == QUOTE:
            lots = _crossed(order, quote)
            if lots > 0:
                quote[ASK_LEFT if order[SIGN] == BUY else BID_LEFT] -= lots
            if own_told:
                _own_side(order, queue[slot], quote, model, exponent)
        elif kind == TRADE:
            if told[2] == -order[SIGN]:
                lots = _traded(order, queue[slot], told[0], told[1], used)
        elif kind == DEPTH:
            _level(order, queue[slot], told, quote, model, exponent)
        else:
            lots = _fed(order, queue[slot], kind, told, used)
        if lots > 0:
            order[LEFT] -= lots
            used += lots
            fills[count, 0] = slot
            fills[count, 1] = lots
            count += 1
        slot = order[NEXT]
    return count


@njit(cache=True)
def _crossed(order: Ints, quote: Ints) -> int:
    """Lots of an opposite quote at the order's price or through it."""
    lots = 0
    if order[SIGN] == BUY:
        if quote[ASK_SIZE] > 0 and quote[ASK] <= order[PRICE]:
            lots = min(order[LEFT], quote[ASK_LEFT])
    elif quote[BID_SIZE] > 0 and quote[BID] >= order[PRICE]:
        lots = min(order[LEFT], quote[BID_LEFT])
    return lots


@njit(cache=True)
def _own_side(order: Ints, place: Floats, quote: Ints, model: int, exponent: float) -> None:
    """What the best of the order's own side tells of its queue."""
    column = BID if order[SIGN] == BUY else ASK
    best, size = quote[column], quote[column + 1]
    if quote[BID_SIZE] == 0 and quote[ASK_SIZE] == 0:
        return
    if size == 0 or order[SIGN] * (order[PRICE] - best) > 0:
        place[AHEAD] = 0.0
        place[TRADED] = 0.0
        order[SHOWN] = 0
    elif best == order[PRICE]:
        _told_size(order, place, size, model, exponent)


@njit(cache=True)
def _level(order: Ints, place: Floats, told: Ints, quote: Ints, model: int, exponent: float) -> None:
    """What a deeper level tells; at the best price the quotes tell it."""
    column = BID if order[SIGN] == BUY else ASK
    behind = quote[column + 1] > 0 and order[SIGN] * (order[PRICE] - quote[column]) < 0
    if behind and told[2] == order[SIGN] and told[0] == order[PRICE]:
        _told_size(order, place, told[1], model, exponent)


@njit(cache=True)
def _told_size(order: Ints, place: Floats, size: int, model: int, exponent: float) -> None:
    if order[EXACT]:
        return
    if order[SHOWN] < 0:
        place[AHEAD] = min(place[AHEAD], size)
    else:
        place[AHEAD] = after_cancellation(place[AHEAD], order[SHOWN], size, place[TRADED], model, exponent)
    place[TRADED] = 0.0
    order[SHOWN] = size


@njit(cache=True)
def _traded(order: Ints, place: Floats, price: int, size: int, used: int) -> int:
    """Lots that a trade of ``size`` at ``price``, which came to this side, fills; orders before it had ``used``."""
    if order[SIGN] * (order[PRICE] - price) < 0:
        return 0
    beyond = size - used
    if price == order[PRICE] and order[EXACT]:
        beyond = 0 if place[AHEAD] > 0.0 else beyond
    elif price == order[PRICE]:
        place[AHEAD] -= beyond
        place[TRADED] += size
        beyond = min(beyond, int(np.floor(0.5 - place[AHEAD])))
        if beyond <= 0:
            return 0
        place[AHEAD] = 0.0
    lots: int = min(order[LEFT], beyond)
    return lots


@njit(cache=True)
def _fed(order: Ints, place: Floats, kind: int, told: Ints, used: int) -> int:
    """What a row of an order feed does to an order of a desk: the queue ahead of it shrinks, or it is filled."""
    if told[2] != order[SIGN]:
        return 0
    better = order[SIGN] * (order[PRICE] - told[0])
    size = told[1] - used
    if kind == EXECUTE and size > 0 and (better > 0 or (better == 0 and told[3] >= order[SINCE])):
        lots: int = min(order[LEFT], size)
        return lots
    if better == 0 and told[3] < order[SINCE] and kind != ADD:
        place[AHEAD] = max(0.0, place[AHEAD] - told[1])
    return 0


class Levels:
    """The lots that deeper rows have told of each price, as of any row: an index, made once a tape."""

    def __init__(self, tape: Tape) -> None:
        rows = np.flatnonzero((tape.kind == DEPTH) | (tape.kind >= ADD))
        fed = tape.kind[rows] >= ADD
        change = np.where(tape.kind[rows] == ADD, tape.size[rows], -tape.size[rows])
        self.fed = frozenset(np.unique(tape.instrument[rows][fed]).tolist())
        self._rows: dict[tuple[int, int, int], tuple[Ints, Ints]] = {}
        if not len(rows):
            return
        keys = np.stack([tape.instrument[rows].astype(np.int64), tape.side[rows].astype(np.int64), tape.price[rows]])
        order = np.lexsort((rows, keys[2], keys[1], keys[0]))
        rows, keys, change, fed = rows[order], keys[:, order], change[order], fed[order]
        cuts = np.flatnonzero((np.diff(keys, axis=1) != 0).any(axis=0)) + 1
        for part in np.split(np.arange(len(rows)), cuts):
            key = (int(keys[0, part[0]]), int(keys[1, part[0]]), int(keys[2, part[0]]))
            sizes = np.cumsum(change[part]) if fed[part[0]] else tape.size[rows[part]]
            self._rows[key] = rows[part], sizes

    def size(self, instrument: int, sign: int, price: int, cursor: int) -> int | None:
        """Lots at ``price`` once ``cursor`` rows have been applied; None where no row has told of it."""
        found = self._rows.get((instrument, sign, price))
        if found is None:
            return 0 if instrument in self.fed else None
        at = int(np.searchsorted(found[0], cursor)) - 1
        if at < 0:
            return 0 if instrument in self.fed else None
        return max(int(found[1][at]), 0)


class TapeDepth:
    """What a tape tells besides its quotes; worked out when it is first asked for, and once for all runs on it."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    @cached_property
    def rows(self) -> Ints:
        """See :func:`deeper_rows`."""
        return deeper_rows(self._tape)

    @cached_property
    def levels(self) -> Levels:
        """See :class:`Levels`."""
        return Levels(self._tape)
