"""Small files as vendors write them, every kind of line that their readers know; and figures of recorded ones."""

import gzip
import json
from pathlib import Path

import numpy as np

from tradesim.market.tape import QUOTE, TRADE, Tape

QUOTES = """\
exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount
binance-futures,BTCUSDT,1582329601096000,1582329601216092,0.84,9682,9681.92,0.67
binance-futures,BTCUSDT,1582329603542000,1582329603663688,0.84,9682,9681.44,0.363
binance-futures,BTCUSDT,1582329603541500,1582329603663690,0.8,9682.01,,
"""
TRADES = """\
exchange,symbol,timestamp,local_timestamp,id,side,price,amount
binance-futures,BTCUSDT,1582329602111000,1582329602418379,42377944,buy,9682,0.132
binance-futures,BTCUSDT,1582329602150000,1582329602421536,42377947,sell,9681.19,0.01
binance-futures,BTCUSDT,1582329602150000,1582329602421551,42377948,unknown,9681.48,0.18
"""

OPTIONS_HEADER = (
    "exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,open_interest,last_price,bid_price,"
    "bid_amount,bid_iv,ask_price,ask_amount,ask_iv,mark_price,mark_iv,underlying_index,underlying_price,"
    "delta,gamma,vega,theta,rho"
)
MIDNIGHT = 1591574400_000_000
JUNE_9, JUNE_26 = 1591689600_000_000, 1593158400_000_000
"""Microseconds: the start of 2020-06-08, and 08:00 of two days of expiry."""


def option(
    ms: float,
    symbol: str,
    strike: float,
    *,
    expiration: int = JUNE_26,
    bid: str = "0.0205,15.0",
    ask: str = "0.0235,12.5",
    forward: float | str = 9800.5,
    exchange: str = "deribit",
) -> str:
    """A row of options_chain, ``ms`` after midnight, received 50 ms later."""
    ts = MIDNIGHT + round(ms * 1000)
    right = "call" if symbol.endswith("-C") else "put"
    index = "SYN." + symbol.rsplit("-", 2)[0]
    return (
        f"{exchange},{symbol},{ts},{ts + 50_000},{right},{strike},{expiration},0.1,0.0295,{bid},55.91,{ask},68.94,"
        f"0.02210436,62.89,{index},{forward},-0.6,0.001,2.2,-53.0,-0.2"
    )


NEAR, CALL_NAME, PUT_NAME = "BTC-9JUN20-9875-P", "BTC-26JUN20-10000-C", "BTC-26JUN20-9000-P"
OPTIONS_LINES = [
    OPTIONS_HEADER,
    option(-587, NEAR, 9875, expiration=JUNE_9, forward=9756.25),
    option(1, CALL_NAME, 10000, forward=9800.5),
    option(2, CALL_NAME, 10000, forward=9801.0),
    option(3, PUT_NAME, 9000, bid=",", ask="0.0105,0.1", forward=9801.0),
    option(4, NEAR, 9875, expiration=JUNE_9, forward=9757.0),
    option(5, CALL_NAME, 10000, bid="0.0210,15.0", forward=""),
]
OPTIONS = "\n".join(OPTIONS_LINES) + "\n"

SECONDS = 1723161256


def line(ms: int, said: dict[str, object], *, late: int = -1_270_000_000) -> str:
    """A message at ``ms`` after ``SECONDS``, received ``late`` ns after it."""
    return f"{(SECONDS * 1000 + ms) * 1_000_000 + late} {json.dumps(said, separators=(',', ':'))}"


def binance(ms: int, event: str, **data: object) -> str:
    """A message of one of Binance's streams."""
    at = SECONDS * 1000 + ms
    said = {"e": event, "E": at + 1, "T": at, "s": "BTCUSDT", **data}
    return line(ms, {"stream": f"btcusdt@{event}", "data": said})


def ticker(ms: int, bid: str, bid_size: str, ask: str, ask_size: str) -> str:
    return binance(ms, "bookTicker", u=1, b=bid, B=bid_size, a=ask, A=ask_size)


def trade(ms: int, price: str, size: str, *, m: object = False, **data: object) -> str:
    return binance(ms, "trade", p=price, q=size, m=m, **data)


def depth(ms: int, update: int, before: int, *, b: object = (), a: object = ()) -> str:
    return binance(ms, "depthUpdate", U=before + 1, u=update, pu=before, b=b, a=a)


def snapshot(ms: int, includes: int, *, bids: object, asks: object) -> str:
    at = SECONDS * 1000 + ms
    return line(ms, {"lastUpdateId": includes, "E": at + 8, "T": at, "bids": bids, "asks": asks}, late=-900_000_000)


BINANCE_LINES = [
    depth(0, 100, 90, b=[["61800.10", "1.000"], ["61799.00", "2.000"]], a=[["61801.00", "0.500"]]),
    ticker(1, "61800.20", "2.507", "61800.30", "2.510"),
    trade(2, "61800.30", "0.006", X="MARKET"),
    trade(2, "61800.20", "1.200", m=True, X="MARKET"),
    depth(3, 110, 100, b=[["61800.10", "0.000"]], a=[["61802.00", "0.250"]]),
    snapshot(3, 105, bids=[["61800.20", "2.909"], ["61798.00", "4.000"]], asks=[["61800.30", "1.072"]]),
    depth(5, 120, 110, a=[["61800.30", "0.000"]]),
    ticker(5, "61800.20", "2.634", "61800.40", "2.522"),
    trade(6, "0", "0", X="NA"),
    binance(6, "markPriceUpdate", p="61800.00"),
]
BINANCE = "\n".join(BINANCE_LINES) + "\n"


def written(path: Path, text: str | bytes) -> Path:
    """``text`` in a file at ``path``, compressed where its name says so."""
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def trades_by_the_quote_before(tape: Tape) -> dict[str, int]:
    """How trades, while quotes last, stand to the side of the book that they came to, as it was an instant before."""
    quotes = np.flatnonzero(tape.kind == QUOTE)
    trades = np.flatnonzero((tape.kind == TRADE) & (tape.ts <= tape.ts[quotes[-1]]))
    before = quotes[np.searchsorted(tape.ts[quotes], tape.ts[trades]) - 1]
    price, buys = tape.price[trades], tape.side[trades] > 0
    near, far = np.where(buys, tape.ask[before], tape.bid[before]), np.where(buys, tape.bid[before], tape.ask[before])
    beyond = np.where(buys, price - near, near - price)
    return {
        "at": int((beyond == 0).sum()),
        "inside": int(((price - tape.bid[before]) * (tape.ask[before] - price) > 0).sum()),
        "through": int((beyond > 0).sum()),
        "other": int((np.where(buys, price <= far, price >= far)).sum()),
    }
