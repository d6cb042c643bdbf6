"""Tables of text, plain or packed: read whole, and numbers of theirs exactly."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import polars as pl

from tradesim.errors import SourceError
from tradesim.market.readers.csv_text import plain_csv
from tradesim.market.readers.reader import existing, refuse_other_venue, zip_members

DIGITS: Final = 18
"""As many digits every int64 can hold."""

LINE: Final = "line"
"""The column that holds the number of a row's line in its file; 1 is the first."""


def contents(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file in ``source``: a zip archive, a gzip file, or the file itself.

    Raises :class:`~tradesim.errors.SourceError` for one that is missing, empty, truncated or damaged.
    """
    data = existing(source).read_bytes()
    if data.startswith(b"PK\x03\x04"):
        yield from zip_members(source)
    elif data.startswith(b"7z\xbc\xaf"):
        raise SourceError(f"{source}: a 7z archive, which this reader does not open; unpack it first")
    elif data.startswith(b"\x1f\x8b"):
        try:
            yield source.name.removesuffix(".gz"), gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{source}: not a whole gzip file ({error}); fetch it again") from None
    else:
        yield source.name, data


def headed_table(data: bytes, columns: Sequence[str], where: str) -> pl.DataFrame:
    """``columns`` of a CSV file whose first line names them among others, as text, and ``line``.

    Raises :class:`~tradesim.errors.SourceError` for a file without them, or with a line of another number of columns.
    """
    head, _, body = plain_csv(data, where).partition(b"\n")
    names = head.decode(errors="replace").strip().split(",")
    missing = [column for column in columns if column not in names]
    if missing:
        refuse_other_venue(head.decode(errors="replace"), where)
        raise SourceError(f"{where}: the header has no column {', '.join(missing)}; it must name {','.join(columns)}")
    if len(set(names)) < len(names):
        raise SourceError(f"{where}: the header names a column twice; it must name each once")
    return _table(body, names, where, first=2).select(LINE, *columns)


def plain_table(data: bytes, columns: Sequence[str], where: str) -> pl.DataFrame:
    """All ``columns`` of a CSV file without header, as text, and ``line``; errors as :func:`headed_table`."""
    return _table(plain_csv(data, where), columns, where, first=1)


def _table(data: bytes, columns: Sequence[str], where: str, *, first: int) -> pl.DataFrame:
    lines = data.count(b"\n")
    if not lines:
        raise SourceError(f"{where}: no line of data; fetch it again")
    if data.count(b",") != lines * (len(columns) - 1):
        _refuse_table(data, columns, where, first)
    try:
        rows = pl.read_csv(data, has_header=False, schema=dict.fromkeys(columns, pl.String()), quote_char=None)
    except pl.exceptions.PolarsError:
        _refuse_table(data, columns, where, first)
    if len(rows) != lines:
        _refuse_table(data, columns, where, first)
    return rows.with_row_index(LINE, offset=first)


def _refuse_table(data: bytes, columns: Sequence[str], where: str, first: int) -> NoReturn:
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=first):
        found = line.count(b",") + 1
        if found != len(columns):
            raise SourceError(f"{where}, line {number}: {found} columns; it must have {len(columns)}")
        try:
            line.decode()
        except UnicodeDecodeError:
            raise SourceError(f"{where}, line {number}: not text in UTF-8; fetch it again") from None
    raise SourceError(f"{where}: not a table of {','.join(columns)}; fetch it again")


def counted(rows: pl.DataFrame, digits: Mapping[str, int], where: str, *, gaps: bool = False) -> pl.DataFrame:
    """``rows`` with decimals as whole numbers: column ``c`` counted in units of ``10 ** -digits[c]``, exactly.

    Raises :class:`~tradesim.errors.SourceError` for the first value that is not such a decimal, or, but where ``gaps``
    are allowed, is missing.
    """
    numbers = rows.with_columns(_count(column, places).alias(column) for column, places in digits.items())
    for column, places in digits.items():
        wrong = numbers[column].is_null()
        wrong &= rows[column].is_not_null() if gaps else True
        if wrong.any():
            first = rows.row(int(wrong.arg_max() or 0), named=True)
            wanted = f"a number of at most {places} decimals" if places else "a whole number"
            refuse_value(first, column, wanted, where)
    return numbers


def refuse_value(row: Mapping[str, object], column: str, wanted: str, where: str) -> NoReturn:
    """Raise :class:`~tradesim.errors.SourceError` for the value of ``column`` in ``row``, which has its ``line``."""
    value = row[column]
    said = "empty" if value is None else repr(str(value)[:40])
    raise SourceError(f"{where}, line {row[LINE]}: {column} is {said}; it must be {wanted}")


def _count(column: str, places: int) -> pl.Expr:
    if not places:
        return pl.col(column).str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    form = rf"^(-?)([0-9]{{1,{DIGITS - places}}})(?:\.([0-9]{{0,{places}}})0*)?$"
    parts = pl.col(column).str.extract_groups(form)
    whole, fraction = parts.struct.field("2"), parts.struct.field("3").fill_null("")
    size = whole.cast(pl.Int64) * 10**places + fraction.str.pad_end(places, "0").cast(pl.Int64)
    return pl.when(parts.struct.field("1") == "-").then(-size).otherwise(size)
