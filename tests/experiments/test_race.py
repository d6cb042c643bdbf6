"""Races on a generated market: what views say against the stored rows, money to the last unit, and repetition."""

from dataclasses import replace
from itertools import combinations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import tradesim
from tradesim import MakeRule, Strategy, SyntheticMarket, TakeRule
from tradesim.errors import ArgumentError
from tradesim.experiments.race import race
from tradesim.experiments.race_plan import Contestant
from tradesim.simulation.latency import LogNormal
from tradesim.simulation.wires import Wires
from tradesim.units import MICROSECOND, SECOND

SHORT = SyntheticMarket(duration=10 * SECOND)
JITTER = Wires(entry=LogNormal(median=30 * MICROSECOND, sigma=0.3))
MAKER = Contestant(name="maker", strategy=Strategy(method="analytic-slice", rule=MakeRule()), latency="300us")
DESKS = ("analytic-slice=5us", "analytic-slice=lognormal:20us:1", "proxy=1us", MAKER)


@pytest.fixture(scope="module")
def made(home):
    """Three takers of which one prices badly, and a slow maker."""
    return race(desks=DESKS, market=SHORT, seeds=(1, 2), wires=JITTER, db=home / "race.duckdb", jobs=1)


@pytest.fixture(scope="module")
def pure(home):
    """The same prices at two speeds, with no cap that a desk would run into."""
    return race(
        desks=("analytic-slice=5us", "analytic-slice=60us"),
        market=SHORT,
        seeds=(1, 2, 3, 4, 5),
        strategy=Strategy(rule=TakeRule(cap=10**6)),
        db=home / "pure.duckdb",
        jobs=1,
    )


def facts_of(race, table):
    return race.store.query(
        f"SELECT r.seed, r.role, t.* EXCLUDE (run) FROM {table} t JOIN runs r USING (run) ORDER BY ALL"
    )


def test_pairs_are_those_that_a_search_through_all_orders_finds(made):
    decisions = {
        (row["seed"], row["desk"], row["decision"]): row
        for row in facts_of(made, "decisions").filter(role="race").iter_rows(named=True)
    }
    quotes = {}
    for order in facts_of(made, "orders").filter(role="race", kind="ioc").iter_rows(named=True):
        key = order["seed"], order["contract"], order["direction"], order["seen_price"]
        quotes.setdefault(key, []).append(order)
    expected = []
    for (seed, contract, direction, price), orders in quotes.items():
        for one, other in combinations(orders, 2):
            wakes = [decisions[seed, order["desk"], order["decision"]] for order in (one, other)]
            if one["desk"] == other["desk"]:
                continue
            if wakes[0]["event"] > other["venue"] or wakes[1]["event"] > one["venue"]:
                continue
            first, second = sorted((one, other), key=lambda order: (order["venue"], order["tie"]))
            winner = next((order["desk"] for order in (first, second) if order["filled"]), None)
            gap = second["venue"] - first["venue"]
            expected.append((seed, contract, direction, price, first["desk"], second["desk"], gap, winner))
    told = made.store.query(
        "SELECT seed, contract, direction, price, first, second, gap, winner FROM race_pairs ORDER BY ALL"
    )
    assert len(expected) > 100
    assert any(pair[-1] != pair[4] for pair in expected)
    assert told.rows() == sorted(expected, key=lambda row: tuple((value is None, value) for value in row))


def test_every_two_that_race_are_in_one_event_and_every_event_has_two(made):
    pairs = made.store.query("SELECT DISTINCT seed, contract, direction, price FROM race_pairs ORDER BY ALL")
    events = made.store.query("SELECT DISTINCT seed, contract, direction, price FROM race_events ORDER BY ALL")
    assert events.equals(pairs)


def test_what_the_race_costs_is_what_is_missed_and_worsened_less_what_is_gained(made):
    costs = made.store.query("SELECT * FROM race_costs")
    assert len(costs) == 2 * len(DESKS)
    assert any(costs["missed"] != 0)
    assert any(costs["gained"] != 0)
    for row in costs.iter_rows(named=True):
        assert row["cost"] == row["alone"] - row["raced"] == row["missed"] + row["worsened"] - row["gained"]


def test_every_lot_that_was_traded_has_its_fate(made):
    fates = made.store.query("SELECT * FROM race_fates")
    fills = facts_of(made, "fills").with_columns(
        lots=pl.col("quantity").abs(),
        money=(pl.col("fair") - pl.col("price")) * pl.col("quantity") * pl.col("multiplier") - pl.col("fee"),
    )
    for role, lots, money in (("alone", "alone_lots", "alone"), ("race", "race_lots", "raced")):
        of_role = fills.filter(role=role)
        assert fates[lots].sum() == of_role["lots"].sum() > 0
        assert fates[money].sum() == of_role["money"].sum()


def test_what_one_desk_pays_another_gets_and_the_tape_the_rest(made):
    """Cash of all desks and of the tape is nothing, trade by trade: each trade between desks has two sides."""
    fills = (
        facts_of(made, "fills")
        .filter(role="race")
        .with_columns(paid=pl.col("quantity") * pl.col("price") * pl.col("multiplier"))
    )
    trades = made.store.query("SELECT * FROM race_trades")
    assert len(trades) > 10
    cash = made.store.query("SELECT sum(cash)::BIGINT FROM runs WHERE role = 'race'").item()
    makers, takers = (fills.filter(liquidity=side) for side in ("maker", "taker"))
    key = ["seed", "contract", "venue", "price"]
    against_tape = pl.concat(
        [
            makers.join(
                trades.select(*key, desk="maker", quantity=-pl.col("quantity")),
                on=[*key, "desk", "quantity"],
                how="anti",
            ),
            takers.join(trades.select(*key, "quantity", desk="taker"), on=[*key, "desk", "quantity"], how="anti"),
        ]
    )
    assert len(makers) + len(takers) == len(against_tape) + 2 * len(trades)
    assert cash == -against_tape["paid"].sum() - fills["fee"].sum()


