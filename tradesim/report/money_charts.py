"""The charts of what the P&L is made of: markouts of fills, and the parts of the attribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, boxes_along, place_labels
from tradesim.report.vega import alt
from tradesim.units import formatted

PARTS: Final = {
    "quoted_spread": "quoted spread",
    "mispricing": "mispricing",
    "staleness": "staleness",
    "fees": "fees",
    "holding": "adverse selection and inventory",
    "hedging": "hedging, cost and P&L",
}
"""The parts that are drawn, in their order: what follows the fill is one, and so are fees and what hedges do."""

_OF_PART: Final = {
    **{part: part for part in ("quoted_spread", "mispricing", "staleness")},
    **dict.fromkeys(("taker_fees", "maker_fees"), "fees"),
    **dict.fromkeys(("adverse_selection", "inventory"), "holding"),
    **dict.fromkeys(("hedging_cost", "hedge_pnl"), "hedging"),
}
_COLOURS: Final = ("#009E73", "#CC79A7", "#D55E00", "#9a9a9a", "#56B4E9", "#E69F00")


def markout_curve(curve: pl.DataFrame, *, liquidity: str = "maker") -> alt.LayerChart:
    """What a unit that was traded has made by each moment, one line a method: its fall is what the desk lost.

    ``curve`` is the view ``markout_curve`` of one comparison, methods in the order in which they get their colours;
    ``liquidity`` says of which fills: those of ``maker`` or ``taker``. A band is one standard error over seeds.
    ``ArgumentError`` where there is no such fill.
    """
    fills = curve.filter(pl.col("liquidity") == liquidity).with_columns(pl.col("standard_error").fill_null(0.0))
    if fills.is_empty():
        raise ArgumentError(f"curve: it has no fill of liquidity {liquidity!r}; choose maker or taker, as fills were")
    moments = fills["horizon"].unique().sort(nulls_last=False).to_list()
    methods = fills["method"].unique(maintain_order=True).to_list()
    rows = [
        {
            "method": row["method"],
            "x": float(moments.index(row["horizon"])),
            "markout": row["markout"],
            "low": row["markout"] - row["standard_error"],
            "high": row["markout"] + row["standard_error"],
        }
        for row in fills.sort("horizon", nulls_last=False).iter_rows(named=True)
    ]
    canvas = _Canvas.around(rows, moments)
    x, y, colour = canvas.x(), canvas.y("markout"), theme.colour(methods)
    chart = alt.Chart(alt.InlineData(values=rows))
    band = chart.mark_area(opacity=0.12).encode(x, canvas.y("low"), colour, y2="high")
    line = chart.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=45)).encode(x, y, colour)
    zero = alt.Chart(alt.InlineData(values=[{"markout": 0.0}])).mark_rule(color=theme.FAINT).encode(y)
    names = alt.Chart(alt.InlineData(values=_names(rows, methods, canvas)))
    words = names.mark_text(fontSize=SIZE, fontWeight="bold").encode(x, y, colour, text="method:N")
    title = theme.heading(
        "Who is picked off",
        "What a unit traded has made: by the desk's own value when the order was decided, by the value at the fill,",
        "and so long after it. A fall before the fill is staleness, one after it adverse selection.",
        f"Mean of {_seeds(fills)}.",
    )
    return theme.drawn((zero, band, line, words), title=title)


def attribution(table: pl.DataFrame, methods: Sequence[str]) -> alt.LayerChart:
    """What each method's end-marked P&L is made of, as signed bars side by side, with its sum as a tick.

    ``table`` is the view ``attribution_money`` of one comparison; ``methods`` in the order of their rows.
    ``ArgumentError`` where it has no row.
    """
    if table.is_empty():
        raise ArgumentError("attribution: it has no row; compare with a strategy that trades")
    last = table["horizon"].max()
    parts = table.filter(pl.col("horizon").is_null() | (pl.col("horizon") == last))
    bars = [
        {"method": row["method"], "part": PARTS[_OF_PART[row["part"]]], "money": row["mean"]}
        for row in parts.filter(pl.col("part") != "end_marked").iter_rows(named=True)
    ]
    sums = parts.filter(pl.col("part") == "end_marked").select("method", money="mean").to_dicts()
    names = list(PARTS.values())
    y = alt.Y("method:N", sort=list(methods), axis=alt.Axis(title=None, domain=False, ticks=False))
    x = alt.X("money:Q", axis=alt.Axis(title="P&L a seed, marked at the end of the tape", format=",~r"))
    colour = alt.Color(
        "part:N",
        sort=names,
        scale=alt.Scale(domain=names, range=list(_COLOURS)),
        legend=alt.Legend(title=None, orient="top", labelFontSize=12.5, symbolType="square", columns=3, labelLimit=0),
    )
    order = alt.YOffset("part:N", sort=names)
    bar = alt.Chart(alt.InlineData(values=_summed(bars))).mark_bar().encode(x, y, order, colour)
    tick = alt.Chart(alt.InlineData(values=sums)).mark_tick(color=theme.INK, thickness=2.5, size=56).encode(x, y)
    zero = alt.Chart(alt.InlineData(values=[{"money": 0.0}])).mark_rule(color=theme.FAINT).encode(x)
    title = theme.heading(
        "What the P&L is made of",
        "The bars of a method sum to its P&L, the black tick. Staleness: what had changed between decision and fill.",
    )
    return theme.drawn((bar, tick, zero), title=title, height=76 * max(1, len(methods)))


@dataclass(frozen=True, kw_only=True)
class _Canvas:
    """The axes of markouts: moments side by side, room for names behind the last."""

    moments: Sequence[int | None]
    low: float
    high: float

    @classmethod
    def around(cls, rows: Sequence[Mapping[str, Any]], moments: Sequence[int | None]) -> "_Canvas":
        low, high = min(0.0, *(row["low"] for row in rows)), max(0.0, *(row["high"] for row in rows))
        margin = 0.06 * (high - low) or 1.0
        return cls(moments=moments, low=low - margin, high=high + margin)

    @property
    def ends(self) -> tuple[float, float]:
        return -0.4, len(self.moments) + 0.1

    def pixel(self, x: float, money: float) -> tuple[float, float]:
        left, right = self.ends
        return (x - left) / (right - left) * theme.WIDTH, (self.high - money) / (self.high - self.low) * theme.HEIGHT

    def point(self, x: float, y: float) -> tuple[float, float]:
        left, right = self.ends
        return left + x / theme.WIDTH * (right - left), self.high - y / theme.HEIGHT * (self.high - self.low)

    def x(self) -> alt.X:
        texts = [_moment(horizon) for horizon in self.moments]
        axis = alt.Axis(
            title="When the order was decided, at its fill, and so long after it",
            values=list(range(len(texts))),
            labelExpr=f"{texts}[datum.value]",
            grid=False,
        )
        return alt.X("x:Q", scale=alt.Scale(domain=list(self.ends), nice=False, zero=False), axis=axis)

    def y(self, field: str) -> alt.Y:
        scale = alt.Scale(domain=[self.low, self.high], nice=False, zero=False)
        return alt.Y(f"{field}:Q", scale=scale, axis=alt.Axis(title="Made by then, currency a unit", format="~g"))


def _moment(horizon: int | None) -> str:
    """What a horizon of the view says, in words."""
    return "decided" if horizon is None else "fill" if horizon == 0 else formatted(horizon)


def _names(rows: Sequence[Mapping[str, Any]], methods: Sequence[str], canvas: _Canvas) -> list[dict[str, Any]]:
    """Where each line's name is written: behind its last point, clear of the lines."""
    paths = {
        method: [canvas.pixel(row["x"], row["markout"]) for row in rows if row["method"] == method]
        for method in methods
    }
    zero = [canvas.pixel(x, 0.0) for x in canvas.ends]
    drawn = [box for path in (*paths.values(), zero) for box in boxes_along(path)]
    frame = Box(0, 0, theme.WIDTH, theme.HEIGHT)
    middles = place_labels([paths[method][-1] for method in methods], list(methods), drawn, frame)
    places = [canvas.point(*middle) for middle in middles]
    return [{"method": method, "x": x, "markout": y} for method, (x, y) in zip(methods, places, strict=True)]


def _summed(bars: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One bar a method and part."""
    return pl.DataFrame(bars).group_by("method", "part", maintain_order=True).agg(pl.col("money").sum()).to_dicts()


def _seeds(fills: pl.DataFrame) -> str:
    seeds = int(fills["seeds"].to_numpy().max())
    return f"{seeds} seeds ± 1 standard error" if seeds > 1 else "one seed"
