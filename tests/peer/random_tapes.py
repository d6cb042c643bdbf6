"""Small tapes of any shape, on which a difference between two engines is soon found and soon understood.

Orders stand long enough on them for trades, cancellations and new lots to move them through their queue.
"""

import numpy as np
from parity_tapes import book_tape, level_row, quote_row, trade_row, with_quotes

from tradesim.market.tape import Tape
from tradesim.units import MICROSECOND

START = 1_700_000_000_000_000_000
TICK = 10_000

TRADE, BESIDE, LESS, MORE, MOVE = range(5)
"""A trade at the best or a tick beside it, lots that go or come, a price that moves."""

EVENTS = (TRADE, TRADE, TRADE, TRADE, BESIDE, *6 * (LESS,), MORE, MORE, MOVE)


def _steps(seed: int, count: int) -> list[tuple[int, ...]]:
    """Pause in microseconds, event, side, lots, move."""
    draw = np.random.default_rng(seed)
    columns = (
        draw.choice([0, 1, 1, 2, 3], count),
        draw.choice(EVENTS, count),
        draw.choice([1, -1], count),
        draw.integers(1, 4, count),
        draw.choice([1, -1], count),
    )
    return np.stack(columns, axis=1).tolist()


def quote_tape(seed: int, count: int) -> Tape:
    """The best bid and ask: never crossed, at times missing."""
    ts = START
    price, size = {1: 99, -1: 101}, {1: 12, -1: 12}

    def quote() -> tuple[int, ...]:
        bid, ask = (price[side] * TICK if size[side] else 0 for side in (1, -1))
        return quote_row(ts, ts, bid, ask, size[1], size[-1])

    rows = [quote()]
    for pause, event, side, lots, move in _steps(seed, count):
        ts += pause * MICROSECOND
        if event in (TRADE, BESIDE):
            rows.append(trade_row(ts, ts, (price[-side] + (move if event == BESIDE else 0)) * TICK, lots, side))
            continue
        if event == MOVE:
            price[side] += move
            price[side] = min(price[1], price[-1] - 1) if side == 1 else max(price[-1], price[1] + 1)
            size[side] = 4 * lots
        else:
            size[side] = max(0, size[side] + (3 * lots if event == MORE else -lots))
        rows.append(quote())
    return book_tape(rows, source="any quotes")


def level_tape(seed: int, count: int) -> Tape:
    """Levels on both sides of a middle that moves: one that crosses clears the other side behind it."""
    ts = START
    levels = {side: {100 - side * distance: 12 for distance in range(1, 6)} for side in (1, -1)}
    rows = [level_row(ts, ts, at * TICK, size, side) for side in levels for at, size in levels[side].items()]
    for pause, event, side, lots, move in _steps(seed, count):
        ts += pause * MICROSECOND
        standing = levels[side]
        best = max((at for at, size in standing.items() if size), key=lambda at: at * side, default=100)
        if event in (TRADE, BESIDE):
            rows.append(trade_row(ts, ts, (best + (move if event == BESIDE else 0)) * TICK, lots, -side))
            continue
        at = best + move if event == MOVE else best
        standing[at] = max(0, standing.get(at, 0) + (-lots if event == LESS else 3 * lots))
        rows.append(level_row(ts, ts, at * TICK, standing[at], side))
        for there in [at_other for at_other, size in levels[-side].items() if size and (at - at_other) * side >= 0]:
            if standing[at]:
                levels[-side][there] = 0
                rows.append(level_row(ts, ts, there * TICK, 0, -side))
    return book_tape(with_quotes(rows), source="any levels")
