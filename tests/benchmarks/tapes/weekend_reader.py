"""A reader of ``weekend.csv``: its columns state neither the terms of contracts nor sessions."""

from datetime import datetime
from pathlib import Path

import polars as pl

TAIPEI = "Asia/Taipei"
EXPIRIES = {"TX1F": datetime(2025, 7, 4, 13, 30), "TX2W": datetime(2025, 7, 9, 13, 30)}
UNITS = 50


def read(path: Path) -> pl.LazyFrame:
    """The rows in plain units: MTX is the underlying; TX1F22000C a call of the first series struck at 22000."""
    product, at = pl.col("product"), pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S%.6f")
    is_option = product != "MTX"
    opens, closes = session(at)
    options = {
        "contract": product,
        "strike": product.str.slice(4, 5).cast(pl.Float64, strict=False),
        "expiry": product.str.slice(0, 4).replace_strict(EXPIRIES, default=None).dt.replace_time_zone(TAIPEI),
        "right": pl.when(product.str.ends_with("C")).then(pl.lit("call")).otherwise(pl.lit("put")),
        "style": pl.lit("european"),
    }
    return pl.scan_csv(path, infer_schema_length=None).select(
        "bid", "bid_size", "ask", "ask_size", "price", "size", "side",
        ts=at.dt.replace_time_zone(TAIPEI),
        opens=opens.dt.replace_time_zone(TAIPEI),
        closes=closes.dt.replace_time_zone(TAIPEI),
        multiplier=pl.lit(UNITS),
        currency=pl.lit("TWD"),
        **{name: pl.when(is_option).then(value) for name, value in options.items()},
    )  # fmt: skip


def session(at: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Opening and closing of the session that contains ``at``: by day 08:45 to 13:45, by night 15:00 to 05:00."""
    day, evening = at.dt.truncate("1d"), at.dt.offset_by("-15h").dt.truncate("1d")
    is_day = at.dt.hour().is_between(8, 13)
    opens = pl.when(is_day).then(day.dt.offset_by("8h45m")).otherwise(evening.dt.offset_by("15h"))
    closes = pl.when(is_day).then(day.dt.offset_by("13h45m")).otherwise(evening.dt.offset_by("29h"))
    return opens, closes
