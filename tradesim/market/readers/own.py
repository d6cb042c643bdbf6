"""A reader of the user's own: one Python function from a file to a frame, named on the command line.

::

    tradesim ingest my_reader.py:read quotes.csv -o tape.parquet --underlying IBM      the function read of a file
    tradesim ingest package.module:read quotes.csv -o tape.parquet                     or of a module

The function takes the path of a source and returns a frame in plain units: a polars LazyFrame or DataFrame, a pandas
DataFrame, an Arrow table, or whatever else gives an Arrow stream. Its columns are those that
:mod:`tradesim.market.readers.plain` lists, and five more, each of one value, which may be left out:

| column | meaning | where it is left out |
| --- | --- | --- |
| ``underlying`` | text: whose market a row is of; ``--underlying`` chooses | it is ``--underlying`` |
| ``currency`` | text: what prices are counted in | USD |
| ``settlement`` | quote, or inverse: options are priced in the coin | quote |
| ``prices`` | positive, or any: the underlying is a future or a spread, which may cost 0 or less | positive |
| ``calendar`` | text: whose sessions the market has, by exchange_calendars: XNYS, 24/7 | ``opens``, else gaps |

Rows that hold nothing in any column, as blank lines of a file may leave, are left out and counted.

A stock's quotes, for example::

    def read(path):
        quotes = pl.scan_csv(path)
        return quotes.select(pl.from_epoch("ms", time_unit="ms").alias("ts"), "bid", "bid_size", "ask", "ask_size")
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from tradesim.errors import ArgumentError, SourceError, TradesimError
from tradesim.market.chain import Settlement
from tradesim.market.readers.frames import as_frame
from tradesim.market.readers.plain import is_text, raw_tape_of_frames
from tradesim.market.readers.reader import Reader, Request, choose_underlying, counts, existing, listed
from tradesim.market.rows import RawTape
from tradesim.market.terms import Terms
from tradesim.user_code import blamed_on, load_file, load_module, said

Read = Callable[[Path], Any]

CONSTANTS: Final = {"currency": "USD", "settlement": str(Settlement.QUOTE), "calendar": "", "prices": "positive"}
"""The columns that have one value, and which it is where they are left out."""

CHOICES: Final = {"settlement": tuple(map(str, Settlement)), "prices": ("positive", "any")}
"""The values that some of them may have."""

PLAN: Final = " Resolved plan"
"""Where polars begins to tell of its query plan, behind the reason of its error."""

EXAMPLE: Final = "my_reader.py:read or package.module:read"


def own_reader(named: str) -> Reader:
    """The reader whose function is ``named`` as ``my_reader.py:read`` or ``package.module:read``.

    Raises :class:`~tradesim.errors.ArgumentError` where there is none. The reader raises it, naming the line, for an
    error in the function, and :class:`~tradesim.errors.SourceError`, naming the source and the column, for a frame that
    is not in plain units.
    """
    place, _, function = named.rpartition(":")
    if not place or not function.isidentifier():
        raise ArgumentError(f"reader {named!r}: a function of your own is named as {EXAMPLE}")
    module = load_file(place, kind="reader", defines=function) if place.endswith(".py") else load_module(place)
    read = getattr(module, function, None)
    if not callable(read):
        told = "missing" if read is None else type(read).__name__
        raise ArgumentError(f"reader {named}: {function} is {told}; it must be a function: path -> polars LazyFrame")
    return lambda request: _draft(read, named, str(module.__file__), request)


def _draft(read: Read, named: str, file: str, request: Request) -> RawTape:
    called = Path(named).name
    sources = [f"{called}, {source.name}" for source in request.sources]
    frames = [_frame(read, file, existing(path), where) for path, where in zip(request.sources, sources, strict=True)]
    given = _count(frames)
    frames = [frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width else frame for frame in frames]
    filled = _count(frames)
    underlying = _underlying(frames, sources, request)
    frames = [frame.filter(underlying=underlying) if "underlying" in frame.columns else frame for frame in frames]
    constants = {name: _constant(name, frames, sources) for name in CONSTANTS}
    terms = Terms(
        underlying=underlying,
        currency=constants["currency"],
        source=f"{called}: {listed(request.sources)}",
        rate=request.rate,
        dividend=request.dividend,
        signed=constants["prices"] == "any",
    )
    raw = raw_tape_of_frames(
        [frame.drop("underlying", *CONSTANTS, strict=False) for frame in frames],
        terms,
        sources=sources,
        settlement=Settlement(constants["settlement"]),
        on_bad_row=request.on_bad_row,
    )
    others = {"rows of other underlyings": filled - _count(frames), "blank rows": given - filled}
    return replace(raw, calendar=constants["calendar"], left_out=counts(others))


def _count(frames: list[pl.DataFrame]) -> int:
    return sum(map(len, frames))


def _frame(read: Read, file: str, path: Path, where: str) -> pl.DataFrame:
    """What ``read`` returns of ``path``, collected."""
    try:
        with blamed_on(file, kind="reader"):
            frame = as_frame(read(path))
    except TradesimError:
        raise
    except (Exception, SystemExit, pl.exceptions.PanicException) as error:
        reason = said(error).partition(PLAN)[0]
        raise SourceError(f"{where}: the reader fails: {reason}; mend the reader or the file") from error
    if not isinstance(frame, pl.DataFrame):
        raise SourceError(
            f"{where}: the reader returns {type(frame).__name__}; it must return a polars LazyFrame, or a frame of "
            "polars, pandas or Arrow"
        )
    return frame


def _underlying(frames: list[pl.DataFrame], sources: list[str], request: Request) -> str:
    told = {name for frame, where in zip(frames, sources, strict=True) for name in _texts("underlying", frame, where)}
    if told:
        return choose_underlying(told, request)
    if request.underlying is None:
        raise SourceError(
            f"{sources[0]}: nothing says which underlying it is; name it (--underlying), or give the column underlying"
        )
    return request.underlying


def _constant(name: str, frames: list[pl.DataFrame], sources: list[str]) -> str:
    where = sources[0]
    told = {text for frame, where in zip(frames, sources, strict=True) for text in _texts(name, frame, where)}
    if len(told) > 1:
        raise SourceError(f"{where}: column {name} is {' and '.join(sorted(told)[:2])}; it must have one value")
    text = told.pop() if told else CONSTANTS[name]
    if text not in CHOICES.get(name, (text,)):
        raise SourceError(f"{where}: column {name} is {text[:40]!r}; it must be {' or '.join(CHOICES[name])}")
    return text


def _texts(name: str, frame: pl.DataFrame, where: str) -> list[str]:
    """The values of a column of text; none where it is left out."""
    if name not in frame.columns:
        return []
    if not is_text(frame.schema[name]):
        raise SourceError(f"{where}: column {name} is {frame.schema[name]}; it must be String")
    return frame[name].drop_nulls().unique().cast(pl.String()).to_list()