def test_a_maker_is_picked_off_by_a_taker_that_is_quicker_and_not_by_one_that_is_slower(home, tmp_path):
    """They price alike: the taker finds a quote to take only where the maker has not moved it yet."""
    lost = {}
    for latency in ("1us", "300us"):
        maker = replace(MAKER, latency=latency)
        made = race(
            desks=("analytic-slice=5us", maker), market=SHORT, seeds=(1, 2), db=tmp_path / f"{latency}.duckdb", jobs=1
        )
        lost[latency] = made.store.query("SELECT maker_money AS money, late_by FROM race_trades")
        assert made.table["made"].to_list() == [0, len(lost[latency])]
    assert lost["1us"].is_empty()
    assert lost["300us"]["money"].sum() < 0
    fled = lost["300us"]["late_by"].drop_nulls()
    assert len(fled) > 0
    assert all(0 <= ns <= 350_000 for ns in fled)


def test_the_slower_of_two_makes_more_alone_and_the_faster_loses_nothing(pure):
    fast, slow = pure.table.iter_rows(named=True)
    assert fast["cost"] == 0
    assert slow["cost"] > 0
    assert slow["cost_t"] > 2
    assert slow["win_rate"] == 0
    by_seed = pure.store.query("SELECT alone >= raced AS dearer FROM race_costs WHERE desk = 1")
    assert by_seed["dearer"].all()


def test_with_no_cap_what_the_slower_lost_is_its_missed_and_worsened_fills(pure):
    for row in pure.store.query("SELECT * FROM race_costs WHERE desk = 1").iter_rows(named=True):
        assert row["cost"] == row["missed"] + row["worsened"] - row["gained"]
    fates = pure.store.query("SELECT fate, count(*) FROM race_fates WHERE desk = 0 GROUP BY fate").rows()
    assert [fate for fate, _ in fates] == ["got"]


def test_a_race_is_the_same_again_and_in_any_number_of_processes(home, tmp_path):
    """Integers to the last unit; prices may differ in the last place between a kernel just compiled and one cached."""
    again = [
        race(
            desks=DESKS[:3],
            market=SyntheticMarket(duration=5 * SECOND),
            seeds=(1, 2),
            wires=JITTER,
            db=tmp_path / f"{jobs}.duckdb",
            jobs=jobs,
        )
        for jobs in (1, 2)
    ]
    for table in ("decisions", "orders", "fills"):
        first, second = (facts_of(one, table) for one in again)
        assert len(first) > 0
        assert_frame_equal(first, second, rel_tol=1e-9)
    assert again[0].name.split("-")[0] == again[1].name.split("-")[0]
    assert again[0].table.drop("race").equals(again[1].table.drop("race"))


def test_a_measured_race_is_run_again_by_its_profile(home, tmp_path):
    market, db = SyntheticMarket(duration=2 * SECOND), tmp_path / "profile.duckdb"
    first = race(desks=("proxy", "nothing"), market=market, seeds=(1,), db=db)
    second = race(desks=("proxy", "nothing"), market=market, seeds=(1,), db=db, latency=f"profile:{first.name}")
    instants = "SELECT arrival, decided FROM decisions JOIN runs USING (run) WHERE comparison = ? ORDER BY ALL"
    assert first.store.query(instants, [first.name]).equals(second.store.query(instants, [second.name]))


def test_every_view_of_races_answers(made):
    views = made.store.query("SELECT view_name FROM duckdb_views() WHERE view_name LIKE 'race!_%' ESCAPE '!'")
    assert len(views) == 12
    for view in views["view_name"]:
        assert len(made.store.query(f"SELECT * FROM {view}")) > 0, view


def test_a_race_is_no_comparison(made):
    assert made.store.query("SELECT * FROM comparison_table").is_empty()
    assert made.store.query("SELECT * FROM effects").is_empty()


def test_one_name_twice_is_numbered(home, tmp_path):
    made = race(
        desks=("proxy=5us", "proxy=5us", Strategy(method="proxy")),
        market=SyntheticMarket(duration=2 * SECOND),
        seeds=(1,),
        latency="fixed:5us",
        db=tmp_path / "twice.duckdb",
    )
    assert made.table["name"].to_list() == ["proxy=5us", "proxy=5us#2", "proxy"]
    assert made.table["stated"].to_list() == ["5us", "5us", "fixed:5us"]


@pytest.mark.parametrize(
    ("desks", "says"),
    [
        ((), "none"),
        (("grid",), "grid: give two or more"),
        (("grid", "no-such"), "no such method"),
        (("proxy", "proxy=measured"), "a stated one, not measured"),
        (("proxy", "proxy=profile:x"), "a stated one, not profile:x"),
        (("proxy", "proxy=quick"), "latency 'quick'"),
        (("proxy", "proxy="), "latency ''"),
        (("proxy", "absent.py=5us"), "no such Python file"),
        (("proxy", Strategy(rule=TakeRule(edge=1e7))), "edge"),
    ],
)
def test_what_cannot_race_is_refused_and_nothing_is_stored(home, tmp_path, desks, says):
    with pytest.raises(ArgumentError, match=says):
        race(desks=desks, seeds=(1,), db=tmp_path / "none.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_the_public_names_have_it():
    assert {"Race", "race"} <= set(tradesim.__all__)
    assert tradesim.race is race
