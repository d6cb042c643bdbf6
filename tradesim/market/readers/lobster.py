"""LOBSTER: every order of one stock on NASDAQ on one day, as a pair of CSV files without header.

A file's name says what it holds: ticker, date, start and end in milliseconds after midnight, and the levels::

    AAPL_2012-06-21_34200000_57600000_message_10.csv
    AAPL_2012-06-21_34200000_57600000_orderbook_10.csv

Both may be packed: in one zip archive, in one each, or by gzip. A message is ``time,type,order,size,price,direction``:
time in seconds after midnight in New York, to the nanosecond; price in dollars x 10,000; direction +1 for a resting
bid, -1 for an ask. Newer files have a seventh column, which is not read. The line of the same number in the order book
file is the book after it, for each level ``ask price,ask size,bid price,bid size``; an empty level has a price of
+-9999999999. (lobsterdata.com, "output structure".)

| type | | on the tape |
| --- | --- | --- |
| 1 | submission | ``ADD`` |
| 2, 3 | cancellation of some, of all | ``REDUCE`` |
| 4 | execution of a visible order | ``EXECUTE``; its side is where the order rested, so who came is on the other |
| 5 | execution of a hidden order | ``TRADE``; who came is opposite to the direction. The book stays |
| 6 | cross trade, such as an auction | ``TRADE`` of no side; left out where its size is 0, for nothing was traded |
| 7 | halt: price -1 begins it, 0 resumes quoting, 1 trading | from -1 to 1 both sides of the quote are missing |

The quote is level 1 of the order book file, where it changes, after its message and at the same instant. At every
instant outside of halts it is also the best of what the tape's ``ADD``, ``REDUCE`` and ``EXECUTE`` rows add up to; how,
though the files tell neither of orders from before they begin nor of what happens beyond their levels, is said in
:mod:`~tradesim.market.readers.lobster_book`.

The chain is empty: the tape is one of the stock alone. Lots are shares. The recorder's instants are not told, nor are
trades that were broken afterwards. A pair of which a line lacks a value is refused: without each message the book
behind the levels is not known.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.chain import Chain
from tradesim.market.readers.lobster_book import EMPTY, Books, Messages, order_rows
from tradesim.market.readers.new_york import NYSE, midnight
from tradesim.market.readers.reader import Request, choose_underlying, counts, in_order, listed
from tradesim.market.readers.text import LINE, contents, counted, plain_table, refuse_value
from tradesim.market.rows import RawTape
from tradesim.market.tape import ADD, EXECUTE, QUOTE, REDUCE, TRADE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import DAY

PRICE_UNIT: Final = 100
"""Micros in a LOBSTER price unit, a ten-thousandth of a dollar."""

NAME: Final = re.compile(
    r"(?P<ticker>[A-Za-z0-9.\-]+)_(?P<date>\d{4}-\d{2}-\d{2})_\d+_\d+_(?P<table>message|orderbook)_(?P<levels>\d{1,3})\.csv"
)
EXAMPLE: Final = "AAPL_2012-06-21_34200000_57600000_message_10.csv"
NOTES: Final = (".txt", ".pdf", ".md")
"""What an archive may hold besides."""

_SEVENTH: Final = ("attribution",)
MESSAGE: Final = {"time": 9, "type": 0, "order": 0, "size": 0, "price": 0, "direction": 0}
SUBMISSION, CANCELLATION, DELETION, EXECUTION, HIDDEN, CROSS, HALT = range(1, 8)
KINDS: Final = {SUBMISSION: ADD, CANCELLATION: REDUCE, DELETION: REDUCE, EXECUTION: EXECUTE}
HALTED, TRADING = -1, 1
"""Prices of a halt message that begin and end it."""


@dataclass(frozen=True, kw_only=True)
class _File:
    """One CSV file: ``day`` is ticker and date, ``data`` its bytes."""

    where: str
    day: tuple[str, str]
    table: str
    levels: int
    data: bytes


def read_lobster(request: Request) -> RawTape:
    """The draft of the pair in ``request.sources``, with an empty chain.

    Raises :class:`~tradesim.errors.SourceError` for files that are not of the format, are no pair, or whose order book
    is not that of their messages.
    """
    files = [file for source in request.sources for file in _files(contents(source))]
    ticker = choose_underlying((file.day[0] for file in files), request)
    own = [file for file in files if file.day[0] == ticker]
    messages, books = _pair(own, listed(request.sources))
    start = midnight(messages.day[1].replace("-", ""), messages.where)
    told, shown = _messages(messages), _books(books)
    if len(told) != len(shown.ask):
        raise SourceError(
            f"{books.where}: {len(shown.ask)} lines, and {messages.where} has {len(told)}; "
            "the files of a pair have a line for a message each"
        )
    orders, mended = _orders(told, shown, books.where)
    rows = pl.concat([orders, _trades(told), _quotes(told, shown)], how="diagonal")
    times = told.select(LINE, ts=start + pl.col.time)
    rows = rows.sort(LINE, maintain_order=True).join(times, on=LINE, how="left", maintain_order="left").drop(LINE)
    return RawTape(
        rows=in_order([rows.with_columns(pl.lit(UNDERLYING, pl.Int32()).alias("instrument"))]),
        chain=Chain.empty(),
        terms=Terms(
            underlying=ticker,
            currency="USD",
            source=f"LOBSTER orders of {ticker}: {messages.where}"
            + (f", {mended} levels set by its order book" if mended else ""),
            rate=request.rate,
            dividend=request.dividend,
        ),
        where=messages.where,
        calendar=NYSE,
        left_out=counts(
            {
                "lines of other stocks": sum(file.data.count(b"\n") for file in files if file.day[0] != ticker),
                "cross trades of nothing": told.filter(pl.col.type == CROSS, pl.col("size") == 0).height,
                "halt messages, which end and begin quotes": told.filter(type=HALT).height,
            }
        ),
    )


def _files(found: Iterable[tuple[str, bytes]]) -> list[_File]:
    files = []
    for name, data in found:
        own = name.rpartition("/")[2]
        if own.endswith(NOTES):
            continue
        match = NAME.fullmatch(own)
        if match is None:
            raise SourceError(f"{own}: the name must be of the form {EXAMPLE}; this reader takes no other files")
        said = match.groupdict()
        files.append(
            _File(
                where=own,
                day=(said["ticker"], said["date"]),
                table=said["table"],
                levels=int(said["levels"]),
                data=data,
            )
        )
    return files


def _pair(files: list[_File], where: str) -> tuple[_File, _File]:
    by_table = {table: [file for file in files if file.table == table] for table in ("message", "orderbook")}
    if any(len(found) != 1 for found in by_table.values()) or len({(file.day, file.levels) for file in files}) > 1:
        raise SourceError(
            f"{where}: {len(by_table['message'])} message and {len(by_table['orderbook'])} order book files, "
            f"of {len({file.day for file in files})} days; give the two files of one day and as many levels"
        )
    return by_table["message"][0], by_table["orderbook"][0]


def _messages(file: _File) -> pl.DataFrame:
    """The messages as whole numbers: ``time`` in ns after midnight."""
    columns = [*MESSAGE, *_SEVENTH] if file.data.partition(b"\n")[0].count(b",") == len(MESSAGE) else [*MESSAGE]
    text = plain_table(file.data, columns, file.where)
    rows = counted(text, MESSAGE, file.where)
    is_order = pl.col.type.is_in(list(KINDS))
    is_new = (pl.col.type != SUBMISSION) | pl.col.order.is_first_distinct().over(pl.col.type == SUBMISSION)
    laws = {
        "time": [
            (pl.col.time.is_between(0, DAY), "seconds after midnight"),
            (pl.col.time >= pl.col.time.cum_max(), "not before the line above"),
        ],
        "type": [(is_order | pl.col.type.is_in([HIDDEN, CROSS, HALT]), "1 to 7")],
        "order": [
            (~is_order | pl.col.order.is_between(1, 2**62), "a positive number"),
            (is_new, "a number that was not submitted before"),
        ],
        "size": [(pl.col("size").is_between(pl.when(is_order).then(1).otherwise(-1), 2**31), "a number of shares")],
        "price": [
            (pl.col.price.is_between(pl.when(is_order).then(1).otherwise(-1), EMPTY - 1), "dollars x 10,000"),
            ((pl.col.type != HALT) | (pl.col.price <= TRADING), "-1, 0 or 1 of a halt"),
        ],
        "direction": [(pl.col.direction.is_in([-1, 1]) | pl.col.type.is_in([CROSS, HALT]), "1 or -1")],
    }
    for column, rules in laws.items():
        for holds, wanted in rules:
            bad = rows.select((~holds).arg_true()).to_series()
            if len(bad):
                refuse_value(text.row(bad[0], named=True), column, wanted, file.where)
    return rows


def _books(file: _File) -> Books:
    """The order book file: prices and sizes by line and level."""
    columns = [f"{side}_{what}_{k}" for k in range(1, file.levels + 1) for side in ("ask", "bid") for what in _WHAT]
    if not columns:
        raise SourceError(f"{file.where}: the name says 0 levels; a book has at least one")
    rows = counted(plain_table(file.data, columns, file.where), dict.fromkeys(columns, 0), file.where)
    numbers = rows.select(columns).to_numpy().reshape(len(rows), file.levels, 4)
    books = Books(ask=numbers[..., 0], ask_size=numbers[..., 1], bid=numbers[..., 2], bid_size=numbers[..., 3])
    for name, price, size, side in (("ask", books.ask, books.ask_size, -1), ("bid", books.bid, books.bid_size, 1)):
        is_empty = price == -side * EMPTY
        wrong = np.where(is_empty, size != 0, (price < 1) | (price >= EMPTY) | (size < 1) | (size >= 2**31))
        wrong[:, 1:] |= (side * np.diff(price, axis=1) >= 0) & ~is_empty[:, 1:]
        if wrong.any():
            line, level = np.argwhere(wrong)[0]
            raise SourceError(
                f"{file.where}, line {line + 1}: level {level + 1} of the {name}s is {price[line, level]} with size "
                f"{size[line, level]}; it must be a price behind the level before and a size, or {-side * EMPTY} and 0"
            )
    return books


_WHAT: Final = ("price", "size")


def _orders(told: pl.DataFrame, shown: Books, where: str) -> tuple[pl.DataFrame, int]:
    messages = Messages(
        kind=told["type"].replace_strict(KINDS, default=-1, return_dtype=pl.Int64).to_numpy(),
        order=told["order"].to_numpy(),
        size=told["size"].to_numpy(),
        price=told["price"].to_numpy(),
        side=told["direction"].to_numpy(),
    )
    rows, mended = order_rows(messages, shown, where)
    return rows.with_columns(pl.col.price * PRICE_UNIT), mended


def _trades(told: pl.DataFrame) -> pl.DataFrame:
    hidden = pl.col.type == HIDDEN
    return told.filter(hidden | ((pl.col.type == CROSS) & (pl.col("size") != 0))).select(
        LINE,
        pl.lit(TRADE, pl.Int8()).alias("kind"),
        pl.col.price * PRICE_UNIT,
        "size",
        side=pl.when(hidden).then(-pl.col.direction).cast(pl.Int8),
    )


def _quotes(told: pl.DataFrame, shown: Books) -> pl.DataFrame:
    """Level 1 where it changes; missing while trading is halted."""
    says = pl.when(pl.col.type == HALT, pl.col.price != 0).then(pl.col.price)
    halted = told.select((says.forward_fill() == HALTED).fill_null(False)).to_series()
    top = {name: getattr(shown, name)[:, 0] for name in ("bid", "bid_size", "ask", "ask_size")}
    quotes = pl.DataFrame({LINE: told[LINE], **top})
    there = {side: ~halted & (pl.col(f"{side}_size") > 0) for side in ("bid", "ask")}
    quotes = quotes.with_columns(
        pl.lit(QUOTE, pl.Int8()).alias("kind"),
        *(pl.when(there[side]).then(pl.col(side) * PRICE_UNIT).alias(side) for side in there),
        *(pl.when(there[side]).then(f"{side}_size").alias(f"{side}_size") for side in there),
    )
    state = pl.struct("bid", "bid_size", "ask", "ask_size")
    changed = state.ne_missing(state.shift(1))
    return quotes.filter(changed | (pl.int_range(pl.len()) == 0))
