"""The table that `tradesim compare` prints: what a row says, and what it does not claim."""

import io
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from tradesim.report.table import bytes_spoken, comparison_table

MINUTE = 60_000_000_000


def printed(table: pl.DataFrame, facts: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=220)
    console.print(comparison_table(table, facts))
    return console.file.getvalue()  # type: ignore[attr-defined]


def row_of(table: pl.DataFrame, method: str) -> pl.DataFrame:
    return table.filter(pl.col("method") == method)


def test_a_method_whose_error_exceeds_the_edge_is_not_tradable(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    assert "not tradable" in printed(row_of(table, "proxy"), facts)
    assert "not tradable" not in printed(row_of(table, "grid"), facts)


def test_a_method_that_prices_nothing_is_not_called_untradable(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    assert "not tradable" not in printed(row_of(table, "nothing"), facts)


def test_a_latency_below_the_resolution_of_the_tape_is_not_identified(
    unidentified: pl.DataFrame, facts: dict[str, Any]
) -> None:
    minutes = printed(row_of(unidentified, "grid"), facts | {"resolution": MINUTE})

    assert minutes.count("identified") >= 3
    assert "-1.75" not in minutes
    assert "-0.5" in minutes
    assert "The tape tells instants apart by 60 s" in minutes


def test_a_latency_above_the_resolution_is_reported(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    shown = printed(row_of(table, "grid"), facts)

    assert "identified" not in shown
    assert all(figure in shown for figure in ("-0.5", "-1.75", "0.25", "(.012)"))


def test_a_recorded_tape_says_that_its_pnl_is_an_estimate(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    assert "an estimate by markout at 60 s" in printed(table, facts | {"fair": "markout"})
    assert "estimate" not in printed(table, facts)


def test_latencies_are_split_into_stages_between_their_bounds(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    shown = printed(row_of(table, "analytic").with_columns(latency_p50=pl.lit(400_000)), facts)

    assert "400 us" in shown
    assert all(heading in shown for heading in ("sent p50", "feed", "decide", "send", "live", "hot", "cold", "busy"))


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1_500_000, "1.43 MiB"), (2**31, "2 GiB")]
)
def test_bytes_are_spoken_in_powers_of_1024(count: int, words: str) -> None:
    assert bytes_spoken(count) == words


def test_fallbacks_are_told(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    fallen = row_of(table, "grid").with_columns(pl.lit(1234).alias("fallbacks"))

    assert "1,234 fallbacks" in printed(fallen, facts)
    assert "the solver answered" in printed(fallen, facts)
    assert "fallback" not in printed(table, facts).lower()


def test_several_tapes_are_told_from_one(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    recorded = facts | {"fair": "markout"}
    assert "nothing is said of other days" in printed(table, recorded)
    recorded["manifest"]["configuration"]["source"] = ["monday.parquet", "tuesday.parquet"]
    shown = " ".join(printed(table, recorded).split())
    assert "2 tapes, 120 s in all" in shown
    assert "other days" not in shown


def test_a_table_of_few_seeds_says_that_it_has_no_p_values(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    assert "corrected for the number of methods" in printed(table, facts)
    few = printed(table.with_columns(replicates=pl.lit(4)), facts)
    assert "Fewer than 5 seeds: no p-values and no intervals" in few
    assert "Holm" not in few


def test_paying_decisions_stand_below_the_fills(table: pl.DataFrame, facts: dict[str, Any]) -> None:
    counted = row_of(table, "grid").with_columns(paying=pl.lit(4_321))
    assert "4,321" in printed(counted, facts)
