"""What a comparison keeps, and that it can be made again."""

import json

import polars as pl
import pytest

import tradesim
from tradesim import SyntheticMarket, compare
from tradesim.errors import ArgumentError, TradesimError
from tradesim.experiments.measure import Measurement
from tradesim.experiments.plan import Plan
from tradesim.experiments.profiles import with_readings
from tradesim.experiments.timing import Timing
from tradesim.market.synthetic import generate
from tradesim.market.tape_file import write_tape
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.valuation import Pricing
from tradesim.units import SECOND

SHORT = SyntheticMarket(duration=5 * SECOND)


def rows_of(comparison, table: str) -> pl.DataFrame:
    """The rows of ``table``, their runs told apart by seed, method and role."""
    key = "order_id" if table != "decisions" else "decision"
    return comparison.store.query(f"""
        SELECT r.seed, r.method, r.role, r.compute_ns, t.* EXCLUDE (run)
        FROM {table} t JOIN runs r USING (run) WHERE r.comparison = '{comparison.name}'
        ORDER BY r.seed, r.method, r.role, r.compute_ns, t.{key}
    """)


def test_a_fixed_latency_makes_the_same_comparison_twice_and_in_any_number_of_processes(home, tmp_path):
    made = [
        compare(
            market=SHORT,
            methods=("proxy", "analytic"),
            seeds=(3, 4),
            latency="fixed:40us",
            curve=(10_000,),
            db=tmp_path / "twice.duckdb",
            jobs=jobs,
        )
        for jobs in (1, 2)
    ]
    assert made[0].name != made[1].name
    assert made[0].name.split("-")[0] == made[1].name.split("-")[0]
    for table in ("decisions", "orders", "fills"):
        first, second = (rows_of(comparison, table) for comparison in made)
        assert len(first) > 0
        assert first.equals(second)
    own = rows_of(made[0], "decisions").filter(pl.col("role") == "own")
    assert set((own["decided"] - own["start"]).to_list()) == {40_000}


@pytest.fixture(scope="module")
def profiles(small_comparison) -> pl.DataFrame:
    return small_comparison.store.query("SELECT * EXCLUDE (comparison) FROM profiles")


def test_the_measured_latencies_are_kept_for_each_method_by_stage_tag_and_block(small_comparison, profiles):
    for method in small_comparison.table["method"]:
        mine = profiles.filter(pl.col("method") == method)
        sends = {"send"} if method != "nothing" else set()
        assert set(mine["stage"]) == {"snapshot", "update", "feed", "price", "decide"} | sends
        assert set(mine.filter(stage="price")["timing"]) == {"live", "hot", "cold"}
        assert mine["block"].n_unique() > 10
    for ns in profiles["measurements"].to_list():
        assert ns == sorted(ns)
        assert ns[0] >= 0


@pytest.mark.parametrize(
    ("stage", "took"), [("feed", "fed - start"), ("price", "priced - fed"), ("decide", "decided - priced")]
)
def test_every_stage_of_a_decision_is_charged_what_was_once_measured(small_comparison, profiles, stage, took):
    charged = small_comparison.store.query(f"""
        SELECT DISTINCT method, {took} AS ns FROM decisions JOIN runs USING (run) WHERE role IN ('own', 'exact')
    """)
    assert len(charged) > 10
    live = profiles.filter(stage=stage, timing="live").explode("measurements")
    assert set(charged.rows()) <= set(live.select("method", "measurements").rows())


def test_each_seed_draws_from_blocks_of_its_own(small_comparison, profiles):
    charged = small_comparison.store.query("""
        SELECT DISTINCT r.blocks, method, priced - fed AS ns FROM decisions JOIN runs r USING (run) WHERE role = 'own'
    """)
    assert set(charged["blocks"]) == {0, 1}
    live = profiles.filter(stage="price", timing="live").explode("measurements")
    mine = live.select(pl.col("block") % 2, "method", "measurements").rows()
    assert set(charged.rows()) <= set(mine)


def test_a_replay_of_the_kept_measurements_gives_the_kept_rows(small_comparison, profiles):
    """The tape of seed 1 again; the charge of an update is that of the snapshot that it begins with, and its own."""
    problem, name = PROBLEMS["american"], "analytic-slice"
    session = open_session(generate(SyntheticMarket(duration=20 * SECOND), seed=1), problem, Setting(), seed=1)
    method, reference = (
        make_method(wanted, problem, small_comparison.store.path.parent) for wanted in (name, "reference")
    )
    measured, service = with_readings(
        {name: Measurement(readings={})}, profiles, {name: {"decisions": 1, "disturbed": 0}}
    )
    compute = measured[name].profile(service, Timing.LIVE, 2).replicate(0)
    for each in (method, reference):
        each.bind(session.tape.chain)
    pricing = Pricing(prices=method, clock=method, reference=reference)
    again = run_one(session, Seat(strategy=Strategy(rule=TakeRule()), pricing=pricing, compute=compute))
    for table in ("decisions", "orders", "fills"):
        rows = rows_of(small_comparison, table).filter(seed=1, method=name, role="own")
        mine = getattr(again, table)
        assert len(mine) > 0
        assert mine.equals(rows.select(mine.columns))


