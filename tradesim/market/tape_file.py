"""A tape on disk: one Parquet file, of rows as :mod:`tradesim.market.rows` lists them.

What is said once stands in the file's key-value metadata under ``tradesim.tape``, as one JSON object: ``version``,
``terms`` (:class:`~tradesim.market.terms.Terms`), ``chain`` (a list per column, and the settlement), ``carry``,
``settled`` and, for latent state, ``smile``. Any tool reads the rows; a file is read back to an equal tape.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import TapeError
from tradesim.market.chain import Chain, Settlement
from tradesim.market.row_filter import OnBadRow, utc
from tradesim.market.rows import RawTape, raw_tape_of
from tradesim.market.tape import Tape, between
from tradesim.market.terms import Terms
from tradesim.market.validation import IngestReport, check_tape, validated
from tradesim.units import duration, instant

METADATA_KEY: Final = "tradesim.tape"
VERSION: Final = 1
COMPRESSION_LEVEL: Final = 9


def write_tape(tape: Tape, path: Path | str) -> Path:
    """Write ``tape`` to ``path`` whole or not at all; return the path.

    Raises :class:`~tradesim.errors.TapeError` for a tape that breaks a rule, so what is written can be read, and for a
    path that cannot be written.
    """
    path = Path(path)
    check_tape(tape)
    raw = raw_tape_of(tape)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        raw.rows.write_parquet(
            partial, compression="zstd", compression_level=COMPRESSION_LEVEL, metadata={METADATA_KEY: _encoded(raw)}
        )
        partial.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TapeError(f"{path}: the tape cannot be written: {_first_line(error)}; give a file in a folder") from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def read_part(text: str) -> Tape:
    """The tape in a file, or the part of it that ``PATH@START`` or ``PATH@START+LENGTH`` names.

    ``START`` is a duration after the first row or an instant (:func:`~tradesim.units.instant`), ``LENGTH`` a duration.

    Raises :class:`~tradesim.errors.TapeError` as :func:`load_tape` does, or where no row is in the part, and
    :class:`~tradesim.errors.ArgumentError` for times that are none.
    """
    path, at, when = text.rpartition("@")
    if not at or Path(text).exists():
        return read_tape(text)
    tape = read_tape(path)
    begin, _, length = when.partition("+")
    start = instant(begin, after=tape.start)
    part = between(tape, start, start + duration(length) if length else tape.end + 1)
    if not len(part):
        raise TapeError(f"{text}: no row is in that part; the tape spans {utc(tape.start)} to {utc(tape.end)}")
    return part


def read_tape(path: Path | str, *, on_bad_row: OnBadRow = OnBadRow.RAISE) -> Tape:
    """The tape in the file at ``path``; errors as in :func:`load_tape`."""
    return load_tape(path, on_bad_row=on_bad_row)[0]


def load_tape(path: Path | str, *, on_bad_row: OnBadRow = OnBadRow.RAISE) -> tuple[Tape, IngestReport]:
    """The tape in the file at ``path``, and what was left out of it.

    Raises :class:`~tradesim.errors.TapeError` for a file that is missing, truncated, not Parquet or not a tape, and as
    :func:`~tradesim.market.validation.validated` does.
    """
    path = Path(path)
    if not path.is_file():
        raise TapeError(f"{path}: there is no such file; give a tape that 'tradesim ingest' or write_tape has written")
    try:
        metadata = pl.read_parquet_metadata(path)
        rows = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise TapeError(
            f"{path}: not a whole Parquet file ({_first_line(error)}); truncated, or of another format: make it again"
        ) from None
    if METADATA_KEY not in metadata:
        raise TapeError(f"{path}: no metadata {METADATA_KEY!r}, which holds the chain; write the tape by write_tape")
    return validated(_decoded(metadata[METADATA_KEY], rows, where=path.name), on_bad_row=on_bad_row)


def _encoded(raw: RawTape) -> str:
    chain = {name: getattr(raw.chain, name).tolist() for name in _CHAIN_TYPES}
    said = {
        "version": VERSION,
        "terms": asdict(raw.terms),
        "chain": {"name": raw.chain.name, **chain, "settlement": raw.chain.settlement},
        **{name: _stated(values) for name in _PER_CONTRACT if (values := getattr(raw, name)) is not None},
    }
    return json.dumps(said, allow_nan=False, separators=(",", ":"))


_CHAIN_TYPES: Final[dict[str, type[np.generic]]] = {
    "strike": np.float64,
    "expiry": np.int64,
    "right": np.int8,
    "style": np.int8,
    "multiplier": np.int64,
    "morning": np.bool_,
}
_PER_CONTRACT: Final = ("carry", "smile", "settled")


def _stated(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def _decoded(text: str, rows: pl.DataFrame, *, where: str) -> RawTape:
    try:
        said = json.loads(text)
        version = said["version"]
        if version == VERSION:
            per_contract: dict[str, Any] = {n: _numbers(said[n], np.float64) for n in _PER_CONTRACT if n in said}
            return RawTape(
                rows=rows,
                chain=_chain(said["chain"]),
                terms=_terms(said["terms"]),
                where=where,
                **per_contract,
            )
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise TapeError(
            f"{where}: the metadata {METADATA_KEY!r} is not a tape's ({type(error).__name__}: {_first_line(error)}); "
            "write the tape again"
        ) from None
    raise TapeError(f"{where}: a tape of version {version!r}; this tradesim reads version {VERSION}: write it again")


def _terms(said: dict[str, Any]) -> Terms:
    hours = tuple((int(opens), int(closes)) for opens, closes in said.get("hours", ()))
    return Terms(**{**said, "hours": hours})


def _chain(said: dict[str, Any]) -> Chain:
    columns = {name: _numbers(said[name], dtype) for name, dtype in _CHAIN_TYPES.items() if name in said}
    return Chain(name=tuple(map(str, said["name"])), settlement=Settlement(said["settlement"]), **columns)


def _numbers(said: list[float], dtype: type[np.generic]) -> NDArray[Any]:
    return np.array(said, dtype=dtype).reshape(len(said))


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
