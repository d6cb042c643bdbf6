"""The second table of a comparison, for people: what each method's P&L is made of, part by part."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from rich.table import Table

from tradesim.report.table import certainty, money_told, p_formatted
from tradesim.units import formatted

Told = Mapping[tuple[str, str, int | None], Mapping[str, Any]]
"""The row of each method, part and horizon."""

AT_FILL: Final = {
    "quoted_spread": "= quoted\nspread\n(p)",
    "mispricing": "+ mis-\npricing\n(p)",
    "staleness": "+ stale-\nness\n(p)",
    "taker_fees": "+ taker's\nfees\n(p)",
    "maker_fees": "+ maker's\nfees\n(p)",
}
LATER: Final = {"adverse_selection": "+ adverse\nselection\n(p)", "inventory": "+ inventory\n(p)"}
HEDGE: Final = {"hedging_cost": "+ hedging\ncost\n(p)", "hedge_pnl": "+ hedge\nP&L\n(p)"}


def attribution_table(attribution: pl.DataFrame, methods: Sequence[str], facts: Mapping[str, Any]) -> Table:
    """One row a method, in the order of ``methods``, with a line for each horizon where a part has one.

    ``attribution`` is the view ``attribution_money`` of one comparison, ``facts`` its row of ``comparisons``.
    """
    horizons = attribution["horizon"].drop_nulls().unique().sort().to_list()
    told: Told = {(row["method"], row["part"], row["horizon"]): row for row in attribution.iter_rows(named=True)}
    shown = Table(
        title="What the P&L is made of",
        title_justify="left",
        caption=_caption(attribution, facts),
        caption_justify="left",
    )
    shown.show_lines = True
    shown.add_column("method", no_wrap=True)
    for heading in ("P&L marked\nat the end\n± sd", *AT_FILL.values(), "until", *LATER.values(), *HEDGE.values()):
        shown.add_column(heading, justify="right", no_wrap=True)
    for method in methods:
        shown.add_row(
            method,
            _total(told, method),
            *(_mean(told, method, part) for part in AT_FILL),
            "\n".join(formatted(horizon) for horizon in horizons),
            *("\n".join(_mean(told, method, part, horizon) for horizon in horizons) for part in LATER),
            *(_mean(told, method, part) for part in HEDGE),
        )
    return shown


def _total(told: Told, method: str) -> str:
    row = told[method, "end_marked", None]
    deviation = row["standard_deviation"]
    return money_told(row["mean"]) + ("" if deviation is None else f"\n± {money_told(deviation)}")


def _mean(told: Told, method: str, part: str, horizon: int | None = None) -> str:
    """A part and its p-value: below it, or behind it where there is a line for each horizon."""
    row = told[method, part, horizon]
    between = "\n" if horizon is None else " "
    return money_told(row["mean"]) + p_formatted(row["p_holm"], between)


def _caption(attribution: pl.DataFrame, facts: Mapping[str, Any]) -> str:
    lines = [
        f"In {facts['currency']} a seed. At each horizon the parts sum to the P&L marked at the tape's end, exactly.",
        "Quoted spread: what orders asked for by the desk's own values. Mispricing: what the reference says of those.",
        "Staleness: what had changed between decision and fill; here a slow maker is picked off, a slow taker late.",
        "Adverse selection: what changed from the fill until the horizon. Inventory: from then to the tape's end.",
        "Hedging cost: spread and fees paid in the underlying. Hedge P&L: what the hedges made after that.",
        "± sd: standard deviation over seeds. " + certainty(attribution["replicates"], rows="methods"),
    ]
    if facts["resolution"] > 1:
        lines.append(
            f"The tape tells instants apart by {formatted(facts['resolution'])}: adverse selection before that is not "
            "identified (-), and is in the inventory."
        )
    if facts["fair"] == "markout":
        lines.append("The value is the middle of the contract's own quote: on a recorded tape nothing better is known.")
    return "\n".join(lines)
