"""The definitions in SQL, held against numpy and scipy on the stored rows."""

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

PERCENTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
EFFECTS = ("pnl", "pnl_error", "pricing_effect", "latency_effect", "interaction", "make_instant", "make_exact")


@pytest.fixture(scope="module")
def own_decisions(small_comparison) -> pl.DataFrame:
    return small_comparison.store.query("""
        SELECT method, arrival, start, decided FROM decisions JOIN runs USING (run) WHERE role = 'own'
    """)


def test_percentiles_are_order_statistics_of_the_stored_instants(small_comparison, own_decisions):
    """The smallest duration that at least the stated share of decisions does not exceed."""
    latencies = small_comparison.store.query("SELECT * FROM method_latency").rows_by_key(
        "method", named=True, unique=True
    )
    spans = {"latency": ("arrival", "decided"), "wait": ("arrival", "start"), "compute": ("start", "decided")}
    for (method,), rows in own_decisions.group_by("method"):
        told = latencies[method]
        assert told["decisions"] == len(rows)
        for span, (begin, end) in spans.items():
            durations = (rows[end] - rows[begin]).to_numpy()
            for name, share in PERCENTILES.items():
                expected = np.quantile(durations, share, method="inverted_cdf")
                assert told[f"{span}_{name}"] == expected, (method, span, name)


def test_t_values_and_standard_deviations_are_those_of_a_paired_test_over_seeds(small_comparison):
    effects = small_comparison.store.query("SELECT * FROM effects ORDER BY seed")
    unit = small_comparison.store.query("SELECT money_unit FROM comparisons")["money_unit"][0]
    money = small_comparison.store.query("SELECT * FROM effects_money").rows_by_key(["method", "effect"], named=True)
    for (method,), rows in effects.group_by("method", maintain_order=True):
        for effect in EFFECTS:
            (told,) = money[method, effect]
            sample = rows[effect].to_numpy() * unit
            assert told["seeds"] == len(sample) == 2
            assert told["mean"] == pytest.approx(sample.mean(), rel=1e-12, abs=1e-9)
            assert told["standard_deviation"] == pytest.approx(sample.std(ddof=1), rel=1e-9, abs=1e-9)
            if sample.std() == 0:
                assert told["t_value"] is None
            else:
                assert told["t_value"] == pytest.approx(stats.ttest_1samp(sample, 0.0).statistic, rel=1e-9)


def test_the_table_says_what_the_views_say(small_comparison):
    table = small_comparison.table
    money = small_comparison.store.query("SELECT * FROM effects_money").rows_by_key(["method", "effect"], named=True)
    for row in table.iter_rows(named=True):
        for effect in EFFECTS:
            (told,) = money[row["method"], effect]
            assert (row[f"{effect}_mean"], row[f"{effect}_standard_deviation"], row[f"{effect}_t"]) == (
                told["mean"],
                told["standard_deviation"],
                told["t_value"],
            )


def test_the_price_error_is_the_root_mean_square_over_the_instant_runs_decisions(small_comparison):
    rows = small_comparison.store.query("""
        SELECT method, error_rms, error_max FROM decisions JOIN runs USING (run) WHERE role = 'instant'
    """)
    told = small_comparison.table.rows_by_key("method", named=True, unique=True)
    for (method,), errors in rows.group_by("method"):
        rms = errors["error_rms"].drop_nulls().to_numpy()
        expected = math.sqrt(np.mean(rms**2)) if len(rms) else None
        assert told[method]["error_rms"] == (None if expected is None else pytest.approx(expected, rel=1e-9))
        assert told[method]["error_max"] == errors["error_max"].max()


def test_tick_to_trade_is_from_the_event_to_the_venue(small_comparison):
    wrong = small_comparison.store.query("""
        SELECT count(*) AS n
        FROM tick_to_trade t JOIN orders o USING (run, order_id) JOIN decisions d USING (run, decision)
        WHERE t.tick_to_trade <> o.venue - d.event OR t.response <> o.ack - o.venue OR t.tick_to_trade <= 0
    """)
    assert wrong["n"][0] == 0


