"""The tapes on which two engines are compared: real best quotes, real levels, and a generated market.

What is traded is instrument 1, a contract in name only where it is recorded. Trades stand before the quotes and levels
of their instant.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from tradesim.market.chain import EUROPEAN, Chain
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import DEPTH, QUOTE, TRADE, UNDERLYING, Tape
from tradesim.units import DAY, MICROS, MICROSECOND, MILLISECOND, SECOND

TRADED = 1
PER_COIN = 1000
"""Lots in one coin: the smallest size of both recordings."""

Row = tuple[int, int, int, int, int, int, int, int, int, int]
"""ts, received, kind, bid, ask, bid size, ask size, price, size, side."""
BID, PRICE = 3, 7


def tardis_tape(folder: Path) -> Tape:
    """Best quotes and trades of BTCUSDT as Tardis recorded them, with its receive times: 226 s of 2020-02-22."""
    quotes, trades = (_csv_rows(folder / f"{name}.csv.gz") for name in ("quotes", "trades"))
    rows: list[Row] = [
        quote_row(*_stamps(row), _micros(row["bid_price"]), _micros(row["ask_price"]), _lots(row["bid_amount"]), _lots(row["ask_amount"]))
        for row in quotes
    ]
    end = max(row[0] for row in rows)
    for row in trades:
        ts, received = _stamps(row)
        if ts <= end:
            rows.append(trade_row(ts, received, _micros(row["price"]), _lots(row["amount"]), 1 if row["side"] == "buy" else -1))
    return book_tape(sorted(rows, key=lambda row: (row[0], row[2] != TRADE)), source="Tardis, BTCUSDT 2020-02-22")


def binance_tape(file: Path, *, seconds: int) -> Tape:
    """All levels and trades of BTCUSDT from the first snapshot of a recording on; instants are the exchange's."""
    rows: list[Row] = []
    last, end = 0, 0
    for message in _messages(file):
        ts = message["T"] * MILLISECOND
        if "bids" in message:
            last, end = message["lastUpdateId"], ts + seconds * SECOND
        elif not last or ts > end or ts <= end - seconds * SECOND:
            continue
        if message.get("e") == "trade":
            if message["X"] == "MARKET":
                rows.append(trade_row(ts, ts, _micros(message["p"]), _lots(message["q"]), -1 if message["m"] else 1))
        elif "bids" in message or (message["e"] == "depthUpdate" and message["u"] > last):
            for side, names in ((1, ("b", "bids")), (-1, ("a", "asks"))):
                for price, size in next(message[name] for name in names if name in message):
                    rows.append((ts, ts, DEPTH, 0, 0, 0, 0, _micros(price), _lots(size), side))
    return book_tape(_with_quotes(rows), source="Binance, BTCUSDT 2024-08-08")


def _with_quotes(rows: list[Row]) -> list[Row]:
    """The rows by instant, trades first, and behind each level that changes the best of its side the quote after it."""
    levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
    best = {1: (0, 0), -1: (0, 0)}
    told: list[Row] = []
    for row in sorted(rows, key=lambda row: (row[0], row[2] != TRADE)):
        told.append(row)
        ts, received, kind, *_, price, size, side = row
        if kind != DEPTH:
            continue
        levels[side][price] = size
        if size == 0:
            del levels[side][price]
        if price * side < best[side][0] * side and best[side][1]:
            continue
        top = max(levels[side], key=lambda price: price * side, default=0)  # noqa: B023
        now = top, levels[side].get(top, 0)
        if now != best[side]:
            best[side] = now
            told.append(quote_row(ts, received, best[1][0], best[-1][0], best[1][1], best[-1][1]))
    return told


def generated_tape(*, seed: int) -> Tape:
    """One call of a generated market in which noise traders are busy."""
    market = SyntheticMarket(
        duration=120 * SECOND,
        strikes=(100.0,),
        expiries=(30,),
        noise_rate=40.0,
        noise_size=6,
        refill_delay=30 * MILLISECOND,
    )
    tape = generate(market, seed=seed)
    return replace(tape, side=_sides(tape)) if not tape.side.any() else tape


def _sides(tape: Tape) -> np.ndarray:
    """Who came to the book: a trade at the standing ask is a buyer's."""
    side = np.zeros(len(tape), np.int8)
    ask = np.zeros(len(tape.chain) + 1, np.int64)
    for i, instrument in enumerate(tape.instrument):
        if tape.kind[i] == QUOTE:
            ask[instrument] = tape.ask[i] if tape.ask_size[i] else 0
        else:
            side[i] = 1 if tape.price[i] == ask[instrument] else -1
    return side


def _csv_rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", newline="") as lines:
        yield from csv.DictReader(lines)


def _messages(file: Path) -> Iterator[dict]:
    with gzip.open(file, "rt") as lines:
        for line in lines:
            message = json.loads(line.split(" ", 1)[1])
            message = message.get("data", message)
            if message.get("e") != "bookTicker":
                yield message


def _stamps(row: dict[str, str]) -> tuple[int, int]:
    return int(row["timestamp"]) * MICROSECOND, int(row["local_timestamp"]) * MICROSECOND


def _micros(price: str) -> int:
    return round(float(price) * MICROS)


def _lots(amount: str) -> int:
    return round(float(amount) * PER_COIN)


def quote_row(ts: int, received: int, bid: int, ask: int, bid_size: int, ask_size: int) -> Row:
    return (ts, received, QUOTE, bid, ask, bid_size, ask_size, 0, 0, 0)


def trade_row(ts: int, received: int, price: int, size: int, side: int) -> Row:
    return (ts, received, TRADE, 0, 0, 0, 0, price, size, side)


def book_tape(rows: list[Row], *, source: str) -> Tape:
    """A tape of ``rows``, which are in order, of one contract; the underlying is quoted once, at the start."""
    spot = int(np.median([row[BID] or row[PRICE] for row in rows]))
    table = np.array([quote_row(rows[0][0], rows[0][1], spot, spot, 1, 1), *rows], dtype=np.int64)
    ts, received, kind, bid, ask, bid_size, ask_size, price, size, side = np.ascontiguousarray(table.T)
    instrument = np.full(len(table), TRADED, np.int32)
    instrument[0] = UNDERLYING
    chain = Chain(
        name=("TRADED",),
        strike=np.array([spot / MICROS]),
        expiry=np.array([ts[-1] + 30 * DAY]),
        right=np.ones(1, np.int8),
        style=np.full(1, EUROPEAN, np.int8),
        multiplier=np.ones(1, np.int64),
    )
    return Tape(
        chain=chain,
        underlying="ONCE",
        currency="USD",
        ts=ts,
        received=received,
        instrument=instrument,
        kind=kind.astype(np.int8),
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        price=price,
        size=size,
        side=side.astype(np.int8),
        source=source,
    )
