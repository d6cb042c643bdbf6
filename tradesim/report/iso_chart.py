"""The chart of `tradesim iso`: lines of equal P&L over latency and error, and the methods on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, boxes_along, place_labels
from tradesim.report.theme import LogAxis
from tradesim.report.vega import alt
from tradesim.units import formatted


def iso_chart(
    table: pl.DataFrame, lines: pl.DataFrame, methods: pl.DataFrame, facts: Mapping[str, Any] | None = None
) -> alt.LayerChart:
    """Lines along which P&L is the same, over compute latency and price error, each method placed by its own.

    ``table lines methods`` are those of an :class:`~tradesim.experiments.iso.IsoPnl`; ``facts`` the row of
    ``comparisons``: with it the chart names currency and problem. ``ArgumentError`` where there is no line.
    """
    if lines.is_empty():
        raise ArgumentError("lines: there is none; try a wider range of errors or latencies")
    canvas = _Canvas.around(table, methods)
    layers = [*_line_layers(canvas, lines), *_method_layers(canvas, lines, methods)]
    return theme.drawn(layers, title=theme.heading("What error and latency cost together", *_setting(table, facts)))


@dataclass(frozen=True, kw_only=True)
class _Canvas:
    """Both axes; zero stands at their ends."""

    latency: LogAxis
    error: LogAxis

    @classmethod
    def around(cls, table: pl.DataFrame, methods: pl.DataFrame) -> "_Canvas":
        tried = [error for error in table["error"].to_list() if error > 0]
        return cls(
            latency=LogAxis.around([*table["compute_ns"].to_list(), *methods["to_wire_p50"].to_list()]),
            error=LogAxis.around([*tried, *(error for error in methods["error_rms"].to_list() if error >= min(tried))]),
        )

    def pixel(self, ns: float, error: float) -> tuple[float, float]:
        """Where a point is drawn, y downwards."""
        return self.latency.share(ns) * theme.WIDTH, (1 - self.error.share(error)) * theme.HEIGHT

    def point(self, x: float, y: float) -> tuple[float, float]:
        """The latency and the error at a pixel: the inverse of :meth:`pixel`."""
        return self.latency.at(x / theme.WIDTH), self.error.at(1 - y / theme.HEIGHT)

    def x(self, field: str) -> alt.X:
        """The channel of latency."""
        return self.latency.x(field, title="Compute latency of a decision (log scale)", label=theme.LATENCY_LABEL)

    def y(self, field: str) -> alt.Y:
        """The channel of error."""
        text = f"datum.value < {self.error.low} * 0.99 ? '0' : {theme.AMOUNT_LABEL}"
        return alt.Y(
            f"{field}:Q",
            scale=alt.Scale(type="log", domain=[self.error.zero, self.error.high], nice=False),
            axis=alt.Axis(
                title="Price error, rmse, currency a unit (log scale)",
                values=[self.error.zero, *self.error.decades()],
                labelExpr=text,
                labelOverlap=False,
            ),
        )


def _setting(table: pl.DataFrame, facts: Mapping[str, Any] | None) -> list[str]:
    seeds = int(table["seeds"].to_numpy().max())
    lines = [
        "Along a line P&L is the same: the share beside it of what perfect prices earn at once. Reference prices are",
        f"made wrong by a stated amount and replayed at fixed latencies, {seeds} seed{'s' * (seeds != 1)}. "
        "Points: methods at their own latency and error.",
    ]
    if facts is not None:
        lines.append(
            f"P&L is edge at the fill, net of fees, in {facts['currency']} a seed; {facts['problem']} options."
        )
    return lines


def _line_layers(canvas: _Canvas, lines: pl.DataFrame) -> list[alt.Chart]:
    """The lines, darker where more is earned, and their names where they leave the axis of latency."""
    shares = lines["share"].unique().sort(descending=True).to_list()
    rows = [
        {
            "share": f"{row['share']:.0%}",
            "order": number,
            "x": canvas.latency.place(row["compute_ns"]),
            "y": canvas.error.place(row["error"]),
            "pnl": row["pnl"],
            "latency": formatted(row["compute_ns"]),
            "error": row["error"],
        }
        for number, row in enumerate(lines.iter_rows(named=True))
    ]
    colour = alt.Color(
        "share:N",
        scale=alt.Scale(domain=[f"{share:.0%}" for share in shares], scheme="viridis"),
        legend=None,
    )
    tips = [
        alt.Tooltip("share:N", title="of perfect prices at once"),
        alt.Tooltip("pnl:Q", title="P&L", format="+,.0f"),
        alt.Tooltip("latency:N", title="compute latency"),
        alt.Tooltip("error:Q", title="price error", format=".3g"),
    ]
    chart = alt.Chart(alt.InlineData(values=rows))
    path = chart.mark_line(strokeWidth=2.2).encode(
        canvas.x("x"), canvas.y("y"), colour, alt.Order("order:Q"), tooltip=tips
    )
    names = alt.Chart(alt.InlineData(values=_line_names(rows))).mark_text(
        align="left", dx=5, dy=-7, fontSize=SIZE, fontWeight="bold"
    )
    return [path, names.encode(canvas.x("x"), canvas.y("y"), colour, text="words:N")]


def _line_names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The name of each line and its P&L, at its first point."""
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["share"], row)
    return [row | {"words": f"{row['share']}: {theme.money_spoken(row['pnl'])}"} for row in first.values()]