def test_the_position_path_ends_where_the_positions_are(small_comparison):
    ends = small_comparison.store.query("""
        SELECT run, contract, arg_max(position, (venue, fill)) AS position FROM position_path
        GROUP BY run, contract HAVING position <> 0 ORDER BY ALL
    """)
    assert ends.equals(small_comparison.store.query("SELECT run, contract, position FROM positions ORDER BY ALL"))


def test_the_curve_is_the_mean_over_seeds_of_its_runs(small_comparison):
    unit = small_comparison.store.query("SELECT money_unit FROM comparisons")["money_unit"][0]
    runs = small_comparison.store.query("SELECT compute_ns, pnl FROM run_pnl WHERE role = 'curve'")
    curve = small_comparison.curve
    assert curve["compute_ns"].to_list() == [0, 100_000]
    for row in curve.iter_rows(named=True):
        pnl = runs.filter(pl.col("compute_ns") == row["compute_ns"])["pnl"].to_numpy() * unit
        assert row["pnl"] == pytest.approx(pnl.mean())
        assert row["standard_error"] == pytest.approx(stats.sem(pnl))


def test_a_markout_is_what_a_unit_has_made_by_then(small_comparison):
    """Against numpy on the fact tables: weighed by units within a seed, a mean over seeds."""
    fills = small_comparison.store.query("""
        SELECT r.method, r.seed, f.quantity * f.multiplier AS units, f.price, f.standing, o.theo, m.horizon, m.value
        FROM runs r JOIN fills f USING (run) JOIN orders o USING (run, order_id) JOIN markouts m USING (run, fill)
        WHERE r.role = 'own'
    """)
    told = small_comparison.store.query("SELECT * FROM markout_curve").rows_by_key(
        ["method", "liquidity", "horizon"], named=True, unique=True
    )
    second = fills.filter(pl.col("horizon") == 10**9)
    assert len(second) > 0
    for (method,), rows in second.group_by("method"):
        for horizon, worth in (
            (None, (rows["theo"] * 1e6).round()),
            (0, rows["standing"]),
            (10**9, rows["value"]),
        ):
            made = rows.with_columns(made=(worth - rows["price"]) * rows["units"])
            by_seed = made.group_by("seed").agg(pl.col("made").sum() / pl.col("units").abs().sum() / 1e6)["made"]
            row = told[method, "taker", horizon]
            assert row["markout"] == pytest.approx(by_seed.to_numpy().mean(), rel=1e-9)
            assert row["standard_error"] == pytest.approx(stats.sem(by_seed.to_numpy()), rel=1e-6)
            assert row["fills"] == len(rows)


def test_the_effects_of_a_part_are_a_paired_mean_over_seeds(small_comparison):
    unit = small_comparison.store.query("SELECT money_unit FROM comparisons")["money_unit"][0]
    by_seed = small_comparison.store.query("SELECT * FROM attribution_effects ORDER BY seed")
    told = small_comparison.store.query("SELECT * FROM attribution_effects_money").rows_by_key(
        ["method", "part", "horizon", "effect"], named=True, unique=True
    )
    for (method, part, horizon), rows in by_seed.group_by("method", "part", "horizon"):
        for effect in ("pnl_error", "pricing_effect", "latency_effect", "interaction"):
            sample = rows[effect].to_numpy() * unit
            row = told[method, part, horizon, effect]
            assert row["mean"] == pytest.approx(sample.mean(), rel=1e-9, abs=1e-9)
            if sample.std() > 0:
                assert row["t_value"] == pytest.approx(stats.ttest_1samp(sample, 0.0).statistic, rel=1e-9)
            else:
                assert row["t_value"] is None


def test_a_decision_is_paying_if_its_fills_have_edge_above_their_fees(small_comparison):
    fills = small_comparison.store.query("SELECT f.*, r.method FROM fills f JOIN runs r USING (run) WHERE role = 'own'")
    money = (pl.col("fair") - pl.col("price")) * pl.col("quantity") * pl.col("multiplier") - pl.col("fee")
    made = fills.group_by("method", "run", "decision").agg(money.sum().alias("money"))
    paying = dict(made.filter(pl.col("money") > 0).group_by("method").len().iter_rows())
    assert sum(paying.values()) > 0
    for row in small_comparison.table.iter_rows(named=True):
        assert row["paying"] == paying.get(row["method"], 0)
        assert row["paying"] <= row["decisions"]
