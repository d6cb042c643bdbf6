"""A tape's sizes counted in another lot, exactly."""

import json
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.market.rules import LARGEST_AMOUNT
from tradesim.market.tape import Tape
from tradesim.market.tape_file import METADATA_KEY

SIZES: Final = ("bid_size", "ask_size", "size")


def in_lots(tape: Tape, lot: float) -> Tape:
    """The same market with sizes counted in lots of ``lot`` contracts.

    Raises :class:`~tradesim.errors.ArgumentError` for a lot that is not positive, of which a size of the tape is no
    whole number, or that is so small that a size is more lots than a tape holds.
    """
    if lot == tape.lot:
        return tape
    if not 0.0 < lot < float("inf"):
        raise ArgumentError(f"lot {lot:g}: it is a number of contracts above 0, as 0.01 or 1")
    ratio = _exact(tape.lot) / _exact(lot)
    sizes = {name: getattr(tape, name) for name in SIZES}
    for counts in sizes.values():
        broken = np.flatnonzero((counts % ratio.denominator != 0) | (counts // ratio.denominator > _most(ratio)))
        if len(broken):
            size = float(int(counts[broken[0]]) * _exact(tape.lot))
            raise ArgumentError(
                f"lot {lot:g}: row {broken[0]} of the tape has a size of {size:g}, which must be a whole number of "
                f"lots, at most {LARGEST_AMOUNT:,}; the sizes tell a lot of {tape.lot:g}"
            )
    return replace(
        tape, lot=lot, **{name: counts // ratio.denominator * ratio.numerator for name, counts in sizes.items()}
    )


def common_lot(lots: Iterable[float]) -> float | None:
    """The finest of ``lots``; None where another one is not a whole multiple of it.

    >>> common_lot([0.1, 0.01, 1.0]), common_lot([0.5, 0.2])
    (0.01, None)
    """
    lots = set(lots)
    finest = min(lots)
    return finest if all((_exact(lot) / _exact(finest)).denominator == 1 for lot in lots) else None


def lot_of(path: Path) -> float:
    """The lot of the tape in the file at ``path``, of which no row is read."""
    return float(json.loads(pl.read_parquet_metadata(path)[METADATA_KEY])["terms"]["lot"])


def _exact(lot: float) -> Fraction:
    """The decimal that ``lot`` is the nearest float of."""
    return Fraction(repr(float(lot)))


def _most(ratio: Fraction) -> int:
    return LARGEST_AMOUNT // ratio.numerator
