"""The chart that the project is for: what thinking longer costs, and where each way of pricing stands on that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, boxes_along, place_labels
from tradesim.report.theme import LogAxis
from tradesim.report.vega import alt
from tradesim.units import formatted


def trade_off(curve: pl.DataFrame, table: pl.DataFrame, facts: Mapping[str, Any] | None = None) -> alt.LayerChart:
    """P&L against compute latency, each method placed by its own latency and lifted or sunk by its own errors.

    ``curve``  the view ``latency_curve`` of one comparison: P&L of reference prices at fixed compute latencies (ns)
    ``table``  the view ``comparison_table``; a method stands at its median compute latency and its mean P&L
    ``facts``  the row of ``comparisons``: with it the chart names the tape and its currency, and shades latencies
               that the tape cannot tell apart

    A method far from the line is drawn at the chart's edge as an arrow, its P&L written beside its name.
    ``ArgumentError`` where ``curve`` has no row.
    """
    if curve.is_empty():
        raise ArgumentError("curve: it has no row; compare with at least one fixed compute latency in curve")
    if curve["pnl"].is_null().all():
        raise ArgumentError("chart: the tape identifies no P&L; nothing can be drawn of it: leave the chart out")
    canvas = _Canvas.around(curve, table)
    layers = [
        *_unseen(canvas, facts),
        *_curve_layers(canvas),
        *_method_layers(canvas, list(table["method"])),
    ]
    title = theme.heading("What thinking longer costs", *_setting(curve, facts))
    return theme.drawn(layers, title=title)


@dataclass(frozen=True, kw_only=True)
class _Canvas:
    """The curve and the methods, with the axes on which both are drawn."""

    curve: pl.DataFrame
    methods: pl.DataFrame
    latency: LogAxis
    low: float
    high: float
    floor: float
    ceiling: float

    @classmethod
    def around(cls, curve: pl.DataFrame, table: pl.DataFrame) -> "_Canvas":
        curve = curve.drop_nulls("pnl").sort("compute_ns").with_columns(pl.col("standard_error").fill_null(0.0))
        methods = table.select("method", compute="to_wire_p50", pnl="pnl_mean").drop_nulls()
        latency = LogAxis.around([*curve["compute_ns"].to_list(), *methods["compute"].to_list()])
        band = [*(curve["pnl"] - curve["standard_error"]), *(curve["pnl"] + curve["standard_error"]), 0.0]
        reach = max(band) - min(band) or 1.0
        floor, ceiling = min(band) - 0.35 * reach, max(band) + 0.35 * reach
        shown = [*band, *methods["pnl"].clip(floor, ceiling)]
        margin = 0.06 * (max(shown) - min(shown))
        return cls(
            curve=curve,
            methods=methods,
            latency=latency,
            low=min(shown) - margin,
            high=max(shown) + margin,
            floor=floor,
            ceiling=ceiling,
        )

    def pixel(self, ns: float, money: float) -> tuple[float, float]:
        """Where a point is drawn, y downwards."""
        height = (self.high - money) / (self.high - self.low)
        return self.latency.share(ns) * theme.WIDTH, height * theme.HEIGHT

    def point(self, x: float, y: float) -> tuple[float, float]:
        """The latency and the money at a pixel: the inverse of :meth:`pixel`."""
        return self.latency.at(x / theme.WIDTH), self.high - y / theme.HEIGHT * (self.high - self.low)

    def on_curve(self, ns: float) -> float:
        """The height of the drawn curve, straight between its points on the log axis."""
        places = [self.latency.share(x) for x in self.curve["compute_ns"]]
        return float(np.interp(self.latency.share(ns), places, self.curve["pnl"].to_numpy()))

    def x(self, field: str) -> alt.X:
        """The channel of latency."""
        return self.latency.x(field, title="Compute latency of a decision (log scale)", label=theme.LATENCY_LABEL)

    def y(self, field: str) -> alt.Y:
        """The channel of money."""
        scale = alt.Scale(domain=[self.low, self.high], nice=False, zero=False)
        return alt.Y(f"{field}:Q", scale=scale, axis=alt.Axis(title="P&L a seed", format=",~r", tickCount=7))


def _setting(curve: pl.DataFrame, facts: Mapping[str, Any] | None) -> list[str]:
    seeds = int(curve["seeds"].to_numpy().max())
    over = f"mean of {seeds} seeds ± 1 standard error" if seeds > 1 else "one seed"
    lines = [
        f"Line: P&L of reference prices at a fixed compute latency, {over}. Points: each method at what half of its",
        "orders waited for; its distance from the line is what its price errors, its tail and its updates cost.",
    ]
    if facts is None:
        return [*lines, "P&L is edge at the fill, net of fees."]
    lines.append(f"P&L is edge at the fill, net of fees, in {facts['currency']}; {facts['problem']} options.")
    if facts["resolution"] > 1:
        lines.append(f"Shaded: not identified, for the tape tells instants apart by {formatted(facts['resolution'])}.")
    return lines


def _unseen(canvas: _Canvas, facts: Mapping[str, Any] | None) -> list[alt.Chart]:
    """A shade over the latencies that the tape cannot tell apart."""
    if facts is None or facts["resolution"] <= 1:
        return []
    until = min(canvas.latency.place(facts["resolution"]), canvas.latency.high)
    corners = {"from": canvas.latency.zero, "to": until, "top": canvas.high, "bottom": canvas.low}
    shade = alt.Chart(alt.InlineData(values=[corners])).mark_rect(color="#f4f1ea")
    return [shade.encode(canvas.x("from"), canvas.y("bottom"), x2="to", y2="top")]


def _curve_layers(canvas: _Canvas) -> list[alt.Chart]:
    """The band, the line (dashed where it leaves zero, which a log axis has no place for), and zero money."""
    rows = [
        {
            "compute_ns": row["compute_ns"],
            "x": canvas.latency.place(row["compute_ns"]),
            "latency": formatted(row["compute_ns"]),
            "pnl": row["pnl"],
            "low": row["pnl"] - row["standard_error"],
            "high": row["pnl"] + row["standard_error"],
        }
        for row in canvas.curve.iter_rows(named=True)
    ]
    whole = alt.Chart(alt.InlineData(values=rows))
    band = whole.mark_area(color=theme.CURVE, opacity=0.13).encode(canvas.x("x"), canvas.y("low"), y2="high")
    solid, dashed = "datum.compute_ns > 0", f"datum.x <= {_second(rows)}"
    line = alt.Chart(alt.InlineData(values=rows)).encode(
        canvas.x("x"),
        canvas.y("pnl"),
        tooltip=[alt.Tooltip("latency:N", title="compute latency"), alt.Tooltip("pnl:Q", title="P&L", format="+,.2f")],
    )
    nothing = alt.Chart(alt.InlineData(values=[{"pnl": 0.0}])).mark_rule(color="#bdbdbd").encode(canvas.y("pnl"))
    return [
        nothing,
        band,
        line.transform_filter(solid).mark_line(color=theme.CURVE, strokeWidth=2.5),
        line.transform_filter(dashed).mark_line(color=theme.CURVE, strokeWidth=2.5, strokeDash=[3, 4]),
        line.mark_point(color=theme.CURVE, filled=True, size=22, opacity=1),
    ]


def _second(rows: list[dict[str, Any]]) -> float:
    """Where the first positive latency of the curve is drawn; the left edge where the curve does not begin at zero."""
    positive = [row["x"] for row in rows if row["compute_ns"] > 0]
    return float(min(positive, default=rows[0]["x"])) if rows[0]["compute_ns"] == 0 else 0.0


def _method_layers(canvas: _Canvas, order: list[str]) -> list[alt.Chart]:
    """Each method's stem from the curve, its point and its name."""
    rows = _method_rows(canvas)
    if not rows:
        return []
    chart, colour = alt.Chart(alt.InlineData(values=rows)), theme.colour(order)
    tips = [
        alt.Tooltip("method:N"),
        alt.Tooltip("latency:N", title="median compute latency"),
        alt.Tooltip("pnl:Q", title="P&L", format="+,.2f"),
        alt.Tooltip("from_curve:Q", title="from the line", format="+,.2f"),
    ]
    stem = chart.mark_rule(strokeWidth=1.3, opacity=0.8).encode(canvas.x("x"), canvas.y("on_curve"), colour, y2="y")
    point = chart.mark_point(filled=True, size=110, opacity=1, stroke="white", strokeWidth=1).encode(
        canvas.x("x"), canvas.y("y"), colour, alt.Shape("shape:N", scale=None), tooltip=tips
    )
    name = chart.mark_text(fontSize=SIZE, fontWeight="bold").encode(
        canvas.x("label_x"), canvas.y("label_y"), colour, text="label:N"
    )
    return [stem, point, name]


