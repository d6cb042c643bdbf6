"""The tables and the chart of break-even latencies and iso-P&L, from rows whose answers are known."""

import io

import polars as pl
import pytest
from rich.console import Console

from tradesim.errors import ArgumentError
from tradesim.report.break_even_table import break_even_table
from tradesim.report.iso_chart import iso_chart
from tradesim.report.iso_table import iso_table


def printed(table) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    return console.file.getvalue()


def pair(rival: str, **said) -> dict:
    own = {"method": "lightgbm", "error_rms": 0.0011, "price_p50": 43_000, "pnl_mean": 9_874.0}
    them = {"rival": rival, "rival_price_p50": 4_190, "rival_pnl_mean": 13_188.0}
    answers = {f"{end}answer": "latency" for end in ("", "low_", "high_")}
    return own | them | answers | {"break_even": 3_380.0, "low": 2_020.0, "high": 4_390.0} | said


def test_each_answer_is_told_in_words(facts):
    rows = [
        pair("analytic-slice"),
        pair("curve", answer="never", break_even=None, low_answer="never", low=None, high_answer="never", high=None),
        pair("nothing", answer="latency", break_even=5.56e6, high_answer="always", high=None),
        pair("grid", low_answer="unknown", low=None, high_answer="unknown", high=None),
    ]
    lines = printed(break_even_table(pl.DataFrame(rows, infer_schema_length=None), facts)).splitlines()
    rivals = ("analytic-slice", "curve", "nothing")
    told = {rival: next(line for line in lines if f" {rival} " in line) for rival in rivals}
    own = ("lightgbm", "0.0011", "43 us", "3.38 us", "2.02 us to 4.39 us")
    assert all(words in told["analytic-slice"] for words in own)
    assert told["curve"].count("never") == 2
    assert "2.02 us to always" in told["nothing"]
    assert "lightgbm" not in told["nothing"]


def test_few_seeds_and_coarse_tapes_are_told_of(facts):
    facts["manifest"]["configuration"]["seeds"] = [1, 2]
    table = pl.DataFrame([pair("grid")])
    assert "Below five seeds there is no interval" in printed(break_even_table(table, facts))
    assert "apart by 60 s" in printed(break_even_table(table, facts | {"resolution": 60 * 10**9}))


@pytest.fixture
def iso_rows() -> pl.DataFrame:
    rows = [
        {"error": error, "compute_ns": ns, "pnl": 100.0 - 1_000.0 * error - ns / 10_000, "seeds": 8}
        for error in (0.0, 0.01, 0.04)
        for ns in (0, 1_000, 100_000)
    ]
    return pl.DataFrame(rows)


METHODS = pl.DataFrame(
    {
        "method": ["grid", "lightgbm"],
        "to_wire_p50": [3_000, 43_000],
        "error_rms": [1e-6, 0.02],
        "pnl_mean": [99.0, 75.0],
        "foretold": [99.2, None],
    }
)
LINES = pl.DataFrame(
    {
        "share": [0.95, 0.95, 0.9, 0.9],
        "pnl": [95.0, 95.0, 90.0, 90.0],
        "compute_ns": [0.0, 50_000.0, 0.0, 100_000.0],
        "error": [0.005, 0.0, 0.01, 0.0],
    }
)


def test_the_map_is_a_table_of_pnl_with_the_methods_below(iso_rows, facts):
    shown = " ".join(printed(iso_table(iso_rows, METHODS, facts)).split())
    assert all(words in shown for words in ("at once", "100 us", "0.01", "│ 100 │ 100 │ 90 │"))
    assert "grid: 3 us, rmse 1e-06, earns 99; by the map 99." in shown
    assert "lightgbm: 43 us, rmse 0.02, earns 75; beyond the map." in shown


def test_the_chart_places_lines_and_methods_where_they_are(iso_rows, facts):
    drawn = iso_chart(iso_rows, LINES, METHODS, facts).to_dict()
    names, points = (next(rows for rows in drawn["datasets"].values() if key in rows[0]) for key in ("words", "method"))
    path = next(rows for rows in drawn["datasets"].values() if "order" in rows[0] and rows != names)
    assert [(row["share"], row["pnl"]) for row in path] == [("95%", 95.0), ("95%", 95.0), ("90%", 90.0), ("90%", 90.0)]
    assert [row["words"] for row in names] == ["95%: +95", "90%: +90"]
    at = {row["method"]: (row["x"], row["y"]) for row in points}
    assert at["lightgbm"] == (43_000, 0.02)
    assert at["grid"][0] == 3_000
    assert 1e-6 < at["grid"][1] < 0.01
    domain = drawn["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert domain[0] == pytest.approx(at["grid"][1])


def test_a_map_without_lines_is_refused(iso_rows):
    with pytest.raises(ArgumentError, match="wider range"):
        iso_chart(iso_rows, LINES.clear(), METHODS)


def test_an_interval_of_the_pnl_error_is_under_it(table, facts):
    from tradesim.report.table import comparison_table

    told = table.filter(method="grid").with_columns(pnl_error_low=pl.lit(-3.25), pnl_error_high=pl.lit(-0.75))
    assert "-3.25 to -0.75" in printed(comparison_table(told, facts))
    assert " to " not in printed(comparison_table(table.filter(method="grid"), facts)).split("└")[0]
