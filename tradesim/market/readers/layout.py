"""What a CSV file must look like: its columns, their types, and what is wrong with a line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from tradesim.market.readers.gaps import REMEDY

NUMBERS: Final[dict[pl.DataType, tuple[re.Pattern[str], str]]] = {
    pl.Int64(): (re.compile(r"-?\d{1,18}"), "a whole number"),
    pl.Float64(): (re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"), "a number"),
}
"""How the values of a type are written, and what an error calls them."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The columns of a CSV file: their types in their order, and which of them may not be empty.

    ``placed``  the columns that tell whose a line is that lacks another one: what it tells is unknown from there on
    """

    columns: Mapping[str, pl.DataType]
    required: Sequence[str]
    placed: Sequence[str] = ()

    def fault(self, line: str) -> str | None:
        """What is wrong with ``line``, if anything is."""
        values = line.split(",")
        if len(values) != len(self.columns):
            return f"{len(values)} columns; it must have {len(self.columns)}: {','.join(self.columns)}"
        for (name, dtype), value in zip(self.columns.items(), values, strict=True):
            if not value and name in self.required:
                return f"{name} is empty; {REMEDY}"
            if value and dtype in NUMBERS:
                form, wanted = NUMBERS[dtype]
                if not form.fullmatch(value):
                    return f"{name} is {value[:40]!r}; it must be {wanted}"
        return None

    def fault_of(self, text: bytes, where: str, *, first: int = 1) -> str | None:
        """The first fault of the lines of ``text``, of which the first is line ``first`` of ``where``."""
        for number, line in enumerate(text.decode(errors="replace").splitlines(), start=first):
            fault = self.fault(line)
            if fault:
                return f"{where}, line {number}: {fault}"
        return None
