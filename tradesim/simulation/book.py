"""The top of book of every instrument, and the compiled replay of tape rows into it.

A book is int64[instruments, 8], a row an instrument: ``BID, BID_SIZE, BID_LEFT, ASK, ASK_SIZE, ASK_LEFT, BID_TRADED,
ASK_TRADED``. ``SIZE`` is
what the tape shows, ``LEFT`` what has not been taken from it, ``TRADED`` what trades on the tape have taken of it
since.

Liquidity is not free: what was taken stays taken until that side's price changes, or its size rises (then only the
rise is new). What trades on the tape took is back with the next quote, which knows of them. Real feeds repeat unchanged
quotes, and a repetition is no new liquidity.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Tape
from tradesim.units import NEVER

BID: Final = 0
BID_SIZE: Final = 1
BID_LEFT: Final = 2
ASK: Final = 3
ASK_SIZE: Final = 4
ASK_LEFT: Final = 5
BID_TRADED: Final = 6
ASK_TRADED: Final = 7

BUY: Final = 1
SELL: Final = -1

Ints = NDArray[np.int64]


def empty_book(instruments: int) -> Ints:
    """A book with no side quoted, int64[instruments, 8]."""
    return np.zeros((instruments, 8), dtype=np.int64)


def quote_rows(tape: Tape) -> Ints:
    """What a replay reads of each row: instrument, kind, bid, bid size, ask, ask size; int64[rows, 6].

    Of a trade, price, lots and side stand in their place: what it takes from what is shown. It takes nothing there
    where a quote of the same instrument follows at the same instant, which tells what is left.
    """
    columns = (tape.instrument, tape.kind, tape.bid, tape.bid_size, tape.ask, tape.ask_size)
    rows = np.ascontiguousarray(np.stack([np.asarray(c, dtype=np.int64) for c in columns], axis=1))
    _write_trades(rows, tape.ts, tape.price, tape.size, tape.side)
    return rows


@njit(cache=True)
def _write_trades(rows: Ints, ts: Ints, price: Ints, size: Ints, side: NDArray[np.int8]) -> None:
    quoted = np.full(rows[:, 0].max() + 1, NEVER, dtype=np.int64)
    for j in range(len(rows) - 1, -1, -1):
        instrument = rows[j, 0]
        if rows[j, 1] == QUOTE:
            quoted[instrument] = ts[j]
        elif rows[j, 1] == TRADE:
            rows[j, 2] = price[j]
            rows[j, 3] = 0 if quoted[instrument] == ts[j] else size[j]
            rows[j, 4] = side[j]


@njit(cache=True)
def show(book: Ints, instrument: int, side: int, price: int, size: int) -> None:
    """Show ``size`` at ``price`` on the side whose columns start at ``side``."""
    row = book[instrument]
    traded = BID_TRADED if side == BID else ASK_TRADED
    row[side + 2] += row[traded]
    row[traded] = 0
    if size == 0 or price != row[side] or row[side + 1] == 0:
        left = size
    elif size > row[side + 1]:
        left = row[side + 2] + size - row[side + 1]
    else:
        left = min(row[side + 2], size)
    row[side] = price
    row[side + 1] = size
    row[side + 2] = left


@njit(cache=True)
def trade(quote: Ints, price: int, lots: int, came: int) -> None:
    """A trade on the tape takes its lots from the side of ``quote`` at its price, and all of one that it went through.

    ``came`` is who came to the book, +1 a buyer, -1 a seller, 0 where it is not told.
    """
    for side, traded, sign in ((BID, BID_TRADED, SELL), (ASK, ASK_TRADED, BUY)):
        beyond = sign * (price - quote[side])
        if quote[side + 1] > 0 and lots > 0 and (beyond > 0 or (beyond == 0 and came != -sign)):
            taken = quote[side + 2] if beyond > 0 else min(lots, quote[side + 2])
            quote[side + 2] -= taken
            quote[traded] += taken


@njit(cache=True)
def replay(rows: Ints, clock: Ints, cursor: int, until: int, book: Ints) -> int:
    """Apply to ``book`` the rows from ``cursor`` whose ``clock`` is at most ``until``; return the next cursor."""
    end = len(clock)
    while cursor < end and clock[cursor] <= until:
        row = rows[cursor]
        if row[1] == QUOTE:
            show(book, row[0], BID, row[2], row[3])
            show(book, row[0], ASK, row[4], row[5])
        elif row[1] == TRADE:
            trade(book[row[0]], row[2], row[3], row[4])
        cursor += 1
    return cursor


def side_of(direction: int) -> int:
    """The first column of the side that an order of this direction takes from: a buy takes the ask."""
    return ASK if direction == BUY else BID


def mid(book: Ints, instrument: int) -> float | None:
    """The middle of a two-sided quote, in micros; ``None`` where a side is missing."""
    row = book[instrument]
    if row[BID_SIZE] == 0 or row[ASK_SIZE] == 0:
        return None
    return 0.5 * float(row[BID] + row[ASK])


@njit(cache=True)
def underlying_path(rows: Ints) -> tuple[Ints, Ints]:
    """Row numbers of the underlying's two-sided quotes, and twice their mid in micros (exact integers)."""
    index = np.empty(len(rows), dtype=np.int64)
    twice = np.empty(len(rows), dtype=np.int64)
    count = 0
    for j in range(len(rows)):
        row = rows[j]
        if row[0] == UNDERLYING and row[1] == QUOTE and row[3] > 0 and row[5] > 0:
            index[count] = j
            twice[count] = row[2] + row[4]
            count += 1
    return index[:count].copy(), twice[:count].copy()
