"""Intervals and p-values of paired differences, held against scipy's and against the coverage that they claim."""

import duckdb
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
        desk=pl.lit(0),
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
        "fed",
        "priced",
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
def test_the_interval_is_students_lengthened_on_the_side_of_the_longer_tail(law, tmp_path):
    samples, _ = drawn(law, (6, 9))
    samples[0, :4] = 0
    for sample, (low, high) in zip(samples * UNIT, intervals(samples, tmp_path), strict=True):
        differing = np.count_nonzero(sample)
        reach = stats.t.ppf(0.975, 8) * stats.sem(sample) * (1 + 1 / differing)
        tail = 1.5 * stats.skew(sample, bias=False) / np.sqrt(differing)
        assert low == pytest.approx(sample.mean() - reach * (1 + max(-tail, 0.0)), abs=1e-3 * reach)
        assert high == pytest.approx(sample.mean() + reach * (1 + max(tail, 0.0)), abs=1e-3 * reach)


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
    assert (there["low"], there["high"]) == (-back["high"], -back["low"])
    assert there["p_value"] == there["p_holm"] == back["p_value"] == back["p_holm"]


def test_an_interval_is_the_same_to_the_last_bit_each_time_it_is_asked_for(tmp_path):
    samples, _ = drawn("lognormal", (3, 7))
    again = tmp_path / "again"
    again.mkdir()
    assert intervals(samples, tmp_path).tobytes() == intervals(samples, again).tobytes()


def test_every_effect_of_a_comparison_has_an_interval_around_its_mean(five_seeds):
    rows = five_seeds.store.query("SELECT * FROM effects_money")
    assert len(rows) == 8 * len(five_seeds.table)
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


def test_the_quantile_of_students_t_is_the_exact_one(small_comparison):
    for freedom in (4, 5, 7, 15, 99, 9_999):
        quantile = small_comparison.store.query(f"SELECT student_quantile({freedom}) AS q")["q"][0]
        assert quantile == pytest.approx(stats.t.ppf(0.975, freedom), rel=4e-4)


def test_p_values_of_students_t_are_the_exact_ones(small_comparison):
    freedoms = (1, 2, 3, 4, 7, 8, 19, 63, 100, 999, 10_000)
    told = small_comparison.store.query(f"""
        SELECT freedom, t, student_p(t, freedom) AS p
        FROM (SELECT unnest({list(freedoms)}) AS freedom), (SELECT unnest([0, 1e-3, 0.7, -2, 2.4, 5, 12, 35, 1e4]) AS t)
    """)
    assert len(told) == 9 * len(freedoms)
    for freedom, t, p in told.iter_rows():
        assert p == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-5, abs=1e-290)
    assert small_comparison.store.query("SELECT student_p(NULL, 7) AS p")["p"][0] is None


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_the_p_value_of_a_difference_is_students_of_a_t_shrunk_as_the_interval_is_lengthened(law, tmp_path):
    samples, mean = drawn(law, (40, 8))
    samples -= round(mean / UNIT / 2)
    found = intervals(samples, tmp_path)
    told = Store(tmp_path / "planted.duckdb").query(
        "SELECT comparison, p_value FROM method_difference WHERE method = 'made'"
    )
    p_values = told.sort(pl.col("comparison").str.slice(1).cast(pl.Int64))["p_value"].to_list()
    skewness = stats.skew(samples, bias=False, axis=1)
    t_values = samples.mean(axis=1) / stats.sem(samples, axis=1)
    stretch = (1 + 1 / 8) * (1 + 1.5 * np.maximum(-np.sign(t_values) * skewness, 0.0) / np.sqrt(8))
    assert p_values == pytest.approx(2 * stats.t.sf(np.abs(t_values) / stretch, 7), rel=1e-6)
    for p, (low, high) in zip(p_values, found, strict=True):
        assert abs(p - 0.05) < 1e-3 or (p > 0.05) == (low < 0 < high)


@pytest.mark.parametrize(
    ("raw", "corrected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.03, None], [0.03, None]),
    ],
)
def test_p_values_are_corrected_as_holm_does(small_comparison, raw, corrected):
    listed = str(raw).replace("None", "NULL") + "::DOUBLE[]"
    told = small_comparison.store.query(f"SELECT holm(p, {listed}) AS p FROM (SELECT unnest({listed}) AS p)")
    assert told["p"].to_list() == [None if p is None else pytest.approx(p) for p in corrected]


def test_the_p_values_of_an_effect_are_corrected_over_its_methods(five_seeds):
    money = five_seeds.store.query("SELECT * FROM effects_money WHERE effect = 'pnl_error' ORDER BY p_value")
    raw, corrected = (money[name].drop_nulls().to_list() for name in ("p_value", "p_holm"))
    assert len(raw) > 1
    steps = [min(1.0, (len(raw) - rank) * p) for rank, p in enumerate(raw)]
    assert corrected == pytest.approx(np.maximum.accumulate(steps))


