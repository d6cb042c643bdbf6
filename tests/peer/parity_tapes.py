"""The tapes on which two engines are compared: real best quotes, real levels, and a generated market.

What is traded is instrument 1, a contract in name only where it is recorded. Trades stand before the quotes and levels
of their instant.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradesim.market.chain import EUROPEAN, Chain
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import DEPTH, QUOTE, TRADE, UNDERLYING, Tape
from tradesim.simulation.latency import Fixed
from tradesim.simulation.wires import Recorded
from tradesim.units import DAY, MICROS, MICROSECOND, MILLISECOND, SECOND

TRADED = 1
PER_COIN = 1000
"""Lots in one coin: the smallest size of both recordings."""


class Row(NamedTuple):
    """A row of a tape of one instrument."""

    ts: int
    received: int
    kind: int
    bid: int = 0
    ask: int = 0
    bid_size: int = 0
    ask_size: int = 0
    price: int = 0
    size: int = 0
    side: int = 0


def quote_row(ts: int, received: int, bid: int, ask: int, bid_size: int, ask_size: int) -> Row:
    return Row(ts, received, QUOTE, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def trade_row(ts: int, received: int, price: int, size: int, side: int) -> Row:
    return Row(ts, received, TRADE, price=price, size=size, side=side)


def level_row(ts: int, received: int, price: int, size: int, side: int) -> Row:
    return Row(ts, received, DEPTH, price=price, size=size, side=side)


MARKETS = ("generated", "Tardis quotes", "Binance levels")


def market(name: str, data: Path) -> tuple[Tape, Fixed | Recorded]:
    """The tape of MARKETS by that name and how its feed travels; ``data`` is where recorded markets are."""
    match name:
        case "generated":
            return generated_tape(seed=1), Fixed(20 * MICROSECOND)
        case "Tardis quotes":
            return tardis_tape(data / "tardis_binance_20200222"), Recorded()
    recording = data / "binance_btcusdt_20240808" / "usdm_btcusdt_20240808.gz"
    return binance_tape(recording, seconds=120), Fixed(20 * MICROSECOND)


def tardis_tape(folder: Path) -> Tape:
    """Best quotes and trades of BTCUSDT as Tardis recorded them, with its receive times: 226 s of 2020-02-22."""
    rows = [
        quote_row(
            *_stamps(line),
            *(_micros(line[f"{side}_price"]) for side in ("bid", "ask")),
            *(_lots(line[f"{side}_amount"]) for side in ("bid", "ask")),
        )
        for line in _csv_rows(folder / "quotes.csv.gz")
    ]
    end = max(row.ts for row in rows)
    trades = (
        trade_row(*_stamps(line), _micros(line["price"]), _lots(line["amount"]), 1 if line["side"] == "buy" else -1)
        for line in _csv_rows(folder / "trades.csv.gz")
    )
    return book_tape(_in_order([*rows, *(row for row in trades if row.ts <= end)]), source="Tardis, BTCUSDT 2020-02-22")


def binance_tape(file: Path, *, seconds: int) -> Tape:
    """All levels and trades of BTCUSDT from a recording's snapshot on, ``seconds`` long, at the exchange's instants."""
    rows: list[Row] = []
    last = start = 0
    for message in _messages(file):
        ts = message["T"] * MILLISECOND
        if "bids" in message:
            last, start = message["lastUpdateId"], ts
        if not last or not start <= ts <= start + seconds * SECOND:
            continue
        if message.get("e") == "trade":
            if message["X"] == "MARKET":
                rows.append(trade_row(ts, ts, _micros(message["p"]), _lots(message["q"]), -1 if message["m"] else 1))
        elif "bids" in message or message["u"] > last:
            bids, asks = message.get("bids", message.get("b")), message.get("asks", message.get("a"))
            rows += [level_row(ts, ts, _micros(price), _lots(size), 1) for price, size in bids]
            rows += [level_row(ts, ts, _micros(price), _lots(size), -1) for price, size in asks]
    return book_tape(with_quotes(_in_order(rows)), source="Binance, BTCUSDT 2024-08-08")


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
    return tape if tape.side.any() else replace(tape, side=_sides(tape))


def with_quotes(rows: Iterable[Row]) -> list[Row]:
    """The rows, and behind each level that changes the best of its side the quote from then on."""
    levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
    best = {1: (0, 0), -1: (0, 0)}
    told: list[Row] = []
    for row in rows:
        told.append(row)
        if row.kind != DEPTH:
            continue
        side = levels[row.side]
        side[row.price] = row.size
        if row.size == 0:
            del side[row.price]
        now = best[row.side]
        if (row.price - now[0]) * row.side > 0 or now[1] == 0:
            now = (row.price, row.size) if row.size else now
        elif row.price == now[0]:
            top = row.price if row.size else (max if row.side == 1 else min)(side, default=0)
            now = top, side.get(top, 0)
        if now != best[row.side]:
            best[row.side] = now
            (bid, bid_size), (ask, ask_size) = best[1], best[-1]
            told.append(quote_row(row.ts, row.received, bid, ask, bid_size, ask_size))
    return told


def book_tape(rows: list[Row], *, source: str) -> Tape:
    """A tape of ``rows``, which are in order, of one contract; the underlying is quoted once, at the start."""
    spot = int(np.median([row.bid or row.price for row in rows if row.bid or row.price]))
    first = quote_row(rows[0].ts, rows[0].received, spot, spot, 1, 1)
    column = {name: np.array([getattr(row, name) for row in [first, *rows]], dtype=np.int64) for name in Row._fields}
    instrument = np.full(len(rows) + 1, TRADED, np.int32)
    instrument[0] = UNDERLYING
    chain = Chain(
        name=("TRADED",),
        strike=np.array([spot / MICROS]),
        expiry=np.array([rows[-1].ts + 30 * DAY]),
        right=np.ones(1, np.int8),
        style=np.full(1, EUROPEAN, np.int8),
        multiplier=np.ones(1, np.int64),
    )
    column |= {name: column[name].astype(np.int8) for name in ("kind", "side")}
    return Tape(chain=chain, underlying="ONCE", currency="USD", instrument=instrument, source=source, **column)


def _in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.ts, row.kind != TRADE))


def _sides(tape: Tape) -> NDArray[np.int8]:
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


def _messages(file: Path) -> Iterator[dict[str, Any]]:
    """The snapshot, the depth updates and the trades of a recording."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            message = json.loads(line.split(" ", 1)[1])
            message = message.get("data", message)
            if message.get("e") != "bookTicker":
                yield message


def _stamps(line: dict[str, str]) -> tuple[int, int]:
    return int(line["timestamp"]) * MICROSECOND, int(line["local_timestamp"]) * MICROSECOND


def _micros(price: str) -> int:
    return round(float(price) * MICROS)


def _lots(amount: str) -> int:
    return round(float(amount) * PER_COIN)
