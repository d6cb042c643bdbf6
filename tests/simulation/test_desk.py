"""What a desk does in time: updates, orders, fills and what it sees of them, worked out by hand on small tapes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from probes import START, Constant, Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.market.tape import Tape
from tradesim.methods.method import State
from tradesim.pricing import PROBLEMS
from tradesim.simulation.book import ASK, ASK_LEFT, BID
from tradesim.simulation.draws import ENTRY, RESPONSE, uniform
from tradesim.simulation.latency import Fixed, LogNormal, Profile
from tradesim.simulation.orders import AT_MARKET
from tradesim.simulation.run import Result, Seat, run, run_one
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Custom, Policy, Strategy, TakeRule
from tradesim.simulation.trigger import EveryQuote
from tradesim.simulation.updates import completions
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.venue_rules import Fees
from tradesim.simulation.wires import Recorded, Wires
from tradesim.units import MICROS, MICROSECOND, MILLISECOND, SECOND

CHEAP = Quote(at=0, bid=4.9, ask=5.0)
"""Far below the 1000 that the probe's method says; ten lots."""

EAGER = Strategy(rule=TakeRule(cap=10**6), trigger=EveryQuote())


def buying(lots: int, limit: int = AT_MARKET) -> Strategy:
    """Buys ``lots`` of contract 0 at every quote of the underlying, whatever it sees."""
    order = np.array([[0, 1, lots, limit]], dtype=np.int64)
    return Strategy(rule=Custom(function=lambda screen: order), trigger=EveryQuote())


@dataclass
class Witness:
    """A rule that trades nothing and notes what it is shown."""

    note: Callable[..., object]
    notes: list[object] = field(default_factory=list)

    def decide(self, screen):
        self.notes.append(self.note(screen))
        return np.empty((0, 4), dtype=np.int64)


def watching(note: Callable[..., object]) -> tuple[Witness, Strategy]:
    witness = Witness(note)
    return witness, Strategy(rule=witness, trigger=EveryQuote())


def updating(every_ns: int) -> Profile:
    return Profile(price_by_tag={"any": Fixed(0)}, update_model=Fixed(every_ns))


def with_states(session: Session, *instants: int) -> Session:
    """``session`` with its slow inputs taken at these ns after the start."""
    first = session.states[0]
    states = tuple(replace(first, index=i, instant=START + at) for i, at in enumerate(instants))
    return replace(session, states=states)


# --- The second CPU ---


def done_at(update_ns: int, *instants: int) -> list[int]:
    session = with_states(session_of(tape_of(underlying(0), CHEAP)), *instants)
    return (completions(session, updating(update_ns), desk=0)[0] - START).tolist()


def test_an_update_is_ready_when_its_work_is_done_and_the_first_is_ready_at_once():
    assert done_at(30, 0, 100, 200) == [0, 130, 230]


def test_a_busy_second_cpu_goes_on_with_the_newest_snapshot_that_is_due():
    """The one of 100 is at work until 350; 200 has been overtaken by 300, whose work ends at 600."""
    assert done_at(250, 0, 100, 200, 300, 400) == [0, 350, 600, 600, 850]


def test_a_desk_prices_with_the_old_state_until_the_update_completes():
    session = session_of(tape_of(CHEAP, *(underlying(at) for at in (0, 100, 149, 150, 200))))
    seat = seat_of(Strategy(rule=TakeRule(edge=1e9), trigger=EveryQuote()), compute=updating(50))
    (result,) = run_probe(with_states(session, 0, 100), seat)
    assert result.decisions["state"].to_list() == [0, 0, 0, 1, 1]


class Dated(Constant):
    """Says the number of the state that it was last given."""

    def update(self, state: State) -> None:
        self._value = float(state.index)


def test_the_prices_a_rule_is_shown_are_those_of_the_completed_state():
    witness, strategy = watching(lambda screen: screen.theo[0])
    session = session_of(tape_of(Quote(at=0, bid=2.2, ask=2.4), *(underlying(at) for at in (0, 149, 150))))
    dated = Dated(np.nan)
    seat = Seat(strategy=strategy, pricing=Pricing(prices=dated, clock=dated, reference=dated), compute=updating(50))
    run_one(with_states(session, 0, 100), seat)
    assert witness.notes == [0.0, 0.0, 1.0]


