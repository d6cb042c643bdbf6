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
        assert venue._resting.queue[venue._slot_of[0, 1], AHEAD] == event.ahead(side, limit, came)
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


def test_by_hand_what_each_action_becomes(tmp_path):
    records = [
        mbo(0, "A", "B", 100.0, 5, 1, flags=LAST),
        mbo(1, "A", "B", 100.0, 4, 2, flags=LAST),
        mbo(2, "A", "A", 100.25, 7, 3, flags=LAST),
        mbo(3, "M", "B", 100.0, 3, 1, flags=LAST),
        mbo(4, "M", "B", 100.0, 4, 1, flags=LAST),
        mbo(5, "T", "A", 100.0, 6),
        mbo(5, "F", "B", 100.0, 4, 2),
        mbo(5, "F", "B", 100.0, 2, 1),
        mbo(5, "C", "B", 100.0, 4, 2),
        mbo(5, "M", "B", 100.0, 1, 1, flags=LAST),
        mbo(6, "T", "B", 100.25, 2, flags=LAST),
        mbo(7, "N", flags=LAST),
        mbo(8, "R", flags=LAST),
    ]
    tape, report = ingest("databento", [mbo_file(tmp_path, records)])
    rows = [
        (0, ADD, 1, 100.0, 5, 1), (0, QUOTE, 0, 0, 0, 0),
        (1, ADD, 1, 100.0, 4, 2), (1, QUOTE, 0, 0, 0, 0),
        (2, ADD, -1, 100.25, 7, 3), (2, QUOTE, 0, 0, 0, 0),
        (3, REDUCE, 1, 100.0, 2, 1), (3, QUOTE, 0, 0, 0, 0),
        (4, REDUCE, 1, 100.0, 3, 1), (4, ADD, 1, 100.0, 4, 1), (4, QUOTE, 0, 0, 0, 0),
        (5, EXECUTE, 1, 100.0, 4, 2), (5, EXECUTE, 1, 100.0, 2, 1), (5, REDUCE, 1, 100.0, 1, 1), (5, QUOTE, 0, 0, 0, 0),
        (6, TRADE, 1, 100.25, 2, 0), (6, QUOTE, 0, 0, 0, 0),
        (8, REDUCE, -1, 100.25, 7, 3), (8, REDUCE, 1, 100.0, 1, 1), (8, QUOTE, 0, 0, 0, 0),
    ]  # fmt: skip
    columns = (tape.ts - START, tape.kind, tape.side, tape.price / 1e6, tape.size, tape.order)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == rows
    quotes = tape.kind == QUOTE
    assert tape.bid_size[quotes].tolist() == [5, 9, 9, 7, 8, 1, 1, 0]
    assert tape.ask_size[quotes].tolist() == [0, 0, 7, 7, 7, 7, 7, 0]
    assert np.all(tape.received == tape.ts + 5)
    assert report.left_out == {"records of no action": 1}
    assert (tape.underlying, len(tape.chain)) == ("ESH5", 0)


def snapshot(at, *orders, clears=True):
    """A snapshot received at ``at``: side, price, lots and number of each order, entered an hour before."""
    records = [mbo(at, "R", flags=SNAPSHOT | 8, recv=at)] if clears else []
    for side, value, lots, number in orders:
        records.append(mbo(at, "A", side, value, lots, number, flags=SNAPSHOT | 8, recv=at))
        records[-1].ts_event -= 3_600_000_000_000
    records[-1].flags = int(records[-1].flags) | LAST
    return records


def test_a_snapshot_seeds_the_book_when_it_was_taken_and_has_no_receive_time():
    orders = [("B", 100.0, 5, 1), ("B", 99.75, 6, 2), ("A", 100.25, 7, 3)]
    records = [*snapshot(50, *orders), mbo(60, "C", "B", 100.0, 5, 1, flags=LAST)]
    tape, report = tape_of(records)
    assert (tape.ts - START).tolist() == [50] * 4 + [60] * 2
    assert (tape.received - tape.ts).tolist() == [0] * 4 + [5] * 2
    quotes = tape.kind == QUOTE
    assert tape.bid[quotes].tolist() == [100_000_000, 99_750_000]
    assert not report.left_out
    early = [*snapshot(50, *orders), mbo(48, "C", "B", 100.0, 5, 1, flags=LAST)]
    assert (tape_of(early)[0].ts - START).tolist() == [48] * 6


