"""Index options over a weekend, as a CSV that an exchange might sell: nothing of it is recorded."""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from made import SECOND, YEAR, black, instant

SESSIONS = (
    ("2025-07-04T08:45", "2025-07-04T13:45", 5.0, 0),
    ("2025-07-04T15:00", "2025-07-05T05:00", 30.0, 0),
    ("2025-07-07T08:45", "2025-07-07T13:45", 5.0, -150),
)
"""Opening, closing, mean seconds between quotes, and the index's jump before it."""
EXPIRIES = (("TX1F", "2025-07-04T13:30"), ("TX2W", "2025-07-09T13:30"))
TAIPEI, VOLATILITY = "Asia/Taipei", 0.18
CSV_COLUMNS = ("t", "product", "bid", "bid_size", "ask", "ask_size", "price", "size", "side")
Row = tuple[int | float | str | None, ...]


def weekend(out: Path) -> None:
    """A CSV as an exchange might sell it: an index, 28 options on it, and trades, in three sessions."""
    rng = np.random.default_rng(11)
    level, rows = 22000.0, list[Row]()
    for opens, closes, apart, jump in SESSIONS:
        start, end = instant(opens, TAIPEI), instant(closes, TAIPEI)
        count = int((end - start) / 1e9 / apart)
        times = np.sort(rng.integers(start + SECOND, end - SECOND, count))
        times[0] = start + SECOND // 10
        deviations = VOLATILITY * np.sqrt(np.diff(times, prepend=times[0]) / 1e9 / (365 * 86400) * 3)
        levels = np.round((level + jump) * np.exp(np.cumsum(deviations * rng.standard_normal(count))))
        level = levels[-1]
        rows += index_rows(times, levels, rng)
        for name, expiry in EXPIRIES:
            for strike in range(21700, 22301, 100):
                for sign in (1, -1):
                    product = f"{name}{strike}{'C' if sign > 0 else 'P'}"
                    rows += option_rows(product, strike, sign, instant(expiry, TAIPEI), end, times, levels, rng)
    rows.sort(key=itemgetter(0))
    frame = pl.DataFrame(rows, schema=list(CSV_COLUMNS), orient="row", infer_schema_length=None)
    at = pl.from_epoch("t", time_unit="ns").dt.replace_time_zone("UTC").dt.convert_time_zone(TAIPEI)
    written = frame.select(at.dt.strftime("%Y-%m-%d %H:%M:%S.%6f").alias("time"), *CSV_COLUMNS[1:])
    written.write_csv(out / "weekend.csv")


def index_rows(times: Any, levels: Any, rng: np.random.Generator) -> Iterator[Row]:
    """Quotes of the index, and a trade 2 ms after every fourth."""
    for t, level in zip(times, levels, strict=True):
        yield t, "MTX", level - 1, int(rng.integers(1, 30)), level + 1, int(rng.integers(1, 30)), None, None, None
    for i in rng.choice(len(times), len(times) // 4, replace=False):
        side = rng.choice([-1, 1])
        yield times[i] + 2 * 10**6, "MTX", None, None, None, None, levels[i] + side, 1, "buy" if side > 0 else "sell"


def option_rows(
    product: str, strike: int, sign: int, expiry: int, end: int, times: Any, levels: Any, rng: np.random.Generator
) -> Iterator[Row]:
    """Quotes of an option after its makers' delays, until it expires, and trades 1 ms after one in twenty."""
    at = times + (20e6 + 60e6 * np.exp(rng.standard_normal(len(times)))).astype(np.int64)
    at[0] = times[0] + int(rng.uniform(0.5e9, 3e9))
    alive = (at < end) & (at < expiry) & (times < expiry)
    price = black(levels[alive], strike, (expiry - at[alive]) / YEAR, VOLATILITY, sign)
    tick = np.select([price < 10, price < 50, price < 500, price < 1000], [0.1, 0.5, 1, 5], 10.0)
    order = np.argsort(at[alive], kind="stable")
    quotes = np.column_stack([np.floor(price / tick - 0.5) * tick, np.ceil(price / tick + 0.5) * tick])[order]
    changed = np.append(True, np.any(np.diff(quotes, axis=0), axis=1))[: len(order)]
    for t, (low, high) in zip(at[alive][order][changed].tolist(), quotes[changed].tolist(), strict=True):
        bid, ask = round(low, 1), round(high, 1)
        bid_size = int(rng.integers(1, 60)) if bid > 0 else None
        yield t, product, bid if bid > 0 else None, bid_size, ask, int(rng.integers(1, 60)), None, None, None
        if rng.random() < 0.05:
            side = rng.choice([-1, 1])
            paid = ask if side > 0 else bid
            if paid > 0:
                lots = int(rng.integers(1, 4))
                yield t + 10**6, product, None, None, None, None, paid, lots, "buy" if side > 0 else "sell"