# --- Orders ---


def test_one_order_is_in_flight_for_a_contract_until_it_is_acknowledged():
    """Entry takes 30 and the response 20: what is wanted at 40 is refused, at 50 it is sent."""
    tape = tape_of(CHEAP, *(underlying(at) for at in (0, 40, 50)))
    (result,) = run_probe(session_of(tape, entry=30, response=20), seat_of(buying(1)))
    assert result.decisions["orders"].to_list() == [1, 0, 1]
    assert (result.orders["ack"] - START).to_list() == [50, 100]


def test_a_rule_is_told_what_is_in_flight_and_what_it_holds():
    told = []

    def buy_once(screen):
        told.append((int(screen.position[0]), bool(screen.in_flight[0])))
        return np.array([[0, 1, 3, AT_MARKET]] * (len(told) == 1), dtype=np.int64).reshape(-1, 4)

    tape = tape_of(CHEAP, *(underlying(at) for at in (0, 40, 50)))
    strategy = Strategy(rule=Custom(function=buy_once), trigger=EveryQuote())
    run_probe(session_of(tape, entry=30, response=20), seat_of(strategy))
    assert told == [(0, False), (0, True), (3, False)]


@pytest.mark.parametrize(("value", "sign"), [(1000.0, 1), (0.0, -1)])
def test_a_position_never_exceeds_its_cap_long_or_short(value, sign):
    quotes = [Quote(at=10 * i, bid=4.9 + 0.01 * (i % 2), ask=5.0 + 0.01 * (i % 2)) for i in range(8)]
    tape = tape_of(*quotes, *(underlying(10 * i) for i in range(8)))
    strategy = Strategy(rule=TakeRule(cap=23), trigger=EveryQuote())
    (result,) = run_probe(session_of(tape), seat_of(strategy, value=value))
    assert result.fills["quantity"].to_list() == [10 * sign, 10 * sign, 3 * sign]
    assert result.positions["position"].to_list() == [23 * sign]


def test_what_is_not_filled_on_arrival_is_cancelled():
    """Of 25 lots ten are there; the quote that comes a moment later fills nothing."""
    tape = tape_of(CHEAP, underlying(0), Quote(at=20, bid=4.9, ask=5.01))
    (result,) = run_probe(session_of(tape, entry=10, response=100), seat_of(buying(25)))
    (order,) = result.orders.iter_rows(named=True)
    assert (order["lots"], order["filled"], order["outcome"]) == (25, 10, "partial")
    assert result.fills["quantity"].to_list() == [10]


@pytest.mark.parametrize(("limit", "price", "outcome"), [(AT_MARKET, 5.2, "filled"), (5_000_000, None, "missed")])
def test_an_order_at_market_takes_what_it_meets_and_a_limit_does_not(limit, price, outcome):
    """The ask rises from 5.0 to 5.2 while the order is on its way."""
    tape = tape_of(CHEAP, underlying(0), Quote(at=5, bid=5.1, ask=5.2))
    (result,) = run_probe(session_of(tape, entry=10), seat_of(buying(1, limit)))
    (order,) = result.orders.iter_rows(named=True)
    assert order["outcome"] == outcome
    assert order["limit_price"] == (None if limit == AT_MARKET else limit)
    assert order["seen_price"] == 5.0 * MICROS
    assert (result.fills["price"] / MICROS).to_list() == ([] if price is None else [price])


