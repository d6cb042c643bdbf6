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
exchange closes its last session until the day that the name states: at 16:00 in New York, at 13:00 on half days. The
exercise style is that of the name. Contracts of SPXW are on SPX, and so on; those whose root has a digit, adjusted or
small ones, stand for something else than 100 shares: they are left out and counted.

Of an index (``--market index/usa``, or in such folders) prices are as they are, and each bar's close is a locked quote
of one lot; which other markets are refused, and how they are known, :mod:`~tradesim.market.readers.lean_markets` says.
Bars do not flag corrected, cancelled or auction trades: what they contain of them stays in.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain
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
from tradesim.market.readers.new_york import NYSE, datetime_of, expiry_of
from tradesim.market.readers.occ import MORNING_ROOTS, SHARES, is_standard, occ_symbol
from tradesim.market.readers.reader import Request, counts, in_order, listed, until_expiry
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import RawTape
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
WHOLE: Final = ("time", "bidSize", "askSize", "volume")


@dataclass(frozen=True, kw_only=True)
class _Table:
    """How a table is laid out, and which of its columns are ``closes``, the closing prices."""

    layout: Layout
    closes: tuple[str, ...]

    @cached_property
    def raw(self) -> Layout:
        """The same with prices that may have decimals."""
        columns = {name: dtype if name in WHOLE else pl.Float64() for name, dtype in self.layout.columns.items()}
        return replace(self.layout, columns=columns)


TABLES: Final = {
    "trade": _Table(layout=TRADES, closes=("C",)),
    "quote": _Table(layout=QUOTES, closes=("bidC", "askC")),
}


def read_lean(request: Request) -> RawTape:
    """The draft of the minute bars in ``request.sources``, on the contracts that they name.

    Raises :class:`~tradesim.errors.SourceError` for archives that are not of the format.
    """
    ticker, files, others = of_one_underlying(members(request, NAME, EXAMPLE), request)
    files, odd = _standard(files)
    contracts = _contracts(files)
    gaps = Gaps() if request.on_bad_row is OnBadRow.DROP else None
    frames = [
        _rows([file for file in files if (file.is_option, file.table, file.is_raw) == kind], contracts, gaps)
        for kind in product((False, True), TABLES, (False, True))
    ]
    raw = RawTape(
        rows=in_order(frame for frame in frames if frame is not None),
        chain=_chain(contracts),
        terms=Terms(
            underlying=ticker,
            currency="USD",
            source=f"LEAN minute bars of {ticker}: {listed(request.sources)}",
            rate=request.rate,
            dividend=request.dividend,
            resolution=BAR,
        ),
        where=listed(request.sources),
        calendar=NYSE,
        left_out=others | odd,
        dropped=gaps.dropped if gaps else {},
    )
    return until_expiry(raw)


Contract = tuple[str, int, str, str, str]
"""Expiry, strike x 10,000, right, style and root, as a file's name gives them: in this order a chain is sorted."""


def _contract(file: Member) -> Contract:
    fields = file.fields
    return fields["expiry"], int(fields["strike"]), fields["right"], fields["style"], fields["ticker"].upper()


def _standard(files: list[Member]) -> tuple[list[Member], dict[str, int]]:
    """The files but for those of adjusted contracts, and how many lines these have."""
    kept = [file for file in files if not file.is_option or is_standard(file.fields["ticker"])]
    lines = sum(file.lines for file in files) - sum(file.lines for file in kept)
    if not kept:
        raise SourceError(f"{files[0].where}: contracts that are adjusted or small, all of them; give others, too")
    return kept, counts({"lines of adjusted or small contracts": lines})


def _contracts(files: list[Member]) -> dict[Contract, int]:
    """The instrument number of each contract that the files name."""
    named: dict[Contract, str] = {}
    for file in files:
        if file.is_option:
            datetime_of(file.fields["expiry"], file.where)
            named.setdefault(_contract(file), file.where)
    return {contract: number for number, contract in enumerate(sorted(named), start=UNDERLYING + 1)}


def _chain(contracts: dict[Contract, int]) -> Chain:
    morning = [root.upper() in MORNING_ROOTS for *_, root in contracts]
    return Chain(
        name=tuple(
            occ_symbol(root, expiry, right[0].upper(), strike // 10) for expiry, strike, right, _, root in contracts
        ),
        strike=np.array([strike / STRIKE_UNIT for _, strike, *_ in contracts]),
        expiry=np.array(
            [
                expiry_of(expiry, root, morning=early)
                for (expiry, *_, root), early in zip(contracts, morning, strict=True)
            ],
            dtype=np.int64,
        ),
        right=np.array([CALL if right == "call" else PUT for _, _, right, *_ in contracts], dtype=np.int8),
        style=np.array([AMERICAN if style == "american" else EUROPEAN for *_, style, _ in contracts], dtype=np.int8),
        multiplier=np.full(len(contracts), SHARES, dtype=np.int64),
        morning=np.array(morning, dtype=np.bool_),
    )


def _rows(files: list[Member], contracts: dict[Contract, int], gaps: Gaps | None) -> pl.DataFrame | None:
    if not files:
        return None
    table, raw = TABLES[files[0].table], files[0].is_raw
    bars = parsed(files, table.raw if raw else table.layout, gaps)
    instruments = np.array([contracts[_contract(f)] if f.is_option else UNDERLYING for f in files], dtype=np.int32)
    rows = pl.DataFrame({"ts": instants(bars, files) + BAR, "instrument": instruments[bars["file"].to_numpy()]})
    check_market(bars, files, table.closes, [strike / STRIKE_UNIT for _, strike, *_ in contracts])
    if table is TABLES["quote"]:
        return rows.hstack(_closing_quotes(bars, raw=raw))
    return rows.hstack(_levels(bars) if raw else _trades(bars))


def _closing_quotes(bars: pl.DataFrame, *, raw: bool) -> pl.DataFrame:
    sides = {"bid": ("bidC", "bidSize"), "ask": ("askC", "askSize")}
    there = {side: pl.col(size).fill_null(1) != 0 for side, (_, size) in sides.items()}
    return bars.select(
        pl.lit(QUOTE, pl.Int8()).alias("kind"),
        *(pl.when(there[side]).then(micros(price, raw=raw)).alias(side) for side, (price, _) in sides.items()),
        *(pl.when(there[side]).then(pl.col(size)).alias(f"{side}_size") for side, (_, size) in sides.items()),
    )


def _levels(bars: pl.DataFrame) -> pl.DataFrame:
    """An index, which nobody trades: a locked quote of one lot on each side."""
    level, lot = micros("C", raw=True), pl.lit(1, pl.Int64())
    return bars.select(pl.lit(QUOTE, pl.Int8()).alias("kind"), bid=level, bid_size=lot, ask=level, ask_size=lot)


def _trades(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.select(pl.lit(TRADE, pl.Int8()).alias("kind"), price=micros("C"), size="volume")