@pytest.mark.parametrize("clears", [True, False])
def test_a_snapshot_on_the_way_moves_only_what_it_changes(clears):
    orders = [("B", 100.0, lots, number) for number, lots in enumerate((5, 6, 7, 8), start=1)]
    first = [mbo(0, "A", *order, flags=LAST) for order in orders]
    tape = tape_of([*first, *snapshot(10, *orders, clears=clears)])[0]
    assert tape.end == START
    changed = [orders[0], ("B", 100.0, 4, 3), orders[1], orders[3], ("B", 99.75, 1, 9)]
    tape = tape_of([*first, *snapshot(10, *changed, clears=clears)])[0]
    *_, (_, queues, quote) = told(tape)
    assert queues == {(1, 100_000_000): [(1, 5), (3, 4), (2, 6), (4, 8)], (1, 99_750_000): [(9, 1)]}
    assert quote[:2] == (100_000_000, 23)
    rows = tape.ts == START + 10
    assert 1 not in tape.order[rows]
    reduced = rows & (tape.kind == REDUCE)
    assert dict(zip(tape.order[reduced].tolist(), tape.size[reduced].tolist(), strict=True)) == {2: 6, 3: 3, 4: 8}


def test_what_no_order_of_the_file_explains_is_counted_and_named(tmp_path):
    records = [
        mbo(0, "C", "B", 100.0, 5, 1, flags=LAST),
        mbo(1, "M", "B", 99.5, 5, 2, flags=LAST),
        mbo(2, "T", "A", 99.75, 3),
        mbo(2, "F", "B", 99.75, 3, 9, flags=LAST),
        mbo(3, "A", "B", 99.75, 3, 2, flags=LAST),
        mbo(4, "F", "B", 99.75, 3, 2, flags=LAST),
        mbo(5, "A", "N", 99.75, 3, 4, flags=LAST),
        mbo(6, "T", "B", 99.75, 0, flags=LAST),
        mbo(5, "A", "A", 101.0, 3, 5, flags=LAST),
        mbo(6, "A", "A", 101.0, 3, 6),
    ]
    tape, report = ingest("databento", [mbo_file(tmp_path, records)])
    assert report.left_out == {
        "cancellations of orders that are not in the book": 1,
        "fills of orders that are not in the book": 1,
        "fills that no change of the book follows": 1,
        "orders and trades without a side, a price or lots": 2,
        "events that the file does not end": 1,
    }
    for note in ("1 orders that a modification told first", "1 orders added twice", "1 records set to the instant"):
        assert note in tape.source
    assert tape.size[tape.kind == TRADE].tolist() == [3]
    assert tape.ts[-1] == START + 6
    assert tape.ask_size[tape.kind == QUOTE][-1] == 3


def test_a_book_that_the_vendor_flags_as_bad_has_no_sides():
    records = [mbo(at, "A", "B", 100.0, 1, at + 1, flags=LAST | (4 if at == 1 else 0)) for at in range(3)]
    tape, report = tape_of(records)
    assert tape.bid_size[tape.kind == QUOTE].tolist() == [1, 0, 3]
    assert report.left_out == {"quotes of books that the vendor flags as bad": 1}


def test_a_trade_at_another_price_than_its_fills_is_counted_once():
    """As in an auction, whose fills may be told at the orders' own prices."""
    records = [mbo(0, "A", side, 100.0, 5, number, flags=LAST) for number, side in enumerate("BB", start=1)]
    records += [mbo(1, "T", "N", 99.75, 7), mbo(1, "F", "B", 100.0, 5, 1), mbo(1, "F", "B", 100.0, 2, 2)]
    records += [mbo(1, "C", "B", 100.0, 5, 1), mbo(1, "C", "B", 100.0, 2, 2, flags=LAST)]
    tape = tape_of(records)[0]
    assert tape.size[tape.kind == EXECUTE].tolist() == [5, 2]
    assert not np.any(tape.kind == TRADE)


