"""Which method, within a budget of latency, memory and error: read off a frontier that was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.frontier import Frontier, latest_frontier

LATENCIES: Final = tuple(round(10 ** (k / 6)) for k in range(12, 43))
"""Budgets of a decision's latency on the map, ns: 100 ns to 10 ms."""

MEMORIES: Final = tuple(2**k for k in range(9, 26))
"""Budgets of memory on the map, bytes: 512 B to 32 MiB."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What is asked of a method.

    ``latency``  ns, of a decision on a chain, its share of an update in it
    ``memory``   bytes
    ``error``    largest tolerable rmse of prices, on a strike of 100 where there is one
    ``ticks``    decisions an update: how seldom slow inputs change
    """

    latency: float = np.inf
    memory: float = np.inf
    error: float = np.inf
    ticks: float = 100.0

    def __post_init__(self) -> None:
        for name in ("latency", "memory", "error", "ticks"):
            if not getattr(self, name) > 0.0:
                raise ArgumentError(f"{name} {getattr(self, name)}: it must be above zero")


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The answer: ``best`` is a row of the frontier's table, or None; ``rivals`` say what each other method lacks."""

    need: Need
    frontier: str
    problem: str
    best: dict[str, Any] | None
    rivals: list[dict[str, Any]]


def advise(
    problem: str,
    *,
    latency: float = np.inf,
    memory: float = np.inf,
    error: float = np.inf,
    ticks: float = 100.0,
    frontier: Frontier | None = None,
    db: Path | str | None = None,
) -> Advice:
    """The most accurate method that meets every budget, from the newest stored frontier of ``problem``.

    Of methods that are equally accurate (within one part in a hundred) it is the fastest. Arguments as of
    :class:`Need`; ``frontier`` and ``db`` say where to read.
    """
    need = Need(latency=latency, memory=memory, error=error, ticks=ticks)
    measured = frontier or latest_frontier(problem, db=db)
    rows = amortised(measured.table, need.ticks).to_dicts()
    best = _winner(rows, need)
    rivals = [row | {"lacks": lacks(row, need)} for row in rows if row is not best]
    return Advice(need=need, frontier=measured.name, problem=problem, best=best, rivals=rivals)


def amortised(table: pl.DataFrame, ticks: float) -> pl.DataFrame:
    """The frontier's table with ``latency``: a decision's median, and its share of an update at ``ticks`` an update."""
    return table.with_columns(latency=pl.col("price_p50") + pl.col("update_p50") / ticks)


def lacks(row: dict[str, Any], need: Need) -> list[str]:
    """Which budgets a method exceeds: of latency, memory, error."""
    measured = (("latency", row["latency"]), ("memory", row["footprint"]), ("error", row["rmse"]))
    return [name for name, value in measured if not value <= getattr(need, name)]


def winners(
    table: pl.DataFrame,
    *,
    error: float,
    ticks: float,
    latencies: Sequence[float] = LATENCIES,
    memories: Sequence[float] = MEMORIES,
) -> pl.DataFrame:
    """The map: for each budget of latency (ns) and memory (bytes) the ``method`` that wins, or null."""
    rows = amortised(table, ticks).to_dicts()
    cells = []
    for memory in memories:
        for latency in latencies:
            best = _winner(rows, Need(latency=latency, memory=memory, error=error, ticks=ticks))
            cells.append({"latency": latency, "memory": memory, "method": None if best is None else best["method"]})
    return pl.DataFrame(cells, schema={"latency": pl.Float64, "memory": pl.Float64, "method": pl.String})


def _winner(rows: Sequence[dict[str, Any]], need: Need) -> dict[str, Any] | None:
    able = [row for row in rows if not lacks(row, need)]
    if not able:
        return None
    least = min(row["rmse"] for row in able)
    return min((row for row in able if row["rmse"] <= 1.01 * least), key=lambda row: float(row["latency"]))
