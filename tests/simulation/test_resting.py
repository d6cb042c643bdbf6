"""Orders that stand: by whom they are filled, with how much, at which price, and where in the queue they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from probes import START, Quote, book_trade, feed_row, level, tape_of, underlying

from tradesim.simulation.book import quote_rows
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.queueing import Family, Probabilistic, RiskAverse, parse_queue
from tradesim.simulation.reports import Outcome
from tradesim.simulation.venue import Venue
from tradesim.simulation.venue_rules import SelfTrade, VenueRules
from tradesim.units import MICROS

BUY, SELL = 1, -1


class Hall:
    """A venue whose instants are ns after the start, and all that happened on it."""

    def __init__(self, *rows, rules: VenueRules | None = None) -> None:
        tape = tape_of(underlying(0), *rows)
        self.venue = Venue(tape, quote_rows(tape), rules)
        self.fills: list[tuple[int, int, int, int, float]] = []
        self._number = 0

    def until(self, at: int) -> "Hall":
        """Fills of standing orders: instant, desk, number, lots, price."""
        while True:
            trades, _ = self.venue.advance(START + at)
            if not trades:
                return self
            for trade in trades:
                self.fills.append((trade.instant - START, *trade.maker, trade.lots, trade.price / MICROS))

    def place(self, at, direction, lots, price=None, kind=Kind.LIMIT, desk=0):
        self.until(at)
        self._number += 1
        report = self.venue.place(
            instant=START + at,
            desk=desk,
            number=self._number,
            contract=0,
            direction=direction,
            lots=lots,
            limit=AT_MARKET if price is None else round(price * MICROS),
            kind=kind,
        )
        for trade in report.trades:
            if trade.maker is not None:
                self.fills.append((trade.instant - START, *trade.maker, trade.lots, trade.price / MICROS))
        return report

    def cancel(self, at, target, desk=0):
        self.until(at)
        return self.venue.cancel(instant=START + at, desk=desk, target=target)

    def replace(self, at, target, lots, price, desk=0):
        self.until(at)
        self._number += 1
        return self.venue.replace(
            instant=START + at, desk=desk, target=target, number=self._number, lots=lots, limit=round(price * MICROS)
        )


QUOTED = Quote(at=0, bid=100, ask=101)


def test_an_order_behind_the_queue_fills_when_trades_have_gone_through_it():
    hall = Hall(QUOTED, book_trade(10, 100, 6, SELL), book_trade(20, 100, 6, SELL), book_trade(30, 100, 6, SELL))
    assert hall.place(1, BUY, 5, 100).outcome is Outcome.RESTING
    assert hall.until(100).fills == [(20, 0, 1, 2, 100.0), (30, 0, 1, 3, 100.0)]


def test_a_trade_through_its_price_fills_with_no_more_than_the_trade():
    hall = Hall(QUOTED, book_trade(10, 99, 3, SELL), book_trade(20, 99, 30, SELL))
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(10, 0, 1, 3, 100.0), (20, 0, 1, 2, 100.0)]


def test_buyers_do_not_fill_a_buy():
    hall = Hall(QUOTED, book_trade(10, 99, 30, BUY))
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == []


def test_who_came_is_inferred_from_the_quote_where_it_is_not_told():
    hall = Hall(QUOTED, book_trade(10, 101, 30, 0), book_trade(20, 100, 12, 0))
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(20, 0, 1, 2, 100.0)]


def test_an_opposite_quote_that_comes_to_it_fills_it_at_its_own_price():
    """The market falls: the ask of 4 lots at 99.5 would have met the bid of 10 at 100."""
    hall = Hall(QUOTED, Quote(at=10, bid=99, ask=99.5, ask_size=4), Quote(at=20, bid=99, ask=99.5, ask_size=5))
    hall.place(1, BUY, 10, 100)
    assert hall.until(100).fills == [(10, 0, 1, 4, 100.0), (20, 0, 1, 1, 100.0)]


def test_a_better_price_has_nobody_ahead():
    hall = Hall(QUOTED, book_trade(10, 100, 3, SELL))
    hall.place(1, BUY, 5, 100.5)
    assert hall.until(100).fills == [(10, 0, 1, 3, 100.5)]


def test_when_its_side_falls_away_it_stands_first():
    hall = Hall(QUOTED, Quote(at=5, bid=99, ask=101), book_trade(10, 100, 2, SELL))
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(10, 0, 1, 2, 100.0)]


def test_a_size_that_falls_below_what_is_ahead_says_that_those_ahead_cancelled():
    hall = Hall(QUOTED, Quote(at=5, bid=100, ask=101, bid_size=3), book_trade(10, 100, 5, SELL))
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(10, 0, 1, 2, 100.0)]


def test_behind_the_best_a_queue_that_was_never_told_is_taken_to_be_all_that_shows_later():
    hall = Hall(QUOTED, Quote(at=5, bid=99, ask=101, bid_size=8), book_trade(10, 99, 9, SELL))
    hall.place(1, BUY, 5, 99)
    assert hall.until(100).fills == [(10, 0, 1, 1, 99.0)]


def test_behind_the_best_a_level_tells_the_queue():
    hall = Hall(QUOTED, level(0, BUY, 99, 4), Quote(at=5, bid=99, ask=101, bid_size=20), book_trade(10, 99, 9, SELL))
    hall.place(1, BUY, 5, 99)
    assert hall.until(100).fills == [(10, 0, 1, 5, 99.0)]


MODELS = {
    "risk-averse": 10.0,
    "log": 10 - 6 * (1 - np.log1p(10) / (2 * np.log1p(10))),
    "log2": 10 - 6 * (1 - np.log1p(10) / np.log1p(20)),
    "power:2": 7.0,
    "power2:2": 10 - 6 * (1 - 100 / 400),
    "power3:2": 10 - 6 * 0.25,
}


@pytest.mark.parametrize(("queue", "ahead"), MODELS.items())
def test_a_cancellation_is_shared_between_ahead_and_behind_as_the_model_says(queue, ahead):
    """Ten lots ahead, ten behind, six cancelled: the lots ahead show in how many must trade before the first fill."""
    rows = [book_trade(20 + i, 100, 1, SELL) for i in range(14)]
    hall = Hall(
        QUOTED,
        Quote(at=5, bid=100, ask=101, bid_size=20),
        Quote(at=10, bid=100, ask=101, bid_size=14),
        *rows,
        rules=VenueRules(queue=parse_queue(queue)),
    )
    hall.place(1, BUY, 1, 100)
    ((instant, *_),) = hall.until(100).fills
    first = next(n for n in range(1, 15) if np.floor(n - ahead + 0.5) >= 1)
    assert instant == 20 + first - 1


def test_an_order_feed_tells_the_queue_exactly():
    """Orders 1 and 2 stand before it, 3 comes behind: when 3 is executed, it would have been first."""
    hall = Hall(
        feed_row(0, "add", 1, BUY, 100, 4),
        feed_row(0, "add", 2, BUY, 100, 6),
        QUOTED,
        feed_row(5, "add", 3, BUY, 100, 7),
        Quote(at=5, bid=100, ask=101, bid_size=17),
        feed_row(10, "reduce", 1, BUY, 100, 4),
        feed_row(20, "reduce", 3, BUY, 100, 2),
        feed_row(30, "execute", 2, BUY, 100, 6),
        feed_row(40, "execute", 3, BUY, 100, 3),
    )
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(40, 0, 1, 3, 100.0)]


def test_in_an_order_feed_a_number_that_is_added_again_is_another_order():
    hall = Hall(
        feed_row(0, "add", 1, BUY, 100, 4),
        QUOTED,
        feed_row(10, "reduce", 1, BUY, 100, 4),
        feed_row(10, "add", 1, BUY, 100, 4),
        feed_row(20, "execute", 1, BUY, 100, 3),
    )
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(20, 0, 1, 3, 100.0)]


def test_in_an_order_feed_a_trade_without_its_orders_fills_who_is_first_and_moves_nobody():
    trades = [book_trade(at, 100, 3, SELL) for at in (10, 30)]
    feed = [feed_row(0, "add", 1, BUY, 100, 4), QUOTED, feed_row(20, "reduce", 1, BUY, 100, 4)]
    hall = Hall(*feed[:2], trades[0], feed[2], trades[1])
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(30, 0, 1, 3, 100.0)]


def test_who_came_first_is_filled_first_at_one_price_and_the_better_price_before():
    hall = Hall(QUOTED, book_trade(10, 99, 9, SELL))
    hall.place(1, BUY, 5, 100, desk=1)
    hall.place(2, BUY, 5, 100, desk=0)
    hall.place(3, BUY, 1, 100.5, desk=2)
    assert hall.until(100).fills == [(10, 2, 3, 1, 100.5), (10, 1, 1, 5, 100.0), (10, 0, 2, 3, 100.0)]


def test_an_order_takes_the_best_first_the_queue_ahead_of_a_rival_then_the_rival():
    """Ask: 10 of the tape at 101, a desk's 5 behind them, another's 2 at 100.5."""
    hall = Hall(QUOTED)
    hall.place(1, SELL, 5, 101, desk=1)
    hall.place(2, SELL, 2, 100.5, desk=2)
    report = hall.place(3, BUY, 14, 102)
    assert [(t.price / MICROS, t.lots, t.maker) for t in report.trades] == [
        (100.5, 2, (2, 2)),
        (101.0, 10, None),
        (101.0, 2, (1, 1)),
    ]
    assert (report.outcome, report.filled) == (Outcome.FILLED, 14)


def test_what_a_limit_order_does_not_take_stands():
    hall = Hall(QUOTED, Quote(at=10, bid=100, ask=102), Quote(at=20, bid=100, ask=101, ask_size=3))
    report = hall.place(1, BUY, 12, 101)
    assert (report.outcome, report.filled, report.left) == (Outcome.PARTIAL, 10, 2)
    assert hall.until(100).fills == [(20, 0, 1, 2, 101.0)]


def test_post_only_is_refused_where_it_would_take():
    hall = Hall(QUOTED)
    report = hall.place(1, BUY, 1, 101, kind=Kind.POST_ONLY)
    assert (report.outcome, report.reason) == (Outcome.REJECTED, "would take")
    assert hall.place(2, BUY, 1, 100.5, kind=Kind.POST_ONLY).outcome is Outcome.RESTING


def test_a_cancel_takes_it_off_and_comes_late_once_it_is_filled():
    hall = Hall(QUOTED, book_trade(10, 99, 9, SELL))
    hall.place(1, BUY, 5, 100)
    hall.place(1, SELL, 5, 101, desk=1)
    assert hall.cancel(5, 2, desk=1).outcome is Outcome.CANCELLED
    assert hall.cancel(10, 1).outcome is Outcome.LATE
    assert hall.fills == [(10, 0, 1, 5, 100.0)]


def test_a_replace_with_fewer_lots_keeps_its_place_and_any_other_loses_it():
    trades = [book_trade(20 + i, 100, 5, SELL) for i in range(4)]
    kept = Hall(QUOTED, *trades)
    kept.place(1, BUY, 5, 100)
    assert kept.replace(15, 1, 3, 100).outcome is Outcome.REPLACED
    assert kept.until(100).fills == [(22, 0, 2, 3, 100.0)]
    lost = Hall(QUOTED, Quote(at=10, bid=100, ask=101, bid_size=14), *trades)
    lost.place(1, BUY, 5, 100)
    lost.replace(15, 1, 6, 100)
    assert lost.until(100).fills == [(22, 0, 2, 1, 100.0), (23, 0, 2, 5, 100.0)]


def test_a_replace_counts_what_has_traded_meanwhile():
    """The desk wants 5 in all and does not know yet that 3 have traded: 2 are left."""
    hall = Hall(QUOTED, book_trade(10, 100, 13, SELL))
    hall.place(1, BUY, 5, 100)
    assert hall.replace(15, 1, 5, 99.5).left == 2
    assert hall.replace(16, 2, 0, 99.5).outcome is Outcome.CANCELLED


@pytest.mark.parametrize(
    ("rules", "order", "reason"),
    [
        (VenueRules(tick=0.5), {"price": 99.7}, "tick"),
        (VenueRules(lot=5), {"lots": 7}, "lot"),
        (VenueRules(position_limit=4), {}, "position limit"),
        (VenueRules(), {"price": None}, "no limit"),
    ],
)
def test_what_breaks_a_rule_is_refused(rules, order, reason):
    report = Hall(QUOTED, rules=rules).place(1, BUY, order.get("lots", 5), order.get("price", 99.5))
    assert (report.outcome, report.reason) == (Outcome.REJECTED, reason)


def test_a_position_limit_counts_what_is_held_and_what_stands():
    hall = Hall(QUOTED, rules=VenueRules(position_limit=10))
    assert hall.place(1, BUY, 4, 101, kind=Kind.IOC).filled == 4
    assert hall.place(2, BUY, 4, 100).outcome is Outcome.RESTING
    assert hall.place(3, BUY, 3, 99).reason == "position limit"
    assert hall.place(4, SELL, 14, 101).outcome is Outcome.RESTING


@pytest.mark.parametrize(("policy", "taken"), [(SelfTrade.CANCEL_INCOMING, 0), (SelfTrade.CANCEL_RESTING, 4)])
def test_a_desk_does_not_trade_with_itself(policy, taken):
    hall = Hall(QUOTED, rules=VenueRules(self_trade=policy))
    hall.place(1, SELL, 5, 100.5)
    report = hall.place(2, BUY, 4, 101)
    assert report.filled == taken
    assert all(trade.maker is None for trade in report.trades)
    assert report.cancelled == ((1,) if taken else ())
    assert hall.venue.has_resting is (not taken)


def test_half_a_lot_ahead_is_none_to_an_order_that_comes():
    """One lot ahead, one behind, one of the two cancelled: half a lot is ahead. A seller meets the order first."""
    hall = Hall(
        Quote(at=0, bid=100, ask=101, bid_size=1),
        Quote(at=5, bid=100, ask=101, bid_size=2),
        Quote(at=6, bid=100, ask=101, bid_size=1),
        rules=VenueRules(queue=parse_queue("power:1")),
    )
    hall.place(1, BUY, 3, 100)
    assert [(t.lots, t.maker) for t in hall.place(10, SELL, 4, 100, desk=1).trades] == [(3, (0, 1)), (1, None)]


def test_a_quote_that_crosses_it_says_that_nobody_is_ahead_of_what_is_left():
    hall = Hall(QUOTED, Quote(at=5, bid=98, ask=99, ask_size=3), book_trade(10, 100, 1, SELL))
    hall.place(1, BUY, 5, 100)
    assert hall.until(100).fills == [(5, 0, 1, 3, 100.0), (10, 0, 1, 1, 100.0)]


def test_lots_that_an_earlier_order_got_of_a_trade_were_not_cancelled():
    """The trade of 12 explains the fall of 12: the later order has 10 + 2 - 7 ahead, all models alike."""
    for queue in ("risk-averse", "power:1"):
        hall = Hall(
            QUOTED,
            Quote(at=2, bid=100, ask=101, bid_size=12),
            Quote(at=5, bid=100, ask=101, bid_size=20),
            book_trade(10, 100, 15, SELL),
            Quote(at=11, bid=100, ask=101, bid_size=5),
            book_trade(12, 100, 3, SELL),
            rules=VenueRules(queue=parse_queue(queue)),
        )
        hall.place(1, BUY, 5, 100)
        hall.place(3, BUY, 5, 100, desk=1)
        assert hall.until(100).fills == [(10, 0, 1, 5, 100.0), (12, 1, 2, 1, 100.0)]


lots_shown = st.integers(1, 9)
trades_made = st.tuples(
    st.just("trade"), st.sampled_from([99.0, 100.0, 101.0, 102.0]), lots_shown, st.sampled_from([1, -1])
)
quotes_made = st.tuples(st.just("quote"), st.sampled_from([99.0, 100.0]), lots_shown, lots_shown)
far_quotes = st.tuples(st.just("wide"), st.sampled_from([98.0, 102.0]), lots_shown, lots_shown)
events = st.lists(st.one_of(trades_made, quotes_made, far_quotes), min_size=1, max_size=25)
probabilistic = st.builds(Probabilistic, family=st.sampled_from(Family), exponent=st.floats(0.5, 5))
MODEL = st.one_of(st.just(RiskAverse()), probabilistic)


@given(events=events, lots=st.integers(1, 30), model=MODEL)
def test_no_order_gets_more_than_it_asked_or_than_came(events, lots, model):
    rows, came = [QUOTED], 0
    for at, (what, price, size, other) in enumerate(events, start=10):
        if what == "trade":
            rows.append(book_trade(at, price, size, other))
        else:
            bid = price if what == "quote" else min(price, 101.0)
            rows.append(Quote(at=at, bid=bid, ask=bid + 1, bid_size=size, ask_size=other))
        came += size + (other if what != "trade" else 0)
    hall = Hall(*rows, rules=VenueRules(queue=model))
    hall.place(1, BUY, lots, 100)
    hall.place(2, SELL, lots, 101, desk=1)
    hall.until(10_000)
    for desk, price in ((0, 100.0), (1, 101.0)):
        got = [fill for fill in hall.fills if fill[1] == desk]
        assert sum(fill[3] for fill in got) <= min(lots, came)
        assert all(fill[3] > 0 and fill[4] == price for fill in got)
        assert [fill[0] for fill in got] == sorted(fill[0] for fill in got)


@given(events=events, model=st.sampled_from(list(Family)))
def test_the_risk_averse_never_fills_more_by_any_instant(events, model):
    """It takes every cancellation to be behind the order: no model that knows no more can be more pessimistic."""
    rows = [QUOTED]
    for at, (what, price, size, other) in enumerate(events, start=10):
        rows.append(
            book_trade(at, price, size, other)
            if what == "trade"
            else Quote(at=at, bid=100, ask=101, bid_size=size, ask_size=other)
        )
    filled = []
    for queue in (RiskAverse(), Probabilistic(family=model)):
        hall = Hall(*rows, rules=VenueRules(queue=queue))
        hall.place(1, BUY, 20, 100)
        filled.append(hall.until(10_000).fills)
    for at in range(10, 40):
        averse, likely = (sum(fill[3] for fill in fills if fill[0] <= at) for fills in filled)
        assert averse <= likely + 1


def test_a_trade_fills_no_more_than_it_had_though_the_model_thinks_that_fewer_than_none_are_ahead():
    """One lot, then ten, then one again: the estimate falls below nought, and yet a trade of one lot fills one."""
    hall = Hall(
        Quote(at=0, bid=100, ask=101, bid_size=1),
        Quote(at=5, bid=100, ask=101, bid_size=10),
        Quote(at=10, bid=100, ask=101, bid_size=1),
        book_trade(20, 100, 1, SELL),
        rules=VenueRules(queue=parse_queue("log")),
    )
    hall.place(1, BUY, 5, 100)
    assert sum(fill[3] for fill in hall.until(100).fills) <= 1