def test_memory_and_build_are_columns_of_the_table(small_comparison):
    for row in small_comparison.table.iter_rows(named=True):
        assert row["footprint"] >= 0
        assert (row["build_seconds"], row["build_evaluations"]) == (0.0, 0)
        assert 0 < row["rss_bound"] <= row["rss_peak"]
    footprints = dict(small_comparison.table.select("method", "footprint").iter_rows())
    assert footprints["analytic-slice"] > footprints["analytic"] > footprints["nothing"] == 0


def test_each_run_names_its_tape_and_each_tape_its_contracts(small_comparison):
    rows = small_comparison.store.query("""
        SELECT r.seed, r.tape_hash, any_value(r.manifest) AS manifest, count(DISTINCT c.contract) AS contracts
        FROM runs r JOIN contracts c USING (tape_hash) GROUP BY r.seed, r.tape_hash ORDER BY r.seed
    """)
    for seed, row in zip((1, 2), rows.iter_rows(named=True), strict=True):
        tape = generate(SyntheticMarket(duration=20 * SECOND), seed=seed)
        assert row["tape_hash"] == json.loads(row["manifest"])["tape"] == tape.hash
        assert row["contracts"] == len(tape.chain)


def test_the_manifest_says_what_was_asked(small_comparison):
    facts = small_comparison.facts
    configuration = facts["manifest"]["configuration"]
    assert configuration["methods"] == ["nothing", "proxy", "analytic", "analytic-slice"]
    assert configuration["seeds"] == [1, 2]
    assert small_comparison.name.startswith(facts["manifest"]["configuration_hash"])
    assert facts["fair"] == "latent"


def test_a_comparison_is_strict_json(small_comparison):
    told = json.loads(small_comparison.to_json(), parse_constant=pytest.fail)
    assert [row["method"] for row in told["methods"]] == small_comparison.table["method"].to_list()
    assert [row["compute_ns"] for row in told["curve"]] == [0, 100_000]


def test_the_grid_in_sql_is_charged_its_queries_and_trades_on_the_prices_of_the_grid(home, tmp_path):
    """One table, two ways to ask it: equal prices, so equal pricing effects; latencies of their own."""
    made = compare(
        market=SHORT, methods=("grid", "grid-sql"), seeds=(1, 2), curve=(), db=tmp_path / "grids.duckdb", jobs=1
    )
    effects = made.store.query("SELECT seed, method, pricing_effect FROM effects ORDER BY seed, method")
    grid, in_sql = (effects.filter(method=name)["pricing_effect"].to_list() for name in ("grid", "grid-sql"))
    assert grid == in_sql
    told = made.table.rows_by_key("method", named=True, unique=True)
    charged = made.store.query("""
        SELECT DISTINCT method, priced - fed AS ns FROM decisions JOIN runs USING (run) WHERE role = 'own'
    """)
    kept = made.store.query("""
        SELECT method, measurements FROM profiles WHERE stage = 'price' AND timing = 'live'
    """).rows_by_key("method")
    for name in ("grid", "grid-sql"):
        measured = {ns for (readings,) in kept[name] for ns in readings}
        assert set(charged.filter(method=name)["ns"].to_list()) <= measured
    assert told["grid"]["build_evaluations"] > 0
    assert told["grid"]["error_rms"] == pytest.approx(told["grid-sql"]["error_rms"], rel=1e-9)


def test_a_tape_from_a_file_is_replayed_once_with_the_latencies_of_a_seed(home, tmp_path):
    tape = generate(SHORT, seed=9)
    write_tape(tape, tmp_path / "tape.parquet")
    made = compare(
        tape=tmp_path / "tape.parquet", methods=("proxy",), latency="fixed:5us", curve=(), db=tmp_path / "t.duckdb"
    )
    assert made.store.query("SELECT DISTINCT seed, tape_hash FROM runs").rows() == [(1, tape.hash)]
    assert made.facts["problem"] == "american"


