"""Laws that hold for any desks on any tape, whatever their latencies, policies, CPUs and refusals."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from probes import START, Quote, book_trade, seat_of, tape_of, underlying

from tradesim.pricing import PROBLEMS
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import Fixed, LogNormal, Profile
from tradesim.simulation.maker import MakeRule
from tradesim.simulation.orders import Kind
from tradesim.simulation.run import run
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Custom, Policy, Strategy, TakeRule
from tradesim.simulation.trigger import AnyOf, EveryQuote, OwnTraded
from tradesim.simulation.venue_rules import Fees, SelfTrade, VenueRules
from tradesim.simulation.wires import Link, PerAction, Wires
from tradesim.units import MICROS

FEES = Fees(taker=0.01, maker=-0.005, underlying=0.001)
SIZE = st.integers(1, 8)

option = st.tuples(st.just("quote"), st.sampled_from([4.0, 5.0, 6.0]), st.integers(1, 2), SIZE, SIZE)
trade = st.tuples(st.just("trade"), st.sampled_from([4.0, 5.0, 6.0, 7.0]), SIZE, st.sampled_from([1, -1, 0]))
spot = st.tuples(st.just("spot"), st.sampled_from([99.0, 100.0, 101.0]))
one_sided = st.tuples(st.just("bid alone"), st.sampled_from([99.0, 100.0]))
tapes = st.lists(
    st.tuples(st.integers(0, 30), st.one_of(option, trade, spot, spot, one_sided)), min_size=5, max_size=40
)

delay = st.one_of(
    st.builds(Fixed, st.integers(0, 40)),
    st.builds(LogNormal, median=st.integers(1, 30), sigma=st.sampled_from([0.5, 1.5])),
)
per_action = st.one_of(delay, st.builds(PerAction, place=delay, cancel=delay, replace=delay))
link = st.builds(Link, entry=per_action, response=per_action, rejections=st.sampled_from([0.0, 0.3]))
world = st.builds(
    Wires,
    feed=delay,
    entry=per_action,
    response=per_action,
    rejections=st.sampled_from([0.0, 0.0, 0.3]),
    hedge=st.one_of(st.none(), link),
    send=st.sampled_from([Fixed(0), Fixed(3)]),
)
venue = st.builds(VenueRules, self_trade=st.sampled_from(SelfTrade), position_limit=st.sampled_from([None, 12]))


class Restless:
    """Sends of every kind, by turns, whatever it sees."""

    def __init__(self):
        self._turn = 0

    def __call__(self, screen):
        self._turn += 1
        asked = []
        for side, direction in ((0, 1), (1, -1)):
            number, limit, left, _ = screen.working[0, side].tolist()
            wanted = (5 - direction * (self._turn % 2)) * MICROS
            asked += [
                [0, direction, 3, wanted, (Kind.LIMIT, Kind.POST_ONLY)[self._turn % 2], -1],
                [0, direction, max(left, 1), limit if self._turn % 3 else wanted, Kind.REPLACE, number],
                [0, direction, 0, 0, Kind.CANCEL, number],
            ][self._turn % 3 :]
        asked.append([0, 1 - 2 * (self._turn % 2), 2, 5 * MICROS, Kind.IOC, -1])
        return np.array(asked, dtype=np.int64)


RULES = {
    "maker": lambda: MakeRule(half_spread=0.5, share=0.0, improve=2, lots=3, cap=6),
    "taker": lambda: TakeRule(edge=0.0, cap=6),
    "restless": lambda: Custom(function=Restless()),
    "idle": lambda: Custom(function=lambda screen: np.empty((0, 6), dtype=np.int64)),
}
desk = st.fixed_dictionaries(
    {
        "rule": st.sampled_from(["maker", "taker", "restless"]),
        "policy": st.sampled_from(Policy),
        "cpus": st.integers(1, 3),
        "deadline": st.sampled_from([None, None, 25]),
        "hedge": st.sampled_from([None, DeltaHedge(band=0.0)]),
        "compute": delay,
        "hiccups": st.sampled_from([None, Hiccups(every=Fixed(60), pause=Fixed(20))]),
        "value": st.sampled_from([4.5, 5.5, 6.5]),
    }
)


def seat(asked):
    strategy = Strategy(
        rule=RULES[asked["rule"]](),
        trigger=AnyOf((EveryQuote(), OwnTraded())),
        policy=asked["policy"],
        cpus=asked["cpus"],
        deadline=asked["deadline"],
        hedge=asked["hedge"],
    )
    compute = Profile(price_by_tag={"any": asked["compute"]})
    return seat_of(strategy, value=asked["value"], compute=compute, hiccups=asked["hiccups"])


IDLE = {"rule": "idle", "policy": Policy.LATEST, "cpus": 1, "deadline": None, "hedge": None, "compute": Fixed(1),
        "hiccups": None, "value": 5.0}  # fmt: skip


def tape(events, bid, ask):
    """The first snapshot needs both sides of the underlying, so what follows is later than any feed is slow."""
    rows, at = [underlying(0), Quote(at=0, bid=bid, ask=ask)], 100_000
    for after, (what, *told) in events:
        at += after
        match what:
            case "quote":
                best, wide, bid_size, ask_size = told
                rows.append(Quote(at=at, bid=best, ask=best + wide, bid_size=bid_size, ask_size=ask_size))
            case "trade":
                rows.append(book_trade(at, *told))
            case "spot":
                rows.append(underlying(at, *told))
            case "bid alone":
                rows.append(Quote(at=at, instrument=0, bid=told[0]))
    return tape_of(*rows, multiplier=100)


def results_of(events, wires, rules, desks, bid=5, ask=6):
    setting = Setting(wires=wires, fees=FEES, venue=rules, horizon=50)
    session = open_session(tape(events, bid, ask), PROBLEMS["european"], setting, seed=4)
    return run(session, [seat(asked) for asked in desks])


@settings(max_examples=60)
@given(tapes, world, venue, st.lists(desk, min_size=1, max_size=3))
def test_time_lots_and_money(events, wires, rules, desks):
    results = results_of(events, wires, rules, desks)
    for asked, result in zip(desks, results, strict=True):
        in_time(result, wires)
        lots_are_those_asked(result)
        books_are_those_of_the_fills(result)
        if asked["cpus"] == 1:
            assert result.decisions["decided"].is_sorted()


def in_time(result, wires):
    decisions, orders, fills = result.decisions, result.orders, result.fills
    for before, after in (("event", "arrival"), ("arrival", "start"), ("start", "decided"), ("newest", "start")):
        assert (decisions[before] <= decisions[after]).all()
    decided = orders.join(decisions.select("decision", made="decided"), on="decision")
    assert (decided["made"] <= decided["decided"]).all()
    assert (orders["decided"] <= orders["venue"]).all()
    assert (orders["venue"] <= orders["ack"]).all()
    assert (fills["venue"] <= fills["known"]).all()
    assert (fills["venue"] >= START).all()
    for line in (orders.filter(pl.col("contract") == -1), orders.filter(pl.col("contract") >= 0)):
        assert line.sort("decided", "order_id")["venue"].is_sorted()
        assert line.sort("venue", "ack")["ack"].is_sorted()
    if isinstance(wires.entry, Fixed):
        travelled = orders.filter(pl.col("contract") >= 0).select(pl.col("venue") - pl.col("decided")).to_series()
        assert (travelled == wires.entry.ns).all()
    sent = fills.join(orders.select("order_id", reached="venue", answered="ack"), on="order_id")
    assert (sent["reached"] <= sent["venue"]).all()
    assert (sent["answered"] <= sent["known"]).all()


def lots_are_those_asked(result):
    taken = result.fills.group_by("order_id").agg(pl.col("quantity").sum().abs().alias("got"))
    both = result.orders.join(taken, on="order_id", how="left").with_columns(pl.col("got").fill_null(0))
    assert (both.filter(pl.col("kind") != "cancel").select(pl.col("got") <= pl.col("lots")).to_series()).all()
    arrived = result.fills.filter(pl.col("liquidity") == "taker").group_by("order_id")
    told = both.join(arrived.agg(pl.col("quantity").sum().abs().alias("arrived")), on="order_id", how="left")
    assert (told["arrived"].fill_null(0) == told["filled"]).all()
    assert result.fills.filter(pl.col("quantity") == 0).is_empty()


def books_are_those_of_the_fills(result):
    fills = result.fills
    cash = -(fills["quantity"] * fills["multiplier"] * fills["price"]).sum() - fills["fee"].sum()
    assert cash == result.cash
    held = fills.group_by("contract").agg(pl.col("quantity").sum()).filter(pl.col("quantity") != 0)
    assert dict(held.iter_rows()) == dict(result.positions.select("contract", "position").iter_rows())


restless = desk.map(lambda asked: asked | {"rule": "restless", "hedge": None})
spots = st.lists(st.tuples(st.integers(0, 30), spot), min_size=5, max_size=40)


@settings(max_examples=40)
@given(spots, world, venue, st.lists(restless, min_size=2, max_size=3))
def test_between_desks_nothing_is_lost_but_fees(events, wires, rules, desks):
    """The tape's quote is out of reach, so that desks trade with one another alone."""
    results = results_of(events, wires, rules, desks, bid=1, ask=10)
    fills = pl.concat([result.fills for result in results])
    assert sum(result.cash for result in results) == -fills["fee"].sum()
    sides = fills.group_by("venue", "price").agg(
        pl.col("quantity").sum(), pl.col("quantity").filter(liquidity="maker").abs().sum().alias("made"),
        pl.col("quantity").filter(liquidity="taker").abs().sum().alias("took"),
    )  # fmt: skip
    assert (sides["quantity"] == 0).all()
    assert (sides["made"] == sides["took"]).all()


@settings(max_examples=25)
@given(tapes, world, venue, st.lists(desk, min_size=1, max_size=2))
def test_an_idle_desk_changes_nothing_and_a_run_repeats(events, wires, rules, desks):
    once, beside = (results_of(events, wires, rules, seats) for seats in (desks, [*desks, IDLE]))
    for first, second in zip(once, beside, strict=False):
        for name in ("decisions", "orders", "fills", "markouts", "positions"):
            assert getattr(first, name).equals(getattr(second, name))
        assert first.cash == second.cash
    assert beside[-1].orders.is_empty()
