"""The rules that every row of a tape keeps, as one vectorised expression each.

| rule | a row keeps it when |
| --- | --- |
| ``missing`` | it has an instant and a kind, and an instrument unless it is latent |
| ``finite`` ``whole`` | prices and sizes are finite whole numbers, also where a tool has stored them as floats |
| ``kind`` ``instrument`` | both are known |
| ``large`` | its prices and sizes are below 2^50, its times within 2^62 ns of the epoch: no sum of two overflows |
| ``negative`` ``zero`` | no price or size is below 0, and no price with a size is 0, but of a signed underlying |
| ``half`` | a side has its price and its size, or neither |
| ``crossed`` | the bid is at most the ask: a locked quote is legal, a missing side too |
| ``trade`` ``quote`` | a trade has a price, a size and no sides; a quote has no trade's price and size |
| ``level`` ``feed`` | a level has a price, a size (0: it is gone) and a side; an order has a number and lots, too |
| ``early`` | of a recording: it is not before 1990 |
| ``expired`` | it is not after its contract's expiry |
| ``latent`` | a latent row has a positive spot and level |
| ``order`` | it is not before any row above it |
| ``duplicate`` | a quote is not the same, instants included, as the row above of its instrument |

Unchanged quotes at different instants are legal, real feeds repeat them; so are many rows at one instant, and equal
trades at one instant: they are two trades.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.market.chain import Chain
from tradesim.market.rows import COLUMNS, LATENT, LATENT_COLUMNS, MARKET_COLUMNS, SIDES
from tradesim.market.tape import ADD, DEPTH, EXECUTE, QUOTE, REDUCE, TRADE, UNDERLYING
from tradesim.units import SECOND

LARGEST_EXACT_FLOAT: Final = 2.0**53
LARGEST_AMOUNT: Final = 2**50
"""A thousand million of currency: what is more is a fault of the source."""
FARTHEST_TIME: Final = 2**62
EARLIEST: Final = 631_152_000 * SECOND
"""The beginning of 1990: no exchange recorded instants before; an earlier stamp is missing, or in another unit."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What rows must keep. ``breaks`` is true where a row breaks it; ``column`` is the one to look at."""

    name: str
    column: str
    law: str
    breaks: pl.Expr | Callable[[pl.DataFrame], pl.Series]

    def broken(self, rows: pl.DataFrame) -> NDArray[np.bool_]:
        """bool[rows], true where a row breaks the rule."""
        breaks = self.breaks
        mask = rows.select(breaks).to_series() if isinstance(breaks, pl.Expr) else breaks(rows)
        return mask.fill_null(False).to_numpy()


def value_rules(rows: pl.DataFrame) -> list[Rule]:
    """The rules that come before all others: what must hold for ``rows`` to be numbers of their columns' types."""
    rules = [
        Rule(name="missing", column=column, law=f"a row has its {column}", breaks=breaks)
        for column, breaks in {
            "ts": pl.col.ts.is_null(),
            "kind": pl.col.kind.is_null(),
            "instrument": pl.col.instrument.is_null() & (pl.col.kind != LATENT),
        }.items()
    ]
    for column in COLUMNS:
        if column in rows.columns and rows.schema[column].is_float():
            rules += _number_rules(column)
    return rules


def _number_rules(column: str) -> list[Rule]:
    value = pl.col(column)
    finite = Rule(name="finite", column=column, law="a value is a finite number, or null", breaks=~value.is_finite())
    if column in LATENT_COLUMNS:
        return [finite]
    whole = Rule(
        name="whole",
        column=column,
        law="prices are whole micros and sizes whole lots, below 2^53 where stored as floats",
        breaks=(value != value.floor()) | (value.abs() >= LARGEST_EXACT_FLOAT),
    )
    return [finite, whole]


def row_rules(chain: Chain, *, signed: bool = False) -> list[Rule]:
    """The rules of a row by itself, on a tape of ``chain`` whose underlying may be ``signed``."""
    is_quote, is_trade, is_latent, is_level = (pl.col.kind == kind for kind in (QUOTE, TRADE, LATENT, DEPTH))
    is_order = pl.col.kind.is_in([ADD, REDUCE, EXECUTE])
    last = len(chain)
    rules = [
        Rule(
            name="kind",
            column="kind",
            law=f"a kind is {QUOTE} (quote), {TRADE} (trade), {LATENT} (latent), {DEPTH} (depth), {ADD} (add), "
            f"{REDUCE} (reduce) or {EXECUTE} (execute)",
            breaks=~pl.col.kind.is_in([QUOTE, TRADE, LATENT, DEPTH, ADD, REDUCE, EXECUTE]),
        ),
        Rule(
            name="instrument",
            column="instrument",
            law=f"an instrument is {UNDERLYING} (the underlying) or 1 to {last} (the contracts of the chain)",
            breaks=~is_latent & ~pl.col.instrument.is_between(UNDERLYING, last),
        ),
        *(
            _large(column, FARTHEST_TIME, law=f"a {column} is within 2^62 ns of the epoch")
            for column in ("ts", "received")
        ),
    ]
    for price, size in SIDES:
        rules += _side_rules(price, size, free=signed & (pl.col.instrument == UNDERLYING))
    return [
        *rules,
        Rule(
            name="crossed",
            column="bid",
            law="a bid is at most the ask",
            breaks=is_quote & (pl.col.bid > pl.col.ask) & (pl.col.bid_size > 0) & (pl.col.ask_size > 0),
        ),
        *_kind_rules(is_quote, is_trade),
        *_deeper_rules(is_quote | is_latent, is_level, is_order),
        Rule(
            name="expired",
            column="ts",
            law="a row is not after its contract's expiry",
            breaks=lambda rows: _expired(rows, chain),
        ),
        *(
            Rule(
                name="latent",
                column=column,
                law=f"a latent row has a positive {column}",
                breaks=is_latent & ~(pl.col(column) > 0).fill_null(False),
            )
            for column in LATENT_COLUMNS
        ),
    ]


