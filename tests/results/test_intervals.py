"""Bootstrap intervals of paired differences, held against scipy's and against the coverage that they claim."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tradesim.results.store import Store, write_facts

UNIT = 1e-3
"""Currency in one unit of the money below."""


def facts_of(samples: np.ndarray, resolution: int = 1) -> dict[str, pl.DataFrame]:
    """A comparison a row of ``samples``, in money: what ``made`` earned more than ``nil`` in each replicate."""
    comparisons, seeds = samples.shape
    names = [f"c{i}" for i in range(comparisons)]
    question = pl.DataFrame({"comparison": names}).with_columns(
        created=pl.datetime(2026, 1, 1),
        problem=pl.lit("american"),
        tape=pl.lit("planted"),
        currency=pl.lit("USD"),
        money_unit=pl.lit(UNIT),
        edge=pl.lit(0.01),
        fair=pl.lit("latent"),
        resolution=pl.lit(resolution),
        span=pl.lit(1),
        manifest=pl.lit("{}"),
    )
    runs = pl.DataFrame(
        [(name, seed, method) for name in names for seed in range(seeds) for method in ("made", "nil")],
        schema=["comparison", "seed", "method"],
        orient="row",
    ).with_columns(
        run=pl.concat_str("comparison", "seed", "method", separator="-"),
        tape_hash=pl.concat_str(pl.lit("t"), "seed"),
        role=pl.lit("own"),
        compute_ns=pl.lit(None, dtype=pl.Int64),
        cash=pl.lit(0),
        manifest=pl.lit("{}"),
    )
    fills = (
        runs.filter(method="made")
        .select("run")
        .with_columns(
            pl.lit(0).alias(name)
            for name in (
                "order_id",
                "decision",
                "desk",
                "contract",
                "price",
                "fee",
                "venue",
                "mark",
                "fill",
                "known",
                "standing",
            )
        )
        .with_columns(
            liquidity=pl.lit("taker"), quantity=pl.lit(1), multiplier=pl.lit(1), fair=pl.Series(samples.ravel())
        )
    )
    whole = (
        "decision",
        "desk",
        "event",
        "arrival",
        "start",
        "tick",
        "skipped",
        "fallbacks",
        "state",
        "orders",
        "refused",
        "paused",
        "newest",
        "backlog",
    )
    decisions = runs.select("run").with_columns(
        *(pl.lit(0).alias(name) for name in whole),
        decided=pl.lit(1_000),
        spot=pl.lit(100.0),
        outcome=pl.lit("prompt"),
        tag=pl.lit("hit"),
    )
    return {"comparisons": question, "runs": runs, "fills": fills, "decisions": decisions}


def intervals(samples: np.ndarray, folder) -> np.ndarray:
    """float64[comparisons, 2], currency: the view's intervals of the means of ``samples`` (money)."""
    write_facts(facts_of(samples), folder / "facts", part="0")
    store = Store(folder / "planted.duckdb")
    store.ingest(folder / "facts")
    named = store.query("SELECT comparison, low, high FROM method_difference WHERE method = 'made'")
    ordered = named.sort(pl.col("comparison").str.slice(1).cast(pl.Int64))
    assert len(ordered) == len(samples)
    return ordered.select("low", "high").to_numpy()


def money(sample: np.ndarray) -> np.ndarray:
    return np.rint(sample * 1_000 / UNIT).astype(np.int64)


