"""What all charts share: ink, a palette that colour-blind readers can tell apart, and log axes in human units."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tradesim.report.vega import alt

WIDTH: Final = 760
HEIGHT: Final = 420
FONT: Final = "Helvetica Neue, Helvetica, Arial, sans-serif"

INK: Final = "#222222"
FAINT: Final = "#767676"
GRID: Final = "#ececec"
CURVE: Final = "#4a4a4a"

_PALETTE: Final = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#6B3FA0", "#8C564B", "#7A8B00", "#B3001B", "#00857C", "#444E86"),
)
"""Okabe and Ito, Color Universal Design (2008), without the yellow that white paper swallows; then six darker ones."""

_NULLS: Final = {"nothing": "#9a9a9a", "proxy": "#5c5c5c"}
"""Methods that are there to be beaten, in grey."""

LATENCY_LABEL: Final = (
    "datum.value >= 1e9 ? format(datum.value / 1e9, '~g') + ' s' : "
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' ms' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, '~g') + ' us' : format(datum.value, '~g') + ' ns'"
)
AMOUNT_LABEL: Final = "format(datum.value, '~g')"


@dataclass(frozen=True, kw_only=True)
class LogAxis:
    """A log axis from ``low`` to ``high``; ``zero``, left of ``low``, is where the value 0 is drawn."""

    low: float
    high: float
    zero: float

    @classmethod
    def around(cls, values: Sequence[float]) -> "LogAxis":
        """Whole decades around the positive ones of ``values``; zero stands half a decade below them."""
        positive = [value for value in values if value > 0]
        low = 10.0 ** math.floor(math.log10(min(positive, default=1.0)))
        high = max(10.0 * low, 10.0 ** math.ceil(math.log10(max(positive, default=10.0)) - 1e-9))
        return cls(low=low, high=high, zero=low / math.sqrt(10))

    def place(self, value: float) -> float:
        """Where ``value`` is drawn."""
        return max(value, self.zero)

    def share(self, value: float) -> float:
        """How far ``value`` lies from the left edge, as a share of the axis."""
        return math.log(self.place(value) / self.zero) / math.log(self.high / self.zero)

    def at(self, share: float) -> float:
        """The value that is drawn at ``share`` of the axis: the inverse of :meth:`share`."""
        return self.zero * math.pow(self.high / self.zero, share)

    def decades(self) -> list[float]:
        """Powers of ten, low to high."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        return [10.0**exponent for exponent in range(first, last + 1)]

    def x(self, field: str, *, title: str, label: str) -> alt.X:
        """The channel; ``label`` is the Vega expression of a tick's text."""
        ticks = [self.zero, *self.decades()]
        text = f"datum.value < {self.low} * 0.99 ? '0' : {label}"
        return alt.X(
            f"{field}:Q",
            scale=alt.Scale(type="log", domain=[self.zero, self.high], nice=False),
            axis=alt.Axis(title=title, values=ticks, labelExpr=text, labelOverlap=False),
        )


def colours(methods: Sequence[str]) -> dict[str, str]:
    """A colour for each method, the same in every chart whose methods stand in the same order."""
    contenders = [method for method in methods if method not in _NULLS]
    return {**_NULLS, **{method: _PALETTE[i % len(_PALETTE)] for i, method in enumerate(contenders)}}


def colour(methods: Sequence[str]) -> alt.Color:
    """The colour channel of the field ``method``; no legend, for charts name their methods in place."""
    chosen = colours(methods)
    return alt.Color("method:N", scale=alt.Scale(domain=list(methods), range=[chosen[m] for m in methods]), legend=None)


def heading(title: str, *lines: str) -> alt.TitleParams:
    """The finding, and below it the setting."""
    return alt.TitleParams(title, subtitle=list(lines), anchor="start", frame="group", offset=18)


def drawn(layers: Iterable[alt.Chart], *, title: alt.TitleParams, height: float = HEIGHT) -> alt.LayerChart:
    """``layers`` one over the other, with the house's restraint: one font, faint grid, no frame."""
    chart: alt.LayerChart = (
        alt.LayerChart(layer=list(layers), title=title, width=WIDTH, height=height)
        .configure(font=FONT, background="white", padding=16)
        .configure_view(stroke=None)
        .configure_title(fontSize=19, color=INK, subtitleFontSize=12.5, subtitleColor=FAINT, subtitleLineHeight=17)
        .configure_axis(
            domainColor=FAINT,
            gridColor=GRID,
            tickColor=FAINT,
            labelColor=INK,
            labelFontSize=12,
            titleColor=FAINT,
            titleFontSize=12.5,
            titleFontWeight="normal",
            titlePadding=10,
        )
    )
    return chart


def money_spoken(amount: float) -> str:
    """An amount for people, its sign always shown.

    >>> money_spoken(-1234.5), money_spoken(3.14159), money_spoken(0)
    ('−1,234', '+3.14', '0')
    """
    if amount == 0:
        return "0"
    sign, size = ("+" if amount > 0 else "−"), abs(amount)
    return sign + (f"{size:,.0f}" if size >= 100 else f"{size:.3g}")