def test_a_later_order_never_overtakes_an_earlier_one_nor_a_response():
    """Wires far more random than the pace of the quotes; one contract a quote, so that all may be in flight at once."""
    count = 200
    tape = tape_of(
        *(Quote(at=0, instrument=i + 1, bid=4.9, ask=5.0) for i in range(count)),
        *(underlying(1000 * i) for i in range(count)),
        contracts=count,
    )
    turn = iter(range(count))
    rule = Custom(function=lambda screen: np.array([[next(turn), 1, 1, AT_MARKET]], dtype=np.int64))
    wild = LogNormal(median=20_000, sigma=1.5)
    setting = Setting(wires=Wires(feed=Fixed(0), entry=wild, response=wild), horizon=0)
    session = open_session(tape, PROBLEMS["european"], setting, seed=3)
    orders = run_one(session, seat_of(Strategy(rule=rule, trigger=EveryQuote()))).orders
    assert len(orders) == count
    for instant in ("decided", "venue", "ack"):
        assert (orders[instant].diff().drop_nulls() >= 0).all()
    drawn = [wild.sample(uniform(3, ENTRY, 0, firing, 0)) for firing in orders["decision"]]
    delays = (orders["venue"] - orders["decided"]).to_numpy()
    assert (delays >= drawn).all()
    assert 0 < (delays > drawn).sum() < count


# --- Money ---


def money_tape(multiplier: int) -> Tape:
    quotes = [Quote(at=10 * i, bid=4.9 + 0.01 * i, ask=5.0 + 0.01 * i) for i in range(5)]
    return tape_of(*quotes, *(underlying(10 * i) for i in range(5)), multiplier=multiplier)


@pytest.mark.parametrize("value", [1000.0, 0.0])
def test_fees_are_whole_numbers_and_cash_is_what_trades_and_fees_leave(value):
    """A fee of 0.00123 a unit is 1230 micros; three lots of a hundred units pay 369,000."""
    strategy = Strategy(rule=TakeRule(cap=13), trigger=EveryQuote())
    (result,) = run_probe(session_of(money_tape(100), fee=0.00123), seat_of(strategy, value=value))
    assert result.fills["quantity"].abs().to_list() == [10, 3]
    assert result.fills["fee"].to_list() == [10 * 100 * 1230, 3 * 100 * 1230]
    paid = sum(f["quantity"] * f["multiplier"] * f["price"] + f["fee"] for f in result.fills.to_dicts())
    assert result.cash == -paid


def test_the_fee_stands_between_the_value_and_the_quote():
    """Value 5.01 against an ask of 5.0: an edge of 0.0075 is there before a fee of 0.0025, not after one of 0.0026."""
    for fee, orders in ((0.0025, 1), (0.0026, 0)):
        session = session_of(tape_of(CHEAP, underlying(0)), fee=fee)
        (result,) = run_probe(session, seat_of(Strategy(rule=TakeRule(edge=0.0075)), value=5.01))
        assert len(result.orders) == orders


# --- Takes reach the views through the feed ---


def test_of_two_desks_the_first_to_arrive_gets_the_quote_and_the_other_sees_it_gone_through_the_feed():
    """Taken at 110 by the quicker desk, missed at 120 by the slower; the feed takes 100, so it is gone from 210 on."""
    tape = tape_of(CHEAP, *(underlying(at) for at in (0, 109, 110, 300)))
    witness, strategy = watching(lambda screen: int(screen.book[1, ASK_LEFT]))
    seats = (seat_of(EAGER, compute=20), seat_of(EAGER, compute=10), seat_of(strategy))
    slow, quick, _ = run_probe(session_of(tape, feed=100), *seats)
    assert quick.orders["outcome"].to_list() == ["filled", "missed"]
    assert quick.fills["venue"].to_list() == [START + 110]
    assert slow.orders.select("venue", "outcome").row(0) == (START + 120, "missed")
    assert slow.fills.is_empty()
    assert witness.notes == [10, 10, 0, 0]


def test_the_slower_desk_tries_again_until_its_view_shows_the_quote_gone():
    tape = tape_of(CHEAP, *(underlying(at) for at in (0, 50, 109, 130)))
    slow, _ = run_probe(session_of(tape, feed=100), seat_of(EAGER, compute=20), seat_of(EAGER, compute=10))
    assert slow.decisions.select("arrival", "orders").rows() == [
        (START + 100, 1),
        (START + 150, 1),
        (START + 209, 1),
        (START + 230, 0),
    ]


