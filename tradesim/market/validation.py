"""The validator: a draft keeps every rule and becomes a tape, or the error says which row breaks which."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import TapeError
from tradesim.market.calendar import hours_of
from tradesim.market.chain import Settlement
from tradesim.market.clock import ClockReport, measure_clock
from tradesim.market.ends import Ends, with_ends
from tradesim.market.row_filter import ROW, OnBadRow, RowFilter, utc
from tradesim.market.rows import (
    COLUMNS,
    DEEPER_COLUMNS,
    LATENT,
    LATENT_COLUMNS,
    MARKET_COLUMNS,
    RawTape,
    raw_tape_of,
    tape_of,
)
from tradesim.market.rules import DUPLICATE, EARLY, ORDER, row_rules, value_rules
from tradesim.market.tape import Tape
from tradesim.market.terms import check_chain, check_terms

INTEGERS: Final = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.Null)
NUMBERS: Final = (*INTEGERS, pl.Float32, pl.Float64)
"""The types that a column may have: some tools store whole numbers as floats where values are missing."""

TIMES: Final = ("ts", "received")
"""The columns whose values no float holds exactly."""


@dataclass(frozen=True, kw_only=True)
class IngestReport:
    """What the validator was offered and what it left out.

    ``rows``     rows offered, latent ones included
    ``dropped``  rows left out, by the rule that they broke; empty where none was
    ``unknown``  quotes among them, whose sides are missing from their instant on
    ``ends``     where the tape's quotes end
    ``clock``    the receive times of the rows that were kept
    ``left_out`` lines of the source that were not offered as rows, by what they are
    """

    rows: int
    dropped: Mapping[str, int]
    clock: ClockReport
    unknown: int = 0
    ends: Ends = field(default_factory=Ends)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        count = sum(self.dropped.values())
        by_rule = ", ".join(f"{rule} {n:,}" for rule, n in self.dropped.items())
        dropped = f"{count:,} dropped{f' ({by_rule})' if by_rule else ''}"
        unknown = f", {self.unknown:,} of them quotes, unknown until the next" if self.unknown else ""
        rows = f"{self.rows:,} rows, {dropped}{unknown}"
        return "; ".join(filter(None, [rows, left_out_text(self.left_out), str(self.ends), str(self.clock)]))


def left_out_text(left_out: Mapping[str, int]) -> str:
    """What was left out, in words; empty where nothing was."""
    if not left_out:
        return ""
    return f"{sum(left_out.values()):,} left out ({', '.join(f'{kind}: {n:,}' for kind, n in left_out.items())})"


def check_tape(tape: Tape) -> None:
    """Raise :class:`~tradesim.errors.TapeError` if ``tape`` breaks a rule."""
    sizes = {column: len(getattr(tape, column)) for column in MARKET_COLUMNS}
    if len(set(sizes.values())) > 1:
        raise TapeError(f"tape: the columns have lengths {sizes}; they must have one length")
    if tape.latent is not None and not (np.diff(tape.latent.ts) > 0).all():
        row = int(np.argmin(np.diff(tape.latent.ts) > 0)) + 1
        raise TapeError(f"tape: ts {tape.latent.ts[row]} of latent row {row} is not after the row above; it must be")
    validated(raw_tape_of(tape), on_bad_row=OnBadRow.RAISE)


def validated(
    raw: RawTape, *, on_bad_row: OnBadRow = OnBadRow.RAISE, recorded: bool = False
) -> tuple[Tape, IngestReport]:
    """The tape of ``raw``, and what was left out of it; one that is ``recorded`` now has stamps of its time.

    Raises :class:`~tradesim.errors.TapeError` for a draft whose columns, terms or chain break a rule, that holds no row
    or keeps none, and, where ``on_bad_row`` is ``RAISE``, for the first row that breaks a rule.
    """
    _check_columns(raw)
    check_terms(raw.terms, raw.where)
    check_chain(raw.chain, raw.where)
    _check_per_contract(raw)
    if raw.rows.is_empty():
        raise TapeError(f"{raw.where}: the tape is empty; it must have at least one row")
    rows = raw.rows.select(*(_column(raw.rows, name) for name in COLUMNS))
    row_filter = RowFilter(chain=raw.chain, where=raw.where, on_bad_row=on_bad_row)
    rows = row_filter.sift(rows.with_row_index(ROW), value_rules(rows))
    rows = rows.select(ROW, pl.col(*MARKET_COLUMNS, *DEEPER_COLUMNS).cast(pl.Int64), *LATENT_COLUMNS)
    rows = row_filter.sift(rows, [EARLY]) if recorded else rows
    _check_expiries(raw, rows["ts"].to_numpy())
    for rules in (row_rules(raw.chain, signed=raw.terms.signed), [ORDER], [DUPLICATE]):
        rows = row_filter.sift(rows, rules)
    if (rows["kind"] == LATENT).all():
        raise TapeError(f"{raw.where}: no quote or trade is left of {len(raw.rows):,} rows; mend the source")
    hours = hours_of(raw.calendar, rows["ts"].to_numpy()) or raw.terms.hours
    rows = rows.select(pl.col(column).cast(dtype) for column, dtype in COLUMNS.items())
    tape = tape_of(replace(raw, rows=rows, terms=replace(raw.terms, hours=hours)))
    clock = measure_clock(tape)
    tape, ends = with_ends(tape)
    return tape, IngestReport(
        rows=len(raw.rows) + sum(raw.dropped.values()),
        dropped={**raw.dropped, **row_filter.dropped},
        unknown=row_filter.unknown,
        ends=ends,
        clock=clock,
        left_out=raw.left_out,
    )


def _check_columns(raw: RawTape) -> None:
    schema = raw.rows.schema
    for column, wanted in COLUMNS.items():
        if column not in schema:
            if column in MARKET_COLUMNS or (column in LATENT_COLUMNS and raw.smile is not None):
                raise TapeError(
                    f"{raw.where}: column {column} is missing; a tape has the columns {', '.join(MARKET_COLUMNS)}"
                )
        elif schema[column] not in (INTEGERS if column in TIMES else NUMBERS):
            raise TapeError(f"{raw.where}: column {column} is {schema[column]}; it must be {wanted}")


def _column(rows: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, COLUMNS[name]).alias(name)


def _check_per_contract(raw: RawTape) -> None:
    for name in ("carry", "smile"):
        values = getattr(raw, name)
        if values is not None and (len(values) != len(raw.chain) or not np.isfinite(values).all()):
            raise TapeError(f"{raw.where}: {name} must be {len(raw.chain)} finite numbers, one per contract")
    settled = raw.settled
    if settled is not None and (len(settled) != len(raw.chain) or np.isinf(settled).any()):
        raise TapeError(f"{raw.where}: settled must be {len(raw.chain)} prices, NaN where none is stated")
    free = raw.terms.signed and raw.chain.settlement is not Settlement.INVERSE
    if settled is not None and not free and (settled <= 0.0).any():
        raise TapeError(
            f"{raw.where}: settled is {settled[settled <= 0.0][0]}; a settlement price is positive, null where none is "
            "stated, and of a future that may cost less than nothing any (prices: any)"
        )


def _check_expiries(raw: RawTape, ts: NDArray[np.int64]) -> None:
    if not len(ts):
        return
    start = int(ts.min())
    dead = np.flatnonzero(raw.chain.expiry <= start)
    if len(dead):
        name, expiry = raw.chain.name[dead[0]], int(raw.chain.expiry[dead[0]])
        raise TapeError(
            f"{raw.where}: contract {name} expires at {expiry} ({utc(expiry)}), not after the tape's start {start} "
            f"({utc(start)}); leave it out of the chain, or give its expiry in ns since the epoch"
        )
