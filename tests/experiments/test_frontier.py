"""A frontier as it is stored: what its columns mean, who is on it, who is left out."""

import json

import polars as pl
import pytest

from tradesim.errors import ArgumentError, ProblemError
from tradesim.experiments.frontier import contenders, frontier, latest_frontier
from tradesim.experiments.timing import Effort
from tradesim.methods.registry import METHODS

BRIEF = Effort(calls=40, seconds=0.02, states=8)
NAMES = ("proxy", "analytic", "analytic-slice", "grid@64KiB")


@pytest.fixture(scope="module")
def measured(home):
    return frontier("american", methods=NAMES, points=100, effort=BRIEF, db=home / "frontier.duckdb")


def test_every_method_is_measured_in_every_way(measured):
    table = measured.table
    assert table["method"].to_list() == list(NAMES)
    always = [name for name in table.columns if name not in {"budget", "break_even"}]
    assert table.select(always).null_count().sum_horizontal().item() == 0
    assert (table["price_p50"] <= table["price_p99"]).all()
    assert (table["price_p99"] <= table["price_p999"]).all()
    assert (table["rmse"] <= table["largest"]).all()
    assert (table["footprint"] > 0).all()


def test_an_update_is_shared_among_its_ticks(measured):
    for row in measured.table.iter_rows(named=True):
        for ticks in (1, 100, 10_000):
            assert row[f"amortised_{ticks}"] == pytest.approx(row["price_p50"] + row["update_p50"] / ticks)


def test_a_method_is_on_the_frontier_if_no_other_beats_it(measured):
    rows = measured.table.to_dicts()

    def beats(a, b):
        ways = ("amortised_100", "footprint", "rmse")
        return all(a[way] <= b[way] for way in ways) and any(a[way] < b[way] for way in ways)

    for row in rows:
        assert row["pareto"] == (not any(beats(other, row) for other in rows))
    assert any(row["pareto"] for row in rows)


def test_building_has_paid_when_the_prices_have_saved_its_seconds(measured):
    rows = {row["method"]: row for row in measured.table.to_dicts()}
    grid, *unbuilt = (rows[name] for name in ("grid@64KiB", "analytic", "analytic-slice"))
    saved = (min(row["amortised_100"] for row in unbuilt) - grid["amortised_100"]) / 40 * 1e-9
    if saved > 0.0:
        assert grid["break_even"] * saved == pytest.approx(grid["build_seconds"])
    else:
        assert grid["break_even"] is None
    assert all(row["break_even"] is None for row in unbuilt)


def test_the_program_is_nearer_the_truth_than_the_table_and_the_table_than_the_proxy(measured):
    rmse = dict(measured.table.select("method", "rmse").iter_rows())
    assert rmse["analytic"] < rmse["grid@64KiB"] < rmse["proxy"]


def test_it_says_of_itself_what_it_is(measured):
    said = json.loads(measured.to_json())
    assert said["problem"] == "american"
    assert said["cache"] == "hot"
    assert said["manifest"]["configuration"]["problem"]["name"] == "american"
    assert {row["method"] for row in said["methods"]} == set(NAMES)
    assert "processor" in said["manifest"]["host"]


def test_the_newest_frontier_of_a_problem_is_found(measured):
    assert latest_frontier("american", db=measured.store.path).name == measured.name
    with pytest.raises(ArgumentError, match="no frontier of it is stored"):
        latest_frontier("heston", db=measured.store.path)


def test_readings_are_kept_whole_for_every_stage_and_cache(measured):
    stages = measured.store.query("SELECT DISTINCT stage, contracts, cache FROM stages WHERE method = 'grid@64KiB'")
    prices = stages.filter(pl.col("stage") == "price").select("contracts", "cache").rows()
    assert sorted(prices) == [(n, cache) for n in (1, 40, 400) for cache in ("cold", "hot")]


def test_a_method_without_a_budget_is_measured_at_its_default_and_at_every_usual_one():
    def labels(methods, budgets):
        return [spec.label for spec in contenders(methods, budgets)]

    assert labels(["analytic"], [65536]) == ["analytic"]
    budgeted = next(name for name, entry in METHODS.items() if entry.budgets)
    usual = METHODS[budgeted].budgets
    assert len(labels([budgeted], None)) == 1 + len(usual)
    assert labels([budgeted], [65536]) == [f"{budgeted}@64KiB"]
    assert labels([f"{budgeted}@64KiB", budgeted], [65536]) == [f"{budgeted}@64KiB"]
    assert not {"nothing", "reference", "inexact"} & set(labels(None, None))


def test_a_method_that_cannot_serve_is_left_out_with_its_reason(home):
    found = frontier("sine", methods=["proxy", "analytic"], points=40, effort=BRIEF, db=home / "sine.duckdb")
    assert found.table["method"].to_list() == ["analytic"]
    assert "no closed form is near it" in found.refused["refused"].item()


def test_nothing_is_stored_where_no_method_can_serve(home):
    database = home / "none.duckdb"
    with pytest.raises(ProblemError, match="cannot price problem 'sine'"):
        frontier("sine", methods=["proxy"], points=40, effort=BRIEF, db=database)
    assert not database.exists()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"methods": []}, "give at least one"),
        ({"methods": ["magic"]}, "there is no such method"),
        ({"points": 3}, "points 3: give from 20"),
        ({"cache": "warm"}, "cache 'warm': it is one of hot, cold"),
    ],
)
def test_bad_arguments_are_named(home, asked, message):
    with pytest.raises(ArgumentError, match=message):
        frontier("american", db=home / "never.duckdb", **asked)
    with pytest.raises(ArgumentError, match="there is no such problem"):
        frontier("magic")
