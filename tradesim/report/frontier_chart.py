"""The charts of a frontier: error against latency, and who wins within a budget."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, boxes_along, place_labels
from tradesim.report.table import bytes_spoken
from tradesim.report.theme import LogAxis
from tradesim.report.vega import alt
from tradesim.units import formatted

LEAST_ERROR: Final = 1e-12
"""Errors below this are drawn here."""


def frontier_chart(table: pl.DataFrame, facts: Mapping[str, Any]) -> alt.LayerChart:
    """Price error against latency on log axes; the area of a point grows with memory, a filled one is on the frontier.

    ``table`` is the view ``frontier_table`` of one frontier, ``facts`` its row of ``frontiers``. Budgets of one method
    are joined by a line. ``ArgumentError`` where no method was measured.
    """
    if table.is_empty():
        raise ArgumentError("table: it has no row; measure at least one method that serves the problem")
    rows = [_point(row) for row in table.iter_rows(named=True)]
    x_axis = _bounded(LogAxis.around([row["latency"] for row in rows]))
    y_axis = _bounded(LogAxis.around([row["error"] for row in rows]))
    x = alt.X("latency:Q", **_along(x_axis, "Latency of a chain, a hundredth of an update in it", theme.LATENCY_LABEL))
    y = alt.Y("error:Q", **_along(y_axis, "Price error (rmse)", ERROR_LABEL))
    families = list(dict.fromkeys(table["family"]))
    colour = alt.Color(
        "method:N", scale=alt.Scale(domain=families, range=[theme.colours(families)[f] for f in families]), legend=None
    )
    for row, (label_x, label_y) in zip(rows, _labels(rows, x_axis, y_axis), strict=True):
        row |= {"label_x": label_x, "label_y": label_y}
    chart = alt.Chart(alt.InlineData(values=rows))
    size = alt.Size("memory:Q", scale=alt.Scale(type="log", range=[30, 700]), legend=None)
    tips = [alt.Tooltip(f"{name}:N") for name in ("name", "takes", "keeps", "errs")]
    line = chart.mark_line(strokeWidth=1, opacity=0.5).encode(x, y, colour)
    ring = chart.mark_point(filled=False, opacity=0.9, strokeWidth=1.5).encode(x, y, colour, size, tooltip=tips)
    dot = chart.transform_filter("datum.pareto").mark_point(filled=True, opacity=0.85).encode(x, y, colour, size)
    words = chart.transform_filter("datum.pareto").mark_text(fontSize=SIZE, fontWeight="bold")
    title = theme.heading(
        f"{facts['problem']}: what accuracy costs in time and memory",
        f"Each point is a method at a memory budget, on a chain of {facts['contracts']} contracts, caches "
        f"{facts['cache']}; its area is its memory.",
        "Filled: no other is better in latency, memory and error at once.",
    )
    layers = (line, ring, dot, words.encode(alt.X("label_x:Q"), alt.Y("label_y:Q"), colour, text="name:N"))
    return theme.drawn(layers, title=title)


def map_chart(cells: pl.DataFrame, *, error: float, ticks: float, problem: str) -> alt.LayerChart:
    """Who wins within a budget of latency and memory; ``cells`` as of :func:`tradesim.experiments.advise.winners`.

    ``ArgumentError`` where nobody wins anywhere.
    """
    won = cells.drop_nulls("method")
    if won.is_empty():
        raise ArgumentError(f"error {error:g}: no method reaches it within any budget of the map; allow more")
    methods = won["method"].unique(maintain_order=True).to_list()
    step_x, step_y = _step(cells["latency"]), _step(cells["memory"])
    rows = [
        {
            "method": method,
            "x": latency / step_x**0.5,
            "to_x": latency * step_x**0.5,
            "y": memory / step_y**0.5,
            "to_y": memory * step_y**0.5,
        }
        for latency, memory, method in won.select("latency", "memory", "method").iter_rows()
    ]
    x_axis = LogAxis.around(cells["latency"].to_list())
    x = alt.X("x:Q", **_along(x_axis, "Latency that a decision may take", theme.LATENCY_LABEL))
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(type="log", base=2, nice=False),
        axis=alt.Axis(title="Memory that it may keep", labelExpr=MEMORY_LABEL),
    )
    chosen = theme.colours(methods)
    colour = alt.Color(
        "method:N",
        scale=alt.Scale(domain=methods, range=[chosen[m] for m in methods]),
        legend=alt.Legend(title=None, orient="right", symbolType="square"),
    )
    area = alt.Chart(alt.InlineData(values=rows)).mark_rect(opacity=0.85).encode(x, y, colour, x2="to_x", y2="to_y")
    title = theme.heading(
        f"{problem}: who answers best within a budget",
        f"The most accurate method that fits, where its price error (rmse) is at most {error:g} and slow inputs change",
        ("with every tick" if ticks == 1 else f"once in {ticks:g} ticks") + ". White: none fits.",
    )
    return theme.drawn((area,), title=title)


ERROR_LABEL: Final = "datum.value < 1e-3 ? format(datum.value, '.0e') : format(datum.value, '~g')"
MEMORY_LABEL: Final = (
    "datum.value >= 1048576 ? format(datum.value / 1048576, '~r') + ' MiB' : "
    "datum.value >= 1024 ? format(datum.value / 1024, '~r') + ' KiB' : format(datum.value, '~r') + ' B'"
)


def _step(values: pl.Series) -> float:
    """Ratio of neighbouring budgets."""
    ordered = values.unique().sort()
    return float(ordered[1] / ordered[0]) if len(ordered) > 1 else 2.0


def _point(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row["method"],
        "method": row["family"],
        "latency": row["amortised_100"],
        "error": max(row["rmse"], LEAST_ERROR),
        "memory": max(row["footprint"], 64),
        "pareto": row["pareto"],
        "takes": formatted(row["amortised_100"]),
        "keeps": bytes_spoken(row["footprint"]),
        "errs": f"{row['rmse']:.2g}",
    }


def _bounded(axis: LogAxis) -> LogAxis:
    """The axis with its zero at its low end: nothing here is zero."""
    return replace(axis, zero=axis.low)


def _along(axis: LogAxis, title: str, label: str) -> dict[str, Any]:
    """A log axis without zero; ``label`` is the Vega expression of a tick's text."""
    return {
        "scale": alt.Scale(type="log", domain=[axis.low, axis.high], nice=False, clamp=True),
        "axis": alt.Axis(title=title, values=axis.decades(), labelExpr=label),
    }


def _labels(rows: list[dict[str, Any]], x: LogAxis, y: LogAxis) -> list[tuple[float, float]]:
    """Where the names are written, clear of the points."""
    pixels = [(x.share(row["latency"]) * theme.WIDTH, (1 - y.share(row["error"])) * theme.HEIGHT) for row in rows]
    drawn = [box for pixel in pixels for box in boxes_along([pixel, pixel])]
    frame = Box(0, 0, theme.WIDTH, theme.HEIGHT)
    named = [i for i, row in enumerate(rows) if row["pareto"]]
    places = place_labels([pixels[i] for i in named], [rows[i]["name"] for i in named], drawn, frame)
    found = {
        i: (x.at(px / theme.WIDTH), y.at(1 - py / theme.HEIGHT)) for i, (px, py) in zip(named, places, strict=True)
    }
    return [found.get(i, (row["latency"], row["error"])) for i, row in enumerate(rows)]
