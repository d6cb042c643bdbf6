"""The table of what the P&L is made of: what stands in which row, and what it says of itself."""

import io
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from tradesim.report.attribution_table import attribution_table

HORIZONS = (1_000_000, 1_000_000_000)
AMOUNTS = {
    "end_marked": 151.0,
    "quoted_spread": 1203.0,
    "mispricing": -7.25,
    "staleness": -904.0,
    "taker_fees": 0.0,
    "maker_fees": 12.5,
    "hedging_cost": -131.0,
    "hedge_pnl": 42.0,
}
LATER = {("adverse_selection", 1_000_000): -3.5, ("adverse_selection", 1_000_000_000): -55.0}
LATER |= {("inventory", 1_000_000): -60.75, ("inventory", 1_000_000_000): -9.25}


@pytest.fixture
def money() -> pl.DataFrame:
    """The view ``attribution_money`` of two methods, the second a hundred times the first."""
    rows = [
        {"method": method, "part": part, "horizon": horizon, "mean": scale * amount, "standard_deviation": 8.0}
        for method, scale in (("grid", 1.0), ("analytic", 100.0))
        for (part, horizon), amount in ({(part, None): amount for part, amount in AMOUNTS.items()} | LATER).items()
    ]
    return pl.DataFrame(rows).with_columns(p_holm=0.025, replicates=8)


def printed(money: pl.DataFrame, methods: list[str], facts: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=220)
    console.print(attribution_table(money, methods, facts))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_every_part_of_a_method_is_in_its_row_with_its_p_value(money: pl.DataFrame, facts: dict[str, Any]) -> None:
    shown = printed(money, ["grid"], facts)

    assert all(amount in shown for amount in ("151", "± 8", "1,203", "-7.25", "-904", "12.5", "-131", "42"))
    assert all(amount in shown for amount in ("-3.5 (.025)", "-55 (.025)", "-60.8 (.025)", "-9.25 (.025)"))
    assert all(until in shown for until in ("1 ms", "1 s"))
    assert "120,300" not in shown


def test_methods_stand_in_the_order_that_is_asked_for(money: pl.DataFrame, facts: dict[str, Any]) -> None:
    assert printed(money, ["analytic", "grid"], facts).index("analytic") < printed(
        money, ["analytic", "grid"], facts
    ).index("grid")
    assert "120,300" in printed(money, ["analytic", "grid"], facts)


def test_one_seed_has_neither_standard_deviation_nor_p_value(money: pl.DataFrame, facts: dict[str, Any]) -> None:
    unknown = pl.lit(None, pl.Float64)
    one = money.with_columns(standard_deviation=unknown, p_holm=unknown, replicates=pl.lit(1))
    shown = printed(one, ["grid"], facts)

    assert "±" not in shown.split("┡")[1].split("└")[0]
    assert "(.025)" not in shown


def test_on_a_recorded_tape_it_says_what_the_value_is(money: pl.DataFrame, facts: dict[str, Any]) -> None:
    assert "middle of the contract's own quote" in printed(money, ["grid"], facts | {"fair": "markout"})
    assert "middle" not in printed(money, ["grid"], facts)


def test_where_nothing_was_ever_filled_no_horizon_is_shown(money: pl.DataFrame, facts: dict[str, Any]) -> None:
    nothing = money.filter(pl.col("horizon").is_null()).with_columns(mean=pl.lit(0.0), p_holm=pl.lit(None, pl.Float64))

    assert " ms" not in printed(nothing, ["grid"], facts)
