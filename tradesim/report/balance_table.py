"""The table of `tradesim balance`, for people: one row a multiplier of the makers' half-spreads."""

from collections.abc import Mapping

import polars as pl
from rich.table import Table

COLUMNS = ("half-spreads\ntimes", "from noise", "to rivals", "to the desk", "balance\n± standard error")
OF_DESK = ("decisions", "that pay", "fills", "that lose")

CAPTION = (
    "What makers earn against fair value, with their fees and rebates, in currency per seed. The desk takes by "
    "reference prices at zero compute latency. A quote that rival and desk both take counts in both. Decisions and "
    "fills are the desk's, per seed: a decision pays where its fills' edge net of fees is positive."
)


def balance_table(table: pl.DataFrame, *, market: str, seeds: int) -> Table:
    """``table`` is that of a :class:`~tradesim.experiments.balance.Balance`."""
    shown = Table(
        title=f"Makers of {market}; {seeds} seed{'s' * (seeds != 1)}",
        title_justify="left",
        caption=CAPTION,
        caption_justify="left",
    )
    for heading in (*COLUMNS, *OF_DESK):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in table.iter_rows(named=True):
        shown.add_row(
            f"{row['multiplier']:.3f}",
            *(f"{row[name]:,.0f}" for name in ("noise", "rivals", "desk")),
            f"{row['balance']:,.0f} ± {row['error']:,.0f}",
            *(f"{row[name]:,.1f}" for name in ("decisions", "paying", "fills")),
            f"{row['losing']:.1%}",
        )
    return shown


def verdict(spreads: Mapping[str, float], *, least: bool = False) -> str:
    """Which parameters to use, in one line; ``least`` where makers bear the narrowest half-spreads tried."""
    if least:
        return "makers earn even at the narrowest half-spreads tried: nobody takes from them what noise brings"
    if not spreads:
        return "makers lose at every half-spread that was tried: give them more noise, or takers less speed"
    return "makers break even with " + ", ".join(f"{name}={value:.4g}" for name, value in spreads.items())
