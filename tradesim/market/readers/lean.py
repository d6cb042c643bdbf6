"""QuantConnect LEAN minute bars of American or European options, and of the stock, as zip archives.

A file is header-less CSV, and its name says what it holds::

    20151224_goog_minute_quote_american_call_10000000_20151224.csv     a contract: strike x 10,000, then the expiry
    20151224_goog_minute_quote.csv                                     the stock

Quotes are ``time,bidO,bidH,bidL,bidC,bidSize,askO,askH,askL,askC,askSize``, empty where there is no quote; trades are
``time,O,H,L,C,volume``. Time is the START of the minute, in milliseconds since midnight in New York; prices are dollars
x 10,000. Only minutes in which something changed are written.

The tape holds each bar's closing quote, and its volume as one trade at the closing price, at the bar's END: nothing is
seen before it was true, and no two instants within a minute are told apart. At an end, trades come before the quotes
that stood when the minute closed. A contract is named by its OCC symbol, stands for 100 shares, and expires as the
exchange closes its last session until the day that the name states: at 16:00 in New York, at 13:00 on half days.
"""

import re
from typing import Final

import numpy as np
import polars as pl

from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain
from tradesim.market.readers.layout import Layout
from tradesim.market.readers.lean_files import (
    PRICE_UNIT,
    Member,
    instants,
    members,
    parsed,
)
from tradesim.market.readers.new_york import datetime_of, expiry_of
from tradesim.market.readers.occ import SHARES, occ_symbol
from tradesim.market.readers.reader import Request, choose_underlying, in_order, listed, until_expiry
from tradesim.market.rows import Draft
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import SECOND

BAR: Final = 60 * SECOND
STRIKE_UNIT: Final = 10_000

NAME: Final = re.compile(
    r"(?P<date>\d{8})_(?P<ticker>[^_]+)_minute_(?P<table>quote|trade)"
    r"(_(?P<style>american|european)_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8}))?\.csv"
)
EXAMPLE: Final = "20151224_goog_minute_quote_american_call_10000000_20151224.csv or 20151224_goog_minute_quote.csv"

QUOTES: Final = Layout(
    columns={
        name: pl.Int64()
        for name in (
            *("time", "bidO", "bidH", "bidL", "bidC", "bidSize"),
            *("askO", "askH", "askL", "askC", "askSize"),
        )
    },
    required=("time",),
)
TRADES: Final = Layout(
    columns={name: pl.Int64() for name in ("time", "O", "H", "L", "C", "volume")},
    required=("time", "C", "volume"),
)


def read_lean(request: Request) -> Draft:
    """The draft of the minute bars in ``request.sources``, on the contracts that they name.

    Raises :class:`~tradesim.errors.SourceError` for archives that are not of the format.
    """
    files = members(request.sources, NAME, EXAMPLE)
    ticker = choose_underlying((file.fields["ticker"] for file in files), request)
    files = [file for file in files if file.fields["ticker"] == ticker]
    contracts = _contracts(files)
    frames = [
        _rows([file for file in files if file.table == table and file.is_option == is_option], table, contracts)
        for is_option in (False, True)
        for table in ("trade", "quote")
    ]
    chain = _chain(contracts, ticker)
    rows, dead = until_expiry(in_order(frame for frame in frames if frame is not None), chain)
    return Draft(
        rows=rows,
        chain=chain,
        terms=Terms(
            underlying=ticker.upper(),
            currency="USD",
            source=f"LEAN minute bars of {ticker.upper()}: {listed(request.sources)}",
            rate=request.rate,
            dividend=request.dividend,
            resolution=BAR,
        ),
        where=listed(request.sources),
        left_out=dead,
    )


Contract = tuple[str, int, str, str]
"""Expiry, strike x 10,000, right and style, as a file's name gives them: in this order a chain is sorted."""


def _contract(file: Member) -> Contract:
    fields = file.fields
    return fields["expiry"], int(fields["strike"]), fields["right"], fields["style"]


def _contracts(files: list[Member]) -> dict[Contract, int]:
    """The instrument number of each contract that the files name."""
    named: dict[Contract, str] = {}
    for file in files:
        if file.is_option:
            datetime_of(file.fields["expiry"], file.where)
            named.setdefault(_contract(file), file.where)
    return {contract: number for number, contract in enumerate(sorted(named), start=UNDERLYING + 1)}


def _chain(contracts: dict[Contract, int], ticker: str) -> Chain:
    return Chain(
        name=tuple(
            occ_symbol(ticker.upper(), expiry, right[0].upper(), strike // 10) for expiry, strike, right, _ in contracts
        ),
        strike=np.array([strike / STRIKE_UNIT for _, strike, _, _ in contracts]),
        expiry=np.array([expiry_of(expiry, ticker) for expiry, *_ in contracts], dtype=np.int64),
        right=np.array([CALL if right == "call" else PUT for _, _, right, _ in contracts], dtype=np.int8),
        style=np.array([AMERICAN if style == "american" else EUROPEAN for *_, style in contracts], dtype=np.int8),
        multiplier=np.full(len(contracts), SHARES, dtype=np.int64),
    )


def _rows(files: list[Member], table: str, contracts: dict[Contract, int]) -> pl.DataFrame | None:
    if not files:
        return None
    bars = parsed(files, QUOTES if table == "quote" else TRADES)
    instruments = np.array([contracts[_contract(f)] if f.is_option else UNDERLYING for f in files], dtype=np.int32)
    rows = pl.DataFrame({"ts": instants(bars, files) + BAR, "instrument": instruments[bars["file"].to_numpy()]})
    return rows.hstack(_closing_quotes(bars) if table == "quote" else _trades(bars))


def _closing_quotes(bars: pl.DataFrame) -> pl.DataFrame:
    sides = {"bid": ("bidC", "bidSize"), "ask": ("askC", "askSize")}
    return bars.select(
        pl.lit(QUOTE, pl.Int8()).alias("kind"),
        *(_side(price, size).alias(side) for side, (price, size) in sides.items()),
        *(pl.when(pl.col(size) != 0).then(pl.col(size)).alias(f"{side}_size") for side, (_, size) in sides.items()),
    )


def _side(price: str, size: str) -> pl.Expr:
    return pl.when(pl.col(size) != 0).then(pl.col(price)) * PRICE_UNIT


def _trades(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.select(
        pl.lit(TRADE, pl.Int8()).alias("kind"), (pl.col.C * PRICE_UNIT).alias("price"), pl.col.volume.alias("size")
    )