def test_a_desk_sees_its_own_take_through_the_feed_too():
    """It is acknowledged at once but still sees the old size: it orders again, and misses."""
    tape = tape_of(CHEAP, *(underlying(at) for at in (0, 60, 120)))
    (result,) = run_probe(session_of(tape, feed=100), seat_of(EAGER))
    assert result.orders["outcome"].to_list() == ["filled", "missed"]
    assert result.decisions["orders"].to_list() == [1, 1, 0]


@pytest.mark.parametrize("change", [{"ask": 5.0, "ask_size": 14}, {"ask": 5.05, "ask_size": 4}])
def test_what_a_view_shows_in_the_end_is_what_the_venue_has_left(change):
    """Ten are taken at once; then four are new, by a risen size or by a new price."""
    tape = tape_of(CHEAP, underlying(0), Quote(at=50, bid=4.9, **change), underlying(500))
    witness, strategy = watching(lambda screen: int(screen.book[1, ASK_LEFT]))
    taker = Strategy(rule=TakeRule(cap=10), trigger=EveryQuote())
    run_probe(session_of(tape, feed=100), seat_of(taker), seat_of(strategy))
    assert witness.notes[-1] == 4


def test_a_take_is_not_overtaken_by_what_the_tape_tells_later():
    """Taken at 110, when the feed is 300 late. At 120 and 130 the ask is moved and set anew, which is seen at 406."""
    tape = tape_of(
        CHEAP,
        underlying(0),
        underlying(105),
        Quote(at=120, bid=4.9, ask=5.05),
        Quote(at=130, bid=4.9, ask=5.0),
        underlying(500),
    )
    tape = replace(tape, received=START + np.array([10, 10, 405, 406, 406, 510]))
    session = open_session(
        tape,
        PROBLEMS["european"],
        Setting(wires=Wires(feed=Recorded(), entry=Fixed(100), response=Fixed(0)), horizon=0),
        seed=1,
    )
    witness, strategy = watching(lambda screen: int(screen.book[1, ASK_LEFT]))
    taker = Strategy(rule=TakeRule(cap=10), trigger=EveryQuote())
    run(session, [seat_of(taker), seat_of(strategy)])
    assert witness.notes == [10, 10, 10]


def test_ties_between_desks_at_one_instant_are_decided_without_favour():
    """Two equal desks want the same ten lots of a new price, two thousand times."""
    count = 2_000
    rows = [
        row
        for i in range(count)
        for row in (Quote(at=1000 * i, bid=4.8, ask=4.9 + 0.1 * (i % 2)), underlying(1000 * i))
    ]
    first, second = run_probe(session_of(tape_of(*rows), entry=10), seat_of(EAGER), seat_of(EAGER))
    assert len(first.orders) == len(second.orders) == count
    assert len(first.fills) + len(second.fills) == count
    assert 0.45 * count < len(first.fills) < 0.55 * count


# --- Common random numbers ---


RANDOM_WIRES = Wires(
    feed=LogNormal(median=20_000, sigma=0.8),
    entry=LogNormal(median=30_000, sigma=0.8),
    response=LogNormal(median=30_000, sigma=0.8),
)


def random_run(*computes: int) -> list[Result]:
    """Ticks a millisecond apart, so that no message has to wait for the one before it."""
    rows = [
        row
        for i in range(300)
        for row in (
            Quote(at=i * MILLISECOND, bid=4.8, ask=4.9 + 0.1 * (i % 2)),
            underlying(i * MILLISECOND, 100.0 + i % 3),
        )
    ]
    setting = Setting(wires=RANDOM_WIRES, fees=Fees(taker=0.0), horizon=0)
    session = open_session(tape_of(*rows), PROBLEMS["european"], setting, seed=8)
    return run(session, [seat_of(EAGER, compute=compute) for compute in computes])


