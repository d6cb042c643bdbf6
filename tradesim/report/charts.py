"""The charts of a comparison, from the columns of the results database's views; notebooks and reports use the same."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, boxes_along, place_labels
from tradesim.report.money_charts import attribution, markout_curve
from tradesim.report.theme import LogAxis
from tradesim.report.trade_off import trade_off
from tradesim.report.vega import alt, check_renderer

__all__ = [
    "attribution",
    "chart_suffix",
    "effects",
    "latency_distribution",
    "markout_curve",
    "price_error",
    "save",
    "trade_off",
]

SUFFIXES: Final = (".html", ".png", ".svg")

_EFFECTS: Final = {
    "slow_inputs": "slow inputs",
    "pricing_effect": "pricing effect",
    "latency_effect": "latency effect",
    "interaction": "interaction",
    "pnl_error": "P&L error, their sum",
}
_EFFECT_COLOURS: Final = ("#0072B2", "#D55E00", "#9a9a9a", theme.INK)


def save(chart: alt.LayerChart, path: Path | str) -> None:
    """Write ``chart`` to ``path``: ``.png`` (twice its size), ``.svg``, or ``.html`` that needs no other file.

    ``ArgumentError`` for another suffix or a folder that does not exist.
    """
    path = Path(path)
    match chart_suffix(path):
        case ".png":
            chart.save(path, scale_factor=2)
        case ".svg":
            chart.save(path)
        case ".html":
            chart.save(path, inline=True)


def chart_suffix(path: Path) -> str:
    """The suffix of ``path``, if a chart can be written there; else ``ArgumentError``, or ``PackageError``."""
    if path.suffix not in SUFFIXES:
        raise ArgumentError(f"chart {path.name}: its suffix must be one of {', '.join(SUFFIXES)}; rename it")
    if not path.parent.is_dir():
        raise ArgumentError(f"chart {path}: there is no folder {path.parent}; make it first")
    check_renderer()
    return path.suffix


def latency_distribution(latencies: pl.DataFrame) -> alt.LayerChart:
    """The share of decisions that take longer than a latency, both on log axes, one line a method.

    ``latencies`` has one row a decision, or one a measurement of ``price``: ``method``, and ``latency`` in ns. A line
    ends where one row remains.
    ``ArgumentError`` where it has no row.
    """
    if latencies.is_empty():
        raise ArgumentError("latencies: it has no row; select method and latency of at least one run's decisions")
    methods = latencies["method"].unique(maintain_order=True).to_list()
    tails = {method: _tail(latencies.filter(pl.col("method") == method)["latency"]) for method in methods}
    axis = LogAxis.around([ns for tail in tails.values() for ns, _ in tail])
    rarest = min(share for tail in tails.values() for _, share in tail)
    rarity = LogAxis(low=rarest, high=1.0, zero=rarest / 1.5)
    x = axis.x("x", title="Latency of a decision (log scale)", label=theme.LATENCY_LABEL)
    rows = [
        {"method": method, "latency": ns, "x": axis.place(ns), "slower": share}
        for method, tail in tails.items()
        for ns, share in tail
    ]
    colour = theme.colour(methods)
    line = alt.Chart(alt.InlineData(values=rows)).mark_line(interpolate="step-after", strokeWidth=2)
    names = alt.Chart(alt.InlineData(values=_line_names(tails, axis, rarity)))
    title = theme.heading(
        "How long a decision takes",
        "Read across at 1 in 100: the latency that one decision in a hundred exceeds. A steep line is a steady method;",
        "a foot that runs to the right is a tail, and the tail decides who is late when the market moves.",
    )
    layers = (
        line.encode(x, _rarity(rarity), colour),
        names.mark_text(fontSize=SIZE, fontWeight="bold").encode(x, alt.Y("slower:Q"), colour, text="method:N"),
    )
    return theme.drawn(layers, title=title)


def price_error(table: pl.DataFrame, *, edge: float | None) -> alt.LayerChart:
    """Root mean square and largest price error of each method, currency a unit, against the rule's ``edge``, if any.

    ``table`` is the view ``comparison_table``; methods that price nothing are left out.
    """
    errors = table.select("method", "error_rms", "error_max").drop_nulls().drop_nans()
    methods = errors["method"].to_list()
    edges = [] if edge is None else [edge]
    axis = LogAxis.around([*edges, *errors["error_rms"].to_list(), *errors["error_max"].to_list()])
    x = axis.x("x", title="Price error, currency a unit (log scale)", label=theme.AMOUNT_LABEL)
    y = alt.Y("method:N", sort=methods, axis=alt.Axis(title=None, domain=False, ticks=False, labelFontWeight="bold"))
    rows = [
        row | {"x": axis.place(row["error_rms"]), "to": axis.place(row["error_max"])}
        for row in errors.iter_rows(named=True)
    ]
    chart, colour = alt.Chart(alt.InlineData(values=rows)), theme.colour(list(table["method"]))
    span = chart.mark_rule(strokeWidth=2, opacity=0.45).encode(x, y, colour, x2="to")
    rms = chart.mark_point(filled=True, size=120, opacity=1).encode(x, y, colour)
    worst = chart.mark_point(size=90, opacity=1, fill="white").encode(alt.X("to:Q"), y, colour)
    title = theme.heading(
        "How wrong the prices are",
        "Dot: root mean square against the reference, on the tape's own states. Ring: the largest. A method whose dot",
        "lies beyond the edge that the rule asks for trades on its own errors.",
    )
    lines = [layer for edge in edges for layer in _edge_line(edge, axis)]
    return theme.drawn((*lines, span, rms, worst), title=title, height=44 * max(1, len(rows)))


def effects(table: pl.DataFrame) -> alt.LayerChart:
    """What each method loses to its prices and to its latency, as signed bars that sum to its P&L error.

    ``table`` is the view ``comparison_table``; an effect that is null there, as not identified, is left out. A whisker
    is one standard error over seeds.
    """
    bars = [bar for row in table.iter_rows(named=True) for bar in _bars(row)]
    methods = list(dict.fromkeys(bar["method"] for bar in bars))
    x = _money_axis(min((bar["low"] for bar in bars), default=0.0), max((bar["high"] for bar in bars), default=0.0))
    y = alt.Y("method:N", sort=methods, axis=alt.Axis(title=None, domain=False, ticks=False, labelFontWeight="bold"))
    names = list(_EFFECTS.values())
    part = alt.YOffset("effect:N", sort=names)
    chart = alt.Chart(alt.InlineData(values=bars))
    colour = alt.Color(
        "effect:N",
        sort=names,
        scale=alt.Scale(domain=names, range=list(_EFFECT_COLOURS)),
        legend=alt.Legend(title=None, orient="top", labelFontSize=12.5, symbolType="square"),
    )
    bar = chart.mark_bar(height=11).encode(x, y, part, colour)
    whisker = chart.mark_rule(color=theme.FAINT).encode(alt.X("low:Q"), y, part, x2="high")
    away, side = alt.expr("datum.money < 0 ? -6 : 6"), alt.expr("datum.money < 0 ? 'right' : 'left'")
    words = chart.mark_text(fontSize=11, color=theme.INK, dx=away, align=side)
    zero = alt.Chart(alt.InlineData(values=[{"money": 0.0}])).mark_rule(color=theme.FAINT).encode(x)
    title = theme.heading(
        "What is lost to wrong prices, and what to late decisions",
        "P&L against reference prices at zero latency, split exactly. The interaction gives back what the other two",
        "count twice: a trade that lateness prevented cannot also lose by its price. Symmetric log scale;",
        "whisker: 1 standard error over seeds.",
    )
    layers = (bar, whisker, words.encode(alt.X("end:Q"), y, part, text="words:N"), zero)
    return theme.drawn(layers, title=title, height=76 * max(1, len(methods)))


def _tail(latency: pl.Series) -> list[tuple[int, float]]:
    """Latencies and the share of decisions that take at least as long, evenly on a log axis of that share."""
    ns = latency.sort().to_numpy()
    rarest_first = np.unique(np.geomspace(1, len(ns), min(160, len(ns))).round().astype(int))
    return [(int(ns[-count]), float(count / len(ns))) for count in reversed(rarest_first)]


def _rarity(axis: LogAxis) -> alt.Y:
    """The channel of a share of decisions, in words."""
    return alt.Y(
        "slower:Q",
        scale=alt.Scale(type="log", domain=[axis.zero, axis.high], nice=False),
        axis=alt.Axis(
            title="Decisions that take longer",
            values=axis.decades(),
            labelExpr="datum.value > 0.99 ? 'all' : '1 in ' + format(round(1 / datum.value), ',')",
        ),
    )


def _line_names(tails: Mapping[str, list[tuple[int, float]]], axis: LogAxis, rarity: LogAxis) -> list[dict[str, Any]]:
    """Where each line's name is written: beside its median, clear of the lines; tails run together."""

    def pixel(ns: float, share: float) -> tuple[float, float]:
        return axis.share(ns) * theme.WIDTH, (1 - rarity.share(share)) * theme.HEIGHT

    paths = [[pixel(ns, share) for ns, share in tail] for tail in tails.values()]
    drawn = [box for path in paths for box in boxes_along(path)]
    frame = Box(0, 0, theme.WIDTH, theme.HEIGHT)
    medians = [pixel(*min(tail, key=lambda point: abs(point[1] - 0.5))) for tail in tails.values()]
    middles = place_labels(medians, list(tails), drawn, frame)
    return [
        {"method": method, "x": axis.at(x / theme.WIDTH), "slower": rarity.at(1 - y / theme.HEIGHT)}
        for method, (x, y) in zip(tails, middles, strict=True)
    ]


