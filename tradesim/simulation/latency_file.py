"""Latencies from a user's files: measurements of a delay, and recorded (request, venue, response) stamps.

A file is CSV, text (one number a line), Parquet, or of numpy (.npy, .npz); its suffix tells which.
"""

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError
from tradesim.simulation.latency import LONGEST, Empirical, Interpolated
from tradesim.simulation.wires import Link

Ints = NDArray[np.int64]

STAMPS: Final = ("req_ts", "exch_ts", "resp_ts")
"""Columns of a recording, ns: when a request was sent, when the venue had it, when the answer was back."""

NS: Final = "ns"
"""The column of measurements, where a file has several and none is named."""


def empirical_file(path: Path | str, column: str | None = None) -> Empirical:
    """The measurements of the file at ``path``: whole ns, each from 0 to eleven days.

    They are its ``column``; where none is named its only one, or the one that is called ``ns``. A CSV or text file of
    numbers alone needs no header.

    Raises :class:`~tradesim.errors.SourceError` for a file that cannot be read or holds something else.
    """
    path = Path(path)
    frame = _read(path)
    if column is None:
        column = frame.columns[0] if frame.width == 1 else NS
    measurements = _whole_ns(path, frame, column)
    outside = np.flatnonzero((measurements < 0) | (measurements > LONGEST))
    if len(outside):
        row = int(outside[0])
        raise SourceError(
            f"{path}, measurement {row + 1}: it is {measurements[row]} ns; a latency is from 0 to {LONGEST:,} ns"
        )
    return Empirical(measurements, source=path.name)


def recorded_link(path: Path | str) -> Link:
    """The link on which the requests of the file at ``path`` went; its delays are linear in time between them.

    Its columns are ``STAMPS``, ns on the clock of the tape, as hftbacktest's order latency files have them (others are
    ignored); rows may be in any order. A venue or response stamp of 0 or less is that of a request that the venue
    refused; the size of a negative response stamp is the instant of the refusal. Where a refused request has no venue
    stamp, its way to the venue took what those around it took, but no longer than until its answer; where it has no
    response stamp, it says nothing of the way back.

    Raises :class:`~tradesim.errors.SourceError` for a file that cannot be read, stamps that go back in time, or a
    recording in which every request was refused.
    """
    path = Path(path)
    frame = _read(path)
    sent, venue, answered = (_whole_ns(path, frame, column) for column in STAMPS)
    refused = (venue <= 0) | (answered <= 0)
    if np.all(refused):
        raise SourceError(f"{path}: none of its {len(sent)} requests was accepted; give a recording with some")
    back = np.flatnonzero(~refused & ((venue < sent) | (answered < venue)))
    if len(back):
        row = int(back[0])
        raise SourceError(
            f"{path}, request {row + 1}: sent {sent[row]}, at the venue {venue[row]}, answered {answered[row]}; "
            "stamps do not go back in time: bring both clocks together first"
        )
    order = np.argsort(sent, kind="stable")
    sent, venue, answered, refused = sent[order], venue[order], np.abs(answered[order]), refused[order]
    took = Interpolated(sent[~refused], (venue - sent)[~refused]).samples(np.zeros(len(sent)), sent)
    told = answered >= np.maximum(sent, venue)
    usual = sent + np.where(told, np.minimum(took, answered - sent), took)
    venue = np.where(refused & (venue < sent), usual, venue)
    heard = np.flatnonzero(told)
    heard = heard[np.argsort(venue[heard], kind="stable")]
    return Link(
        entry=Interpolated(sent, venue - sent, refused, source=path.name),
        response=Interpolated(venue[heard], (answered - venue)[heard], source=path.name),
    )


def _read(path: Path) -> pl.DataFrame:
    """The columns of the file; where it names none they are ``column_0`` and so on."""
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file; give a .csv, .txt, .parquet, .npy or .npz file")
    try:
        match path.suffix.lower():
            case ".csv" | ".txt":
                return pl.read_csv(path, has_header=not _starts_with_numbers(path), infer_schema_length=None)
            case ".parquet":
                return pl.read_parquet(path)
            case ".npy" | ".npz":
                return _columns(_array(path))
    except (pl.exceptions.PolarsError, ValueError, OSError, EOFError) as error:
        said = str(error).splitlines()[0]
        raise SourceError(f"{path}: it cannot be read ({said}); give a whole file of its kind") from error
    raise SourceError(f"{path}: its suffix is {path.suffix!r}; it is one of .csv, .txt, .parquet, .npy or .npz")


def _starts_with_numbers(path: Path) -> bool:
    with path.open(encoding="utf-8") as lines:
        cells = lines.readline(10_000).split(",")
    try:
        return all(math.isfinite(float(cell)) for cell in cells)
    except ValueError:
        return False


def _array(path: Path) -> NDArray[Any]:
    """The array of a numpy file; of an archive the one called ``data``, or its only one."""
    found: Any = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return found
    with found:
        names = found.files
        name = "data" if "data" in names or not names else names[0]
        if name not in names or (name != "data" and len(names) > 1):
            raise ValueError(f"its arrays are {', '.join(names) or 'none'}; one must be called data")
        chosen: NDArray[Any] = found[name]
        return chosen


def _columns(array: NDArray[Any]) -> pl.DataFrame:
    if array.dtype.names is not None:
        return pl.DataFrame({name: np.ascontiguousarray(array[name]) for name in array.dtype.names})
    if array.ndim != 1:
        raise ValueError(f"its array has {array.ndim} dimensions; one column has one")
    return pl.DataFrame({NS: array})


def _whole_ns(path: Path, frame: pl.DataFrame, column: str) -> Ints:
    """A column of whole numbers, int64."""
    if column not in frame.columns:
        raise SourceError(
            f"{path}: it has no column {column!r}, but {', '.join(frame.columns[:8])}; name the right one"
        )
    values = frame[column]
    if len(values) == 0:
        raise SourceError(f"{path}, column {column!r}: it holds nothing; give at least one row, in ns")
    if not values.dtype.is_numeric():
        raise SourceError(f"{path}, column {column!r}: it holds {values.dtype}; give whole numbers of ns")
    whole = values.cast(pl.Int64, strict=False)
    wrong = (whole != values).fill_null(True).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise SourceError(f"{path}, column {column!r}, row {row + 1}: {values[row]}; give whole numbers of ns")
    return whole.to_numpy().copy()
