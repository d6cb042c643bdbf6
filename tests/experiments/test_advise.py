"""Advice: the most accurate method within the budgets, and what the others lack."""

import math

import polars as pl
import pytest

from tradesim.errors import ArgumentError
from tradesim.experiments.advise import Need, amortised, lacks, winners

TABLE = pl.DataFrame(
    {
        "method": ["analytic", "slice", "grid", "grid@1MiB", "rough"],
        "price_p50": [500_000, 5_000, 4_000, 5_000, 900],
        "update_p50": [0, 500_000, 0, 0, 0],
        "footprint": [10_000, 50_000, 200_000, 1_000_000, 1_000],
        "rmse": [1e-6, 1e-6, 5e-4, 5e-5, 0.5],
    }
)


def won(error, ticks, latency, memory):
    cells = winners(TABLE, error=error, ticks=ticks, latencies=(latency,), memories=(memory,))
    return cells["method"].item()


@pytest.mark.parametrize(
    ("error", "ticks", "latency", "memory", "winner"),
    [
        (0.005, 100, 1e6, 1e7, "slice"),
        (0.005, 100, 9_999, 1e7, "grid@1MiB"),
        (0.005, 100, 9_999, 500_000, "grid"),
        (0.005, 100, 1e6, 20_000, "analytic"),
        (0.005, 1e6, 9_999, 1e7, "slice"),
        (0.005, 1, 100_000, 1e7, "grid@1MiB"),
        (0.005, 100, 3_000, 1e7, None),
        (1.0, 100, 3_000, 1e7, "rough"),
        (1e-7, 100, 1e9, 1e9, None),
    ],
)
def test_the_most_accurate_within_the_budgets_wins(error, ticks, latency, memory, winner):
    assert won(error, ticks, latency, memory) == winner


def test_of_equally_accurate_methods_the_faster_wins():
    assert won(0.005, 100, 1e6, 1e7) == "slice"
    assert won(0.005, 0.5, 1e7, 1e7) == "analytic"


def test_every_budget_that_is_exceeded_is_told():
    row = amortised(TABLE, 100).row(0, named=True)
    assert lacks(row, Need()) == []
    assert lacks(row, Need(latency=1e3, memory=9_999, error=1e-6)) == ["latency", "memory"]
    assert lacks(row, Need(error=1e-7)) == ["error"]


def test_an_error_that_is_not_a_number_meets_no_budget():
    row = amortised(TABLE.with_columns(rmse=pl.lit(math.nan)), 100).row(0, named=True)
    assert lacks(row, Need()) == ["error"]


@pytest.mark.parametrize("name", ["latency", "memory", "error", "ticks"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_a_budget_is_above_zero(name, value):
    with pytest.raises(ArgumentError, match=f"{name} .*: it must be above zero"):
        Need(**{name: value})
