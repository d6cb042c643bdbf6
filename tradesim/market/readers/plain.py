"""A market as a frame in plain units: what a reader has before it is a tape, and what a user's own reader returns.

A row is one thing that happened. Columns may stand in any order; those that say "or null" may be left out.

| column | type | meaning |
| --- | --- | --- |
| ``ts`` | whole number, ns since the epoch, or Datetime (UTC where it has no zone) | the venue's instant |
| ``received`` | as ``ts``, or null | the recorder's instant |
| ``contract`` | text, or null | which option; null is the underlying |
| ``strike`` ``expiry`` ``right`` ``style`` | number; as ``ts``; call or put; european or american | of the contract |
| ``multiplier`` | whole number, or null: 1 | units of the underlying in a contract, or in one of its own |
| ``settles`` | open, close or null: close | when in the day of its expiry a contract is settled |
| ``settled`` | number, or null | the underlying's price on which the venue has settled the contract |
| ``opens`` ``closes`` | as ``ts``, or null | the session in which the row is: quotes and day orders end as it closes |
| ``forward`` | number, or null | the underlying's price for the contract's expiry as the venue states it |
| ``bid`` ``bid_size`` ``ask`` ``ask_size`` | numbers, or null: the side is missing | the best quote, from here on |
| ``price`` ``size`` | numbers, or null | of a trade, a level or an order |
| ``side`` | buy, sell, unknown, bid, ask, +1, -1 or null | of a trade who came, else where it stands |
| ``kind`` | quote, trade, depth, add, reduce, execute or null | null: a trade where there is a price, else a quote |
| ``order`` | whole number, or null | which order, of a full order feed |

Prices are in currency, or in coin where the options' settlement is inverse, sizes in contracts (of the underlying:
shares or coins). The tape's lot, unless it is stated (``--lot``), is the largest power of ten, at most 1, of which all
sizes are multiples, so whole sizes are lots already. A quote of the underlying without sizes, an index, has one lot on
each side. Terms of a contract may be null in some of its rows, and may not change.

Rows need not be in order of time: they are brought into it, and rows of one instant keep theirs. A contract's carry is
the median over its rows of ``ln(forward / spot) / time to expiry``, ``spot`` the middle of the underlying's quote then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain, Settlement
from tradesim.market.readers.reader import counts, in_order
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import MARKET_COLUMNS, RawTape
from tradesim.market.rules import FARTHEST_TIME
from tradesim.market.sessions import Hours, joined
from tradesim.market.tape import ADD, DEPTH, EXECUTE, QUOTE, REDUCE, TRADE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import MICROS, MICROSECOND, MILLISECOND, SECOND, YEAR

WORDS: Final[dict[str, Mapping[str, int]]] = {
    "right": {"call": CALL, "put": PUT},
    "style": {"european": EUROPEAN, "american": AMERICAN},
    "settles": {"close": 0, "open": 1},
    "side": {"buy": 1, "bid": 1, "sell": -1, "ask": -1, "unknown": 0},
    "kind": {"quote": QUOTE, "trade": TRADE, "depth": DEPTH, "add": ADD, "reduce": REDUCE, "execute": EXECUTE},
}
"""The columns that are words, and what each word is on a tape."""

TIMES: Final = ("ts", "received", "expiry", "opens", "closes")
PRICES: Final = ("bid", "ask", "price")
SIZES: Final = ("bid_size", "ask_size", "size")
NUMBERS: Final = ("strike", "forward", "settled", *PRICES, *SIZES)
WHOLE: Final = ("multiplier", "order")
TERMS: Final = ("expiry", "strike", "right", "style")
"""The terms that a contract must have; in this order a chain is sorted."""
FURTHER: Final = ("multiplier", "settles", "settled")
"""Those that it may have."""

COLUMNS: Final = (*TIMES, "contract", *WORDS, *NUMBERS, *WHOLE)

FINEST_LOT: Final = 8
"""Decimals of the smallest lot."""

ROUNDING: Final = 2.5e-16
"""How far off, as a part of it, the nearest float of a decimal may be once it is counted in units of a power of ten."""

EXACT: Final = 1e-3
"""How far from a whole number of micros a price may be: what the arithmetic of a user's reader leaves."""