def _large(column: str, least: int, *, law: str) -> Rule:
    return Rule(name="large", column=column, law=law, breaks=(pl.col(column) >= least) | (pl.col(column) <= -least))


def _side_rules(price: str, size: str, *, free: pl.Expr) -> list[Rule]:
    """Of a price and its size; where it is ``free`` the price may be 0 or less."""
    has_price, has_size = pl.col(price).is_not_null(), pl.col(size).is_not_null()
    return [
        *(_large(column, LARGEST_AMOUNT, law=f"a {column} is below 2^50") for column in (price, size)),
        *(
            Rule(name="negative", column=column, law=f"a {column} is not negative", breaks=breaks)
            for column, breaks in ((price, (pl.col(price) < 0) & ~free), (size, pl.col(size) < 0))
        ),
        Rule(
            name="zero",
            column=price,
            law=f"a {price} with a size is positive; a missing side is null or has size 0",
            breaks=(pl.col(price) == 0) & ((pl.col(size) > 0) | (pl.col.kind == DEPTH)) & ~free,
        ),
        Rule(
            name="half",
            column=price,
            law=f"a {price} and its {size} are both given or both missing",
            breaks=(~has_price & (pl.col(size) > 0)) | (has_price & ~has_size),
        ),
    ]


def _kind_rules(is_quote: pl.Expr, is_trade: pl.Expr) -> list[Rule]:
    traded = pl.col.price.is_not_null() & (pl.col.size > 0).fill_null(False)
    return [
        Rule(name="trade", column="price", law="a trade has a price and a size", breaks=is_trade & ~traded),
        *(
            Rule(
                name="trade",
                column=column,
                law="a trade has no sides: give the quote after it a row of its own",
                breaks=is_trade & (pl.col(column) > 0),
            )
            for column in ("bid_size", "ask_size")
        ),
        *(
            Rule(
                name="quote",
                column=column,
                law="a quote has no trade's price or size: give the trade a row of its own",
                breaks=is_quote & (pl.col(column) != 0),
            )
            for column in ("price", "size")
        ),
    ]


def _deeper_rules(is_plain: pl.Expr, is_level: pl.Expr, is_order: pl.Expr) -> list[Rule]:
    placed = pl.col.side.is_in([-1, 1]).fill_null(False) & pl.col.price.is_not_null() & pl.col.size.is_not_null()
    numbered = (pl.col.order > 0).fill_null(False)
    return [
        Rule(name="level", column="side", law="a level has a price, a size and its side", breaks=is_level & ~placed),
        Rule(
            name="feed",
            column="order",
            law="a row of an order feed has its side, price and number, and lots",
            breaks=is_order & ~(placed & numbered & (pl.col.size > 0).fill_null(False)),
        ),
        *(
            Rule(
                name="feed" if column == "order" else "level",
                column=column,
                law=f"a {column} is told of levels, orders and trades"
                if column == "side"
                else "only orders have numbers",
                breaks=breaks,
            )
            for column, law, breaks in (
                ("side", "a side is +1 or -1", ~pl.col.side.is_between(-1, 1)),
                ("side", "only levels, orders and trades have a side", is_plain & (pl.col.side != 0)),
                ("order", "only orders have numbers", ~is_order & (pl.col.order != 0)),
            )
        ),
        *(
            Rule(
                name="level",
                column=column,
                law="a level or an order has no sides: give the quote a row of its own",
                breaks=(is_level | is_order) & (pl.col(column) > 0),
            )
            for column in ("bid_size", "ask_size")
        ),
    ]


def _expired(rows: pl.DataFrame, chain: Chain) -> pl.Series:
    known = rows["instrument"].is_between(UNDERLYING, len(chain)).fill_null(False)
    instrument = rows["instrument"].fill_null(UNDERLYING).to_numpy()
    return rows["ts"] > pl.Series(chain.ends[np.where(known, instrument, UNDERLYING)])


EARLY: Final = Rule(
    name="early",
    column="ts",
    law="a ts of a recording is not before 1990; give it in ns since the epoch",
    breaks=pl.col.ts < EARLIEST,
)
"""Of what a reader has read."""

ORDER: Final = Rule(
    name="order",
    column="ts",
    law="a row is not before any row above it",
    breaks=pl.col.ts < pl.col.ts.cum_max(),
)


def _repeats(rows: pl.DataFrame) -> pl.Series:
    """True where a quote equals the row above of its instrument in every column."""
    order = np.argsort(rows["instrument"].fill_null(-1).to_numpy(), kind="stable")
    same = np.ones(len(rows), dtype=bool)
    same[:1] = False
    for column in MARKET_COLUMNS:
        values = rows[column].fill_null(-1).to_numpy()[order]
        same[1:] &= values[1:] == values[:-1]
    repeats = np.empty(len(rows), dtype=bool)
    repeats[order] = same
    return pl.Series(repeats) & (rows["kind"] == QUOTE)


DUPLICATE: Final = Rule(
    name="duplicate",
    column="ts",
    law="a quote differs from the row above of its instrument, if only in time",
    breaks=_repeats,
)
