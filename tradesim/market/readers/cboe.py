"""Cboe DataShop option quote intervals: the best quotes of a chain at the end of each interval, as CSV with a header.

A file is plain, gzip or zip. Of its columns these are read, in any order and beside any others (calculations, quotes of
single exchanges)::

    underlying_symbol,quote_datetime,root,expiration,strike,option_type,bid_size,bid,ask_size,ask,underlying_bid,underlying_ask
    A,2021-04-26 10:00:00,A,2021-06-18,70.000,C,157,66.3000,284,68.8000,137.0600,137.2000

Time is New York's, of the END of the interval; prices are dollars. A price or a size of 0 is a missing side.

The tape holds one quote a contract and interval, and one of the underlying, whose sizes are not told: one lot. What
happened within an interval is not known, so the resolution of the tape is the interval: the least time between two of
its instants, or a day where it has one. ``open``, ``high``, ``low``, ``close`` and ``trade_volume`` tell that there was
trading, not when or at which prices: they make no trades, so neither auctions nor corrections of trades come in.

A contract is named by its OCC symbol and expires as the exchange closes its last session until the stated day; the
files do not tell which options are settled at a morning's opening. It stands for 100 units, and is American unless its
root is one of the index options in :data:`~tradesim.market.readers.occ.EUROPEAN_ROOTS`. A root that has a digit is that
of contracts adjusted after a corporate action, of small or of flexible ones, which deliver something else than 100
units or are of another style: they are left out, and the tape's ``source`` says so. Lines after a contract's expiry are
left out and counted, as vendors go on to the hour. Of a line that lacks a value, and is dropped (``--on-bad-row
drop``), both sides are missing from its instant on; one that does not tell its contract or instant is left out.
"""

from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.chain import CALL, PUT, Chain
from tradesim.market.readers.gaps import REMEDY, Gaps, empty_where_missing
from tradesim.market.readers.new_york import NEW_YORK, NYSE, expiry_of
from tradesim.market.readers.occ import MORNING_ROOTS, SHARES, occ_symbol, style_of
from tradesim.market.readers.reader import Request, choose_underlying, counts, in_order, listed, until_expiry
from tradesim.market.readers.text import LINE, contents, counted, headed_table, refuse_value
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import RawTape
from tradesim.market.tape import QUOTE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import DAY

PRICE_DIGITS: Final = 6
STRIKE_DIGITS: Final = 3
NUMBERS: Final = {
    "strike": STRIKE_DIGITS,
    **dict.fromkeys(("bid", "ask", "underlying_bid", "underlying_ask"), PRICE_DIGITS),
    **dict.fromkeys(("bid_size", "ask_size"), 0),
}
CONTRACT: Final = ("expiration", "strike", "option_type", "root")
"""What tells contracts apart: in this order a chain is sorted."""
PLACED: Final = ("underlying_symbol", "quote_datetime", *CONTRACT)
"""What tells whose a line is, and from when on."""
SIDES: Final = tuple(name for name in NUMBERS if name != "strike")
COLUMNS: Final = (*PLACED, *SIDES)

VARIANTS: Final = {
    "trade_price": "trades, of which some are cancelled or corrected by others",
    "bid_1545": "end-of-day summaries, of which the quotes of a day are two",
    "quote_date": "days, not intervals",
}
"""What other files of the vendor are, by a column that intervals do not have."""

CENTURIES: Final = r"^(?:19[7-9]|20)"
"""The years whose instants a tape can hold begin so."""


def read_cboe(request: Request) -> RawTape:
    """The draft of the option quote intervals in ``request.sources``.

    Raises :class:`~tradesim.errors.SourceError` for files that are not of the format.
    """
    gaps = Gaps() if request.on_bad_row is OnBadRow.DROP else None
    files = [_intervals(data, name, gaps) for source in request.sources for name, data in contents(source)]
    intervals = pl.concat(files)
    where = listed(request.sources)
    symbol = choose_underlying(intervals["underlying_symbol"].unique(), request)
    others = int((intervals["underlying_symbol"] != symbol).sum())
    intervals = intervals.filter(underlying_symbol=symbol)
    adjusted = pl.col.root.str.contains("[0-9]")
    left_out = sorted(intervals.filter(adjusted)["root"].unique())
    adjusted_lines = len(intervals.filter(adjusted))
    intervals = intervals.filter(~adjusted)
    if intervals.is_empty():
        raise SourceError(f"{where}: all contracts are adjusted ({', '.join(left_out)}); give a file with others")
    underlying = _underlying(intervals)
    if not underlying["bid"].count() + underlying["ask"].count():
        raise SourceError(f"{where}: underlying_bid and underlying_ask of {symbol} are 0 on every line; fetch them too")
    contracts = intervals.select(CONTRACT).unique().sort(CONTRACT).with_row_index("instrument", offset=UNDERLYING + 1)
    source = f"Cboe DataShop option quote intervals of {symbol}: {where}"
    raw = RawTape(
        rows=in_order([underlying, _quotes(intervals, contracts)]),
        chain=_chain(contracts, where),
        terms=Terms(
            underlying=symbol,
            currency="USD",
            source=source + (f", without the adjusted contracts of {', '.join(left_out)}" if left_out else ""),
            rate=request.rate,
            dividend=request.dividend,
            resolution=_interval(intervals["ts"]),
        ),
        where=where,
        calendar=NYSE,
        left_out=counts({"lines of adjusted contracts": adjusted_lines, "lines of other underlyings": others}),
        dropped=gaps.dropped if gaps else {},
    )
    return until_expiry(raw)