def test_a_future_and_its_options_in_one_file_have_a_book_each(tmp_path):
    future, option = (Exchange(seed, number=number) for seed, number in ((1, STOCK), (2, CALL_ID)))
    records = [(event.at, n, kind) for kind in (0, 1) for n, event in enumerate((future, option)[kind].events)]
    mixed = []
    for _, n, kind in sorted(records):
        exchange = (future, option)[kind]
        begin = exchange.events[n - 1].records if n else 0
        mixed += exchange.records[begin : exchange.events[n].records]
    names = {STOCK: "ESH5", CALL_ID: "ESH5 C100"}
    es = {"underlying": "ESH5", "unit_of_measure_qty": price(50), "expiration": "2025-03-21T13:30:00"}
    stated = [definition(STOCK, "ESH5", "F", None, **{**es, "underlying": ""})]
    stated.append(definition(CALL_ID, names[CALL_ID], "C", 100.0, cfi="OCAFPS", **es))
    definitions = write(tmp_path / "definitions.dbn", "definition", stated, dataset="GLBX.MDP3")
    one = ingest("databento", [mbo_file(tmp_path, mixed, names=names), definitions])[0]
    assert (one.underlying, one.unit, one.chain.multiplier.tolist()) == ("ESH5", 50, [50])
    for instrument, exchange in ((UNDERLYING, future), (1, option)):
        own = one.instrument == instrument
        alone = tape_of(exchange.records)[0]
        for column in ("ts", "kind", "price", "size", "side", "order", "bid", "ask", "bid_size", "ask_size"):
            assert getattr(one, column)[own].tolist() == getattr(alone, column).tolist()
    parts = [mbo_file(tmp_path, its.records, name=f"{its.number}.dbn", names=names) for its in (option, future)]
    assert ingest("databento", [*parts, definitions])[0].hash == one.hash


def test_a_window_may_come_in_several_files_in_any_order(tmp_path):
    exchange = Exchange(3, count=200)
    cut = exchange.events[90].records
    while exchange.records[cut].ts_event == exchange.records[cut - 1].ts_event:
        cut += 1
    parts = [
        mbo_file(tmp_path, part, name=name)
        for part, name in ((exchange.records[cut:], "b.dbn"), (exchange.records[:cut], "a.dbn"))
    ]
    assert ingest("databento", parts)[0].hash == tape_of(exchange.records)[0].hash
    with pytest.raises(SourceError, match=r"a.dbn: begins before a.dbn ends, which has the same orders"):
        ingest("databento", [parts[1], parts[1]])


def first(action="A", value=100.0, order=1, *, flags=0, publisher=1):
    return mbo(0, action, "B", value, 5, order, flags=LAST | flags, publisher=publisher)


REFUSED = {
    "of the best": (first(order=0, flags=64, publisher=81), "XNAS.BASIC.XNAS has records of the best or of levels"),
    "of a level": (first(flags=16, publisher=60_000), "publisher 60000 has records of the best or of levels"),
    "of no number": (first(order=0), "record 1: order_id is 0; it must be from 1"),
    "of too large a number": (first("M", order=2**63), "record 1: order_id is 9223372036854775808"),
    "finer than a micro": (first(value=100.000000001), "price of instrument 7 is 100000000001 x 1e-9"),
}


@pytest.mark.parametrize(("record", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_records_that_are_not_of_orders_are_refused(tmp_path, record, said):
    with pytest.raises(SourceError, match=said) as caught:
        ingest("databento", [mbo_file(tmp_path, [record])], output=tmp_path / "tape.parquet")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "tape.parquet").exists()


def test_one_instrument_is_told_by_one_schema_and_one_venue(tmp_path):
    records = [mbo(0, "A", "B", 100.0, 5, 1, flags=LAST)]
    quotes = write(tmp_path / "q.dbn", "mbp-1", [mbp1(0, 99.0, 101.0)], dataset="GLBX.MDP3", names=NAMES)
    with pytest.raises(SourceError, match="orders and best quotes of one instrument"):
        ingest("databento", [mbo_file(tmp_path, records), quotes])
    records.append(mbo(1, "A", "B", 100.0, 5, 2, flags=LAST, publisher=2))
    with pytest.raises(SourceError, match="books of several venues in one"):
        ingest("databento", [mbo_file(tmp_path, records)])


@given(st.data())
@settings(max_examples=100)
def test_damage_gives_a_plain_error_or_a_tape(data):
    with tempfile.TemporaryDirectory() as name:
        path = mbo_file(Path(name), Exchange(5, count=12, seeded=True).records)
        path.write_bytes(data.draw(damaged(path.read_bytes())))
        assert_a_plain_error_or_a_tape("databento", [path])
