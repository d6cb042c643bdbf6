"""The table of a race, for people: one row a desk."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.table import Table

from tradesim.report.table import certainty, money_told, p_formatted
from tradesim.units import formatted


def race_table(table: pl.DataFrame, rivals: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """``table`` and ``rivals`` are the views ``race_table`` and ``race_rivals`` of one race, ``facts`` its row."""
    shown = Table(
        title=_title(table, facts), title_justify="left", caption=_caption(table, facts), caption_justify="left"
    )
    shown.show_lines = True
    made = bool(table["made"].sum())
    for heading, justify in (
        ("desk", "left"),
        ("latency\np50\np99", "right"),
        ("orders\nfilled", "right"),
        ("met\nwon\nlost", "right"),
        ("win rate\n", "right"),
        ("against", "left"),
        ("P&L\nalone", "right"),
        ("P&L\nraced", "right"),
        ("cost of\nthe race\n(p)", "right"),
        ("= missed", "right"),
        ("+ worsened", "right"),
        ("- gained", "right"),
        *((("made for\nrivals\nP&L of it", "right"),) if made else ()),
    ):
        shown.add_column(heading, justify=justify, no_wrap=True)
    for row in table.iter_rows(named=True):
        cells = _cells(row, rivals.filter(pl.col("desk") == row["desk"]))
        shown.add_row(*cells, *((f"{row['made']:,}\n{money_told(row['made_money'])}",) if made else ()))
    return shown


def _cells(row: Mapping[str, Any], rivals: pl.DataFrame) -> list[str]:
    latency = "-" if row["latency_p50"] is None else f"{formatted(row['latency_p50'])}\n{formatted(row['latency_p99'])}"
    counts = f"{row['orders']:,}\n{row['filled']:,}", f"{row['meetings']:,}\n{row['won']:,}\n{row['lost']:,}"
    against = "\n".join(f"{_share(rate)} {rival}" for rival, rate in rivals.select("rival", "win_rate").iter_rows())
    start = [row["name"], latency, *counts]
    if row["identified"] is False:
        return [*start, "not\nidentified", "", money_told(row["alone"]), *["not\nidentified"] * 5]
    cost = money_told(row["cost"]) + p_formatted(row["cost_p_holm"])
    amounts = (money_told(row[name]) for name in ("missed", "worsened", "gained"))
    return [
        *start,
        _share(row["win_rate"]),
        against,
        money_told(row["alone"]),
        money_told(row["raced"]),
        cost,
        *amounts,
    ]


def _share(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.0f} %"


def _title(table: pl.DataFrame, facts: Mapping[str, Any]) -> str:
    seeds = len(facts["manifest"]["configuration"]["seeds"])
    return f"{facts['problem']} options on {facts['tape']}; {seeds} seed{'s' * (seeds != 1)}, {len(table)} desks"


def _caption(table: pl.DataFrame, facts: Mapping[str, Any]) -> str:
    lines = [
        "Two orders meet where they want the same quote and neither could know of the other; the first to arrive that "
        "is filled wins, and where none is, nobody does.",
        f"P&L is edge at the fill net of fees, in {facts['currency']} a seed; counts are summed over seeds.",
        "The race costs a desk what it makes alone less what it makes in the race: what it misses, what it gets at "
        "worse prices, less what it trades only in the race.",
        certainty(table["replicates"], rows="desks"),
    ]
    if table["made"].sum():
        lines.append("Made for rivals: trades in which its standing orders were taken by other desks.")
    if facts["fair"] == "markout":
        lines.append("Fair value is not known on a recorded tape: P&L is an estimate by markout.")
    if facts["resolution"] > 1:
        lines.append(
            f"The tape tells instants apart by {formatted(facts['resolution'])}: who is first by less is not "
            "identified by it, and is not reported."
        )
    return "\n".join(lines)
