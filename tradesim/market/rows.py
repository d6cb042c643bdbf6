"""A tape as a table of rows: the form it has on disk, and in which it is checked.

| column | type | null |
| --- | --- | --- |
| ``ts`` | Int64, ns since the epoch | never |
| ``received`` | Int64, ns since the epoch | equal to ``ts``, or not recorded |
| ``instrument`` | Int32, 0 the underlying, ``i + 1`` contract ``i`` | on latent rows |
| ``kind`` | Int8, 0 quote, 1 trade, 2 latent, 3 depth, 4 add, 5 reduce, 6 execute | never |
| ``bid`` ``ask`` | Int64, micros | the side is missing, or no quote |
| ``bid_size`` ``ask_size`` | Int64, lots | the side is missing, or no quote |
| ``price`` ``size`` | Int64, micros and lots | no trade, level or order |
| ``side`` | Int8, +1 or -1: of a trade who came, of a level or an order where it stands | not told, or none of these |
| ``order`` | Int64, 1 or more: of a full order feed | no order |
| ``latent_spot`` ``latent_level`` | Float64, currency and a year | no latent row |

A quote tells the best of the book. Where a tape has deeper rows, they tell what stands behind it: levels
(``depth``), or every order (``add``, ``reduce``, ``execute``). The last two columns may be absent.

A latent row says what is true from its instant on, on a generated tape; it is the generator's, not the market's, so it
is a row of its own, at instants when nothing else may have happened. A recorded tape has neither column.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.market.chain import Chain
from tradesim.market.tape import DEPTH, Latent, Tape
from tradesim.market.terms import Terms

LATENT: Final = 2
"""The kind of a row that holds latent state. In memory it is in :class:`~tradesim.market.tape.Latent` instead."""

SIDES: Final = (("bid", "bid_size"), ("ask", "ask_size"), ("price", "size"))

MARKET_COLUMNS: Final = {
    "ts": pl.Int64(),
    "received": pl.Int64(),
    "instrument": pl.Int32(),
    "kind": pl.Int8(),
    **{column: pl.Int64() for side in SIDES for column in side},
}
DEEPER_COLUMNS: Final = {"side": pl.Int8(), "order": pl.Int64()}
LATENT_COLUMNS: Final = {"latent_spot": pl.Float64(), "latent_level": pl.Float64()}
COLUMNS: Final = {**MARKET_COLUMNS, **DEEPER_COLUMNS, **LATENT_COLUMNS}


@dataclass(frozen=True, kw_only=True, eq=False)
class RawTape:
    """A tape that the validator has not passed yet.

    ``rows``   columns as above, in any order and of any numeric type
    ``where``  what an error calls it: the name of a file
    ``smile``  of the latent state, where there is one; ``carry`` and ``settled`` as in the tape
    ``calendar`` whose sessions the market has; empty where its rows tell them, or the terms' hours state them
    ``left_out`` lines of the source that are no rows, by what they are
    ``dropped`` rows that the reader itself found bad and was asked to drop, by why
    """

    rows: pl.DataFrame
    chain: Chain
    terms: Terms
    where: str
    carry: NDArray[np.float64] | None = None
    settled: NDArray[np.float64] | None = None
    smile: NDArray[np.float64] | None = None
    calendar: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


def raw_tape_of(tape: Tape) -> RawTape:
    """The tape as a draft: missing sides null, receive times null where equal to the venue's, latent state as rows."""
    deeper = [column for column in DEEPER_COLUMNS if getattr(tape, column).any()]
    rows = pl.DataFrame({column: getattr(tape, column) for column in (*MARKET_COLUMNS, *deeper)})
    rows = rows.with_columns(
        pl.when(pl.col.received != pl.col.ts).then(pl.col.received).alias("received"),
        *(_null_where_empty(column, size) for side in SIDES for size in side[1:] for column in side),
        *(pl.when(pl.col(column) != 0).then(pl.col(column)).alias(column) for column in deeper),
    )
    if tape.latent is not None:
        rows = pl.concat([_latent_rows(tape.latent), rows], how="diagonal").sort("ts", maintain_order=True)
        rows = rows.select(*MARKET_COLUMNS, *deeper, *LATENT_COLUMNS)
    return RawTape(
        rows=rows,
        chain=tape.chain,
        terms=Terms(**{field.name: getattr(tape, field.name) for field in fields(Terms)}),
        where="tape",
        carry=tape.carry,
        settled=tape.settled,
        smile=None if tape.latent is None else tape.latent.smile,
    )


def tape_of(raw: RawTape) -> Tape:
    """The tape of a draft whose rows have kept every rule; the arrays are its own and writable."""
    market = raw.rows.filter(pl.col.kind != LATENT).with_columns(
        pl.col.received.fill_null(pl.col.ts),
        *(pl.col(c).fill_null(0) for c in (*(column for side in SIDES for column in side), *DEEPER_COLUMNS)),
    )
    columns: dict[str, Any] = {column: _array(market[column]) for column in (*MARKET_COLUMNS, *DEEPER_COLUMNS)}
    return Tape(
        chain=raw.chain,
        **columns,
        **asdict(raw.terms),
        carry=raw.carry,
        settled=raw.settled,
        latent=_latent(raw),
    )


def _null_where_empty(column: str, size: str) -> pl.Expr:
    """A side without size is missing; a level without size is a fact."""
    told = pl.col(size) != 0
    if size == "size":
        told |= pl.col.kind == DEPTH
    return pl.when(told).then(pl.col(column)).alias(column)


def _latent_rows(latent: Latent) -> pl.DataFrame:
    return pl.DataFrame({"ts": latent.ts, "latent_spot": latent.spot, "latent_level": latent.level}).with_columns(
        kind=pl.lit(LATENT, pl.Int8())
    )


def _latent(raw: RawTape) -> Latent | None:
    if raw.smile is None:
        return None
    rows = raw.rows.filter(pl.col.kind == LATENT)
    return Latent(
        ts=_array(rows["ts"]), spot=_array(rows["latent_spot"]), level=_array(rows["latent_level"]), smile=raw.smile
    )


def _array(column: pl.Series) -> NDArray[Any]:
    return np.ascontiguousarray(column.to_numpy(writable=True))