@pytest.mark.parametrize(
    "bad",
    [
        {"methods": ("oracle",)},
        {"problem": "bond"},
        {"latency": "fast"},
        {"seeds": ()},
        {"jobs": 0},
        {"edge": float("nan")},
        {"cap": 0},
        {"tape": "absent.parquet"},
        {"db": "no/such/folder/results.duckdb"},
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_a_bad_argument_is_refused_in_one_line_and_nothing_is_stored(home, tmp_path, monkeypatch, bad):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TradesimError) as told:
        compare(**({"market": SHORT, "methods": ("proxy",), "db": tmp_path / "none.duckdb"} | bad))
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_comparison_that_fails_leaves_no_staging_behind(home, tmp_path):
    broken = SyntheticMarket(duration=5 * SECOND, spot=1.0, strikes=(1.0,), jump_mean=5.0, jump_probability=0.5)
    with pytest.raises(ArgumentError, match="path must stay"):
        compare(market=broken, methods=("proxy",), seeds=(1,), db=tmp_path / "none.duckdb")
    assert not (home / "staging").exists() or list((home / "staging").iterdir()) == []


def test_the_package_names_what_a_script_needs():
    assert {"compare", "run", "Strategy", "SyntheticMarket"} <= set(tradesim.__all__)
    assert Plan.__doc__


def test_a_stored_profile_makes_the_replay_again(home):
    """Measured once; the second comparison charges what the first one measured, to the last row of every table."""
    market = tradesim.SyntheticMarket(duration=5 * SECOND)
    arguments = {"market": market, "methods": ("proxy", "analytic-slice"), "seeds": (1,), "curve": (), "jobs": 1}
    db = home / "profiles.duckdb"
    first = tradesim.compare(db=db, **arguments)
    again = tradesim.compare(db=db, latency=f"profile:{first.name}", **arguments)

    def rows(comparison, table):
        sql = f"SELECT r.method, r.role, t.* EXCLUDE (run) FROM {table} t JOIN runs r USING (run)"
        return comparison.store.query(f"{sql} WHERE r.comparison = ?", [comparison.name])

    for table in ("decisions", "orders", "fills"):
        key = ["method", "role", "decision"] + (["order_id"] if table != "decisions" else [])
        assert rows(first, table).sort(key).equals(rows(again, table).sort(key))


def test_a_profile_that_is_not_stored_is_refused(home, small_comparison):
    with pytest.raises(ArgumentError, match="no profile of 'proxy'"):
        tradesim.compare(db=small_comparison.store.path, latency="profile:none", methods=("proxy",), seeds=(1,))


@pytest.fixture(scope="module")
def days(home, tmp_path_factory):
    """Five days on tapes of their own."""
    folder = tmp_path_factory.mktemp("days")
    return [write_tape(generate(SHORT, seed=seed), folder / f"day-{seed}.parquet") for seed in range(31, 36)]


def test_each_of_several_tapes_is_a_replicate_under_a_seed_of_its_own(home, days, tmp_path):
    made = compare(
        tape=days, methods=("proxy", "analytic"), latency="fixed:5us", curve=(), db=tmp_path / "days.duckdb", jobs=1
    )
    hashes = [generate(SHORT, seed=seed).hash for seed in range(31, 36)]
    runs = made.store.query("SELECT DISTINCT seed, tape_hash FROM runs ORDER BY seed")
    assert runs.rows() == list(zip(range(1, 6), hashes, strict=True))
    assert made.facts["tape"].startswith("5 tapes")
    assert made.facts["span"] == pytest.approx(5 * SHORT.duration, rel=0.05)
    assert made.table["pnl_error_low"].null_count() == 0
    effects = made.store.query("SELECT * FROM effects")
    assert len(effects) == 10
    parts = effects.select("slow_inputs", "pricing_effect", "latency_effect", "interaction").sum_horizontal()
    assert (parts == effects["pnl_error"]).all()
    alone = compare(
        tape=days[2], seeds=(3,), methods=("proxy",), latency="fixed:5us", curve=(), db=tmp_path / "one.duckdb", jobs=1
    )
    money = "SELECT pnl, pnl_error FROM effects WHERE method = 'proxy' AND seed = 3"
    assert made.store.query(money).equals(alone.store.query(money))


def test_several_tapes_take_as_many_seeds_and_none_twice_and_are_of_one_kind(home, days, tmp_path):
    with pytest.raises(ArgumentError, match="2 of them and 5 tapes"):
        compare(tape=days, seeds=(1, 2))
    with pytest.raises(ArgumentError, match="give none twice"):
        compare(tape=[days[0], days[0]])
    other = generate(SyntheticMarket(duration=SECOND, problem="european"), seed=1)
    with pytest.raises(ArgumentError, match="compare tapes of one kind"):
        compare(tape=[days[0], write_tape(other, tmp_path / "other.parquet")])