def raw_tape_of_frames(
    frames: Sequence[pl.DataFrame],
    terms: Terms,
    *,
    sources: Sequence[str],
    settlement: Settlement = Settlement.QUOTE,
    on_bad_row: OnBadRow = OnBadRow.RAISE,
) -> RawTape:
    """The draft of a market in plain units; its lot and its resolution are told by ``frames``.

    ``sources``  what an error calls each frame, or all of them
    ``on_bad_row`` whether rows of a contract of which no row tells a term are left out and counted, or end it

    Raises :class:`~tradesim.errors.SourceError`, which names the source and the column, for columns that are missing,
    unknown or of another type, for unknown words, and for contracts whose terms are missing or change. What values a
    row may have is for the validator to say.
    """
    where = sources[0] if len(set(sources)) == 1 else f"{sources[0]} and {len(sources) - 1} more"
    rows = pl.concat(_typed(frame, source) for frame, source in zip(frames, sources, strict=True))
    given = len(rows)
    rows = _with_terms(rows) if on_bad_row is OnBadRow.DROP else rows
    contracts = _contracts(rows, where)
    numbers = contracts.select("contract", pl.col.expiry.alias("expires"), instrument=pl.int_range(1, pl.len() + 1))
    rows = rows.join(numbers, on="contract", how="left", maintain_order="left")
    in_one = _lots_in_one(rows)
    has_price = pl.col.price.is_not_null()
    rows = rows.with_columns(
        pl.col.instrument.fill_null(UNDERLYING),
        pl.col.kind.fill_null(pl.when(has_price).then(TRADE).otherwise(QUOTE)),
    )
    carry = _carry(rows, len(contracts), unstated=terms.rate - terms.dividend)
    market = rows.with_columns(
        *(_counted(column, MICROS, slack=EXACT) for column in PRICES),
        *(_sized(column, in_one) for column in SIZES),
    ).select(*MARKET_COLUMNS, "side", "order")
    return RawTape(
        rows=in_order([market]),
        chain=_chain(contracts, settlement),
        terms=replace(
            terms, lot=1 / in_one, unit=_unit(rows, where), resolution=_resolution(rows["ts"]), hours=_hours(rows)
        ),
        where=where,
        carry=carry,
        settled=contracts["settled"].to_numpy() if contracts["settled"].count() else None,
        dropped=counts({"rows of contracts whose terms no row tells": given - len(rows)}),
    )


