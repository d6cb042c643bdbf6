"""Text files, compressed or not, a block of whole lines at a time; and tables of CSV in them."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from tradesim.errors import SourceError
from tradesim.market.readers.csv_text import MARK, plain_csv, without_blank_end
from tradesim.market.readers.gaps import REMEDY, Gaps
from tradesim.market.readers.layout import Layout
from tradesim.market.readers.reader import existing, refuse_other_venue

BLOCK: Final = 64 * 2**20
"""Bytes of text that are held at a time, about: a day of a vendor's file is larger than memory."""

GZIP: Final = b"\x1f\x8b"


def blocks(source: Path, *, size: int = BLOCK) -> Iterator[bytes]:
    """The text in ``source`` in blocks of whole lines, each ended by a newline; gzip is known by its first bytes.

    A mark before the text and blank lines after it are left out.

    Raises :class:`~tradesim.errors.SourceError` for a file that is missing, empty, or not a whole gzip file.
    """
    with existing(source).open("rb") as file:
        compressed = file.read(len(GZIP)) == GZIP
    rest, mark = b"", MARK
    try:
        with gzip.open(source) if compressed else source.open("rb") as file:
            while read := file.read(max(size, len(MARK))):
                text = (rest + read).removeprefix(mark)
                whole = without_blank_end(text[: text.rfind(b"\n") + 1])
                rest, mark = text[len(whole) :], b""
                if whole:
                    yield whole
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{source}: not a whole gzip file ({error}); fetch it again") from None
    if rest := without_blank_end(rest):
        yield rest + b"\n"


def tables(
    source: Path, layouts: Mapping[str, Layout], gaps: Gaps | None = None, variants: Mapping[str, str] | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of the CSV file ``source``, block by block, each with the name of the layout that its header has.

    The header may have the layout's columns in any order, and others, which are left out. A line that lacks a value is
    refused, or counted in ``gaps``, and left out but where its layout says that it is placed by others. ``variants``
    name other files by a column of theirs.

    Raises :class:`~tradesim.errors.SourceError` as :func:`blocks`, for a header of no layout, and for a line that is
    not of it, by its number.
    """
    name, layout, line = "", Layout(columns={}, required=()), 1
    for block in blocks(source):
        rows = plain_csv(block, source.name, first=line)
        if line == 1:
            header, _, rows = rows.partition(b"\n")
            name, layout = _told_by(header, layouts, source.name, variants or {})
        if rows:
            yield (
                name,
                _parsed(rows, layout, list(layouts[name].columns), gaps, where=source.name, first=line + (line == 1)),
            )
        line += block.count(b"\n")


def _told_by(
    header: bytes, layouts: Mapping[str, Layout], where: str, variants: Mapping[str, str]
) -> tuple[str, Layout]:
    columns = header.decode(errors="replace").strip().split(",")
    for name, layout in layouts.items():
        if layout.columns.keys() <= set(columns) and len(set(columns)) == len(columns):
            types = {column: layout.columns.get(column, pl.String()) for column in columns}
            return name, replace(layout, columns=types)
    refuse_other_venue(header.decode(errors="replace"), f"{where}, line 1")
    for column, variant in variants.items():
        if column in columns:
            raise SourceError(
                f"{where}: {variant}, which this reader does not take; read it by a function of your own "
                "(my_reader.py:read)"
            )
    wanted = "; or ".join(f"{','.join(layout.columns)} ({name})" for name, layout in layouts.items())
    raise SourceError(f"{where}, line 1: the header is {','.join(columns)[:60]!r}; it must have {wanted}")


def _parsed(rows: bytes, layout: Layout, keep: list[str], gaps: Gaps | None, *, where: str, first: int) -> pl.DataFrame:
    lines = rows.count(b"\n")
    if rows.count(b",") == lines * (len(layout.columns) - 1):
        try:
            kept = [list(layout.columns).index(name) for name in keep]
            table = pl.read_csv(rows, has_header=False, schema=dict(layout.columns), columns=kept, quote_char=None)
        except pl.exceptions.PolarsError:
            pass
        else:
            if len(table) == lines and gaps:
                table = gaps.sift(table, layout.required, layout.placed, lambda row: f"{where}, line {first + row}")
                return table.select(keep)
            if len(table) == lines and not any(table[name].null_count() for name in layout.required):
                return table.select(keep)
    fault = layout.fault_of(rows, where, first=first) or f"{where}: not a table of {','.join(layout.columns)}"
    raise SourceError(fault if REMEDY in fault else f"{fault}; fetch the file again")
