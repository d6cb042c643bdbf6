"""P&L over latency and error, and the lines along which it is the same."""

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim import SyntheticMarket, iso
from tradesim.errors import ArgumentError
from tradesim.experiments.crossing import places
from tradesim.experiments.iso import ERRORS, LATENCIES, Surface, parse_errors
from tradesim.units import SECOND

ROWS, COLUMNS = np.array([0.0, *ERRORS]), np.array(LATENCIES, dtype=np.float64)


def planted(by_error: float, by_latency: float) -> Surface:
    """P&L straight along both axes, 100 at their origin."""
    across = by_latency * places(COLUMNS, COLUMNS)
    return Surface(errors=ROWS, latencies=COLUMNS, pnl=100.0 - by_error * places(ROWS, ROWS)[:, None] - across)


@given(by_error=st.floats(1.0, 30.0), by_latency=st.floats(1.0, 30.0), level=st.floats(-100.0, 99.0))
def test_on_a_planted_surface_pnl_is_the_same_all_along_its_line(by_error, by_latency, level):
    surface = planted(by_error, by_latency)
    line = surface.line(level)
    for ns, error in line:
        assert surface.at(min(error, ROWS[-1]), min(ns, COLUMNS[-1])) == pytest.approx(level, abs=1e-6)
    latencies, errors = [ns for ns, _ in line], [error for _, error in line]
    assert latencies == sorted(latencies)
    assert all(before >= after - 1e-9 for before, after in pairwise(errors))


def test_beyond_the_map_nothing_is_foretold():
    surface = planted(1.0, 1.0)
    assert surface.at(2 * ROWS[-1], 0.0) is None
    assert surface.at(0.0, 2 * COLUMNS[-1]) is None


@given(noise=st.lists(st.floats(-50, 50), min_size=len(ROWS) * len(COLUMNS), max_size=len(ROWS) * len(COLUMNS)))
def test_a_surface_falls_along_both_axes_whatever_the_noise(noise):
    grid = [(error, int(ns)) for error in ROWS for ns in COLUMNS]
    table = pl.DataFrame({"error": [e for e, _ in grid], "compute_ns": [ns for _, ns in grid], "pnl": noise})
    pnl = Surface.of(table).pnl
    assert (np.diff(pnl, axis=0) <= 1e-9).all()
    assert (np.diff(pnl, axis=1) <= 1e-9).all()


@pytest.fixture(scope="module")
def small(home):
    return iso(
        methods=("analytic-slice", "nothing"),
        errors=(0.004, 0.02),
        latencies=(0, 100_000),
        market=SyntheticMarket(duration=10 * SECOND),
        seeds=(1, 2, 3),
        latency="fixed:40us",
        db=home / "iso.duckdb",
        jobs=1,
    )


def test_every_error_is_replayed_at_every_latency_and_none_costs_nothing(small):
    assert small.table.select("error", "compute_ns").rows() == [
        (error, ns) for error in (0.0, 0.004, 0.02) for ns in (0, 100_000)
    ]
    first = small.table.row(0, named=True)
    assert (first["pnl_error"], first["seeds"]) == (0.0, 3)


def test_the_prices_of_a_run_are_as_wrong_as_was_stated(small):
    rows = small.comparison.store.query("""
        SELECT method, min(error_rms) AS least, max(error_rms) AS most
        FROM decisions JOIN runs USING (run) WHERE role = 'fixed' GROUP BY method
    """)
    assert set(rows["method"]) == {f"inexact:{error}:{seed}" for error in (0.004, 0.02) for seed in (1, 2, 3)}
    for method, least, most in rows.iter_rows():
        assert float(method.split(":")[1]) == pytest.approx(least, rel=1e-6)
        assert least == pytest.approx(most, rel=1e-6)


def test_a_method_stands_at_its_own_latency_and_error_and_the_map_tells_its_pnl(small):
    (method,) = small.methods.iter_rows(named=True)
    assert (method["method"], method["to_wire_p50"]) == ("analytic-slice", 40_000)
    assert small.table["pnl"].min() <= method["foretold"] <= small.table["pnl"].max()


def test_it_is_one_json_object(small):
    said = json.loads(small.to_json())
    assert len(said["iso_pnl"]) == 6
    assert {line["share"] for line in said["lines"]} <= {0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.0}


def test_money_stays_whole(small):
    kinds = small.comparison.store.query("SELECT DISTINCT typeof(money) AS kind FROM iso_long")
    assert kinds["kind"].to_list() == ["BIGINT"]


@pytest.mark.parametrize("stated", [[], [0.0], [-1.0], ["x"], [0.1, 0.1]])
def test_errors_that_are_none_are_refused(stated):
    with pytest.raises(ArgumentError):
        parse_errors(stated)


def test_latencies_without_zero_are_refused():
    with pytest.raises(ArgumentError, match="0 and at least one more"):
        iso(latencies=(1_000, 2_000))


@pytest.mark.slow
def test_pnl_falls_with_error_and_with_latency_in_a_paired_test(home):
    found = iso(
        methods=("nothing",),
        errors=(0.006, 0.012, 0.03),
        latencies=(0, 30_000, 200_000),
        market=SyntheticMarket(duration=60 * SECOND),
        seeds=range(1, 11),
        latency="fixed:40us",
        db=home / "falling.duckdb",
    )
    rows = found.comparison.store.query(
        "SELECT key.error AS error, key.compute_ns AS ns, seed, money FROM iso_long "
        "WHERE key.what = 'pnl_error' ORDER BY error, ns, seed"
    )
    money = rows["money"].to_numpy().reshape(4, 3, 10).astype(np.float64)
    for axis in (0, 1):
        lost = -np.diff(money, axis=axis)
        t = lost.mean(axis=2) / (lost.std(axis=2, ddof=1) / np.sqrt(10))
        assert (t > 2.26).all(), t