def _edge_line(edge: float, axis: LogAxis) -> tuple[alt.Chart, alt.Chart]:
    chart = alt.Chart(alt.InlineData(values=[{"edge": edge, "x": axis.place(edge), "words": f"edge {edge:g}"}]))
    line = chart.mark_rule(color=theme.INK, strokeDash=[5, 4]).encode(alt.X("x:Q"))
    words = chart.mark_text(align="left", baseline="bottom", dx=4, dy=-4, color=theme.INK, fontSize=12)
    return line, words.encode(alt.X("x:Q"), y=alt.value(0), text="words:N")


def _bars(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A bar for each effect of a method that is identified, with the ends of its whisker."""
    return [_bar(row, column, effect) for column, effect in _EFFECTS.items() if row[f"{column}_mean"] is not None]


def _bar(row: Mapping[str, Any], column: str, effect: str) -> dict[str, Any]:
    money, t_value = row[f"{column}_mean"], row[f"{column}_t"]
    error = abs(money / t_value) if t_value else 0.0
    low, high = money - error, money + error
    return {
        "method": row["method"],
        "effect": effect,
        "money": money,
        "low": low,
        "high": high,
        "end": min(low, 0.0) if money < 0 else max(high, 0.0),
        "words": theme.money_spoken(money),
    }


def _money_axis(low: float, high: float) -> alt.X:
    """A symmetric log axis with room for words at both ends: straight near zero, in decades beyond."""
    reach = max(-low, high) or 1.0
    small = 10.0 ** math.floor(math.log10(reach) - 1.5)
    decades = [small * 10.0**k for k in range(4) if small * 10.0**k <= reach]
    ends = [2.5 * low - 5 * small, 2.5 * high + 5 * small]
    ticks = [tick for tick in (*(-amount for amount in reversed(decades)), 0.0, *decades) if ends[0] < tick < ends[1]]
    scale = alt.Scale(type="symlog", constant=small, domain=ends, nice=False)
    text = "datum.value === 0 ? '0' : format(datum.value, '+,~r')"
    return alt.X("money:Q", scale=scale, axis=alt.Axis(title="P&L a seed", values=ticks, labelExpr=text))
