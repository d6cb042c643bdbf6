"""The chart of a race: how often the quicker desk wins, by how much quicker it decides."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from tradesim.report import theme
from tradesim.report.labels import SIZE, Box, boxes_along, place_labels
from tradesim.report.vega import alt
from tradesim.units import formatted

_EVEN: Final = 0.5
_FLAT: Final = 1_000.0
"""Ns: leads below are drawn on a straight axis, those above on a logarithmic one."""
FEW_RACES: Final = 5
"""Below so many pairs of decisions a win rate says little."""
_LOWEST: Final = -0.06
_HIGHEST: Final = 1.1
"""Ends of the axis of shares, with room for names."""


def race_chart(gaps: pl.DataFrame, facts: Mapping[str, Any]) -> alt.LayerChart:
    """Win rate against lead, a line for each pair of desks, from the side of the one that is mostly the quicker.

    ``gaps`` is the view ``race_gaps`` of one race, ``facts`` its row of ``races``. Left of zero the usually quicker
    desk was the slower one. A point of fewer than :data:`FEW_RACES` is faint, and no line leads to it.
    """
    pairs = _pairs(gaps)
    axis = _LeadAxis.around([row["lead"] for rows in pairs.values() for row in rows])
    x = axis.x()
    y = alt.Y(
        "win_rate:Q",
        scale=alt.Scale(domain=[_LOWEST, _HIGHEST], nice=False),
        axis=alt.Axis(title="Share of meetings that it wins", format="%", values=[0, 0.25, 0.5, 0.75, 1]),
    )
    names = list(pairs)
    colour = theme.colour(names)
    points = [
        {
            **row,
            "method": name,
            "low": max(0.0, row["win_rate"] - (row["standard_error"] or 0.0)),
            "high": min(1.0, row["win_rate"] + (row["standard_error"] or 0.0)),
            "opacity": 0.3 if row["races"] < FEW_RACES else 1.0,
            "gap": ("+" if row["lead"] >= 0 else "−") + formatted(abs(row["lead"])),
        }
        for name, rows in pairs.items()
        for row in rows
    ]
    chart = alt.Chart(alt.InlineData(values=points))
    shade = alt.Opacity("opacity:Q", scale=None)
    size = alt.Size("races:Q", scale=alt.Scale(range=[40, 400]), legend=None)
    tips = [
        alt.Tooltip("method:N", title="desks"),
        alt.Tooltip("gap:N", title="mean lead"),
        alt.Tooltip("win_rate:Q", title="wins", format=".1%"),
        alt.Tooltip("races:Q", title="races of two decisions", format=",d"),
        alt.Tooltip("meetings:Q", title="their orders that met", format=",d"),
    ]
    even = alt.Chart(alt.InlineData(values=[{"win_rate": _EVEN}])).mark_rule(color="#bdbdbd", strokeDash=[4, 4])
    layers = (
        even.encode(y),
        chart.mark_rule(strokeWidth=1.5).encode(x, alt.Y("low:Q"), colour, shade, y2="high"),
        chart.transform_filter("datum.opacity == 1").mark_line(strokeWidth=2, opacity=0.7).encode(x, y, colour),
        chart.mark_point(filled=True, stroke="white", strokeWidth=1).encode(x, y, colour, shade, size, tooltip=tips),
        alt.Chart(alt.InlineData(values=_labels(pairs, axis)))
        .mark_text(fontSize=SIZE, fontWeight="bold")
        .encode(x, y, colour, text="method:N"),
    )
    title = theme.heading(
        "What being quicker wins",
        "Two desks want the same quote: how often the one takes it, by how much sooner it decides than the other.",
        f"A point's size is how often their decisions met, its whisker one standard error; {facts['problem']} options.",
    )
    return theme.drawn(layers, title=title)


@dataclass(frozen=True)
class _LeadAxis:
    """A symmetric log axis of leads from ``low`` to ``high`` ns."""

    low: float
    high: float

    @classmethod
    def around(cls, leads: Sequence[float]) -> "_LeadAxis":
        wide = [-_FLAT, _FLAT, *(3 * lead for lead in leads)]
        return cls(min(wide), max(wide))

    def share(self, lead: float) -> float:
        """How far a lead lies from the left edge, as a share of the axis."""
        left, right = _bent(self.low), _bent(self.high)
        return (_bent(lead) - left) / (right - left)

    def at(self, share: float) -> float:
        """The inverse of :meth:`share`."""
        left, right = _bent(self.low), _bent(self.high)
        bent = left + share * (right - left)
        return math.copysign(_FLAT * math.expm1(abs(bent)), bent)

    def x(self) -> alt.X:
        """The channel."""
        decades = [_FLAT * 10**k for k in range(8)]
        ticks = [t for t in (*(-d for d in reversed(decades)), 0.0, *decades) if self.low <= t <= self.high]
        size = "abs(datum.value)"
        words = " : ".join(
            f"{size} >= {unit} ? format({size} / {unit}, '~g') + ' {name}'"
            for unit, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us"))
        )
        text = f"datum.value == 0 ? '0' : (datum.value < 0 ? '\u2212' : '+') + ({words} : {size} + ' ns')"
        scale = alt.Scale(type="symlog", constant=_FLAT, domain=[self.low, self.high], nice=False)
        title = "How much sooner it decides than the other (symmetric log scale)"
        return alt.X("lead:Q", scale=scale, axis=alt.Axis(title=title, values=ticks, labelExpr=text))


def _bent(lead: float) -> float:
    return math.copysign(math.log1p(abs(lead) / _FLAT), lead)


def _pairs(gaps: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The points of each pair of desks, by lead, as the desk that is the quicker on average met them."""
    pairs = {}
    for (name, rival), rows in gaps.group_by("name", "rival", maintain_order=True):
        mean = (rows["lead"] * rows["meetings"]).sum()
        if mean > 0 or (mean == 0 and rows["desk"][0] < rows["rival_desk"][0]):
            pairs[f"{name} before {rival}"] = rows.sort("lead").to_dicts()
    return pairs


def _labels(pairs: Mapping[str, list[dict[str, Any]]], axis: _LeadAxis) -> list[dict[str, Any]]:
    """Where each pair's name is written: by its point of most meetings, clear of the lines."""

    def pixel(row: Mapping[str, Any]) -> tuple[float, float]:
        height = (_HIGHEST - row["win_rate"]) / (_HIGHEST - _LOWEST)
        return axis.share(row["lead"]) * theme.WIDTH, height * theme.HEIGHT

    drawn = [box for rows in pairs.values() for box in boxes_along([pixel(row) for row in rows])]
    anchors = [pixel(max(rows, key=lambda row: row["meetings"])) for rows in pairs.values()]
    middles = place_labels(anchors, list(pairs), drawn, Box(0, 0, theme.WIDTH, theme.HEIGHT))
    return [
        {
            "method": name,
            "lead": axis.at(x / theme.WIDTH),
            "win_rate": _HIGHEST - y / theme.HEIGHT * (_HIGHEST - _LOWEST),
        }
        for name, (x, y) in zip(pairs, middles, strict=True)
    ]
