"""What the table, the map, the advice and the charts of a frontier say."""

import io
import json

import polars as pl
import pytest
from rich.console import Console

from tradesim.errors import ArgumentError
from tradesim.experiments.advise import winners
from tradesim.report.frontier_chart import frontier_chart, map_chart
from tradesim.report.frontier_table import advice_text, frontier_table, map_text

FACTS = {"problem": "american", "contracts": 40, "cache": "hot"}


def row(method, **said):
    family, _, _ = method.partition("@")
    usual = {
        **{"family": family, "budget": None, "says": "a way", "pareto": True, "footprint": 2048, "position": 0},
        **dict.fromkeys(("price_p50", "price_p99", "price_p999", "one_p50", "one_p99"), 4_000),
        **dict.fromkeys(("cold_p50", "cold_p99", "update_p50", "update_p99", "bind_p50"), 9_000),
        **{"loop_ns": 81.5, "amortised_1": 13_000.0, "amortised_100": 4_090.0, "amortised_10000": 4_000.9},
        **{"build_seconds": 2.5, "build_evaluations": 1_000, "break_even": 123_456.0},
        **dict.fromkeys(("rmse", "p99", "largest", "edge_rmse", "edge_largest"), 0.0005),
        **dict.fromkeys(("delta_rmse", "gamma_rmse", "vega_rmse", "theta_rmse"), 0.25),
        **{"breach_share": 0.015, "breach_worst": 0.3, "breach_law": "parity", "clamped_share": 0.0},
        **{"clamped_worst": 0.0, "hedge_rmse": 0.125, "hedge_largest": 1.0},
    }
    return {"method": method, **usual, **said}


@pytest.fixture
def frontier():
    rows = [
        row("analytic", amortised_100=500_000.0, price_p50=500_000, rmse=1e-6, build_evaluations=0, break_even=None),
        row("grid", footprint=230_000),
        row("grid@1MiB", footprint=2**20, rmse=5e-5, amortised_100=6_000.0, price_p50=6_000),
        row("lightgbm", pareto=False, hedge_rmse=None, breach_share=None, amortised_100=250_000.0, rmse=0.03),
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def printed(table):
    console = Console(file=io.StringIO(), width=220)
    console.print(frontier_table(table, FACTS))
    return console.file.getvalue()


def test_the_table_says_every_figure(frontier):
    said = printed(frontier.filter(pl.col("method") == "grid"))
    for figure in ("* grid", "225 KiB", "4 us", "81.5 ns", "9 us", "2.5 s", "1,000", "1.23e+05", "0.0005", "0.25"):
        assert figure in said
    for figure in ("1.5 %", "0.3", "0.125"):
        assert figure.rstrip("5") in said


def test_a_method_that_others_beat_has_no_mark(frontier):
    assert "* lightgbm" not in printed(frontier)
    assert "* analytic" in printed(frontier)


def test_the_map_has_a_letter_for_every_winner(frontier):
    cells = winners(frontier, error=0.005, ticks=100)
    text = map_text(cells, error=0.005, ticks=100, problem="american")
    assert {"  A analytic", "  B grid", "  C grid@1MiB", "  . none"} <= set(text.splitlines())
    rows = [line.partition("|")[2] for line in text.splitlines() if "|" in line]
    assert set("".join(rows)) == set("ABC.")
    assert rows[0].index("C") > rows[0].index("B")


def test_the_chart_carries_every_method_and_names_the_frontier(frontier):
    said = json.dumps(frontier_chart(frontier, FACTS).to_dict())
    for method in frontier["method"]:
        assert f'"{method}"' in said
    assert "what accuracy costs" in said


def test_a_chart_of_nothing_is_refused(frontier):
    with pytest.raises(ArgumentError, match="it has no row"):
        frontier_chart(frontier.clear(), FACTS)
    nobody = winners(frontier, error=1e-9, ticks=100)
    with pytest.raises(ArgumentError, match="no method reaches it"):
        map_chart(nobody, error=1e-9, ticks=100, problem="american")


def test_the_map_is_drawn_where_somebody_wins(frontier):
    cells = winners(frontier, error=0.005, ticks=100)
    drawn = map_chart(cells, error=0.005, ticks=100, problem="american").to_dict()
    (rows,) = (rows for rows in drawn["datasets"].values() if "to_x" in rows[0])
    assert len(rows) == cells["method"].drop_nulls().len()


def test_advice_names_the_winner_and_what_the_others_lack():
    best = {"method": "grid", "says": "a table", "latency": 4_000.0, "footprint": 2048, "rmse": 0.0005}
    rivals = [
        {**best, "method": "solver", "lacks": ["latency"], "rmse": 1e-6},
        {**best, "method": "model", "lacks": ["memory", "error"], "rmse": 0.5},
        {**best, "method": "coarse", "lacks": [], "rmse": 0.004},
    ]
    lines = advice_text("american", best, rivals, "at most 5us a decision").splitlines()
    assert lines[1].startswith("grid (a table): 4 us, 2 KiB, rmse 0.0005")
    assert "  coarse: meets it, less accurate" in lines[3]
    assert "  solver: exceeds latency" in lines[4]
    assert "  model: exceeds memory and error" in lines[5]
    assert "no method measured meets" in advice_text("american", None, rivals, "nothing")