def test_runs_that_differ_in_one_latency_share_every_other_draw():
    """At the same tick: the same arrival at the desk, the same way to the venue, the same way back."""
    (quick,), (slow,) = random_run(0), random_run(200 * MICROSECOND)
    joined = quick.decisions.join(quick.orders, on="decision").join(
        slow.decisions.join(slow.orders, on="decision"), on=["tick", "contract"], suffix="_slow"
    )
    assert len(joined) > 290
    assert joined["arrival"].equals(joined["arrival_slow"], null_equal=True)
    for a, b in (("decided", "venue"), ("venue", "ack")):
        assert ((joined[b] - joined[a]) == (joined[f"{b}_slow"] - joined[f"{a}_slow"])).all()
    assert (joined["decided_slow"] - joined["start_slow"] == 200 * MICROSECOND).all()


def test_another_desk_in_the_market_changes_no_draw_of_this_one():
    (alone,), (beside, _) = random_run(0), random_run(0, 500 * MICROSECOND)
    assert alone.orders.select("decided", "venue", "ack").equals(beside.orders.select("decided", "venue", "ack"))


def test_every_wire_of_every_desk_has_draws_of_its_own():
    first, second = random_run(0, 0)
    delays = [(r.orders["venue"] - r.orders["decided"]).to_list() for r in (first, second)]
    back = (first.orders["ack"] - first.orders["venue"]).to_list()
    assert delays[0] != delays[1]
    assert delays[0] != back
    assert uniform(8, ENTRY, 0, 1, 0) != uniform(8, RESPONSE, 0, 1, 0)


# --- Records ---


@pytest.mark.parametrize(
    ("policy", "rows"),
    [
        (Policy.LATEST, [(0, 0, "prompt"), (50, 1, "waited"), (200, 0, "prompt")]),
        (Policy.QUEUE, [(0, 0, "prompt"), (50, 0, "waited"), (100, 0, "waited"), (200, 0, "prompt")]),
        (Policy.DROP, [(0, 0, "prompt"), (200, 2, "prompt")]),
    ],
)
def test_what_a_policy_made_of_each_tick_is_on_record(policy, rows):
    """Ticks at 0, 10, 20 and 200; 50 ns of thought."""
    tape = tape_of(CHEAP, *(underlying(at) for at in (0, 10, 20, 200)))
    strategy = Strategy(rule=TakeRule(edge=1e9), trigger=EveryQuote(), policy=policy)
    (result,) = run_probe(session_of(tape), seat_of(strategy, compute=50))
    found = result.decisions.with_columns(result.decisions["start"] - START).select("start", "skipped", "outcome")
    assert found.rows() == rows


def test_an_order_that_is_under_way_when_the_tape_ends_still_arrives():
    tape = tape_of(CHEAP, underlying(0))
    (result,) = run_probe(session_of(tape, entry=SECOND, response=SECOND), seat_of(EAGER))
    assert result.orders["ack"].to_list() == [START + 2 * SECOND]
    assert result.positions["position"].to_list() == [10]


def test_a_view_is_of_the_moment_the_desk_starts_to_think():
    """Busy from 0 to 50, it answers the tick of 10 at 50, on the quote of 40."""
    witness, _ = watching(lambda screen: (int(screen.book[1, BID]), int(screen.book[1, ASK])))
    tape = tape_of(CHEAP, underlying(0), underlying(10), Quote(at=40, bid=4.8, ask=4.95))
    strategy = Strategy(rule=witness, trigger=EveryQuote())
    run_probe(session_of(tape), seat_of(strategy, compute=50))
    assert witness.notes == [(4_900_000, 5_000_000), (4_800_000, 4_950_000)]


def test_nothing_is_priced_where_a_future_costs_nothing_or_less():
    spots = underlying(0), underlying(10, 0.0), underlying(20, -37.63), underlying(30)
    tape = replace(tape_of(CHEAP, *spots), signed=True)
    note, strategy = watching(lambda screen: bool(np.isnan(screen.theo[0])))
    run_probe(session_of(tape), seat_of(strategy))
    assert note.notes == [False, True, True, False]
    (result,) = run_probe(session_of(tape), seat_of(buying(1)))
    assert result.decisions["tag"].to_list()[1:3] == ["no spot"] * 2
    assert sorted(set(result.orders["decision"])) == [0, 3]
