"""Published values: see the README beside them. Approximations by other authors are left out, and counted."""

import numpy as np
import polars as pl
import pytest

from tradesim.pricing import american, european
from tradesim.pricing.columns import Points

EXACT_TO_SCHEME_FLOOR = 1e-6
"""Rows quoted to a scheme's last digit are as exact as that scheme: schemes differ among themselves by 2e-7."""
TWO_SWEEPS_FLOOR = 1e-5
"""What is left after the two sweeps of the scheme of one of these rows."""


def _table(folder, name):
    return pl.read_csv(folder / f"{name}.csv", infer_schema_length=None)


def _points(table):
    return Points(
        spot=table["S"].to_numpy(),
        strike=table["K"].to_numpy(),
        expiry=table["T_eff"].to_numpy(),
        volatility=table["sigma"].to_numpy(),
        rate=table["r"].to_numpy(),
        dividend=table["q"].to_numpy(),
        right=np.where(table["option_type"].to_numpy() == "call", 1, -1).astype(np.int8),
    )


def _assert_within(table, values, tolerance):
    wrong = np.flatnonzero(~(np.abs(values - table["value"].to_numpy()) <= tolerance))
    assert [(table["id"][int(i)], values[i], table["value"][int(i)]) for i in wrong] == []


def test_european_rows(shared_reference):
    table = _table(shared_reference, "bsm_european").filter(pl.col("quantity") == "price")
    assert table["kind"].unique().to_list() == ["exact_rounded"]
    assert len(table) == 22
    _assert_within(table, european.price(*_points(table).columns()), table["tolerance"].to_numpy())


def test_american_exact_rows(shared_reference):
    table = _table(shared_reference, "bsm_american").filter(pl.col("kind") == "exact_rounded")
    assert len(table) == 30
    _assert_within(table, american.price(*_points(table).columns()), table["tolerance"].to_numpy())


def test_american_premiums_exact_to_a_scheme(shared_reference):
    table = _table(shared_reference, "bsm_american").filter(pl.col("kind").str.starts_with("exact_to_scheme"))
    assert len(table) == 10
    assert table["quantity"].unique().to_list() == ["early_exercise_premium"]
    columns = _points(table).columns()
    floor = np.where(table["m"].to_numpy() <= 2, TWO_SWEEPS_FLOOR, EXACT_TO_SCHEME_FLOOR)
    tolerance = np.maximum(table["tolerance"].to_numpy(), floor)
    _assert_within(table, american.price(*columns) - european.price(*columns), tolerance)


def test_american_rows_of_a_finite_difference_solver(shared_reference):
    table = _table(shared_reference, "bsm_american").filter(pl.col("kind") == "pde_0.5pct")
    assert len(table) == 241
    _assert_within(table, american.price(*_points(table).columns()), 0.005 * np.maximum(table["value"].to_numpy(), 1.0))


def test_every_american_row_is_either_checked_or_an_approximation(shared_reference):
    kinds = _table(shared_reference, "bsm_american")["kind"]
    left_out = kinds.str.starts_with("approximation:") | (kinds == "suspect")
    checked = kinds.is_in(["exact_rounded", "pde_0.5pct"]) | kinds.str.starts_with("exact_to_scheme")
    assert (left_out | checked).all()
    assert int(left_out.sum()) == 50


@pytest.mark.parametrize("kind", ["approximation:QD+ engine output"])
def test_an_approximation_differs_from_the_exact_price(shared_reference, kind):
    table = _table(shared_reference, "bsm_american").filter(pl.col("kind").str.starts_with(kind))
    off = np.abs(american.price(*_points(table).columns()) - table["value"].to_numpy())
    assert (off > table["tolerance"].to_numpy()).all()
