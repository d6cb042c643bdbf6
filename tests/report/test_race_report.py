"""What people see of a race: the table and the chart."""

from io import StringIO
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from tradesim.report.race_chart import FEW_RACES, race_chart
from tradesim.report.race_table import race_table


def desk_row(desk: int, name: str, **said: Any) -> dict[str, Any]:
    row = {
        "desk": desk,
        "name": name,
        "latency_p50": 5_000,
        "latency_p99": 9_000,
        "identified": True,
        "orders": 1_200,
        "filled": 800,
        "meetings": 1_000,
        "won": 750,
        "lost": 250,
        "neither": 0,
        "win_rate": 0.75,
        "alone": 2_000.0,
        "raced": 1_500.0,
        "cost": 500.0,
        "cost_p_holm": 0.0004,
        "replicates": 8,
        "missed": 600.0,
        "worsened": 0.0,
        "gained": 100.0,
        "made": 0,
        "made_money": 0.0,
    }
    return row | said


RIVALS = pl.DataFrame({"desk": [0, 1], "rival": ["slow", "fast"], "win_rate": [0.75, 0.25]})


def shown(*rows: dict[str, Any], facts: dict[str, Any]) -> str:
    console = Console(width=400, record=True, file=StringIO())
    console.print(race_table(pl.DataFrame(rows, infer_schema_length=None), RIVALS, facts))
    return console.export_text()


def test_the_table_has_what_each_made_alone_and_what_the_race_cost_it(facts):
    text = shown(desk_row(0, "fast"), desk_row(1, "slow", win_rate=0.25), facts=facts)
    for words in ("75 % slow", "25 % fast", "2,000", "1,500", "500", "(<.001)", "600", "100", "8 seeds, 2 desks"):
        assert words in text
    assert "made for" not in text


def test_trades_between_desks_are_shown_where_there_are_any(facts):
    text = shown(desk_row(0, "fast"), desk_row(1, "slow", made=77, made_money=-4_321.0), facts=facts)
    assert "made for" in text
    assert "77" in text
    assert "-4,321" in text


def test_what_is_not_identified_is_said_and_not_shown(facts):
    hidden = dict.fromkeys(("win_rate", "raced", "cost", "cost_p_holm", "missed", "worsened", "gained", "made_money"))
    rows = [desk_row(desk, name, identified=False, **hidden) for desk, name in enumerate(("fast", "slow"))]
    text = shown(*rows, facts=facts | {"resolution": 60 * 10**9, "fair": "markout"})
    assert text.count("identified") >= 2
    assert "75 %" not in text
    assert "an estimate by markout" in text


def gap_row(name: str, rival: str, lead: float, win_rate: float, races: int = 50) -> dict[str, Any]:
    desks = {"fast": 0, "slow": 1}
    return {
        "desk": desks[name],
        "rival_desk": desks[rival],
        "name": name,
        "rival": rival,
        "lead": lead,
        "races": races,
        "meetings": 10 * races,
        "won": round(10 * races * win_rate),
        "win_rate": win_rate,
        "standard_error": 0.05 if races > 1 else None,
    }


GAPS = pl.DataFrame(
    [
        row
        for lead, rate, races in ((-3_000.0, 0.3, 20), (0.0, 0.5, 20), (40_000.0, 0.9, 200), (2e6, 1.0, FEW_RACES - 1))
        for row in (gap_row("fast", "slow", lead, rate, races), gap_row("slow", "fast", -lead, 1 - rate, races))
    ],
    infer_schema_length=None,
)


def points_of(chart: Any) -> list[dict[str, Any]]:
    spec = chart.to_dict()
    (data,) = (layer["data"] for layer in spec["layer"] if layer["mark"]["type"] == "point")
    points: list[dict[str, Any]] = data["values"] if "values" in data else spec["datasets"][data["name"]]
    return points


def test_each_pair_is_drawn_once_from_the_quicker_side(facts):
    points = points_of(race_chart(GAPS, facts))
    assert {point["method"] for point in points} == {"fast before slow"}
    assert [(point["lead"], point["win_rate"]) for point in points] == [(-3e3, 0.3), (0.0, 0.5), (4e4, 0.9), (2e6, 1.0)]
    assert [point["gap"] for point in points] == ["−3 us", "+0 ns", "+40 us", "+2 ms"]


def test_a_point_of_few_races_is_faint(facts):
    assert [point["opacity"] for point in points_of(race_chart(GAPS, facts))] == [1.0, 1.0, 1.0, 0.3]


def test_desks_that_are_alike_are_drawn_once_too(facts):
    alike = pl.DataFrame([gap_row("fast", "slow", 0.0, 0.5), gap_row("slow", "fast", 0.0, 0.5)])
    assert [point["method"] for point in points_of(race_chart(alike, facts))] == ["fast before slow"]


def test_a_race_without_meetings_has_a_chart_without_points(facts, tmp_path):
    chart = race_chart(GAPS.clear(), facts)
    assert points_of(chart) == []
    chart.save(tmp_path / "empty.svg")


@pytest.mark.parametrize("suffix", ["svg", "html"])
def test_the_chart_can_be_written(facts, tmp_path, suffix):
    path = tmp_path / f"race.{suffix}"
    race_chart(GAPS, facts).save(path)
    assert path.stat().st_size > 1_000
