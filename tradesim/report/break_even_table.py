"""The table of `tradesim breakeven`, for people: one row a method and rival."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.table import Table

from tradesim.units import formatted

_ANSWERS = {"never": "never", "always": "always", "not identified": "not identified", "unknown": "-"}


def break_even_table(table: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """``table`` is that of a :class:`~tradesim.experiments.break_even.BreakEven`, ``facts`` its comparison's."""
    seeds = len(facts["manifest"]["configuration"]["seeds"])
    shown = Table(
        title=f"How long a method may think: {facts['problem']} options on {facts['tape']}; "
        f"{seeds} seed{'s' * (seeds != 1)}",
        title_justify="left",
        caption=_caption(seeds, facts),
        caption_justify="left",
    )
    for heading in ("method", "price error\nrmse", "pricing takes\n(p50)", "P&L"):
        shown.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for heading in ("before this rival", "whose pricing\ntakes (p50)", "and earns", "it may take", "95 % interval"):
        shown.add_column(heading, justify="left" if heading.startswith("before") else "right", no_wrap=True)
    before = None
    for row in table.iter_rows(named=True):
        if before not in {None, row["method"]}:
            shown.add_section()
        shown.add_row(*_cells(row, first=row["method"] != before))
        before = row["method"]
    return shown


def _cells(row: Mapping[str, Any], *, first: bool) -> list[str]:
    error = "-" if row["error_rms"] is None else f"{row['error_rms']:.2g}"
    own = [row["method"], error, formatted(row["price_p50"]), _money(row["pnl_mean"])]
    low, high = (_told(row[f"{end}_answer"], row[end]) for end in ("low", "high"))
    return [
        *(own if first else [""] * len(own)),
        row["rival"],
        formatted(row["rival_price_p50"]),
        _money(row["rival_pnl_mean"]),
        _told(row["answer"], row["break_even"]),
        low if low == high else f"{low} to {high}",
    ]


def _told(answer: str, ns: float | None) -> str:
    return _ANSWERS[answer] if ns is None else formatted(ns)


def _money(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _caption(seeds: int, facts: Mapping[str, Any]) -> str:
    lines = [
        "It may take: the compute latency at which the method earns what the rival earns at the rival's own latency.",
        "never: the rival earns more than the method would at zero latency; always: no more than it would at the",
        "slowest latency tried.",
        f"P&L is edge at the fill net of fees, in {facts['currency']} per seed; latencies are of pricing alone: all "
        "else takes what it does.",
    ]
    if seeds < 5:
        lines.append("Below five seeds there is no interval.")
    if facts["resolution"] > 1:
        lines.append(
            f"The tape tells instants apart by {formatted(facts['resolution'])}: shorter latencies are not identified."
        )
    return "\n".join(lines)
