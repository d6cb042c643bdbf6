"""The venue against its rules in plain lists: any tape, any orders, the same reports, fills and places in the queue."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from naive_venue import NaiveVenue
from probes import START, Quote, book_trade, feed_row, level, tape_of, underlying

from tradesim.simulation.book import ASK_LEFT, BID_LEFT, quote_rows
from tradesim.simulation.broadcast import FeedBroadcast
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.queueing import Family, Probabilistic, RiskAverse
from tradesim.simulation.resting import AHEAD, LEFT, UNKNOWN
from tradesim.simulation.ticks import TickTable
from tradesim.simulation.venue import Venue
from tradesim.simulation.venue_rules import SelfTrade, VenueRules
from tradesim.simulation.view import View
from tradesim.units import MICROS

PRICES = [99.0, 100.0, 101.0, 102.0]
price = st.sampled_from(PRICES)
size = st.integers(1, 8)
sign = st.sampled_from([1, -1])
soon = st.integers(0, 2)

quote = st.tuples(st.just("quote"), price, st.integers(1, 2), st.integers(0, 8), st.integers(0, 8))
trade = st.tuples(st.just("trade"), price, size, st.sampled_from([1, -1, 0]))
deeper = st.tuples(st.just("level"), sign, price, st.integers(0, 8))
fed = st.tuples(st.sampled_from(["add", "add", "reduce", "execute"]), sign, price, size, st.integers(0, 20))
placed = st.tuples(
    st.just("place"),
    st.integers(0, 2),
    sign,
    st.integers(1, 12),
    st.sampled_from([*PRICES, 100.5, None]),
    st.sampled_from([Kind.IOC, Kind.LIMIT, Kind.LIMIT, Kind.POST_ONLY]),
)
cancelled = st.tuples(st.just("cancel"), st.integers(1, 4))
replaced = st.tuples(st.just("replace"), st.integers(1, 4), st.integers(0, 9), st.sampled_from([*PRICES, 100.5]))
acts = st.one_of(placed, placed, cancelled, replaced)
models = st.one_of(
    st.just(RiskAverse()),
    st.builds(Probabilistic, family=st.sampled_from(Family), exponent=st.sampled_from([0.5, 1.0, 2.0, 3.0])),
)
venue_rules = st.builds(
    VenueRules,
    tick=st.sampled_from([None, None, 1.0, TickTable(levels=((0.0, 1.0), (100.0, 2.0)))]),
    lot=st.sampled_from([1, 1, 1, 2]),
    position_limit=st.sampled_from([None, None, 10]),
    self_trade=st.sampled_from(SelfTrade),
    queue=models,
)


def steps(*rows):
    return st.lists(st.tuples(soon, st.one_of(*rows, acts)), min_size=1, max_size=40)


@dataclass
class Feed:
    """A book of orders, told row by row, and its best quotes after each."""

    orders: dict[int, tuple[int, float, int]] = field(default_factory=dict)
    count: int = 0

    def rows(self, at, what, side, price, size, which):
        if what == "add":
            others = [p for s, p, _ in self.orders.values() if s != side]
            if any(side * (price - other) >= 0 for other in others):
                return []
            self.count += 1
            self.orders[self.count] = side, price, size
            return [feed_row(at, "add", self.count, side, price, size), self.best(at)]
        if not self.orders:
            return []
        number = sorted(self.orders)[which % len(self.orders)]
        side, price, left = self.orders.pop(number)
        size = min(size, left)
        if size < left:
            self.orders[number] = side, price, left - size
        return [feed_row(at, what, number, side, price, size), self.best(at)]

    def best(self, at):
        sides = {}
        for side, price, size in self.orders.values():
            best, lots = sides.get(side, (price, 0))
            if side * (price - best) > 0:
                sides[side] = price, size
            elif price == best:
                sides[side] = price, lots + size
        (bid, bid_size), (ask, ask_size) = (sides.get(side, (None, 0)) for side in (1, -1))
        return Quote(at=at, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def both_do(steps, rules, *first):
    rows, deeds, at, book = [underlying(0), *first], [], 0, Feed()
    for after, (what, *told) in steps:
        at += after
        match what:
            case "quote":
                bid, wide, bid_size, ask_size = told
                rows.append(Quote(at=at, bid=bid, ask=bid + wide, bid_size=bid_size, ask_size=ask_size))
            case "trade":
                rows.append(book_trade(at, *told))
            case "level":
                rows.append(level(at, *told))
            case "add" | "reduce" | "execute":
                rows.extend(book.rows(at, what, *told))
            case _:
                deeds.append((at, what, told))
    tape = tape_of(*rows)
    rows = quote_rows(tape)
    view = View(tape, rows, tape.ts)
    check(Venue(tape, rows, rules), NaiveVenue(tape, rules), view, deeds, at)


class Trader:
    """A desk that is told what its orders trade, and does not listen to the feed."""

    def __init__(self, fills):
        self._fills = fills

    def hear(self, told):
        pass

    def made(self, trade):
        self._fills.append((trade.instant, *trade.maker, trade.lots, trade.price))


def check(venue, naive, view, deeds, end):
    sent, made, floor = [], [], FeedBroadcast()
    floor.desks.extend([Trader(made)] * 3 + [view])
    for at, what, told in [*deeds, (end + 1, "end", ())]:
        advance(venue, floor, START + at)
        assert made == naive.until(START + at)
        made.clear()
        if what == "place":
            desk, direction, lots, limit, kind = told
            asked = {"desk": desk, "number": len(sent), "contract": 0, "direction": direction, "lots": lots,
                     "limit": AT_MARKET if limit is None else round(limit * MICROS), "kind": kind}  # fmt: skip
            sent.append(desk)
        elif what != "end" and sent:
            target = max(len(sent) - told[0], 0)
            asked = {"desk": sent[target], "target": target}
            if what == "replace":
                asked |= {"number": len(sent), "lots": told[1], "limit": round(told[2] * MICROS)}
                sent.append(sent[target])
        else:
            continue
        report = getattr(venue, what)(instant=START + at, **asked)
        trades = tuple((t.taker, t.maker, t.direction, t.lots, t.price) for t in report.trades)
        told_us = (report.outcome, trades, report.filled, report.left, report.reason, report.cancelled)
        assert told_us == getattr(naive, what)(instant=START + at, **asked)
        assert standing(venue) == {(o.desk, o.number): (o.left, o.lots_ahead) for o in naive.orders}
        floor.tell(report.trades, report.posts)
        made.clear()
        view.advance(START + at)
        assert seen(view) == shown(naive)


def advance(venue, floor, instant):
    while True:
        trades, told = venue.advance(instant)
        if not trades:
            return
        floor.tell(trades, told)


def seen(view):
    """What a view without delay shows: lots left at the tape's best, and other desks' orders."""
    return view.book[1, BID_LEFT], view.book[1, ASK_LEFT], {k: (p.price, p.lots) for k, p in view._posts.items()}


def shown(naive):
    orders = {(o.desk, o.number): (o.price, o.left) for o in naive.orders}
    return naive.sides[1, 1].left, naive.sides[1, -1].left, orders


def standing(venue):
    """What is left of each order, and the whole lots ahead of it."""
    told = {}
    for key, slot in venue._slot_of.items():
        ahead = float("inf") if venue._resting.queue[slot, AHEAD] > UNKNOWN / 2 else venue._ahead(slot)
        told[key] = int(venue._resting.slots[slot, LEFT]), ahead
    return told


@settings(max_examples=250)
@given(steps(quote, quote, trade, deeper), venue_rules)
def test_on_a_tape_of_levels(steps, rules):
    both_do(steps, rules, Quote(at=0, bid=100, ask=101))


@settings(max_examples=150)
@given(steps(fed, fed, trade), venue_rules)
def test_on_an_order_feed(steps, rules):
    both_do(steps, rules)
