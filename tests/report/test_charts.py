"""A chart shows the figures of the views, where its axes say."""

import math
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

from tradesim.errors import ArgumentError
from tradesim.report.charts import effects, latency_distribution, price_error, save, trade_off

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def rows_with(chart: alt.LayerChart, *fields: str) -> list[dict[str, Any]]:
    """The rows that ``chart`` carries of the data set that has ``fields``."""
    (rows,) = (rows for rows in chart.to_dict()["datasets"].values() if set(fields) <= set(rows[0]))
    return rows


def by_method(chart: alt.LayerChart, *fields: str) -> dict[str, dict[str, Any]]:
    return {row["method"]: row for row in rows_with(chart, "method", *fields)}


def channel(chart: alt.LayerChart, name: str) -> dict[str, Any]:
    """The first layer's channel ``name`` that has an axis of its own."""
    layers = chart.to_dict()["layer"]
    return next(layer["encoding"][name] for layer in layers if "axis" in layer["encoding"].get(name, {}))


def test_a_method_stands_at_its_own_median_latency_and_pnl(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    grid = by_method(trade_off(curve, table), "on_curve")["grid"]

    assert (grid["x"], grid["y"]) == (4_000, 43.0)


def test_a_method_hangs_on_the_curve_as_it_is_drawn(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    grid = by_method(trade_off(curve, table), "on_curve")["grid"]
    share = math.log(4) / math.log(100)

    assert grid["on_curve"] == pytest.approx(44.0 - share * 20.0)
    assert grid["from_curve"] == pytest.approx(43.0 - grid["on_curve"])


def test_the_curve_has_a_band_of_one_standard_error(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    band = rows_with(trade_off(curve, table), "compute_ns", "low", "high")

    assert [(row["low"], row["high"]) for row in band] == [(43.0, 47.0), (42.0, 46.0), (23.0, 25.0), (0.5, 1.5)]


def test_zero_latency_stands_at_the_left_edge_and_is_labelled_0(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    chart = trade_off(curve, table)
    first, *others = rows_with(chart, "compute_ns")
    x = channel(chart, "x")

    assert first["compute_ns"] == 0
    assert first["x"] == x["scale"]["domain"][0] == x["axis"]["values"][0]
    assert all(row["x"] == row["compute_ns"] > first["x"] for row in others)
    assert "'0'" in x["axis"]["labelExpr"]


def test_a_method_far_below_the_curve_is_an_arrow_with_its_pnl(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    chart = trade_off(curve, table)
    proxy = by_method(chart, "shape")["proxy"]
    bottom, _ = channel(chart, "y")["scale"]["domain"]

    assert proxy["shape"] == "triangle-down"
    assert proxy["label"] == "proxy −400"
    assert bottom < proxy["y"] < 0


def test_names_do_not_cover_one_another(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    crowd = pl.concat([table, *(table[3:].with_columns(method=pl.lit(f"grid-{i}")) for i in range(5))])
    chart = trade_off(curve, crowd)
    (left, right), (bottom, top) = (channel(chart, name)["scale"]["domain"] for name in ("x", "y"))
    letter, line = math.log(right / left) / 760 * 6, (top - bottom) / 420 * 12

    for a, b in combinations(rows_with(chart, "label_x"), 2):
        apart = abs(math.log(a["label_x"] / b["label_x"])) / letter
        assert apart > (len(a["label"]) + len(b["label"])) / 2 or abs(a["label_y"] - b["label_y"]) > line


def test_one_seed_has_a_curve_without_a_band(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    one = curve.with_columns(seeds=pl.lit(1), standard_error=pl.lit(None, dtype=pl.Float64))
    chart = trade_off(one, table)

    assert all(row["low"] == row["pnl"] == row["high"] for row in rows_with(chart, "compute_ns"))
    assert "one seed" in chart.to_dict()["title"]["subtitle"][0]


def test_latencies_that_the_tape_cannot_tell_apart_are_shaded(
    curve: pl.DataFrame, table: pl.DataFrame, facts: dict[str, Any]
) -> None:
    minutes = trade_off(curve, table, facts | {"resolution": 60_000_000_000})
    (shade,) = rows_with(minutes, "from", "to")

    assert "not identified, for the tape tells instants apart by 60 s" in minutes.to_dict()["title"]["subtitle"][-1]
    assert shade["to"] == channel(minutes, "x")["scale"]["domain"][1]
    assert not any("to" in rows[0] for rows in trade_off(curve, table, facts).to_dict()["datasets"].values())


def test_a_curve_without_a_row_is_refused(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="curve: it has no row"):
        trade_off(curve.clear(), table)


def test_a_latency_is_shown_with_the_share_of_decisions_that_take_as_long() -> None:
    decisions = pl.DataFrame({"method": ["grid"] * 100, "latency": list(range(1_000, 101_000, 1_000))})
    shares = {row["latency"]: row["slower"] for row in rows_with(latency_distribution(decisions), "latency", "slower")}

    assert shares[1_000] == 1.0
    assert shares[100_000] == 0.01
    assert shares[51_000] == 0.5


def test_each_method_has_a_line_of_few_points_and_a_name() -> None:
    decisions = pl.DataFrame({"method": ["a", "b"] * 10_000, "latency": list(range(20_000))})
    chart = latency_distribution(decisions)
    lines, names = (
        rows_with(chart, "latency"),
        [rows for rows in chart.to_dict()["datasets"].values() if len(rows) == 2],
    )

    assert {row["method"] for row in lines} == {"a", "b"}
    assert len(lines) < 400
    assert [row["method"] for row in names[0]] == ["a", "b"]


def test_a_single_decision_is_a_line_of_one_point() -> None:
    chart = latency_distribution(pl.DataFrame({"method": ["grid"], "latency": [4_000]}))

    assert [row["slower"] for row in rows_with(chart, "latency")] == [1.0]
    assert chart.to_dict()["layer"]


def test_no_decisions_are_refused() -> None:
    with pytest.raises(ArgumentError, match="latencies: it has no row"):
        latency_distribution(pl.DataFrame(schema={"method": pl.String, "latency": pl.Int64}))


def test_price_errors_stand_beside_the_edge(table: pl.DataFrame) -> None:
    chart = price_error(table, edge=0.0075)
    errors = by_method(chart, "error_rms")
    (edge,) = rows_with(chart, "edge")

    assert (errors["grid"]["x"], errors["grid"]["to"]) == (0.004, 0.03)
    assert edge["x"] == edge["edge"] == 0.0075
    assert "nothing" not in errors


def test_a_rule_without_an_edge_has_no_line(table: pl.DataFrame) -> None:
    chart = price_error(table, edge=None)

    assert by_method(chart, "error_rms")["grid"]["x"] == 0.004
    assert not any("edge" in rows[0] for rows in chart.to_dict()["datasets"].values())


def test_a_price_error_of_zero_stands_at_the_left_edge(table: pl.DataFrame) -> None:
    chart = price_error(table, edge=0.0075)

    assert by_method(chart, "error_rms")["analytic"]["x"] == channel(chart, "x")["scale"]["domain"][0]


def test_effects_are_signed_and_sum_to_the_pnl_error(table: pl.DataFrame) -> None:
    bars = {row["effect"]: row for row in rows_with(effects(table), "effect", "money") if row["method"] == "grid"}
    parts = [bars[effect]["money"] for effect in ("pricing effect", "latency effect", "interaction")]

    assert parts == [-0.5, -1.75, 0.25]
    assert bars["P&L error, their sum"]["money"] == sum(parts)
    assert (bars["interaction"]["low"], bars["interaction"]["high"]) == (-0.25, 0.75)
    assert bars["interaction"]["words"] == "+0.25"


def test_effects_of_a_latency_that_the_tape_cannot_see_are_left_out(unidentified: pl.DataFrame) -> None:
    bars = rows_with(effects(unidentified), "effect", "money")

    assert {row["effect"] for row in bars} == {"pricing effect"}


def test_a_method_has_one_colour_in_all_charts(curve: pl.DataFrame, table: pl.DataFrame) -> None:
    def colour_of(chart: alt.LayerChart, method: str) -> str:
        scales = (
            layer["encoding"]["color"]["scale"] for layer in chart.to_dict()["layer"] if "color" in layer["encoding"]
        )
        scale = next(scale for scale in scales if method in scale["domain"])
        return scale["range"][scale["domain"].index(method)]

    for method in ("proxy", "analytic", "grid"):
        assert colour_of(trade_off(curve, table), method) == colour_of(price_error(table, edge=0.01), method)


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


@pytest.fixture
def chart(curve: pl.DataFrame, table: pl.DataFrame) -> alt.LayerChart:
    return trade_off(curve, table)


def test_a_png_is_whole(chart: alt.LayerChart, tmp_path: Path) -> None:
    save(chart, tmp_path / "chart.png")
    content = (tmp_path / "chart.png").read_bytes()

    assert content.startswith(PNG_SIGNATURE)
    assert content.rstrip().endswith(b"IEND\xaeB`\x82")
    width = int.from_bytes(content[16:20])
    assert width > 2 * 760


def test_an_svg_is_whole(chart: alt.LayerChart, tmp_path: Path) -> None:
    save(chart, str(tmp_path / "chart.svg"))
    content = (tmp_path / "chart.svg").read_text(encoding="utf-8")

    assert content.startswith("<svg")
    assert content.rstrip().endswith("</svg>")
    assert "What thinking longer costs" in content
    assert "100 ms" in content


def test_an_html_page_needs_no_other_file(chart: alt.LayerChart, tmp_path: Path) -> None:
    save(chart, tmp_path / "chart.html")
    content = (tmp_path / "chart.html").read_text(encoding="utf-8")

    page = Tags()
    page.feed(content)
    assert "What thinking longer costs" in content
    assert "script" in [tag for tag, _ in page.found]
    assert [name for _, attributes in page.found for name, _ in attributes if name in {"src", "href"}] == []


@pytest.mark.parametrize("name", ["chart.pdf", "chart", "chart.PNG.txt"])
def test_another_suffix_is_refused_in_one_line(chart: alt.LayerChart, tmp_path: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(f"chart {name}: its suffix")) as caught:
        save(chart, tmp_path / name)

    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_named(chart: alt.LayerChart, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="there is no folder"):
        save(chart, tmp_path / "missing" / "chart.png")
