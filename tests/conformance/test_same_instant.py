"""At one instant: all rows of the tape, then order arrivals, acknowledgements, wake-ups."""

import numpy as np
from probes import START, Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.simulation.orders import AT_MARKET
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.units import MICROS, MILLISECOND

NO_ORDERS = np.empty((0, 4), dtype=np.int64)


def buy_one(screen):
    return NO_ORDERS if screen.in_flight[0] else np.array([[0, 1, 1, AT_MARKET]], dtype=np.int64)


def buy_until_one_is_held(screen):
    return NO_ORDERS if screen.in_flight[0] or screen.position[0] else np.array([[0, 1, 1, AT_MARKET]], dtype=np.int64)


def test_an_order_that_arrives_with_a_quote_meets_the_quote():
    tape = tape_of(underlying(0), Quote(at=0, bid=100, ask=101), Quote(at=MILLISECOND, bid=104, ask=105))
    (result,) = run_probe(session_of(tape, entry=MILLISECOND), seat_of(Strategy(rule=Custom(function=buy_one))))
    assert result.fills["price"].to_list() == [105 * MICROS]


def test_all_rows_of_an_instant_are_seen_by_the_decision_they_cause():
    """The option's quote stands after the underlying's in the tape, at the same instant."""
    tape = tape_of(underlying(0), Quote(at=0, bid=100, ask=101))
    (result,) = run_probe(session_of(tape), seat_of(Strategy(rule=Custom(function=buy_one))))
    assert result.orders["seen_price"].to_list() == [101 * MICROS]


def test_an_acknowledgement_is_known_to_a_wake_up_of_its_instant():
    """Ack at 2 ms: the wake-up at 2 ms knows the position; the one at 1 ms did not, but the order was in flight."""
    tape = tape_of(
        underlying(0),
        Quote(at=0, bid=100, ask=101),
        underlying(MILLISECOND, 101.0),
        underlying(2 * MILLISECOND, 102.0),
    )
    session = session_of(tape, entry=MILLISECOND, response=MILLISECOND)
    strategy = Strategy(rule=Custom(function=buy_until_one_is_held), trigger=EveryQuote())
    (result,) = run_probe(session, seat_of(strategy))
    assert result.decisions["orders"].to_list() == [1, 0, 0]
    assert (result.orders["ack"] - START).to_list() == [2 * MILLISECOND]


def test_two_desks_at_one_quote_at_one_instant_share_it_by_the_keyed_hash():
    """Ten lots, two buyers of ten at the same instant: one of them is filled; over many seeds, either."""
    tape = tape_of(underlying(0), Quote(at=0, bid=100, ask=101))

    def buy_ten(screen):
        return NO_ORDERS if screen.in_flight[0] else np.array([[0, 1, 10, AT_MARKET]], dtype=np.int64)

    winners = []
    for seed in range(40):
        results = run_probe(
            session_of(tape, entry=5, seed=seed), *[seat_of(Strategy(rule=Custom(function=buy_ten))) for _ in range(2)]
        )
        filled = [result.orders["filled"].to_list() for result in results]
        assert sorted(filled) == [[0], [10]]
        winners.append(filled[0] == [10])
    assert 8 < sum(winners) < 32


def test_a_take_is_seen_through_the_feed():
    """One desk takes all ten at 12 ns; the other sees them gone at 12 + 7 (feed), not before."""
    tape = tape_of(Quote(at=0, bid=100, ask=101), *(underlying(at, 100.0 + at) for at in (0, 6, 11, 12, 20)))
    left = []

    def watch(screen):
        left.append(int(screen.book[1, 5]))
        return NO_ORDERS

    def buy_ten(screen):
        return (
            NO_ORDERS
            if screen.in_flight[0] or screen.position[0]
            else np.array([[0, 1, 10, AT_MARKET]], dtype=np.int64)
        )

    trigger = EveryQuote()
    run_probe(
        session_of(tape, feed=7, entry=5),
        seat_of(Strategy(rule=Custom(function=buy_ten), trigger=trigger)),
        seat_of(Strategy(rule=Custom(function=watch), trigger=trigger)),
    )
    # The first wake-up is at 7, so the take is at 7 + 5; the watcher wakes at 7, 13, 18, 19 and 27.
    assert left == [10, 10, 10, 0, 0]