def _method_rows(canvas: _Canvas) -> list[dict[str, Any]]:
    rows = []
    for row in canvas.methods.iter_rows(named=True):
        drawn = min(max(row["pnl"], canvas.floor), canvas.ceiling)
        on_curve = canvas.on_curve(row["compute"])
        rows.append(
            {
                "method": row["method"],
                "to_wire_p50": row["compute"],
                "latency": formatted(row["compute"]),
                "pnl": row["pnl"],
                "from_curve": row["pnl"] - on_curve,
                "x": canvas.latency.place(row["compute"]),
                "y": drawn,
                "on_curve": on_curve,
                "shape": _shape(row["pnl"], drawn),
                "label": row["method"] if drawn == row["pnl"] else f"{row['method']} {theme.money_spoken(row['pnl'])}",
            }
        )
    for row, (x, y) in zip(rows, _label_places(canvas, rows), strict=True):
        row["label_x"], row["label_y"] = x, y
    return rows


def _shape(pnl: float, drawn: float) -> str:
    if pnl == drawn:
        return "circle"
    return "triangle-down" if pnl < drawn else "triangle-up"


def _label_places(canvas: _Canvas, rows: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Where each name is written, as latency and money."""
    path = [canvas.pixel(row["compute_ns"], row["pnl"]) for row in canvas.curve.iter_rows(named=True)]
    stems = [[canvas.pixel(row["x"], row["on_curve"]), canvas.pixel(row["x"], row["y"])] for row in rows]
    zero = [canvas.pixel(canvas.latency.zero, 0.0), canvas.pixel(canvas.latency.high, 0.0)]
    drawn = [box for line in (path, zero, *stems) for box in boxes_along(line)]
    anchors = [canvas.pixel(row["x"], row["y"]) for row in rows]
    frame = Box(0, 0, theme.WIDTH, theme.HEIGHT)
    return [canvas.point(x, y) for x, y in place_labels(anchors, [row["label"] for row in rows], drawn, frame)]
