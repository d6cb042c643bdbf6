"""What comes of a race on tapes made by hand, where every meeting can be told beforehand."""

import shutil
from dataclasses import replace

import duckdb
import numpy as np
import polars as pl
import pytest
from probes import START, Quote, seat_of, session_of, tape_of, underlying
from races import raced

from tradesim.results.store import Store
from tradesim.simulation.book import ASK
from tradesim.simulation.draws import tie_break
from tradesim.simulation.latency import LogNormal, Profile
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.run import run_one
from tradesim.simulation.screen import NOTHING, STATE
from tradesim.simulation.strategy import Custom, Policy, Strategy, TakeRule
from tradesim.simulation.trigger import EveryQuote
from tradesim.units import MICROS, MICROSECOND, MILLISECOND

QUOTES = 12
LOTS = 10


def ticking_tape(*, multiplier=1):
    """Every millisecond the underlying moves and ten lots are offered, a cent dearer than before."""
    rows = [underlying(0), Quote(at=0, bid=1, ask=100)]
    for tick in range(1, QUOTES):
        rows += [underlying(tick * MILLISECOND, 100 + tick), Quote(at=tick * MILLISECOND, bid=1, ask=100 + tick / 100)]
    return tape_of(*rows, multiplier=multiplier)


def taker(*, compute, cap=10**6):
    """Takes all that is offered: it thinks that a contract is worth 1,000."""
    return seat_of(Strategy(rule=TakeRule(edge=0.0, cap=cap)), compute=compute)


def all_of(store, view, order="ALL"):
    return store.query(f"SELECT * FROM {view} ORDER BY {order}")


@pytest.fixture(scope="module")
def pure(tmp_path_factory):
    """The same prices; 5 us against 20 us."""
    session = session_of(ticking_tape(), entry=30 * MICROSECOND, response=30 * MICROSECOND, feed=20 * MICROSECOND)
    return raced(
        tmp_path_factory.mktemp("pure"),
        [session],
        [taker(compute=5 * MICROSECOND), taker(compute=20 * MICROSECOND)],
    )


