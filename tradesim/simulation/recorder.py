"""Every decision, order and fill of a run, as columns."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from tradesim.simulation.fair import Fair
from tradesim.simulation.reports import Outcome
from tradesim.units import MILLISECOND, SECOND

DECISION_COLUMNS: Final = {
    "decision": pl.Int64,
    "desk": pl.Int32,
    "event": pl.Int64,
    "arrival": pl.Int64,
    "start": pl.Int64,
    "fed": pl.Int64,
    "priced": pl.Int64,
    "decided": pl.Int64,
    "paused": pl.Int64,
    "newest": pl.Int64,
    "tick": pl.Int64,
    "skipped": pl.Int64,
    "backlog": pl.Int64,
    "outcome": pl.String,
    "tag": pl.String,
    "fallbacks": pl.Int64,
    "state": pl.Int64,
    "spot": pl.Float64,
    "error_rms": pl.Float64,
    "error_max": pl.Float64,
    "orders": pl.Int64,
    "refused": pl.Int64,
}
ORDER_COLUMNS: Final = {
    "order_id": pl.Int64,
    "decision": pl.Int64,
    "desk": pl.Int32,
    "contract": pl.Int32,
    "direction": pl.Int8,
    "lots": pl.Int64,
    "limit_price": pl.Int64,
    "kind": pl.String,
    "target": pl.Int64,
    "seen_price": pl.Int64,
    "theo": pl.Float64,
    "reference": pl.Float64,
    "decided": pl.Int64,
    "venue": pl.Int64,
    "ack": pl.Int64,
    "filled": pl.Int64,
    "outcome": pl.String,
    "reason": pl.String,
}
FILL_COLUMNS: Final = {
    "fill": pl.Int64,
    "order_id": pl.Int64,
    "decision": pl.Int64,
    "desk": pl.Int32,
    "contract": pl.Int32,
    "quantity": pl.Int64,
    "multiplier": pl.Int64,
    "price": pl.Int64,
    "fee": pl.Int64,
    "venue": pl.Int64,
    "known": pl.Int64,
    "liquidity": pl.String,
}

SETTLEMENT_COLUMNS: Final = {
    "desk": pl.Int32,
    "contract": pl.Int32,
    "quantity": pl.Int64,
    "multiplier": pl.Int64,
    "instant": pl.Int64,
    "price": pl.Int64,
}

HORIZONS: Final = (MILLISECOND, 10 * MILLISECOND, 100 * MILLISECOND, SECOND, 10 * SECOND)
"""Ns after a fill at which it is marked out."""


@dataclass(kw_only=True)
class Recorder:
    """Rows in the order of the columns above; an order's row is written when it is acknowledged.

    ``ended`` are the numbers of orders that stood when their session or their contract ended.
    """

    decisions: list[tuple[object, ...]] = field(default_factory=list)
    orders: list[tuple[object, ...]] = field(default_factory=list)
    fills: list[tuple[object, ...]] = field(default_factory=list)
    settlements: list[tuple[object, ...]] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)

    def decision_frame(self) -> pl.DataFrame:
        """One row a decision."""
        return pl.DataFrame(self.decisions, schema=DECISION_COLUMNS, orient="row").with_columns(
            pl.col("spot", "error_rms", "error_max").fill_nan(None)
        )

    def order_frame(self) -> pl.DataFrame:
        """One row an order, in the order of their sending."""
        frame = pl.DataFrame(self.orders, schema=ORDER_COLUMNS, orient="row").sort("order_id", maintain_order=True)
        if not self.ended:
            return frame
        ended = pl.when(pl.col.order_id.is_in(list(self.ended))).then(pl.lit(str(Outcome.EXPIRED)))
        return frame.with_columns(ended.otherwise(pl.col.outcome).alias("outcome"))

    def settlement_frame(self) -> pl.DataFrame:
        """One row a contract that was held at its expiry: signed lots, and micros a unit that they brought."""
        return pl.DataFrame(self.settlements, schema=SETTLEMENT_COLUMNS, orient="row")

    def fill_frame(self, fair: Fair, *, end: int) -> pl.DataFrame:
        """One row a fill, valued: fair value then, mark at ``end``, and what a delta hedge would have cost since.

        ``fair`` and ``mark`` in micros; ``hedge`` in money: delta at the fill x quantity x the change of the underlying
        from the fill to ``end``, never rebalanced; null where the delta is unknown. ``markout`` in ns: how long after
        the fill ``fair`` was taken, null where it was taken at the fill. ``fair`` is null where it is not identified.
        ``standing`` in micros: what its contract was worth by what was known at the fill. The end of a contract is its
        expiry.
        """
        frame = pl.DataFrame(self.fills, schema=FILL_COLUMNS, orient="row")
        contract = frame["contract"].to_numpy().astype(np.int64)
        instant = frame["venue"].to_numpy()
        at_end = np.full(len(frame), end, dtype=np.int64)
        moved = fair.spots(fair.ends(contract, at_end)) - fair.spots(instant)
        units = (frame["quantity"] * frame["multiplier"]).to_numpy()
        hedge = fair.deltas(contract, instant) * units * moved
        return frame.with_columns(
            pl.Series("fair", fair.values(contract, instant)).set(pl.Series(~fair.identified(contract, instant)), None),
            pl.Series("mark", fair.values(contract, at_end)),
            pl.Series("markout", fair.markouts(contract, instant), dtype=pl.Int64),
            pl.Series("hedge", hedge).fill_nan(None).round().cast(pl.Int64),
            pl.Series("standing", fair.standing(contract, instant)),
        )

    def markout_frame(self, fair: Fair, *, end: int) -> pl.DataFrame:
        """One row a fill and horizon: what its contract is worth ``horizon`` ns after it, or at ``end`` if before.

        It is null where the market closes in between.
        """
        frame = pl.DataFrame(self.fills, schema=FILL_COLUMNS, orient="row").select("desk", "fill", "contract", "venue")
        later = frame.join(pl.DataFrame({"horizon": HORIZONS}), how="cross")
        instant = np.minimum((later["venue"] + later["horizon"]).to_numpy(), end)
        contract = later["contract"].to_numpy().astype(np.int64)
        values = pl.Series("value", fair.standing(contract, instant), dtype=pl.Int64)
        known = pl.Series(fair.identified(contract, later["venue"].to_numpy(), later["horizon"].to_numpy()))
        return later.select("desk", "fill", "horizon", values.set(~known, None))
