"""The table of a frontier, the map of winners and an advice, for people."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from rich.table import Table

from tradesim.report.table import bytes_spoken
from tradesim.units import formatted

ON_FRONTIER: Final = "*"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

COLUMNS: Final = (
    ("method\nfootprint", "left"),
    ("chain\np50\np99", "right"),
    ("one option\np50\nin the loop", "right"),
    ("chain, cold\np50\np99", "right"),
    ("update\np50\n1/100 + price", "right"),
    ("built in\nevaluations\npays after", "right"),
    ("error\nrmse\np99\nmax", "right"),
    ("on edges\nrmse\nmax", "right"),
    ("delta\ngamma\nvega\ntheta rmse", "right"),
    ("unlawful\nworst\nclamped", "right"),
    ("hedge\nP&L rmse", "right"),
)


def frontier_table(table: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """``table`` is the view ``frontier_table`` of one frontier, ``facts`` its row of ``frontiers``."""
    shown = Table(
        title=f"{facts['problem']}: latency, memory and error of {len(table)} ways of answering it",
        caption=_caption(facts),
        title_justify="left",
        caption_justify="left",
        show_lines=True,
    )
    for heading, justify in COLUMNS:
        shown.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in table.iter_rows(named=True):
        shown.add_row(*_cells(row))
    return shown


def _cells(row: Mapping[str, Any]) -> list[str]:
    mark = f"{ON_FRONTIER} " if row["pareto"] else ""
    greeks = (row["delta_rmse"], row["gamma_rmse"], row["vega_rmse"], row["theta_rmse"])
    return [
        f"{mark}{row['method']}\n{bytes_spoken(row['footprint'])}",
        f"{formatted(row['price_p50'])}\n{formatted(row['price_p99'])}",
        f"{formatted(row['one_p50'])}\n{_loop(row['loop_ns'])}",
        f"{formatted(row['cold_p50'])}\n{formatted(row['cold_p99'])}",
        f"{formatted(row['update_p50'])}\n{formatted(row['amortised_100'])}",
        _build(row),
        f"{_number(row['rmse'])}\n{_number(row['p99'])}\n{_number(row['largest'])}",
        f"{_number(row['edge_rmse'])}\n{_number(row['edge_largest'])}",
        "\n".join(_number(error) for error in greeks),
        _breaches(row),
        "-" if row["hedge_rmse"] is None else _number(row["hedge_rmse"]),
    ]


def _loop(ns: float | None) -> str:
    if ns is None:
        return "-"
    return f"{ns:.3g} ns" if ns < 1000 else formatted(ns)


def _build(row: Mapping[str, Any]) -> str:
    if not row["build_evaluations"]:
        return "-"
    pays = "never" if row["break_even"] is None else f"{row['break_even']:,.3g}"
    return f"{row['build_seconds']:.2g} s\n{row['build_evaluations']:,}\n{pays}"


def _breaches(row: Mapping[str, Any]) -> str:
    if row["breach_share"] is None:
        return "-"
    clamped = "-" if row["clamped_share"] is None else _share(row["clamped_share"])
    return f"{_share(row['breach_share'])}\n{_number(row['breach_worst'])}\n{clamped}"


def _share(share: float) -> str:
    return "0" if share == 0 else f"{100 * share:.2g} %"


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return "0" if value == 0 else f"{value:.2g}"


def _caption(facts: Mapping[str, Any]) -> str:
    contracts, cache = facts["contracts"], facts["cache"]
    return "\n".join(
        (
            f"Latencies of a chain of {contracts} contracts, caches {cache}; in the loop: what one contract more takes "
            "inside the compiled call.",
            f"{ON_FRONTIER} on the frontier: none is better in latency (1/100 of an update in it), memory and error.",
            "Errors are against the reference, on a strike of 100 where there is one.",
            "Pays after: prices after which building has paid, beside the fastest method without that errs no more.",
            "Unlawful: share of prices beyond their bounds or shape by more than 1e-4, the worst, and the share once "
            "clamped to the bounds.",
            "Hedge: what hedging with its delta adds to the P&L of hedging with the reference's.",
        )
    )


def map_text(cells: pl.DataFrame, *, error: float, ticks: float, problem: str) -> str:
    """The map of winners in letters: latency budgets to the right, memory budgets upwards."""
    methods = cells["method"].drop_nulls().unique(maintain_order=True).sort().to_list()
    letter = dict(zip(methods, LETTERS, strict=False))
    latencies = cells["latency"].unique().sort().to_list()
    lines = [f"{problem}: who wins within a budget, at an error of at most {error:g} and {ticks:g} ticks an update"]
    for memory in cells["memory"].unique().sort(descending=True):
        row = cells.filter(pl.col("memory") == memory).sort("latency")["method"]
        lines.append(f"{bytes_spoken(memory):>9} |" + "".join(letter.get(m, "?") if m else "." for m in row))
    lines.append(" " * 10 + "+" + "-" * len(latencies))
    lines.append(" " * 11 + _ticks(latencies))
    lines += [f"  {letter.get(method, '?')} {method}" for method in methods] + ["  . none"]
    return "\n".join(lines)


def _ticks(latencies: Sequence[float]) -> str:
    """The decades of latency under their columns."""
    words = [" "] * (len(latencies) + 8)
    for column, latency in enumerate(latencies):
        if abs(math.log10(latency) - round(math.log10(latency))) < 1e-6:
            words[column : column + len(formatted(latency))] = formatted(latency)
    return "".join(words).rstrip()


def advice_text(problem: str, best: Mapping[str, Any] | None, rivals: Sequence[Mapping[str, Any]], asked: str) -> str:
    """The answer and why: the best method, then what each other lacks."""
    lines = [f"{problem}, {asked}:"]
    if best is None:
        lines.append("no method measured meets every budget; what each lacks:")
    else:
        lines.append(f"{best['method']} ({best['says']}): {_figures(best)}")
        lines.append("the most accurate that meets every budget. The others:")
    for row in sorted(rivals, key=lambda row: (len(row["lacks"]), row["rmse"])):
        why = f"exceeds {' and '.join(row['lacks'])}" if row["lacks"] else _why_not(row, best)
        lines.append(f"  {row['method']}: {why} ({_figures(row)})")
    return "\n".join(lines)


def _why_not(row: Mapping[str, Any], best: Mapping[str, Any] | None) -> str:
    if best is None or row["rmse"] > best["rmse"]:
        return "meets it, less accurate"
    return "meets it, as accurate, slower"


def _figures(row: Mapping[str, Any]) -> str:
    return f"{formatted(row['latency'])}, {bytes_spoken(row['footprint'])}, rmse {_number(row['rmse'])}"