def test_the_faster_of_two_wins_every_quote(pure):
    pairs = all_of(pure, "race_pairs", "first_decision")
    assert len(pairs) == QUOTES
    assert set(pairs["winner"]) == {0}
    assert set(pairs["gap"]) == set(pairs["lead"]) == {15 * MICROSECOND}
    assert pairs["price"].to_list() == [(100 * 100 + tick) * MICROS // 100 for tick in range(QUOTES)]
    assert pairs.select(pl.col("won", "wanted", "got", "missed").unique()).row(0) == (LOTS, LOTS, 0, LOTS)


def test_an_event_is_one_quote_here(pure):
    events = all_of(pure, "race_events", "event")
    assert (events["event"] - START).to_list() == [tick * MILLISECOND for tick in range(QUOTES)]
    assert set(events["winner"]) == {0}
    assert set(events["desks"]) == set(events["orders"]) == {2}
    assert set(events["gap"]) == {15 * MICROSECOND}
    assert (set(events["wanted"]), set(events["got"])) == ({2 * LOTS}, {LOTS})


def test_the_slower_one_misses_exactly_what_it_would_have_made_alone(pure):
    fast, slow = all_of(pure, "race_costs", "desk").iter_rows(named=True)
    assert fast["cost"] == fast["missed"] == fast["worsened"] == fast["gained"] == 0
    assert slow["raced"] == 0
    assert slow["cost"] == slow["missed"] == slow["alone"]
    assert slow["alone"] == fast["alone"] != 0
    fates = all_of(pure, "race_fates")
    assert fates.group_by("desk", "fate").len().sort("desk").rows() == [(0, "got", QUOTES), (1, "missed", QUOTES)]


def test_the_table_tells_it(pure):
    fast, slow = all_of(pure, "race_table", "desk").iter_rows(named=True)
    assert (fast["meetings"], fast["won"], fast["lost"], fast["neither"], fast["win_rate"]) == (QUOTES, QUOTES, 0, 0, 1)
    assert (slow["meetings"], slow["won"], slow["lost"], slow["neither"], slow["win_rate"]) == (QUOTES, 0, QUOTES, 0, 0)
    assert (fast["latency_p50"], slow["latency_p50"]) == (5 * MICROSECOND, 20 * MICROSECOND)
    assert (fast["orders"], fast["filled"], slow["orders"], slow["filled"]) == (QUOTES, QUOTES, QUOTES, 0)


def test_leads_are_counted_in_half_decades_from_either_side(pure):
    gaps = all_of(pure, "race_gaps", "desk").select("lead_from", "lead_to", "lead", "meetings", "races", "win_rate")
    assert gaps.rows() == [
        (10_000, 31_623, 15_000.0, QUOTES, QUOTES, 1.0),
        (-31_623, -10_000, -15_000.0, QUOTES, QUOTES, 0.0),
    ]


def test_who_is_first_at_one_instant_is_the_venues_key_and_about_half_each(tmp_path):
    """The same latency: every race is a dead heat; the desk with the smaller key has the quote."""
    sessions = [session_of(ticking_tape(), entry=30 * MICROSECOND, seed=seed) for seed in range(1, 13)]
    store = raced(tmp_path, sessions, [taker(compute=5 * MICROSECOND), taker(compute=5 * MICROSECOND)])
    pairs = all_of(store, "race_pairs")
    assert set(pairs["gap"]) == {0}
    assert len(pairs) == 12 * QUOTES
    orders = all_of(store, "race_orders", "seed, venue").filter(pl.col("filled") > 0)
    for seed, venue, desk in orders.select("seed", "venue", "desk").iter_rows():
        assert tie_break(seed, desk, venue) < tie_break(seed, 1 - desk, venue)
    assert pairs["winner"].to_list() == pairs["first"].to_list()
    wins = (pairs["winner"] == 0).sum()
    assert 54 <= wins <= 90
    for row in all_of(store, "race_table").iter_rows(named=True):
        assert 54 <= 144 * row["raced"] / row["alone"] <= 90


def test_the_desks_take_together_what_the_venue_has(tmp_path):
    """Three want ten lots of each quote; ten are had, and each alone has them all."""
    session = session_of(ticking_tape(), entry=9, response=1)
    store = raced(tmp_path, [session], [taker(compute=ns) for ns in (30, 10, 20)])
    lots = store.query(
        "SELECT role, contract, sum(quantity)::BIGINT AS lots FROM fills JOIN runs USING (run) GROUP BY ALL"
    )
    assert dict(lots.select("role", "lots").iter_rows()) == {"race": QUOTES * LOTS, "alone": 3 * QUOTES * LOTS}
    rivals = all_of(store, "race_rivals", "desk, rival_desk").select("desk", "rival_desk", "won", "lost", "neither")
    assert rivals.rows() == [
        (0, 1, 0, QUOTES, 0),
        (0, 2, 0, 0, QUOTES),
        (1, 0, QUOTES, 0, 0),
        (1, 2, QUOTES, 0, 0),
        (2, 0, 0, 0, QUOTES),
        (2, 1, 0, QUOTES, 0),
    ]
    assert set(all_of(store, "race_events")["desks"]) == {3}


def test_what_the_first_leaves_is_the_seconds(tmp_path):
    """The first has room for six of ten; four are left for the second, which would have had ten alone."""
    tape = tape_of(underlying(0), Quote(at=0, bid=1, ask=100), multiplier=7)
    store = raced(tmp_path, [session_of(tape, entry=5, fee=0.5)], [taker(compute=10), taker(compute=1, cap=6)])
    (pair,) = all_of(store, "race_pairs").iter_rows(named=True)
    assert (pair["winner"], pair["won"], pair["wanted"], pair["got"], pair["missed"]) == (1, 6, 10, 4, 6)
    slow, fast = all_of(store, "race_fates", "desk").iter_rows(named=True)
    assert (fast["fate"], fast["alone_lots"], fast["race_lots"]) == ("got", 6, 6)
    assert (slow["fate"], slow["alone_lots"], slow["race_lots"], slow["kept_lots"]) == ("part missed", 10, 4, 4)
    assert slow["alone"] * 6 == slow["missed"] * 10
    assert slow["raced"] == slow["alone"] - slow["missed"]


def test_a_worse_price_is_told_as_such_and_the_maker_who_gave_it(tmp_path):
    """What the first takes at 100 the second gets at 103 from a third desk, which stands there with an offer."""
    tape = tape_of(underlying(0), Quote(at=0, bid=1, ask=105), underlying(50, 101), Quote(at=50, bid=1, ask=100))

    def at_market(screen):
        cheap = screen.book[1, ASK] == 100 * MICROS
        return one_request(screen, direction=1, limit=AT_MARKET, kind=Kind.IOC)[: int(cheap)]

    def offer(screen):
        return one_request(screen, direction=-1, limit=103 * MICROS, kind=Kind.POST_ONLY)

    seats = [
        seat_of(Strategy(rule=Custom(function=rule), trigger=EveryQuote()), compute=ns)
        for rule, ns in ((at_market, 2), (at_market, 10), (offer, 1))
    ]
    store = raced(tmp_path, [session_of(tape, entry=5)], seats)
    fast, slow, maker = all_of(store, "race_fates", "desk").iter_rows(named=True)
    assert (fast["fate"], slow["fate"], maker["fate"]) == ("got", "worsened", "new")
    assert slow["worsened"] == slow["alone"] - slow["raced"] == 3 * MICROS * 10
    assert maker["gained"] == maker["raced"] == -slow["raced"]
    (trade,) = all_of(store, "race_trades").iter_rows(named=True)
    assert (trade["maker"], trade["taker"], trade["quantity"], trade["price"]) == (2, 1, 10, 103 * MICROS)
    assert trade["maker_money"] == -trade["taker_money"] == maker["raced"]
    (pair,) = all_of(store, "race_pairs").iter_rows(named=True)
    assert (pair["first"], pair["second"], pair["winner"], pair["missed"]) == (0, 1, 0, 0)


def one_request(screen, *, direction, limit, kind):
    """Ten lots, asked for once."""
    asked = screen.in_flight[0] or screen.position[0] or (screen.working[0, :, STATE] != NOTHING).any()
    return np.array([[0, direction, 10, limit, kind, -1]], dtype=np.int64)[: int(not asked)]


def test_orders_for_different_prices_do_not_race(tmp_path):
    """While the second's order for 100 is on its way, the first takes the next quote, at 101."""
    tape = tape_of(
        underlying(0),
        Quote(at=0, bid=1, ask=100),
        underlying(20, 101),
        Quote(at=20, bid=1, ask=101),
        underlying(40, 102),
    )
    quick = seat_of(Strategy(rule=TakeRule(edge=0.0), trigger=EveryQuote()), compute=1)
    tired = seat_of(Strategy(rule=TakeRule(edge=0.0), trigger=EveryQuote(), policy=Policy.LATEST), compute=30)
    store = raced(tmp_path, [session_of(tape, entry=5)], [quick, tired])
    prices = all_of(store, "race_pairs")["price"].to_list()
    assert prices == [100 * MICROS]
    orders = all_of(store, "race_orders", "desk, venue").select("desk", "price", "event", "venue")
    assert orders.with_columns(pl.col("event", "venue") - START).rows() == [
        (0, 100 * MICROS, 0, 6),
        (0, 101 * MICROS, 20, 26),
        (1, 100 * MICROS, 0, 35),
    ]


def test_the_others_absent_is_as_if_they_were_never_there(tmp_path):
    session = session_of(ticking_tape(), entry=30 * MICROSECOND, response=30 * MICROSECOND)
    seats = [taker(compute=5 * MICROSECOND), taker(compute=20 * MICROSECOND)]
    store = raced(tmp_path, [session], seats)
    alone = store.query("SELECT f.* FROM fills f JOIN runs r USING (run) WHERE r.role = 'alone' AND r.desk = 0")
    apart = run_one(session, seats[0]).fills
    assert alone.select(apart.columns).sort("fill").equals(apart.cast(alone.select(apart.columns).schema))


def test_alone_and_in_the_race_a_desk_has_the_same_draws(tmp_path):
    session = session_of(ticking_tape(), entry=30 * MICROSECOND)
    drawn = Profile(price_by_tag={"any": LogNormal(median=10 * MICROSECOND, sigma=1.0)})
    store = raced(tmp_path, [session], [taker(compute=drawn), taker(compute=drawn)])
    instants = store.query("SELECT role, r.desk, arrival, decided FROM decisions JOIN runs r USING (run)")
    there, here = (
        instants.filter(pl.col("role") == role).drop("role").sort("desk", "arrival") for role in ("race", "alone")
    )
    assert there.equals(here)
    first, second = (there.filter(pl.col("desk") == desk)["decided"].to_list() for desk in (0, 1))
    assert first != second


def test_what_the_tape_cannot_identify_is_null(tmp_path):
    session = session_of(ticking_tape(), entry=30 * MICROSECOND)
    seats = [taker(compute=5 * MICROSECOND), taker(compute=20 * MICROSECOND)]
    store = raced(tmp_path, [session], seats, resolution=60 * 10**9)
    table = all_of(store, "race_table")
    assert set(table["identified"]) == {False}
    assert table["win_rate"].is_null().all()
    assert table["cost"].is_null().all()
    assert table["alone"].is_not_null().all()
    assert all_of(store, "race_gaps").is_empty()
    assert all_of(store, "race_rivals")["win_rate"].is_null().all()


def test_one_who_meets_nobody_is_in_the_table_all_the_same(tmp_path):
    silent = replace(taker(compute=5), strategy=Strategy(rule=TakeRule(edge=10**5)))
    store = raced(tmp_path, [session_of(ticking_tape(), entry=5)], [taker(compute=5), silent])
    busy, idle = all_of(store, "race_table", "desk").iter_rows(named=True)
    assert (busy["filled"], busy["meetings"], busy["cost"]) == (QUOTES, 0, 0)
    assert (idle["orders"], idle["meetings"], idle["alone"]) == (0, 0, 0)
    assert idle["win_rate"] is None


def without_fair(store, folder, condition):
    """A copy of the store in which fills that meet ``condition`` have no fair value."""
    copy = folder / "unvalued.duckdb"
    shutil.copy(store.path, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"UPDATE fills SET fair = NULL WHERE {condition}")
    return Store(copy)


@pytest.mark.parametrize("role", ["alone", "race"])
@pytest.mark.parametrize("desk", [0, 1])
def test_a_cost_that_is_not_known_has_no_known_parts(pure, tmp_path, role, desk):
    """Where no fill of a side has a fair value; the slower desk has none in the race, which is no money at all."""
    store = without_fair(pure, tmp_path, f"desk = {desk} AND run IN (SELECT run FROM runs WHERE role = '{role}')")
    before, after = all_of(pure, "race_costs", "desk").to_dicts(), all_of(store, "race_costs", "desk").to_dicts()
    assert after[1 - desk] == before[1 - desk]
    assert before[desk]["unvalued_fills"] == 0
    if (desk, role) == (1, "race"):
        assert after[desk] == before[desk]
        return
    assert after[desk]["unvalued_fills"] == QUOTES
    unknown = {name for name, value in after[desk].items() if value is None}
    assert unknown == {"alone" if role == "alone" else "raced", "cost", "missed", "worsened", "gained"}
    assert all_of(store, "race_table")["cost"].to_list()[desk] is None


def test_fills_without_a_fair_value_are_in_neither_the_cost_nor_its_parts(pure, tmp_path):
    store = without_fair(pure, tmp_path, "fill < 3")
    for before, after in zip(
        all_of(pure, "race_costs", "desk").to_dicts(), all_of(store, "race_costs", "desk").to_dicts(), strict=True
    ):
        assert after["cost"] == after["missed"] + after["worsened"] - after["gained"]
        assert after["unvalued_fills"] == (6 if before["raced"] else 3)
        assert after["alone"] != before["alone"]