def _intervals(data: bytes, where: str, gaps: Gaps | None) -> pl.DataFrame:
    """The rows of one file: prices in micros, strikes in thousandths, ``ts`` the instant of the end."""
    _refuse_variant(data, where)
    text = headed_table(data, COLUMNS, where)
    text, lacking = _without_gaps(text, where, gaps)
    rows = counted(text, NUMBERS, where, gaps=True).with_columns(
        *(pl.when(~lacking).then(pl.col(name)).alias(name) for name in SIDES),
        ts=_local("quote_datetime", "%Y-%m-%d %H:%M:%S").dt.epoch("us") * 1_000,
        expiration=_local("expiration", "%Y-%m-%d").dt.strftime("%Y%m%d"),
    )
    laws = {
        "underlying_symbol": (pl.col.underlying_symbol.is_not_null(), "a symbol"),
        "root": (pl.col.root.str.contains(r"^[A-Z0-9]{1,6}$|^[A-Z0-9]{1,4}[./][A-Z]$"), "the root of OCC symbols"),
        "quote_datetime": (pl.col.ts.is_not_null(), "an instant of this or the last century as 2021-04-26 10:00:00"),
        "expiration": (pl.col.expiration.is_not_null(), "a date of this or the last century as 2021-06-18"),
        "option_type": (pl.col.option_type.is_in(["C", "P"]), "C or P"),
        "strike": (pl.col.strike.is_between(1, 99_999_999), "positive, and below 100,000"),
    }
    for column, (holds, wanted) in laws.items():
        bad = rows.select((~holds).fill_null(True).arg_true()).to_series()
        if len(bad):
            refuse_value(text.row(bad[0], named=True), column, wanted, where)
    return rows.drop(LINE)


def _refuse_variant(data: bytes, where: str) -> None:
    names = data.partition(b"\n")[0].decode(errors="replace").replace('"', "").strip().split(",")
    for name, variant in VARIANTS.items():
        if name in names:
            raise SourceError(
                f"{where}: of Cboe's {variant}; this reader takes option quote intervals: read others by a function of "
                "your own (my_reader.py:read)"
            )


def _without_gaps(text: pl.DataFrame, where: str, gaps: Gaps | None) -> tuple[pl.DataFrame, pl.Series]:
    """The lines that tell whose and when they are, and which of them lack another value: refused without ``gaps``."""
    given = text.with_columns(empty_where_missing(name) for name in NUMBERS)
    if gaps is None:
        for name in COLUMNS:
            if given[name].null_count():
                row = text.row(int(given[name].is_null().arg_max() or 0), named=True)
                refuse_value(row, name, f"given: {REMEDY}", where)
        return given, pl.repeat(False, len(given), dtype=pl.Boolean(), eager=True)
    lines = given[LINE]
    given = gaps.sift(given, PLACED, PLACED, lambda row: f"{where}, line {lines[row]}")
    return given, gaps.count(given, SIDES, lambda row: f"{where}, line {given[LINE][row]}")


def _local(column: str, form: str) -> pl.Expr:
    """Text as an instant in New York; null where it is none, or a tape could not hold it."""
    text = pl.when(pl.col(column).str.contains(CENTURIES)).then(pl.col(column))
    return text.str.to_datetime(form, strict=False, time_unit="us").dt.replace_time_zone(
        NEW_YORK.key, ambiguous="earliest", non_existent="null"
    )


def _underlying(intervals: pl.DataFrame) -> pl.DataFrame:
    quotes = intervals.select("ts", bid="underlying_bid", ask="underlying_ask").unique(maintain_order=True)
    told = quotes.drop_nulls()
    quotes = quotes.filter(pl.col.bid.is_not_null() | ~pl.col.ts.is_in(told["ts"].implode()))
    return _stamped(quotes.with_columns(instrument=UNDERLYING, bid_size=1, ask_size=1))


def _quotes(intervals: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    return _stamped(intervals.join(contracts, on=CONTRACT, maintain_order="left"))


def _stamped(quotes: pl.DataFrame) -> pl.DataFrame:
    sides = (("bid", "bid_size"), ("ask", "ask_size"))
    return quotes.select(
        "ts",
        pl.col.instrument.cast(pl.Int32),
        pl.lit(QUOTE, pl.Int8()).alias("kind"),
        *(
            pl.when(pl.col(price) != 0, pl.col(size) != 0).then(pl.col(column).cast(pl.Int64)).alias(column)
            for price, size in sides
            for column in (price, size)
        ),
    )


def _chain(contracts: pl.DataFrame, where: str) -> Chain:
    morning = contracts["root"].is_in(MORNING_ROOTS)
    names, styles = zip(
        *(
            (occ_symbol(root, expiry, right, strike), style_of(root))
            for expiry, strike, right, root in contracts.select(CONTRACT).iter_rows()
        ),
        strict=True,
    )
    return Chain(
        name=names,
        strike=contracts["strike"].to_numpy() / 10**STRIKE_DIGITS,
        expiry=np.array(
            [
                expiry_of(date, where, morning=early)
                for date, early in zip(contracts["expiration"], morning, strict=True)
            ],
            dtype=np.int64,
        ),
        right=np.where(contracts["option_type"].to_numpy() == "C", CALL, PUT).astype(np.int8),
        style=np.array(styles, dtype=np.int8),
        multiplier=np.full(len(contracts), SHARES, dtype=np.int64),
        morning=morning.to_numpy(),
    )


def _interval(ts: pl.Series) -> int:
    gaps = ts.unique().sort().diff().drop_nulls()
    return int(gaps.min()) if len(gaps) else DAY  # type: ignore[arg-type]
