"""What the LEAN formats share: header-less CSV in zip archives, named after date and ticker, in New York time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.readers.csv_text import plain_csv
from tradesim.market.readers.layout import Layout
from tradesim.market.readers.new_york import midnight
from tradesim.market.readers.reader import zip_members
from tradesim.units import MILLISECOND

PRICE_UNIT: Final = 100
"""Micros in a LEAN price unit, a ten-thousandth of a dollar."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One CSV file of an archive: ``fields`` are what its name says, ``data`` its bytes, ``where`` its full name."""

    where: str
    fields: Mapping[str, str]
    data: bytes

    @property
    def is_option(self) -> bool:
        """Whether it holds quotes or trades of a contract, not of the stock."""
        return self.fields.get("right") is not None

    @property
    def table(self) -> str:
        """``quote`` or ``trade``."""
        return self.fields["table"].lower()


def members(sources: Sequence[Path], pattern: re.Pattern[str], example: str) -> list[Member]:
    """Every file of the archives, its name read by ``pattern``.

    Raises :class:`~tradesim.errors.SourceError` for a name of another form, saying what one looks like by ``example``.
    """
    found = []
    for source in sources:
        for name, data in zip_members(source):
            where = f"{source.name}:{name}"
            match = pattern.fullmatch(name)
            if match is None:
                raise SourceError(f"{where}: the name must be of the form {example}; this reader takes no other files")
            found.append(Member(where=where, fields=match.groupdict(), data=plain_csv(data, where)))
    return found


def parsed(files: Sequence[Member], layout: Layout) -> pl.DataFrame:
    """The rows of all ``files``, and a column ``file``: the index of the file that each comes from.

    Thousands of small files are parsed as one, after a count of their commas.

    Raises :class:`~tradesim.errors.SourceError` for an empty file, a wrong number of columns, or a value that is not of
    its column's type.
    """
    texts = [file.data for file in files]
    counts = [text.count(b"\n") for text in texts]
    for file, text, count in zip(files, texts, counts, strict=True):
        if not file.data:
            raise SourceError(f"{file.where}: the file is empty; fetch the archive again")
        if text.count(b",") != count * (len(layout.columns) - 1):
            raise _fault([file], layout)
    try:
        rows = pl.read_csv(b"".join(texts), has_header=False, schema=dict(layout.columns), quote_char=None)
    except pl.exceptions.PolarsError:
        raise _fault(files, layout) from None
    if len(rows) != sum(counts) or any(rows[name].null_count() for name in layout.required):
        raise _fault(files, layout)
    return rows.with_columns(file=np.repeat(np.arange(len(files)), counts))


def _fault(files: Sequence[Member], layout: Layout) -> SourceError:
    for file in files:
        fault = layout.fault_of(file.data, file.where)
        if fault:
            return SourceError(f"{fault}; fetch the archive again")
    return SourceError(f"{files[0].where}: not a table of {','.join(layout.columns)}; fetch the archive again")


def instants(rows: pl.DataFrame, files: Sequence[Member]) -> pl.Series:
    """The instant (ns) of the ``time`` of each row: milliseconds since midnight in New York, of its file's date."""
    days = {date: midnight(date, where) for date, where in {f.fields["date"]: f.where for f in files}.items()}
    starts = np.array([days[file.fields["date"]] for file in files])
    return pl.Series(starts[rows["file"].to_numpy()] + rows["time"].to_numpy() * MILLISECOND)
