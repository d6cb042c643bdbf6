"""Databento's binary files, read whole by the vendor's package, which is imported here and nowhere else."""

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError
from tradesim.extras import extra
from tradesim.market.readers.reader import existing
from tradesim.units import DAY

RECORD_TYPES: Final = {"mbp-1": 1, "cmbp-1": 177, "definition": 19, "mbo": 160}
"""The schemas that are read, and the type by which the vendor marks their records."""

UNDEFINED: Final = 2**63 - 1
"""A price, or another int64, that is not told."""

MAYBE_BAD_BOOK: Final = 4
"""The flag of a record whose book may be wrong."""

MICRO: Final = 1_000
"""Of the vendor's price units, 1e-9 of currency."""


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """What an instrument id stands for: ``symbol``, from day ``first`` on and before ``end``, days since the epoch."""

    symbol: str
    first: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Dbn:
    """One file: its ``schema``, its ``dataset`` and the vendor's records as an array.

    ``dealt`` is what the metadata says of each instrument id; ``raw`` says that its symbols are the venue's own, not
    the vendor's for a series (``ES.c.0``).
    """

    where: str
    schema: str
    dataset: str
    dealt: Mapping[int, Sequence[Dealt]]
    raw: bool
    records: NDArray[np.void]

    def days(self) -> NDArray[np.int64]:
        """The day (UTC, since the epoch) on which each record was received, or else happened."""
        received, happened = (self.records[name].astype(np.int64) for name in ("ts_recv", "ts_event"))
        days: NDArray[np.int64] = np.where((received > 0) & (received < UNDEFINED), received, happened) // DAY
        return days

    def symbol(self, number: int, day: int) -> str | None:
        """What ``number`` stands for on ``day``; None where the metadata does not say."""
        return next((its.symbol for its in self.dealt.get(number, ()) if its.first <= day < its.end), None)


def read_dbn(source: Path) -> Dbn:
    """The file at ``source``, plain or compressed.

    Raises :class:`~tradesim.errors.PackageError` where the vendor's package is not installed, and
    :class:`~tradesim.errors.SourceError` for a file that is missing, empty, truncated, damaged, or of another schema.
    """
    data = existing(source).read_bytes()
    with extra("databento", f"{source}: DBN files need databento, their vendor's package"):
        from databento import DBNStore
    try:
        with warnings.catch_warnings(action="error"):
            store = DBNStore.from_bytes(data)
            schema = str(store.schema)
            records = store.to_ndarray() if schema in RECORD_TYPES else None
            dealt = _dealt(store) if records is not None else {}
            raw = "raw_symbol" in {str(store.stype_in), str(store.stype_out)}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the package raises what its parts raise, a panic of theirs too
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise SourceError(f"{source}: not a whole DBN file ({reason}); fetch it again") from None
    if records is None:
        raise SourceError(f"{source}: of schema {schema}; this reader takes {', '.join(RECORD_TYPES)}")
    _check(records, schema, source.name)
    return Dbn(where=source.name, schema=schema, dataset=store.dataset, dealt=dealt, raw=raw, records=records)


def _dealt(store: Any) -> dict[int, list[Dealt]]:
    """The instrument ids, as the file's metadata maps them one way or the other."""
    numbers_last = str(store.stype_out) == "instrument_id"
    found: dict[int, list[Dealt]] = defaultdict(list)
    if not numbers_last and str(store.stype_in) != "instrument_id":
        return found
    for key, intervals in store.mappings.items():
        for interval in filter(itemgetter("symbol"), intervals):
            number, symbol = (interval["symbol"], key) if numbers_last else (key, interval["symbol"])
            first, end = _day(interval["start_date"]), _day(interval["end_date"])
            found[int(number)].append(Dealt(symbol=symbol, first=first, end=end))
    return found


def _day(when: date) -> int:
    return when.toordinal() - date(1970, 1, 1).toordinal()


def _check(records: NDArray[np.void], schema: str, where: str) -> None:
    if not len(records):
        raise SourceError(f"{where}: no record; fetch it again")
    odd = (records["length"].astype(np.int64) * 4 != records.itemsize) | (records["rtype"] != RECORD_TYPES[schema])
    if odd.any():
        raise SourceError(f"{where}, record {int(odd.argmax()) + 1}: not one of schema {schema}; fetch it again")


def told(values: NDArray[Any]) -> pl.Series:
    """Numbers as int64, null where they are undefined: the greatest of their type, or more than an int64 holds."""
    greatest = min(np.iinfo(values.dtype).max, UNDEFINED)
    return pl.Series(np.where(values >= greatest, 0, values).astype(np.int64)).set(pl.Series(values >= greatest), None)


def publisher(number: int) -> str:
    """The vendor's name of a dataset and venue, or the number where it has none."""
    from databento.common.publishers import Publisher

    try:
        return str(Publisher.from_int(number))
    except ValueError:
        return f"publisher {number}"


def micros(records: NDArray[np.void], column: str, where: str) -> pl.Series:
    """Prices in micros, null where they are undefined.

    Raises :class:`~tradesim.errors.SourceError` for one that is finer.
    """
    price = told(records[column])
    finer = (price % MICRO != 0).fill_null(False)
    if finer.any():
        row = int(finer.arg_max() or 0)
        raise SourceError(
            f"{where}: {column} of instrument {records['instrument_id'][row]} is {price[row]} x 1e-9; "
            "a tape holds whole micros"
        )
    return price // MICRO


def texts(values: NDArray[np.bytes_]) -> list[str]:
    """The vendor's padded bytes as text."""
    return [value.decode("utf-8", errors="replace").strip() for value in values.tolist()]
