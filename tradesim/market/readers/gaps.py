"""Lines that lack a value that they must have: refused by their line, or left out and counted."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

MISSING: Final = ("", "nan", "null", "none", "na", "n/a")
"""How tools write that a value is missing, in small letters."""

REMEDY: Final = "mend it, or leave such lines out (--on-bad-row drop)"


class Gaps:
    """The lines of some files that were left out for a missing value: how many, and where the first of them is."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    @property
    def dropped(self) -> dict[str, int]:
        """How many lines, by what they lack."""
        return {f"lines without {name} (first: {self._first[name]})": count for name, count in self._count.items()}

    def add(self, name: str, place: str) -> None:
        """Count a line at ``place`` that lacks ``name``."""
        self._first.setdefault(name, place)
        self._count[name] += 1

    def sift(
        self, rows: pl.DataFrame, required: Sequence[str], placed: Sequence[str], place: Callable[[int], str]
    ) -> pl.DataFrame:
        """The ``rows`` that have all of ``required``; of the others those that have all that they are ``placed`` by.

        ``place`` says where the row of a number stands.
        """
        lacking = self.count(rows, required, place)
        if placed:
            lacking = rows.select(pl.any_horizontal(pl.col(*placed).is_null())).to_series()
        return rows.filter(~lacking)

    def count(self, rows: pl.DataFrame, required: Sequence[str], place: Callable[[int], str]) -> pl.Series:
        """Count the ``rows`` that lack one of ``required`` by the first that they lack; bool[rows], which do."""
        lacking = pl.repeat(False, len(rows), dtype=pl.Boolean(), eager=True)
        for name in required:
            new = rows[name].is_null() & ~lacking
            if new.any():
                self._first.setdefault(name, place(int(new.arg_max() or 0)))
                self._count[name] += int(new.sum())
                lacking |= new
        return lacking


def empty_where_missing(column: str) -> pl.Expr:
    """A column of text, null where it is one of :data:`MISSING`."""
    return pl.when(~pl.col(column).str.to_lowercase().is_in(MISSING)).then(pl.col(column)).alias(column)
