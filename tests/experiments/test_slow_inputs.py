"""What slow inputs cost: their service, and the time that an update of them takes."""

import pytest

from tradesim import SyntheticMarket, compare
from tradesim.errors import ArgumentError
from tradesim.units import SECOND


def test_the_fourth_effect_makes_the_sum_exact_and_is_the_same_for_all_methods(small_comparison):
    effects = small_comparison.store.query("SELECT * FROM effects")
    assert effects["slow_inputs"].null_count() == 0
    assert (effects["best"] + effects["slow_inputs"] == effects["oracle"]).all()
    parts = effects.select("slow_inputs", "pricing_effect", "latency_effect", "interaction").sum_horizontal()
    assert (parts == effects["pnl_error"]).all()
    assert effects.group_by("seed").n_unique()["slow_inputs"].max() == 1


def test_a_desk_that_knows_the_truth_knows_it_at_every_decision(small_comparison):
    states = small_comparison.store.query(
        "SELECT DISTINCT state FROM decisions JOIN runs USING (run) WHERE role='truth'"
    )
    assert states["state"].to_list() == [-1]


@pytest.mark.slow
def test_slower_updates_cost_money_where_volatility_moves(home, tmp_path):
    """On the usual market, whose volatility moves with its spot, exact prices lose the more the staler they are."""
    earned = [
        compare(
            methods=("analytic-slice",),
            seeds=range(1, 5),
            latency="fixed:0ns",
            update=update,
            curve=(),
            db=tmp_path / f"{update}.duckdb",
            jobs=1,
        ).table["pnl_mean"][0]
        for update in ("0ns", "1s", "5s", "20s")
    ]
    assert earned == sorted(earned, reverse=True)
    assert earned[3] < 0.9 * earned[0]


def test_what_an_update_takes_is_charged_and_shown(home, tmp_path):
    asked = {"market": SyntheticMarket(duration=5 * SECOND), "methods": ("proxy",), "seeds": (1,), "curve": ()}
    made = compare(latency="fixed:1us", update="250ms", db=tmp_path / "updating.duckdb", **asked)
    assert made.table["update_busy"][0] == pytest.approx(0.2, abs=0.05)
    with pytest.raises(ArgumentError, match="update latency 'soon'"):
        compare(latency="fixed:1us", update="soon", **asked)
