"""Latency profiles as rows of the table ``profiles``, and back: what lets a replay be made again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.measure import Measurement
from tradesim.experiments.timing import Cache
from tradesim.results.store import Store
from tradesim.simulation.latency import Empirical

SNAPSHOT = ("snapshot", "snapshot")
"""Stage and tag of the volatility service's readings."""


def profile_frame(
    comparison: str, measured: Mapping[str, Measurement], service: Empirical, cache: Cache
) -> pl.DataFrame:
    """One row for each method, stage and tag; the service's readings stand with every method, which they delay."""
    return pl.DataFrame(
        [
            {
                "comparison": comparison,
                "method": method,
                "stage": stage,
                "tag": tag,
                "cache": str(cache),
                "measurements": ns.tolist(),
            }
            for method, measurement in measured.items()
            for (stage, tag), ns in {**measurement.readings, SNAPSHOT: service.measurements}.items()
        ]
    )


def check_stored(store: Store, comparison: str, methods: Sequence[str]) -> None:
    """``ArgumentError`` where ``comparison`` is not stored or holds no profile of one of ``methods``."""
    rows = store.query("SELECT DISTINCT method FROM profiles WHERE comparison = ?", [comparison])
    missing = [method for method in methods if method not in rows["method"].to_list()]
    if missing:
        raise ArgumentError(
            f"latency profile:{comparison}: it has no profile of {missing[0]!r}; name a comparison of this database "
            "that measured it (tradesim sql 'SELECT comparison, method FROM profiles')"
        )


def with_stored(
    measured: Mapping[str, Measurement], store: Store, comparison: str
) -> tuple[dict[str, Measurement], Empirical]:
    """``measured`` with the readings that ``comparison`` stored in place of its own, and the service's readings."""
    rows = store.query("SELECT method, stage, tag, measurements FROM profiles WHERE comparison = ?", [comparison])
    readings: dict[str, dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.int64]]]] = {}
    for method, stage, tag, ns in rows.iter_rows():
        readings.setdefault(method, {})[stage, tag] = np.array(ns, dtype=np.int64)
    service = Empirical(next(iter(readings.values()))[SNAPSHOT])
    own = {method: {key: ns for key, ns in readings[method].items() if key != SNAPSHOT} for method in measured}
    return {method: replace(item, readings=own[method]) for method, item in measured.items()}, service
