"""QuantConnect LEAN ticks of a stock, as zip archives of header-less CSV.

A file's name says what it holds, ``20131007_ibm_Quote_Tick.csv`` or ``20131007_ibm_Trade_Tick.csv``. A quote is
``ms,bid,bidsize,ask,asksize,exchange,condition,suspicious`` and tells one side: a price of 0 says that the message is
not about that side, whose last quote stands. A trade is ``ms,price,size,exchange,condition,suspicious``. Time is in
milliseconds since midnight in New York; prices are dollars x 10,000, sizes shares.

The tape holds one row a message, with both sides as they then stood; a side is missing until its first message. A
message that leaves the quote of its millisecond as it was is left out. Since one side moves at a time, a quote can be
crossed for a moment within a millisecond: the validator counts such rows, or stops at the first. Messages that the
vendor marks as suspicious are left out, as its own engine does, and counted; conditions of a sale (auctions, late or
corrected reports) are codes that differ by exchange, and are not read. Of a message that lacks a value, and is dropped
(``--on-bad-row drop``), the side is missing until the next one about it. The chain is empty: the tape is one of the
stock alone. Which markets are taken :mod:`~tradesim.market.readers.lean_markets` says.
"""

import re
from collections import Counter
from typing import Final

import polars as pl

from tradesim.errors import SourceError
from tradesim.market.chain import Chain
from tradesim.market.readers.gaps import Gaps
from tradesim.market.readers.layout import Layout
from tradesim.market.readers.lean_files import (
    Member,
    check_market,
    instants,
    members,
    micros,
    of_one_underlying,
    parsed,
)
from tradesim.market.readers.lean_markets import OWN
from tradesim.market.readers.new_york import NYSE
from tradesim.market.readers.reader import Request, counts, in_order, listed
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import RawTape
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import MILLISECOND

NAME: Final = re.compile(r"(?P<date>\d{8})_(?P<ticker>[^_]+)_(?P<table>Quote|Trade|quote|trade)_(Tick|tick)\.csv")
EXAMPLE: Final = "20131007_ibm_Quote_Tick.csv"

_TAIL: Final = {"exchange": pl.String(), "condition": pl.String(), "suspicious": pl.String()}
QUOTES: Final = Layout(
    columns={**{name: pl.Int64() for name in ("time", "bid", "bidsize", "ask", "asksize")}, **_TAIL},
    required=("time", "bid", "bidsize", "ask", "asksize"),
    placed=("time",),
)
TRADES: Final = Layout(
    columns={**{name: pl.Int64() for name in ("time", "price", "size")}, **_TAIL},
    required=("time", "price", "size"),
)


def read_lean_tick(request: Request) -> RawTape:
    """The draft of the ticks in ``request.sources``, with an empty chain.

    Raises :class:`~tradesim.errors.SourceError` for archives that are not of the format.
    """
    ticker, files, others = of_one_underlying(members(request, NAME, EXAMPLE), request)
    for file in files:
        if file.is_raw:
            raise SourceError(f"{file.where}: ticks of an index; this reader takes those of a stock; {OWN}")
    by_table = {table: [file for file in files if file.table == table] for table in ("trade", "quote")}
    left_out: Counter[str] = Counter(others)
    gaps = Gaps() if request.on_bad_row is OnBadRow.DROP else None
    frames = []
    for table, of_table in by_table.items():
        if of_table:
            layout, closes, reading = _READINGS[table]
            ticks = _unsuspicious(parsed(of_table, layout, gaps), left_out)
            rows = reading(ticks, of_table)
            check_market(ticks, of_table, closes)
            left_out["messages that leave the quote as it was"] += len(ticks) - len(rows)
            frames.append(rows)
    return RawTape(
        rows=in_order(frames),
        chain=Chain.empty(),
        terms=Terms(
            underlying=ticker,
            currency="USD",
            source=f"LEAN ticks of {ticker}: {listed(request.sources)}",
            rate=request.rate,
            dividend=request.dividend,
            resolution=MILLISECOND,
        ),
        where=listed(request.sources),
        calendar=NYSE,
        left_out=counts(left_out),
        dropped=gaps.dropped if gaps else {},
    )


def _unsuspicious(ticks: pl.DataFrame, left_out: Counter[str]) -> pl.DataFrame:
    marked = pl.col.suspicious.str.to_lowercase().is_in(["1", "true"])
    kept = ticks.filter(~marked.fill_null(False))
    left_out["messages marked as suspicious"] += len(ticks) - len(kept)
    return kept


def _trades(ticks: pl.DataFrame, files: list[Member]) -> pl.DataFrame:
    return _stamped(ticks, files, TRADE).hstack(ticks.select(price=micros("price"), size="size"))


def _quotes(ticks: pl.DataFrame, files: list[Member]) -> pl.DataFrame:
    rows = _stamped(ticks, files, QUOTE).hstack(
        ticks.select(bid=micros("bid"), bid_size="bidsize", ask=micros("ask"), ask_size="asksize")
    )
    rows = rows.sort("ts", maintain_order=True).with_columns(
        _standing(column, price, size).alias(column)
        for price, size in (("bid", "bid_size"), ("ask", "ask_size"))
        for column in (price, size)
    )
    state = pl.struct("ts", "bid", "bid_size", "ask", "ask_size")
    return rows.filter(state.ne_missing(state.shift(1)))


_READINGS: Final = {
    "trade": (TRADES, ("price",), _trades),
    "quote": (QUOTES, ("bid", "ask"), _quotes),
}


def _standing(column: str, price: str, size: str) -> pl.Expr:
    """The last value of ``column`` in a message about its side; null before the first, 0 where it lacks a value."""
    told = pl.when(pl.col(price).is_null() | pl.col(size).is_null()).then(0)
    return told.when(pl.col(price) != 0).then(pl.col(column)).forward_fill()


def _stamped(ticks: pl.DataFrame, files: list[Member], kind: int) -> pl.DataFrame:
    rows = pl.DataFrame({"ts": instants(ticks, files)})
    return rows.with_columns(instrument=pl.lit(UNDERLYING, pl.Int32()), kind=pl.lit(kind, pl.Int8()))
