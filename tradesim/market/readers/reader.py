"""What a reader is, and what all readers share."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import MARKET_COLUMNS, RawTape
from tradesim.market.tape import UNDERLYING
from tradesim.units import NEVER

OPTION: Final = re.compile(r"^[CP]-\w+-\d|-\d[\dd.]*-[CP](-|$)")
"""An option in the name of a symbol."""

DELTA: Final = re.compile(r"\bproduct_symbol\b|\b[CP]-[A-Z0-9]+-\d+(\.\d+)?-\d{6}\b")
"""What no other venue writes than Delta Exchange."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be read.

    ``sources``     the vendor's files
    ``underlying``  which underlying of the sources the tape is to hold; None where they hold one
    ``rate dividend`` continuously compounded, a year: no vendor's quotes tell them
    ``market``      of LEAN: which of its markets the files are of, where their folders do not say it
    ``on_bad_row``  what becomes of a line that is of the format and yet no row can be made of
    """

    sources: Sequence[Path]
    underlying: str | None = None
    rate: float = 0.0
    dividend: float = 0.0
    market: str | None = None
    on_bad_row: OnBadRow = OnBadRow.RAISE


class Reader(Protocol):
    """Turns a vendor's files into the draft of a tape."""

    def __call__(self, request: Request) -> RawTape:
        """The draft; raises :class:`~tradesim.errors.SourceError` for a file that is not of the format."""


def choose_underlying(found: Iterable[str], request: Request, left_out: Mapping[str, int] | None = None) -> str:
    """The one underlying that the tape is to hold; ``left_out`` is what an error names where there is none.

    Raises :class:`~tradesim.errors.SourceError` where the sources hold none, or several and none is chosen, or not the
    chosen one.
    """
    names = sorted(set(found))
    where = listed(request.sources)
    if not names:
        others = ", ".join(f"{kind}: {count:,}" for kind, count in (left_out or {}).items())
        among = f" ({others})" if others else ""
        raise SourceError(f"{where}: no quote or trade that a tape could hold{among}; give a file with some")
    if request.underlying is None:
        if len(names) > 1:
            raise SourceError(
                f"{where}: quotes of {', '.join(names)}, and a tape holds one underlying; choose one of them"
            )
        return names[0]
    for name in names:
        if name.upper() == request.underlying.upper():
            return name
    raise SourceError(f"{where}: no quotes of {request.underlying}; choose one of {', '.join(names)}")


def is_option(symbol: str) -> bool:
    """Whether a coin venue names an option so: a strike, and a right before or behind it.

    >>> [is_option(symbol) for symbol in ("BTC-29MAY26-9000-C", "P-BTC-28000-250322", "BTC-PERPETUAL", "C-USD")]
    [True, True, False, False]
    """
    return OPTION.search(symbol) is not None


def refuse_other_venue(text: str, where: str) -> None:
    """Raise :class:`~tradesim.errors.SourceError` where ``text`` is Delta Exchange's, whose files look alike."""
    if DELTA.search(text):
        raise SourceError(
            f"{where}: of Delta Exchange, whose options are named and settled otherwise; this reader does not take "
            "them: read them by a function of your own (my_reader.py:read)"
        )


def existing(source: Path) -> Path:
    """``source`` itself; raises :class:`~tradesim.errors.SourceError` if it is not a file that holds something."""
    if not source.is_file():
        raise SourceError(f"{source}: there is no such file; give the vendor's file itself")
    if source.stat().st_size == 0:
        raise SourceError(f"{source}: the file is empty; fetch it again")
    return source


def zip_members(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file in the zip archive at ``source``.

    Raises :class:`~tradesim.errors.SourceError` for an archive that is truncated, damaged, empty or none.
    """
    try:
        with zipfile.ZipFile(existing(source)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if not names:
                raise SourceError(f"{source}: the archive holds no file; fetch it again")
            for name in names:
                yield name, archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(f"{source}: not a whole zip archive ({reason}); fetch it again") from None


def in_order(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The rows of ``frames`` by instant; at one instant the underlying's first, then as they were given.

    All rows of one instant happen together, so their order tells nothing but this: who reads the tape row by row
    knows the underlying's price when he comes to its options.
    """
    rows = pl.concat(frames, how="diagonal")
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(c) for c, dtype in MARKET_COLUMNS.items() if c not in rows.columns
    )
    return rows.sort("ts", pl.col.instrument != UNDERLYING, maintain_order=True)


def until_expiry(raw: RawTape) -> RawTape:
    """``raw`` without the rows after their contract's expiry, which vendors go on with for a while, but counted.

    Contracts that end before anything happens are not on its chain.
    """
    chain, instrument = raw.chain, raw.rows["instrument"].to_numpy()
    alive = raw.rows["ts"].to_numpy() <= chain.ends[instrument]
    start = raw.rows["ts"].to_numpy()[alive].min(initial=NEVER)
    lasting = np.flatnonzero(chain.expiry > start)
    number = np.full(len(chain) + 1, -1, dtype=np.int32)
    number[np.append(UNDERLYING, lasting + 1)] = np.arange(len(lasting) + 1)
    alive &= number[instrument] >= 0
    rows = raw.rows.with_columns(instrument=pl.Series(number[instrument])).filter(alive)
    return replace(
        raw,
        rows=rows,
        chain=chain.select(lasting),
        carry=None if raw.carry is None else raw.carry[lasting],
        settled=None if raw.settled is None else raw.settled[lasting],
        left_out=dict(raw.left_out) | counts({"rows after the contract's expiry": int(np.count_nonzero(~alive))}),
    )


def counts(found: Mapping[str, int]) -> dict[str, int]:
    """Those of ``found`` that are not 0."""
    return {what: count for what, count in found.items() if count}


def listed(sources: Sequence[Path]) -> str:
    """The names of ``sources``, short enough for an error."""
    names = [source.name for source in sources]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} more files"
