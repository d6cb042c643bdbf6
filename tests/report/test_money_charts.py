"""The charts of what the P&L is made of show the figures of their views."""

from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

from tradesim.errors import ArgumentError
from tradesim.report.charts import attribution, markout_curve, save

HORIZONS = (None, 0, 1_000_000, 1_000_000_000)


@pytest.fixture
def markouts() -> pl.DataFrame:
    rows = [
        {
            "method": method,
            "liquidity": liquidity,
            "horizon": horizon,
            "seeds": 8,
            "fills": 100,
            "markout": 0.02 - slope * i,
            "standard_error": 0.001,
        }
        for method, liquidity, slope in (
            ("analytic", "maker", 0.02),
            ("grid", "maker", 0.001),
            ("grid", "taker", 0.0),
        )
        for i, horizon in enumerate(HORIZONS)
    ]
    return pl.DataFrame(rows)


@pytest.fixture
def money() -> pl.DataFrame:
    parts = [("end_marked", None, 70.0), ("quoted_spread", None, 130.0), ("staleness", None, -40.0)]
    parts += [("taker_fees", None, -3.0), ("maker_fees", None, 1.0), ("hedging_cost", None, -9.0)]
    parts += [("mispricing", None, 0.0), ("hedge_pnl", None, 1.0)]
    parts += [("adverse_selection", 1, -20.0), ("inventory", 1, 10.0)]
    parts += [("adverse_selection", 2, -8.0), ("inventory", 2, -2.0)]
    return pl.DataFrame(
        [{"method": "grid", "part": part, "horizon": horizon, "mean": mean} for part, horizon, mean in parts]
    )


def rows_with(chart: alt.LayerChart, *fields: str) -> list[dict[str, Any]]:
    sets = [rows for rows in chart.to_dict()["datasets"].values() if set(fields) <= set(rows[0])]
    return sets[0]


def test_a_line_has_a_point_for_each_moment_in_their_order(markouts: pl.DataFrame) -> None:
    points = [row for row in rows_with(markout_curve(markouts), "low") if row["method"] == "analytic"]

    assert [row["x"] for row in points] == [0.0, 1.0, 2.0, 3.0]
    assert [row["markout"] for row in points] == pytest.approx([0.02, 0.0, -0.02, -0.04])
    assert points[0]["high"] - points[0]["low"] == pytest.approx(0.002)


def test_moments_are_named(markouts: pl.DataFrame) -> None:
    text = str(markout_curve(markouts).to_dict()["layer"])

    assert "['decided', 'fill', '1 ms', '1 s']" in text.replace('\\"', "'").replace("\\'", "'")


def test_makers_fills_and_takers_are_kept_apart(markouts: pl.DataFrame) -> None:
    taken = rows_with(markout_curve(markouts, liquidity="taker"), "low")

    assert {row["method"] for row in taken} == {"grid"}
    assert {row["markout"] for row in taken} == {0.02}


def test_without_such_fills_there_is_no_curve(markouts: pl.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="no fill of liquidity 'taker'"):
        markout_curve(markouts.filter(pl.col("liquidity") == "maker"), liquidity="taker")


def test_bars_sum_to_the_tick(money: pl.DataFrame) -> None:
    chart = attribution(money, ["grid"])
    bars = {row["part"]: row["money"] for row in rows_with(chart, "part")}

    assert bars["fees"] == -2.0
    assert bars["adverse selection and inventory"] == -10.0
    assert bars["hedging, cost and P&L"] == -8.0
    (tick,) = [rows for rows in chart.to_dict()["datasets"].values() if set(rows[0]) == {"method", "money"}]
    assert sum(bars.values()) == pytest.approx(tick[0]["money"])


def test_without_rows_there_are_no_bars(money: pl.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="no row"):
        attribution(money.clear(), [])


def test_both_can_be_written(markouts: pl.DataFrame, money: pl.DataFrame, tmp_path: Path) -> None:
    for name, chart in (("markouts", markout_curve(markouts)), ("attribution", attribution(money, ["grid"]))):
        save(chart, tmp_path / f"{name}.svg")
        assert "<svg" in (tmp_path / f"{name}.svg").read_text()
