"""The chart of `tradesim rivals`: what is kept over own latency and the makers' reaction, and the methods on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, place_labels
from tradesim.report.theme import LogAxis
from tradesim.report.vega import alt
from tradesim.units import formatted

MARGIN: Final = 3.2
"""Of the axis of reactions, a factor beyond both ends: room for circles and names."""
CIRCLE: Final = 34
"""Pixels across."""


def rivals_chart(
    table: pl.DataFrame, lines: pl.DataFrame, methods: pl.DataFrame, facts: Mapping[str, Any] | None = None
) -> alt.LayerChart:
    """Simulated shares as circles on the lines of the formula, over latency and reaction; a rule for each method.

    ``table lines methods`` are those of a :class:`~tradesim.experiments.rivals.Rivals`; ``facts`` the row of
    ``comparisons``: with it the chart names the problem.
    """
    canvas = _Canvas.around(table, methods)
    layers = [*_line_layers(canvas, lines), *_method_layers(canvas, methods, table), *_circle_layers(canvas, table)]
    return theme.drawn(layers, title=theme.heading("Own latency against the rivals' reaction", *_setting(table, facts)))


@dataclass(frozen=True, kw_only=True)
class _Canvas:
    """Both axes; latency zero stands at the left end, no reaction is zero."""

    latency: LogAxis
    reaction: LogAxis

    @classmethod
    def around(cls, table: pl.DataFrame, methods: pl.DataFrame) -> "_Canvas":
        reactions = table["reaction"].to_list()
        low, high = min(reactions) / MARGIN, max(reactions) * MARGIN
        return cls(
            latency=LogAxis.around([*table["compute_ns"].to_list(), *methods["to_wire_p50"].to_list()]),
            reaction=LogAxis(low=low, high=high, zero=low),
        )

    def pixel(self, ns: float, reaction: float) -> tuple[float, float]:
        """Where a point is drawn, y downwards."""
        return self.latency.share(ns) * theme.WIDTH, (1 - self.reaction.share(reaction)) * theme.HEIGHT

    def point(self, x: float, y: float) -> tuple[float, float]:
        """The latency and the reaction at a pixel: the inverse of :meth:`pixel`."""
        return self.latency.at(x / theme.WIDTH), self.reaction.at(1 - y / theme.HEIGHT)

    def x(self, field: str) -> alt.X:
        """The channel of latency."""
        return self.latency.x(field, title="Own compute latency of a decision (log scale)", label=theme.LATENCY_LABEL)

    def y(self, field: str) -> alt.Y:
        """The channel of reaction."""
        return alt.Y(
            f"{field}:Q",
            scale=alt.Scale(type="log", domain=[self.reaction.low, self.reaction.high], nice=False),
            axis=alt.Axis(
                title="Makers' median reaction, beyond its fixed part (log scale)",
                values=self.reaction.decades(),
                labelExpr=theme.LATENCY_LABEL,
            ),
        )


def _setting(table: pl.DataFrame, facts: Mapping[str, Any] | None) -> list[str]:
    seeds = int(table["seeds"].to_numpy().max())
    of = "" if facts is None else f", {facts['problem']} options"
    return [
        "In the circles: the share of their P&L at zero latency that reference prices keep, simulated on markets that",
        f"differ in the makers' reaction alone, {seeds} seed{'s' * (seeds != 1)}{of}. Along a line it is the same by",
        "the formula P(D > w + L) / P(D > w). Dashed: the methods, each at its own median latency.",
    ]


def _colour() -> alt.Color:
    return alt.Color("kept:Q", scale=alt.Scale(domain=[0, 1], scheme="viridis", clamp=True), legend=None)


def _line_layers(canvas: _Canvas, lines: pl.DataFrame) -> list[alt.Chart]:
    rows = [
        {"x": row["compute_ns"], "y": row["reaction"], "kept": row["share"], "share": f"{row['share']:.0%}"}
        for row in lines.sort("share", "reaction").iter_rows(named=True)
    ]
    last = {row["share"]: row for row in rows}
    path = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=2)
        .encode(canvas.x("x"), canvas.y("y"), _colour(), alt.Detail("share:N"), alt.Order("y:Q"))
    )
    names = alt.Chart(alt.InlineData(values=list(last.values()))).mark_text(
        dy=-0.7 * CIRCLE, fontSize=SIZE, fontWeight="bold", color=theme.CURVE
    )
    return [path, names.encode(canvas.x("x"), canvas.y("y"), text="share:N")]


def _circle_layers(canvas: _Canvas, table: pl.DataFrame) -> list[alt.Chart]:
    rows = [
        row
        | {"x": row["compute_ns"], "y": row["reaction"], "words": f"{round(row['kept'], 2) + 0.0:.0%}"}
        | {"latency": formatted(row["compute_ns"]), "makers": formatted(row["reaction"])}
        for row in _circles(table).iter_rows(named=True)
    ]
    tips = [
        alt.Tooltip("latency:N", title="compute latency"),
        alt.Tooltip("makers:N", title="makers' median"),
        alt.Tooltip("kept:Q", title="kept, simulated", format=".2%"),
        alt.Tooltip("standard_error:Q", title="standard error", format=".2%"),
        alt.Tooltip("analytic:Q", title="kept, by the formula", format=".2%"),
        alt.Tooltip("pnl:Q", title="P&L", format="+,.0f"),
    ]
    chart = alt.Chart(alt.InlineData(values=rows))
    circle = chart.mark_point(filled=True, size=0.78 * CIRCLE**2, opacity=1, stroke="white", strokeWidth=1.5).encode(
        canvas.x("x"), canvas.y("y"), _colour(), tooltip=tips
    )
    ink = alt.condition("datum.kept > 0.6", alt.value(theme.INK), alt.value("white"))
    words = chart.mark_text(fontSize=10.5, fontWeight="bold").encode(
        canvas.x("x"), canvas.y("y"), color=ink, text="words:N"
    )
    return [circle, words]


def _circles(table: pl.DataFrame) -> pl.DataFrame:
    """The rows that are drawn: at zero latency all is kept."""
    return table.filter(pl.col("compute_ns") > 0).drop_nulls("kept")


def _method_layers(canvas: _Canvas, methods: pl.DataFrame, table: pl.DataFrame) -> list[alt.Chart]:
    """A dashed rule at each method's latency, its name at the foot."""
    taken = methods.group_by("method", maintain_order=True).agg(pl.col("to_wire_p50").median())
    texts = [f"{name} {formatted(ns)}" for name, ns in taken.iter_rows()]
    anchors = [canvas.pixel(ns, 1.2 * canvas.reaction.low) for ns in taken["to_wire_p50"]]
    at = _circles(table).select("compute_ns", "reaction").iter_rows()
    circles = [Box.around(*canvas.pixel(ns, reaction), CIRCLE, CIRCLE) for ns, reaction in at]
    places = place_labels(anchors, texts, circles, Box(0, 0, theme.WIDTH, theme.HEIGHT))
    rows = [
        {"x": canvas.latency.place(ns), "label": text, "label_x": place[0], "label_y": place[1]}
        for ns, text, place in zip(taken["to_wire_p50"], texts, (canvas.point(*place) for place in places), strict=True)
    ]
    chart = alt.Chart(alt.InlineData(values=rows))
    rule = chart.mark_rule(color=theme.FAINT, strokeDash=[5, 4]).encode(canvas.x("x"))
    halo, name = (
        chart.mark_text(fontSize=SIZE, fontWeight="bold", **ink).encode(
            canvas.x("label_x"), canvas.y("label_y"), text="label:N"
        )
        for ink in ({"stroke": "white", "strokeWidth": 4}, {"color": theme.INK})
    )
    return [rule, halo, name]
