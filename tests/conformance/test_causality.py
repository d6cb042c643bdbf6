"""The venue's clock is not the desk's: an order meets the book as of its arrival.

An ask of 101 becomes 105 at venue time 10 ms. The desk buys at market on its first quote, with 1 ms of entry latency.
"""

import numpy as np
import pytest
from probes import START, Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.simulation.orders import AT_MARKET
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.units import MICROS, MILLISECOND


def buy_once_at_market(screen):
    if screen.position[0] or screen.in_flight[0] or screen.book[1, 4] == 0:
        return np.empty((0, 4), dtype=np.int64)
    return np.array([[0, 1, 1, AT_MARKET]], dtype=np.int64)


@pytest.mark.parametrize(
    ("feed_ms", "compute_ms", "price", "fill_ms"),
    [(0, 0, 101, 1), (5, 0, 101, 6), (12, 0, 105, 13), (5, 6, 105, 12)],
)
def test_an_order_meets_the_book_as_of_its_arrival(feed_ms, compute_ms, price, fill_ms):
    tape = tape_of(
        underlying(0),
        Quote(at=0, bid=100, ask=101),
        Quote(at=10 * MILLISECOND, bid=104, ask=105),
    )
    session = session_of(tape, feed=feed_ms * MILLISECOND, entry=MILLISECOND)
    (result,) = run_probe(
        session, seat_of(Strategy(rule=Custom(function=buy_once_at_market)), compute=compute_ms * MILLISECOND)
    )
    fill = result.fills.row(0, named=True)
    assert len(result.fills) == 1
    assert fill["price"] == price * MICROS
    assert fill["venue"] == START + fill_ms * MILLISECOND
