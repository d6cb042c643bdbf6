"""From a vendor's files to a tape.

A reader turns files into a :class:`~tradesim.market.rows.RawTape`, and the validator makes a tape of it. To read a
format of your own, name a function of yours (:mod:`tradesim.market.readers.own`). To add a format, write a function of
the form :class:`~tradesim.market.readers.reader.Reader` and name it in ``READERS``.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tradesim.errors import ArgumentError
from tradesim.market.lots import in_lots
from tradesim.market.readers.binance import read_binance
from tradesim.market.readers.cboe import read_cboe
from tradesim.market.readers.databento import read_databento
from tradesim.market.readers.deribit import read_deribit
from tradesim.market.readers.lean import read_lean
from tradesim.market.readers.lean_tick import read_lean_tick
from tradesim.market.readers.lobster import read_lobster
from tradesim.market.readers.own import own_reader
from tradesim.market.readers.reader import Reader, Request
from tradesim.market.readers.tardis import read_tardis
from tradesim.market.row_filter import OnBadRow
from tradesim.market.tape import Tape
from tradesim.market.tape_file import write_tape
from tradesim.market.validation import IngestReport, validated

READERS: Final[dict[str, Reader]] = {
    "lean": read_lean,
    "lean-tick": read_lean_tick,
    "deribit": read_deribit,
    "tardis": read_tardis,
    "binance": read_binance,
    "cboe": read_cboe,
    "lobster": read_lobster,
    "databento": read_databento,
}


def ingest(
    format: str,  # noqa: A002
    sources: Sequence[Path | str],
    *,
    output: Path | str | None = None,
    underlying: str | None = None,
    rate: float = 0.0,
    dividend: float = 0.0,
    market: str | None = None,
    lot: float | None = None,
    session_gap: int | None = None,
    calendar: str | None = None,
    on_bad_row: OnBadRow = OnBadRow.RAISE,
) -> tuple[Tape, IngestReport]:
    """Make a tape of a vendor's files; return it, and what was left out of it.

    ``format``      one of ``READERS``, or a function of your own: ``my_reader.py:read``, ``package.module:read``
    ``sources``     the files
    ``output``      where the tape is written, whole or not at all; None writes nothing
    ``underlying``  which of the sources' underlyings the tape is to hold; None where they hold one
    ``rate dividend`` continuously compounded, a year: said here because quotes do not tell them

    ``market``      of LEAN: which of its markets the files are of, where their folders do not say it: ``equity/usa`` or
    ``index/usa`` (see :mod:`tradesim.market.readers.lean_markets`)
    ``session_gap`` ns without a row of the underlying, or of the options, after which their session has ended, and with
    it their quotes, where no hours are stated; None is an hour
    ``calendar``    of exchange_calendars, whose sessions the market has: XNYS, 24/7; None is what the format says, and
    an empty one leaves it to the rows
    ``lot``         contracts of which every size is counted; None is what the format says, or the largest power of ten,
    at most 1, that makes all sizes whole

    Raises :class:`~tradesim.errors.ArgumentError` for an unknown format, no sources or a lot that does not fit,
    :class:`~tradesim.errors.SourceError` for files that are not of the format, and
    :class:`~tradesim.errors.TapeError` for rows that break a rule (see :mod:`tradesim.market.rules`).
    """
    if not sources:
        raise ArgumentError("no sources are given: name at least one of the vendor's files")
    on_bad_row = OnBadRow(on_bad_row)
    request = Request(
        sources=[Path(s) for s in sources],
        underlying=underlying,
        rate=rate,
        dividend=dividend,
        market=market,
        on_bad_row=on_bad_row,
    )
    raw = _reader(format)(request)
    if session_gap is not None:
        raw = replace(raw, terms=replace(raw.terms, session_gap=session_gap))
    raw = raw if calendar is None else replace(raw, calendar=calendar)
    tape, report = validated(raw, on_bad_row=on_bad_row, recorded=True)
    tape = tape if lot is None else in_lots(tape, lot)
    if output is not None:
        write_tape(tape, output)
    return tape, report


def _reader(format: str) -> Reader:  # noqa: A002
    if format in READERS:
        return READERS[format]
    if ":" in format:
        return own_reader(format)
    raise ArgumentError(
        f"format is {format!r}: it must be one of {', '.join(READERS)}, or a function of your own: my_reader.py:read"
    )