def drawn(law: str, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    rng = np.random.default_rng(7)
    if law == "normal":
        return money(rng.normal(size=size)), 0.0
    return money(rng.lognormal(sigma=1.0, size=size)), 1_000 * float(np.exp(0.5))


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_the_interval_is_scipys_percentile_interval_widened_to_students(law, tmp_path):
    """Ends of two bootstraps differ by chance; by less than a tenth of the interval at 2,000 resamples."""
    samples, _ = drawn(law, (6, 9))
    for sample, (low, high) in zip(samples * UNIT, intervals(samples, tmp_path), strict=True):
        by_scipy = stats.bootstrap((sample,), np.mean, n_resamples=20_000, method="percentile", rng=3)
        wider = np.sqrt(9 / 8) * stats.t.ppf(0.975, 8) / stats.norm.ppf(0.975)
        for end, peer in zip((low, high), by_scipy.confidence_interval, strict=True):
            mean = sample.mean()
            assert end == pytest.approx(mean + wider * (peer - mean), abs=0.1 * (high - low))


def test_no_difference_is_told_between_latencies_that_the_tape_cannot_tell_from_zero(tmp_path):
    write_facts(facts_of(np.full((1, 6), 5_000), resolution=60 * 10**9), tmp_path / "facts", part="0")
    store = Store(tmp_path / "coarse.duckdb")
    store.ingest(tmp_path / "facts")
    assert store.query("SELECT count(*) AS n FROM differences_long")["n"][0] == 12
    assert store.query("SELECT count(*) AS n FROM method_difference")["n"][0] == 0


@pytest.mark.parametrize(("count", "told"), [(2, False), (4, False), (5, True)])
def test_below_five_replicates_there_is_no_interval(count, told, tmp_path):
    found = intervals(np.array([[3_000 * k for k in range(count)]]), tmp_path)
    assert np.isfinite(found).all() == told


def test_a_difference_that_never_varies_is_its_own_interval(tmp_path):
    assert intervals(np.full((1, 6), 5_000), tmp_path).tolist() == [[5.0, 5.0]]


def test_two_ways_round_a_difference_has_mirrored_means_and_close_intervals(tmp_path):
    samples, _ = drawn("normal", (1, 8))
    intervals(samples, tmp_path)
    there, back = (
        Store(tmp_path / "planted.duckdb")
        .query("SELECT * FROM method_difference ORDER BY method")
        .iter_rows(named=True)
    )
    assert there["mean"] == -back["mean"]
    assert there["t_value"] == -back["t_value"]
    assert (there["low"], there["high"]) == (pytest.approx(-back["high"]), pytest.approx(-back["low"]))


def test_an_interval_is_the_same_to_the_last_bit_each_time_it_is_asked_for(tmp_path):
    samples, _ = drawn("lognormal", (3, 7))
    again = tmp_path / "again"
    again.mkdir()
    assert intervals(samples, tmp_path).tobytes() == intervals(samples, again).tobytes()


def test_every_effect_of_a_comparison_has_an_interval_around_its_mean(five_seeds):
    rows = five_seeds.store.query("SELECT * FROM effects_interval")
    assert len(rows) == 7 * len(five_seeds.table)
    for row in rows.iter_rows(named=True):
        assert row["low"] <= row["mean"] + 1e-9
        assert row["mean"] <= row["high"] + 1e-9
    table = five_seeds.table.rows_by_key("method", named=True, unique=True)
    for row in rows.iter_rows(named=True):
        told = table[row["method"]]
        assert (told[f"{row['effect']}_low"], told[f"{row['effect']}_high"]) == (row["low"], row["high"])
    assert set(five_seeds.differences["rival"]) == set(five_seeds.table["method"])


@pytest.fixture(scope="module")
def five_seeds(home):
    import tradesim

    return tradesim.compare(
        market=tradesim.SyntheticMarket(duration=5 * 10**9),
        methods=("nothing", "proxy", "analytic-slice"),
        seeds=range(1, 6),
        latency="fixed:40us",
        curve=(),
        db=home / "five.duckdb",
        jobs=1,
    )


def test_the_ratio_of_students_quantile_to_the_normal_one_is_the_exact_one(small_comparison):
    for freedom in (4, 5, 7, 15, 99, 9_999):
        ratio = small_comparison.store.query(f"SELECT student_over_normal({freedom}) AS ratio")["ratio"][0]
        assert ratio == pytest.approx(stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975), rel=4e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "count", "least", "most"),
    [("normal", 5, 0.93, 0.97), ("normal", 8, 0.93, 0.97), ("lognormal", 8, 0.81, 0.89), ("lognormal", 40, 0.86, 0.94)],
)
def test_the_interval_covers_the_mean_as_often_as_it_says(law, count, least, most, tmp_path):
    """95 times in 100 for normal differences from five replicates on; less for skewed ones, as any t-interval."""
    samples, mean = drawn(law, (1_500, count))
    found = intervals(samples, tmp_path)
    covered = ((found[:, 0] <= mean) & (mean <= found[:, 1])).mean()
    assert least <= covered <= most, covered
