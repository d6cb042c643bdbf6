"""Databento's market by order: after every event the tape holds the exchange's book, order by order."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from damage import assert_a_plain_error_or_a_tape, damaged
from dbn_files import CALL_ID, START, STOCK, definition, mbo, mbp1, price, write
from hypothesis import example, given, settings
from hypothesis import strategies as st
from order_exchange import LAST, SNAPSHOT, TICK, Exchange

from tradesim.errors import SourceError
from tradesim.market.ingest import ingest
from tradesim.market.tape import ADD, EXECUTE, QUOTE, REDUCE, TRADE, UNDERLYING
from tradesim.simulation.book import BUY, SELL, quote_rows
from tradesim.simulation.orders import Kind
from tradesim.simulation.resting import AHEAD
from tradesim.simulation.venue import Venue

NAMES = {STOCK: "ESH5"}
MICROS = round(TICK * 1_000_000)
SIGN = {"B": 1, "A": -1}
exchanges = st.builds(Exchange, st.integers(0, 2**31), count=st.integers(1, 150), seeded=st.booleans())


def mbo_file(folder, records, *, name="orders.dbn", names=NAMES):
    return write(folder / name, "mbo", records, dataset="GLBX.MDP3", names=names)


def tape_of(records, **options):
    with tempfile.TemporaryDirectory() as folder:
        return ingest("databento", [mbo_file(Path(folder), records)], **options)


def told(tape):
    """Row by row: the instant, the queues that the rows of orders make, in plain lists, and the quote."""
    queues: dict[tuple[int, int], list[list[int]]] = {}
    quote = (0, 0, 0, 0)
    for row in range(len(tape)):
        kind, number, lots = int(tape.kind[row]), int(tape.order[row]), int(tape.size[row])
        place = int(tape.side[row]), int(tape.price[row])
        if kind == ADD:
            assert all(number != its for queue in queues.values() for its, _ in queue)
            queues.setdefault(place, []).append([number, lots])
        elif kind in {REDUCE, EXECUTE}:
            (order,) = (order for order in queues[place] if order[0] == number)
            order[1] -= lots
            assert order[1] >= 0
            queues[place] = [order for order in queues[place] if order[1]]
            queues = {place: queue for place, queue in queues.items() if queue}
        elif kind == QUOTE:
            quote = tuple(int(getattr(tape, c)[row]) for c in ("bid", "bid_size", "ask", "ask_size"))
        yield int(tape.ts[row]), {place: [tuple(order) for order in queue] for place, queue in queues.items()}, quote


def truth(event):
    """The same of an event of the exchange."""
    queues = {
        (SIGN[side], price * MICROS): [(number, lots) for number, lots, _ in queue]
        for (side, price), queue in event.queues.items()
    }
    bid, ask = event.best("B") or (0, 0), event.best("A") or (0, 0)
    return queues, (bid[0] * MICROS, bid[1], ask[0] * MICROS, ask[1])


def last_of_each_instant(events):
    return {START + event.at: event for event in events}


@given(exchanges)
@settings(max_examples=150)
@example(Exchange(1, count=1_500, seeded=True))
def test_after_every_event_the_queues_and_the_quote_are_the_exchanges(exchange):
    states = {}
    for ts, *state in told(tape_of(exchange.records)[0]):
        states[ts] = tuple(state)
    now = ({}, (0, 0, 0, 0))
    for ts, event in last_of_each_instant(exchange.events).items():
        now = states.get(ts, now)
        assert now == truth(event)


@given(exchanges)
@settings(max_examples=60)
def test_every_lot_is_traded_once(exchange):
    tape, _ = tape_of(exchange.records)
    traded = sum(record.size for record in exchange.records if str(record.action) == "T")
    assert tape.size[(tape.kind == EXECUTE) | (tape.kind == TRADE)].sum() == traded


places = st.tuples(st.integers(0, 149), st.sampled_from("BA"), st.integers(0, 3))


@given(exchanges, places)
@settings(max_examples=150)
def test_an_order_of_a_desk_has_as_many_lots_ahead_as_the_true_queue(exchange, place):
    """It is placed at a price of its own side, and is large: it stands to the end."""
    when, side, behind = place
    events = list(last_of_each_instant(exchange.events).values())
    first = when % len(events)
    best = events[first].best(side)
    if best is None:
        return
    tape = tape_of(exchange.records)[0]
    venue, limit, sign = Venue(tape, quote_rows(tape)), best[0] - SIGN[side] * behind, SIGN[side]
    asked = {"direction": BUY if side == "B" else SELL, "lots": 10**9, "limit": limit * MICROS, "kind": Kind.LIMIT}
    venue.place(instant=START + events[first].at, desk=0, number=1, contract=-1, **asked)
    came = events[first].came
    for before, event in zip(events[first:], events[first + 1 :], strict=False):
        filled = 0
        while trades := venue.advance(START + event.at)[0]:
            filled += sum(trade.lots for trade in trades)
        assert venue._ranks.queue[venue._slot_of[0, 1], AHEAD] == event.ahead(side, limit, came)
        alone = sum(before.at < its.at <= event.at for its in exchange.events) == 1
        best = event.best("A" if side == "B" else "B")
        if alone and (best is None or sign * (best[0] - limit) > 0):
            assert filled == beyond(event, side, limit, before.ahead(side, limit, came))


def beyond(event, side, limit, ahead):
    """Lots of an event's trades that come to an order with so many ahead: hidden ones do where none is."""
    lots = {its: sum(n for s, price, n in event.traded if (s, price) == (side, its)) for _, its, _ in event.traded}
    through = sum(n for its, n in lots.items() if SIGN[side] * (limit - its) > 0)
    there = lots.get(limit, 0)
    return through + (max(there - ahead, 0) if not event.hidden or not ahead else 0)


@given(exchanges)
@settings(max_examples=30)
def test_its_quotes_are_those_of_best_quotes_of_the_same_window(exchange):
    records = []
    for event in exchange.events:
        bid, ask = (event.best(side) or (None, 0) for side in "BA")
        prices = (None if side[0] is None else side[0] * TICK for side in (bid, ask))
        records.append(mbp1(event.at, *prices, sizes=(bid[1], ask[1]), publisher=1))
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder) / "quotes.dbn", "mbp-1", records, dataset="GLBX.MDP3", names=NAMES)
        quotes = standing(ingest("databento", [source])[0])
    orders = standing(tape_of(exchange.records)[0])
    instants = {START + event.at for event in exchange.events}
    assert [at(quotes, ts) for ts in sorted(instants)] == [at(orders, ts) for ts in sorted(instants)]


def standing(tape):
    rows = np.flatnonzero(tape.kind == QUOTE)
    sides = np.stack([tape.bid, tape.bid_size, tape.ask, tape.ask_size], axis=1)
    sides[tape.bid_size == 0, :2] = sides[tape.ask_size == 0, 2:] = 0
    return tape.ts[rows], sides[rows]


def at(quotes, ts):
    row = np.searchsorted(quotes[0], ts, side="right") - 1
    return quotes[1][row].tolist() if row >= 0 else [0] * 4