def test_seeds_that_share_a_replicate_count_once_by_their_mean(tmp_path):
    sample = np.array([[3_000, 5_000, 1_000, 9_000, 2_000, -4_000, 6_000, 8_000, 7_000, 500, 4_000]])
    intervals(sample, tmp_path)
    with duckdb.connect(str(tmp_path / "planted.duckdb")) as connection:
        connection.execute("""
            CREATE OR REPLACE VIEW replicates AS
            SELECT DISTINCT comparison, tape_hash, seed, seed // 2 AS replicate FROM runs
        """)
    told = (
        Store(tmp_path / "planted.duckdb")
        .query("SELECT * FROM method_difference WHERE method = 'made'")
        .row(0, named=True)
    )
    means = np.array([pair.mean() for pair in np.split(sample[0], [2, 4, 6, 8, 10])]) * UNIT
    assert (told["seeds"], told["replicates"]) == (11, 6)
    assert told["mean"] == pytest.approx(means.mean())
    assert told["standard_deviation"] == pytest.approx(means.std(ddof=1))
    stretch = (1 + 1 / 6) * (1 + 1.5 * max(-stats.skew(means, bias=False), 0.0) / np.sqrt(6))
    assert told["p_value"] == pytest.approx(2 * stats.t.sf(told["t_value"] / stretch, 5), rel=1e-6)


@pytest.fixture(scope="module")
def small_effects(home):
    """What 3 us (in 60 s) and 5 us (in 30 s) of latency cost in each of 60 markets, near half of them nothing."""
    import tradesim

    pools = {}
    for seconds, latency in ((60, 3_000), (30, 5_000)):
        made = tradesim.compare(
            market=tradesim.SyntheticMarket(duration=seconds * 10**9),
            methods=("nothing",),
            seeds=range(1, 61),
            latency="fixed:1us",
            curve=(latency,),
            db=home / f"small-effects-{seconds}.duckdb",
            jobs=1,
        )
        told = made.store.query("SELECT money FROM latency_curve_long WHERE key.what = 'latency_effect' ORDER BY seed")
        pools[f"{latency // 1_000} us"] = told["money"].to_numpy().astype(np.int64)
    return pools


def coverage(samples: np.ndarray, mean: float, folder) -> tuple[float, float]:
    """How often the interval has ``mean``, currency, in it; and its length in that of Student's."""
    found = intervals(samples, folder)
    covered = (found[:, 0] <= mean + 1e-9) & (mean <= found[:, 1] + 1e-9)
    students = 2 * stats.t.ppf(0.975, samples.shape[1] - 1) * stats.sem(samples * UNIT, axis=1)
    return float(covered.mean()), float(np.diff(found).mean() / students.mean())


@pytest.mark.slow
@pytest.mark.parametrize("effect", ["3 us", "5 us"])
def test_the_interval_covers_small_effects_of_the_simulator(small_effects, effect, tmp_path):
    pool = small_effects[effect]
    assert 0.3 < np.mean(pool == 0) < 0.6
    samples = np.random.default_rng(11).choice(pool, size=(400, 8))
    covered, _ = coverage(samples, pool.mean() * UNIT, tmp_path)
    assert covered >= 0.93


def exponential(rng, size):
    return rng.exponential(size=size), 1.0


def lognormal(deviation):
    return lambda rng, size: (rng.lognormal(sigma=deviation, size=size), float(np.exp(deviation**2 / 2)))


@pytest.mark.slow
@pytest.mark.parametrize("count", [8, 16])
@pytest.mark.parametrize("zeros", [0.0, 0.15, 0.4, 0.5])
@pytest.mark.parametrize("law", [exponential, lognormal(0.75)], ids=["exponential", "lognormal"])
def test_the_interval_covers_skewed_and_sparse_differences(law, zeros, count, tmp_path):
    rng = np.random.default_rng(5)
    sizes, mean = law(rng, (400, count))
    samples = money(np.where(rng.random((400, count)) < zeros, 0.0, sizes))
    covered, _ = coverage(samples, 1_000 * (1 - zeros) * mean, tmp_path)
    assert covered >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize(("count", "longest"), [(5, 1.55), (8, 1.35), (16, 1.2), (40, 1.1)])
def test_the_interval_is_not_much_longer_than_students_where_differences_are_normal(count, longest, tmp_path):
    samples = money(np.random.default_rng(3).normal(size=(400, count)))
    covered, length = coverage(samples, 0.0, tmp_path)
    assert covered >= 0.93
    assert 1.0 < length <= longest
