"""The table of `tradesim iso`, for people: one row an error, one column a latency, then the methods."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.table import Table

from tradesim.units import formatted


def iso_table(table: pl.DataFrame, methods: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """``table`` and ``methods`` are those of an :class:`~tradesim.experiments.iso.IsoPnl`."""
    seeds = int(table["seeds"].to_numpy().max())
    latencies = table["compute_ns"].unique().sort().to_list()
    shown = Table(
        title=f"P&L over price error and compute latency: {facts['problem']} options on {facts['tape']}; "
        f"{seeds} seed{'s' * (seeds != 1)}",
        title_justify="left",
        caption="\n".join(_caption(methods, facts)),
        caption_justify="left",
    )
    shown.add_column("rmse", justify="right", no_wrap=True)
    for ns in latencies:
        shown.add_column("at once" if ns == 0 else formatted(ns), justify="right", no_wrap=True)
    for (error,), row in table.sort("error", "compute_ns").group_by("error", maintain_order=True):
        shown.add_row(f"{error:g}", *(f"{pnl:,.0f}" for pnl in row["pnl"]))
    return shown


def _caption(methods: pl.DataFrame, facts: Mapping[str, Any]) -> list[str]:
    said = [
        f"P&L is edge at the fill net of fees, in {facts['currency']} a seed; rmse is of a synthetic error over the "
        "chain, currency a unit.",
    ]
    for row in methods.iter_rows(named=True):
        foretold = "beyond the map" if row["foretold"] is None else f"by the map {row['foretold']:,.0f}"
        stands = f"{formatted(row['to_wire_p50'])}, rmse {row['error_rms']:.2g}"
        said.append(f"{row['method']}: {stands}, earns {row['pnl_mean']:,.0f}; {foretold}.")
    return said
