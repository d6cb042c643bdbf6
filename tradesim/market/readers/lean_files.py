"""What the LEAN formats share: header-less CSV in zip archives, named after date and ticker, in New York time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.readers.csv_text import plain_csv
from tradesim.market.readers.gaps import REMEDY, Gaps
from tradesim.market.readers.layout import Layout
from tradesim.market.readers.lean_markets import INDEX, OWN, check_hours, check_prices, check_ticker, market_of
from tradesim.market.readers.new_york import midnight
from tradesim.market.readers.occ import underlying_of
from tradesim.market.readers.reader import Request, choose_underlying, counts, zip_members
from tradesim.market.rules import LARGEST_AMOUNT
from tradesim.units import DAY, MICROS, MILLISECOND

DECIMAL: Final = re.compile(r" is '-?\d*\.\d+'")
"""A fault that is a number with decimals."""

DAY_MS: Final = DAY // MILLISECOND

PRICE_UNIT: Final = 100
"""Micros in a LEAN price unit, a ten-thousandth of a dollar."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One CSV file of an archive: ``fields`` are what its name says, ``data`` its bytes, ``where`` its full name.

    ``market`` is as :func:`~tradesim.market.readers.lean_markets.market_of` tells it.
    """

    where: str
    fields: Mapping[str, str]
    data: bytes
    market: str | None = None

    @property
    def underlying(self) -> str:
        """The ticker of the stock or index that it is about: of an option, what its root is on."""
        ticker = self.fields["ticker"].upper()
        return underlying_of(ticker) if self.is_option else ticker

    @property
    def lines(self) -> int:
        """How many it has."""
        return self.data.count(b"\n")

    @property
    def is_option(self) -> bool:
        """Whether it holds quotes or trades of a contract, not of the stock."""
        return self.fields.get("right") is not None

    @property
    def is_raw(self) -> bool:
        """Whether its prices are as they are, not ten-thousandths."""
        return self.market == INDEX and not self.is_option

    @property
    def table(self) -> str:
        """``quote`` or ``trade``."""
        return self.fields["table"].lower()


VARIANTS: Final = {
    r".*_openinterest.*": "open interest, which is no quote or trade",
    r"\d{8}_[^_]+_(second|hour|daily)_.*|[^_]+\.csv": "bars of another resolution than a minute",
    r"\d{8}_[^_]+_minute_.*": "minute bars of another kind, or of a future; those of stocks and options: reader lean",
    r"\d{8}_[^_]+_(?i:(quote|trade)_tick).*": "ticks, which are for the reader lean-tick",
}
"""What files of LEAN are that a reader does not take."""


def members(request: Request, pattern: re.Pattern[str], example: str) -> list[Member]:
    """Every file of the archives, its name read by ``pattern``.

    Raises :class:`~tradesim.errors.SourceError` for a name of another form, saying what one looks like by ``example``.
    """
    found = []
    for source in request.sources:
        market = market_of(source, request.market)
        for name, data in zip_members(source):
            where = f"{source.name}:{name}"
            match = pattern.fullmatch(name)
            if match is None:
                variant = next((f"{told}; " for form, told in VARIANTS.items() if re.fullmatch(form, name)), "")
                raise SourceError(
                    f"{where}: {variant}the name must be of the form {example}; this reader takes no other files"
                )
            found.append(Member(where=where, fields=match.groupdict(), data=plain_csv(data, where), market=market))
    return found


def of_one_underlying(files: Sequence[Member], request: Request) -> tuple[str, list[Member], dict[str, int]]:
    """The underlying that the tape is to hold, the files about it, and how many lines the others have."""
    ticker = choose_underlying((file.underlying for file in files), request)
    own = [file for file in files if file.underlying == ticker]
    others = sum(file.lines for file in files) - sum(file.lines for file in own)
    return ticker, own, counts({"lines of other underlyings": others})


def parsed(files: Sequence[Member], layout: Layout, gaps: Gaps | None = None) -> pl.DataFrame:
    """The rows of all ``files``, and a column ``file``: the index of the file that each comes from.

    Thousands of small files are parsed as one, after a count of their commas. Rows without a value that is required are
    counted in ``gaps``, and left out but where the layout says that they have their place; without ``gaps`` they are
    refused.

    Raises :class:`~tradesim.errors.SourceError` for an empty file, a wrong number of columns, or a value that is not of
    its column's type.
    """
    texts = [file.data for file in files]
    lines = [file.lines for file in files]
    for file, text, count in zip(files, texts, lines, strict=True):
        if not file.data:
            raise SourceError(f"{file.where}: the file is empty; fetch the archive again")
        if text.count(b",") != count * (len(layout.columns) - 1):
            raise _fault([file], layout)
    try:
        rows = pl.read_csv(b"".join(texts), has_header=False, schema=dict(layout.columns), quote_char=None)
    except pl.exceptions.PolarsError:
        raise _fault(files, layout) from None
    if len(rows) != sum(lines) or (gaps is None and any(rows[name].null_count() for name in layout.required)):
        raise _fault(files, layout)
    rows = rows.with_columns(file=np.repeat(np.arange(len(files)), lines))
    if gaps is None:
        return rows
    starts = np.cumsum([0, *lines])
    return gaps.sift(
        rows,
        layout.required,
        layout.placed,
        lambda row: f"{files[rows['file'][row]].where}, line {row - starts[rows['file'][row]] + 1}",
    )


def _fault(files: Sequence[Member], layout: Layout) -> SourceError:
    for file in files:
        fault = layout.fault_of(file.data, file.where)
        if fault and DECIMAL.search(fault):
            return SourceError(
                f"{fault}; with decimals, prices are LEAN's raw ones, of indices, futures, crypto and forex: state "
                f"--market {INDEX} where it is an index of New York; {OWN}"
            )
        if fault:
            return SourceError(fault if REMEDY in fault else f"{fault}; fetch the archive again")
    return SourceError(f"{files[0].where}: not a table of {','.join(layout.columns)}; fetch the archive again")


def instants(rows: pl.DataFrame, files: Sequence[Member]) -> pl.Series:
    """The instant (ns) of the ``time`` of each row: milliseconds since midnight in New York, of its file's date."""
    wrong = rows.filter(~pl.col.time.is_between(0, DAY_MS - 1))
    if len(wrong):
        where = files[wrong["file"][0]].where
        raise SourceError(f"{where}: time is {wrong['time'][0]}; it must be ms after midnight, below {DAY_MS:,}")
    days = {date: midnight(date, where) for date, where in {f.fields["date"]: f.where for f in files}.items()}
    starts = np.array([days[file.fields["date"]] for file in files])
    return pl.Series(starts[rows["file"].to_numpy()] + rows["time"].to_numpy() * MILLISECOND)