def _typed(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """``frame`` with all columns, times in ns, numbers as floats and words as the tape's numbers."""
    unknown = sorted(set(frame.columns) - set(COLUMNS))
    if unknown:
        raise SourceError(
            f"{where}: column {unknown[0]} is unknown; leave it out, or give it a name of {', '.join(COLUMNS)}"
        )
    if "ts" not in frame.columns:
        raise SourceError(f"{where}: column ts is missing; a row has the venue's instant")
    schema = frame.schema
    columns = []
    for name in COLUMNS:
        if name not in schema or schema[name] == pl.Null:
            columns.append(pl.lit(None, _dtype(name)).alias(name))
        elif name in TIMES:
            columns.append(_instant(name, schema[name], where))
        elif name in WORDS and not (name == "side" and schema[name].is_integer()):
            columns.append(_worded(frame, name, where))
        else:
            columns.append(_cast(name, schema[name], where))
    return frame.select(columns)


def _dtype(name: str) -> pl.DataType:
    if name == "contract":
        return pl.String()
    return pl.Float64() if name in NUMBERS else pl.Int64()


def _cast(name: str, dtype: pl.DataType, where: str) -> pl.Expr:
    if name == "contract":
        fits, wanted = is_text(dtype), "String"
    elif name in NUMBERS:
        fits, wanted = (
            dtype.is_integer() or dtype.is_decimal() or dtype == pl.Float64,
            "Float64, a whole number or null",
        )
    else:
        fits, wanted = dtype.is_integer(), "Int64 or null"
    if not fits:
        raise _wrong_type(name, dtype, wanted, where)
    return pl.col(name).cast(_dtype(name), strict=False)


def _wrong_type(name: str, dtype: pl.DataType, wanted: str, where: str) -> SourceError:
    return SourceError(f"{where}: column {name} is {dtype}; it must be {wanted}")


def is_text(dtype: pl.DataType) -> bool:
    """Whether values of ``dtype`` are texts."""
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def _instant(name: str, dtype: pl.DataType, where: str) -> pl.Expr:
    if dtype.is_integer():
        return pl.col(name).cast(pl.Int64(), strict=False)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_unit == "ns":
            return pl.col(name).dt.epoch("ns")
        return instant(pl.col(name).dt.epoch("us"), MICROSECOND)
    raise _wrong_type(name, dtype, "Int64, in ns since the epoch, or Datetime", where)


def instant(count: pl.Expr, unit: int) -> pl.Expr:
    """``count`` units of time in ns; what would overflow is as far away as no rule allows."""
    return (
        pl.when(count.abs() <= FARTHEST_TIME // unit).then(count * unit).when(count.is_not_null()).then(FARTHEST_TIME)
    )


def _worded(frame: pl.DataFrame, name: str, where: str) -> pl.Expr:
    words = WORDS[name]
    if not is_text(frame.schema[name]):
        raise _wrong_type(name, frame.schema[name], f"text: {', '.join(words)}", where)
    text = pl.col(name).cast(pl.String())
    unknown = frame.select(text.filter(text.is_not_null() & ~text.str.to_lowercase().is_in(list(words))).head(1))
    if len(unknown):
        raise SourceError(f"{where}: column {name}: {unknown.item()[:40]!r}; it must be {', '.join(words)} or null")
    return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Int64()).alias(name)


def _with_terms(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the underlying, and those of contracts of which some row tells each term."""
    told = [pl.col(name).is_not_null().any().over("contract") for name in TERMS]
    return rows.filter(pl.col.contract.is_null() | pl.all_horizontal(told))


def _contracts(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    """The contracts in the chain's order, a row each: ``contract``, its terms and its multiplier."""
    told = (*TERMS, *FURTHER)
    options = rows.lazy().filter(pl.col.contract.is_not_null()).group_by("contract")
    values = {name: pl.col(name).drop_nulls() for name in told}
    contracts = options.agg(
        *(value.first().alias(name) for name, value in values.items()),
        *(value.n_unique().alias(f"{name}_told") for name, value in values.items()),
    ).collect()
    for name in told:
        wrong = contracts.filter(pl.col(f"{name}_told") != 1).sort("contract")
        if name in FURTHER:
            wrong = wrong.filter(pl.col(f"{name}_told") > 1)
        if len(wrong):
            row = wrong.row(0, named=True)
            told_of = "none" if row[f"{name}_told"] == 0 else f"{row[f'{name}_told']} of them"
            raise SourceError(f"{where}: column {name}: contract {row['contract']} has {told_of}; it must have one")
    return contracts.sort(*TERMS, "contract").select(
        "contract", *TERMS, pl.col.multiplier.fill_null(1), pl.col.settles.fill_null(0), "settled"
    )


def _unit(rows: pl.DataFrame, where: str) -> int:
    """Units in a contract of the underlying: 1 where its rows state no multiplier."""
    stated = rows.filter(pl.col.contract.is_null())["multiplier"].drop_nulls().unique().sort()
    if len(stated) > 1:
        raise SourceError(f"{where}: column multiplier: the underlying has {len(stated)} of them; it must have one")
    return int(stated[0]) if len(stated) else 1


def _hours(rows: pl.DataFrame) -> Hours:
    """The sessions that rows state, in order of time."""
    return joined(rows.select("opens", "closes").drop_nulls().unique().sort("opens", "closes").iter_rows())


def _lots_in_one(rows: pl.DataFrame) -> int:
    """The least power of ten of which every size is a whole number; the last one where none is."""
    sizes = pl.concat([rows[name] for name in SIZES]).drop_nulls().unique()
    sizes = sizes.filter(sizes.is_finite())
    for decimals in range(FINEST_LOT):
        counts = sizes * 10**decimals
        if ((counts - counts.round()).abs() <= ROUNDING * counts.abs()).all():
            return int(10**decimals)
    return int(10**FINEST_LOT)


def _counted(column: str, units: int, *, slack: float = 0.0) -> pl.Expr:
    """``column`` in units of which ``units`` make one: whole where it is one, and else for the validator to refuse."""
    count = pl.col(column) * units
    whole = count.round()
    return pl.when((count - whole).abs() <= slack + ROUNDING * whole.abs()).then(whole).otherwise(count).alias(column)


def _sized(column: str, in_one: int) -> pl.Expr:
    """``column`` in lots; one lot on each side of an index, whose quotes have no size."""
    lots = _counted(column, in_one)
    if column == "size":
        return lots
    is_index = (pl.col.instrument == UNDERLYING) & pl.col.bid_size.is_null() & pl.col.ask_size.is_null()
    is_told = pl.col(column.removesuffix("_size")).is_not_null()
    return pl.when(is_index & is_told).then(1.0).otherwise(lots).alias(column)


def _carry(rows: pl.DataFrame, contracts: int, *, unstated: float) -> NDArray[np.float64] | None:
    """The carry of each contract; ``unstated`` for those of which no row tells; None where no forward is stated."""
    if not rows["forward"].is_not_null().any():
        return None
    is_underlying = pl.col.instrument == UNDERLYING
    is_spot = is_underlying & (pl.col.kind == QUOTE) & pl.col.ts.is_not_null()
    spots = rows.filter(is_spot).select("ts", spot=pl.mean_horizontal("bid", "ask"))
    stated = rows.filter(~is_underlying & (pl.col.forward > 0) & (pl.col.ts < pl.col.expires))
    told = (
        stated.sort("ts")
        .join_asof(spots.sort("ts"), on="ts", check_sortedness=False)
        .filter((pl.col.spot > 0) & (pl.col.spot + pl.col.forward).is_finite())
        .group_by("instrument")
        .agg(carry=((pl.col.forward / pl.col.spot).log() * YEAR / (pl.col.expires - pl.col.ts)).median())
    )
    carry = np.full(contracts, unstated)
    carry[told["instrument"].to_numpy() - 1] = told["carry"].to_numpy()
    return carry


def _chain(contracts: pl.DataFrame, settlement: Settlement) -> Chain:
    columns = {name: contracts[name].to_numpy() for name in (*TERMS, "multiplier")}
    return Chain(
        name=tuple(contracts["contract"]),
        strike=columns["strike"],
        expiry=columns["expiry"],
        right=columns["right"].astype(np.int8),
        style=columns["style"].astype(np.int8),
        multiplier=columns["multiplier"],
        settlement=settlement,
        morning=contracts["settles"].cast(pl.Boolean).to_numpy(),
    )


def _resolution(ts: pl.Series) -> int:
    """The longest of a second, a millisecond, ... of which every instant is a multiple, ns.

    Of bars, whose instants are whole minutes, it is the longest interval that they all are multiples of from the first.
    """
    whole = next((unit for unit in (60 * SECOND, SECOND, MILLISECOND, MICROSECOND) if (ts % unit == 0).all()), 1)
    if whole < 60 * SECOND:
        return whole
    apart = ts.drop_nulls().unique().sort().diff().drop_nulls()
    return int(np.gcd.reduce(apart.to_numpy())) if len(apart) else whole