def _method_layers(canvas: _Canvas, lines: pl.DataFrame, methods: pl.DataFrame) -> list[alt.Chart]:
    rows = [
        row | {"x": canvas.latency.place(row["to_wire_p50"]), "y": canvas.error.place(row["error_rms"])}
        for row in methods.iter_rows(named=True)
    ]
    if not rows:
        return []
    texts = [f"{row['method']} {theme.money_spoken(row['pnl_mean'])}" for row in rows]
    for row, text, (x, y) in zip(rows, texts, _label_places(canvas, lines, rows, texts), strict=True):
        row |= {"label": text, "label_x": x, "label_y": y, "latency": formatted(row["to_wire_p50"])}
    chart = alt.Chart(alt.InlineData(values=rows))
    tips = [
        alt.Tooltip("method:N"),
        alt.Tooltip("latency:N", title="median compute latency"),
        alt.Tooltip("error_rms:Q", title="price error", format=".3g"),
        alt.Tooltip("pnl_mean:Q", title="P&L", format="+,.0f"),
        alt.Tooltip("foretold:Q", title="P&L by the map", format="+,.0f"),
    ]
    point = chart.mark_point(filled=True, size=110, opacity=1, color=theme.INK, stroke="white", strokeWidth=1).encode(
        canvas.x("x"), canvas.y("y"), tooltip=tips
    )
    halo, name = (
        chart.mark_text(fontSize=SIZE, fontWeight="bold", **ink).encode(
            canvas.x("label_x"), canvas.y("label_y"), text="label:N"
        )
        for ink in ({"stroke": "white", "strokeWidth": 4}, {"color": theme.INK})
    )
    return [halo, point, name]


def _label_places(
    canvas: _Canvas, lines: pl.DataFrame, rows: list[dict[str, Any]], texts: list[str]
) -> list[tuple[float, float]]:
    """Where each name is written, as latency and error; it may lie on a line, but not on a line's name."""
    firsts = [
        canvas.pixel(line["compute_ns"][0], line["error"][0])
        for _, line in lines.group_by("share", maintain_order=True)
    ]
    drawn = [box for x, y in firsts for box in boxes_along([(x, y - 7), (x + 110, y - 7)])]
    anchors = [canvas.pixel(row["x"], row["y"]) for row in rows]
    places = place_labels(anchors, texts, drawn, Box(0, 0, theme.WIDTH, theme.HEIGHT))
    return [canvas.point(x, y) for x, y in places]
