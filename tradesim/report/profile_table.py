"""The table of a latency profile, for people: one row per method and stage."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from rich.table import Table

from tradesim.units import formatted

PERCENTILES: Final = ("p50", "p90", "p99", "p999", "max")


def profile_table(rows: pl.DataFrame, about: Mapping[str, Any]) -> Table:
    """``rows`` are percentiles by method, timing, stage and tag; ``about`` is what the profile says of itself."""
    host, disturbed = about["host"], about["methods"]
    counts = ", ".join(f"{name} {each['disturbed']:,} of {each['decisions']:,}" for name, each in disturbed.items())
    shown = Table(
        title=f"{about['problem']} options on {about['tape']}; {host['processor']}",
        title_justify="left",
        caption=f"Disturbed decisions, which were dropped: {counts}. Live: as decisions happen. Hot and cold: pricing "
        "in a loop of its own, and with flushed caches.",
        caption_justify="left",
    )
    for heading in ("method", "timing", "stage", "path"):
        shown.add_column(heading)
    for heading in ("count", "p50", "p90", "p99", "p99.9", "max"):
        shown.add_column(heading, justify="right", no_wrap=True)
    before = None
    for row in rows.iter_rows(named=True):
        if before not in {None, row["method"]}:
            shown.add_section()
        before = row["method"]
        ns = (formatted(row[name]) for name in PERCENTILES)
        shown.add_row(row["method"], row["timing"], row["stage"], row["tag"], f"{row['count']:,}", *ns)
    return shown
