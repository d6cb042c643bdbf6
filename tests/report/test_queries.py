"""The queries of analysis/queries, on a small comparison that was made for them."""

from pathlib import Path

import polars as pl
import pytest

from tradesim.experiments.compare import Comparison, compare
from tradesim.market.synthetic import SyntheticMarket
from tradesim.units import SECOND

QUERIES = Path(__file__).resolve().parents[2] / "analysis" / "queries"
NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("comparison")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(folder))
        return compare(
            market=SyntheticMarket(duration=10 * SECOND),
            methods=("proxy", "analytic-slice"),
            latency="fixed:100us",
            seeds=(1, 2),
            curve=(0, 10_000_000),
            jobs=1,
        )


def answer(comparison: Comparison, name: str) -> pl.DataFrame:
    return comparison.store.query((QUERIES / f"{name}.sql").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_query_has_an_answer_and_says_first_what_it_asks(comparison: Comparison, name: str) -> None:
    assert len(answer(comparison, name)) > 0
    assert (QUERIES / f"{name}.sql").read_text(encoding="utf-8").startswith("/* ")


def test_effects_by_seed_are_those_of_the_table(comparison: Comparison) -> None:
    by_seed = answer(comparison, "effects_by_seed").group_by("method").agg(pl.col("pnl_error").mean())
    table = comparison.table.select("method", "pnl_error_mean")

    joined = table.join(by_seed, on="method")
    assert joined["pnl_error_mean"].to_list() == pytest.approx(joined["pnl_error"].to_list())


def test_worst_fills_come_worst_first(comparison: Comparison) -> None:
    assert answer(comparison, "worst_fills")["pnl"].is_sorted()


def test_later_orders_are_missed_more_often(comparison: Comparison) -> None:
    missed = answer(comparison, "missed_orders")

    assert missed["compute_us"].to_list() == [0.0, 10_000.0]
    assert missed["share_missed"][0] < missed["share_missed"][1]
    assert (missed["filled"] + missed["partial"] + missed["missed"]).to_list() == missed["orders"].to_list()


def test_latencies_of_a_fixed_model_are_what_was_fixed(comparison: Comparison) -> None:
    latencies = answer(comparison, "latency_by_tag")
    trades = answer(comparison, "tick_to_trade")

    assert latencies["latency_p50_us"].to_list() == [100.0, 100.0]
    assert trades["compute_p50_us"].to_list() == [100.0, 100.0]
    assert (trades["tick_to_trade_p50_us"] > 100.0).all()


def test_decisions_are_late_where_their_latency_is_above_the_deadline(comparison: Comparison) -> None:
    late = answer(comparison, "late_decisions").filter(pl.col("method") == "analytic-slice")
    shares = dict(zip(late["deadline_us"], late["share_late"], strict=True))

    assert shares[1] == shares[5] == shares[20] == 1.0
    assert shares[100] < 1.0
    assert shares[1000] == 0.0


def test_an_update_is_shared_among_the_decisions_that_use_it(comparison: Comparison) -> None:
    costs = answer(comparison, "update_cost")
    amortised = costs["price_us"] + costs["update_us"] / costs["decisions_a_state"]

    assert costs["amortised_us"].to_list() == pytest.approx(amortised.to_list())
    assert (costs["decisions_a_state"] >= 1).all()