def micros(price: str, *, raw: bool = False) -> pl.Expr:
    """The prices of a column in micros; those beyond every rule as large as a rule refuses."""
    unit = MICROS if raw else PRICE_UNIT
    return (pl.col(price).clip(-LARGEST_AMOUNT, LARGEST_AMOUNT) * unit).round().cast(pl.Int64)


def check_market(
    rows: pl.DataFrame, files: Sequence[Member], prices: Sequence[str], strikes: Sequence[float] = ()
) -> None:
    """Hold what neither folders nor user state to what the numbers tell (:mod:`~tradesim.market.readers.lean_markets`).

    ``rows`` are those of ``files``, as :func:`parsed` gives them, ``prices`` their closing prices, and ``strikes``, in
    dollars, those of options on the underlying.
    """
    unknown = [number for number, file in enumerate(files) if file.market is None]
    rows = rows.filter(pl.col.file.is_in(unknown))
    if rows.is_empty():
        return
    first = files[unknown[0]]
    closes = pl.concat([rows[name] for name in prices])
    if not first.is_option:
        check_ticker(first.underlying, first.where)
    check_prices(closes, first.where, of_option=first.is_option, strikes=strikes)
    if not first.is_option:
        check_hours(rows["time"].to_numpy(), first.fields["date"], first.where)
