"""Holding rows to rules: the first that breaks one is named, or those that do are left out and counted."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, TapeError
from tradesim.market.chain import Chain
from tradesim.market.rows import SIDES
from tradesim.market.rules import FARTHEST_TIME, Rule
from tradesim.market.tape import QUOTE, UNDERLYING
from tradesim.units import SECOND

ROW: Final = "row"
"""The column that holds where a row stood before any was left out; 0 is the first."""

LOST: Final = frozenset({"missing", "kind", "instrument", "early", "expired", "duplicate"})
"""Rules of which a quote that breaks one ends no quote before it: whose it is is not known, or it tells nothing new."""


class OnBadRow(StrEnum):
    """What the validator does with a row that breaks a rule."""

    RAISE = "raise"
    """Raise a :class:`~tradesim.errors.TapeError` that names the first."""
    DROP = "drop"
    """Leave it out, and count it under the first rule that it breaks. A quote leaves missing sides behind."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ArgumentError(f"on_bad_row is {value!r}: it must be one of {', '.join(cls)}")


class RowFilter:
    """Holds the rows of one tape to rules; ``dropped`` counts by rule those that fell through.

    ``unknown`` of them were quotes of a known instrument and instant: what they should have told is not known, so a row
    without sides stands in their place, and not the quote before.
    """

    def __init__(self, *, chain: Chain, where: str, on_bad_row: OnBadRow) -> None:
        self.dropped: Counter[str] = Counter()
        self._emptied: set[int] = set()
        self._chain = chain
        self._where = where
        self._on_bad_row = OnBadRow(on_bad_row)

    @property
    def unknown(self) -> int:
        """How many quotes were emptied."""
        return len(self._emptied)

    def sift(self, rows: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
        """The rows that keep every rule.

        Raises :class:`~tradesim.errors.TapeError` for the first row that does not, where rows are not to be dropped.
        """
        broken = [rule.broken(rows) for rule in rules]
        bad = np.logical_or.reduce(broken, axis=0, initial=False)
        if not bad.any():
            return rows
        if self._on_bad_row is OnBadRow.RAISE:
            first = int(np.argmax(bad))
            rule = next(rule for rule, mask in zip(rules, broken, strict=True) if mask[first])
            raise TapeError(self._message(rows.row(first, named=True), rule))
        before = rows[ROW].is_in(list(self._emptied)).to_numpy()
        counted = before.copy()
        for rule, mask in zip(rules, broken, strict=True):
            self.dropped[rule.name] += int(np.count_nonzero(mask & ~counted))
            counted |= mask
        self.dropped = +self.dropped
        lost = np.logical_or.reduce(
            [mask for rule, mask in zip(rules, broken, strict=True) if rule.name in LOST], axis=0, initial=False
        )
        emptied = bad & ~lost & ~before & self._is_quote(rows)
        self._emptied.update(rows[ROW].filter(emptied).to_list())
        above = pl.when(pl.Series(~bad)).then(pl.col.ts).cum_max().forward_fill()
        told = ("received", *(column for side in SIDES for column in side), "side", "order")
        return rows.with_columns(
            pl.when(pl.Series(emptied)).then(pl.max_horizontal("ts", above)).otherwise(pl.col.ts).alias("ts"),
            *(pl.when(pl.Series(~emptied)).then(pl.col(name)).alias(name) for name in told),
        ).filter(~bad | emptied)

    def _is_quote(self, rows: pl.DataFrame) -> NDArray[np.bool_]:
        """Quotes whose instrument and instant are known."""
        known = (pl.col.kind == QUOTE) & pl.col.instrument.is_between(UNDERLYING, len(self._chain))
        known &= pl.col.ts.abs() < FARTHEST_TIME
        return rows.select(known.fill_null(False)).to_series().to_numpy()

    def _message(self, row: dict[str, int | float | None], rule: Rule) -> str:
        return (
            f"{self._where}, row {row[ROW]} ({self._instrument(row)}at {_instant(row['ts'])}), column {rule.column}: "
            f"{_value(row, rule.column)} breaks rule '{rule.name}': {rule.law}; "
            f"mend the source, or leave such rows out (--on-bad-row drop, on_bad_row={OnBadRow.DROP.value!r})"
        )

    def _instrument(self, row: dict[str, int | float | None]) -> str:
        instrument = row["instrument"]
        if instrument == UNDERLYING:
            return "the underlying "
        if instrument is None or instrument not in range(1, len(self._chain) + 1):
            return ""
        return f"{self._chain.name[int(instrument) - 1]} "


def utc(instant: int) -> str:
    """An instant (ns since the epoch) as people write it, or as a number where no calendar has it."""
    try:
        return f"{datetime.fromtimestamp(instant // SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{instant % SECOND:09d}Z"
    except (OverflowError, ValueError, OSError):
        return f"{instant} ns"


def _instant(ts: int | float | None) -> str:
    return utc(int(ts)) if ts is not None and np.isfinite(ts) else str(ts)


def _value(row: dict[str, int | float | None], column: str) -> str:
    """The value of a column, with its partner's where a rule is about both."""
    text = f"{row[column]}"
    for price, size in SIDES:
        if column == price:
            text += f" ({size} {row[size]}"
            text += f", ask {row['ask']})" if price == "bid" else ")"
    return text
