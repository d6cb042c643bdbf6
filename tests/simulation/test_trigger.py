import numpy as np
import pytest
from probes import START, Quote, tape_of, underlying

from tradesim.errors import ArgumentError
from tradesim.simulation.book import quote_rows
from tradesim.simulation.trigger import EveryNth, EveryQuote, SpotMoved, Timer, firings

TAPE = tape_of(
    underlying(0, 100.00),
    Quote(at=5, bid=1, ask=2),
    underlying(10, 100.00),
    underlying(20, 100.02),
    underlying(30, 100.05),
    underlying(30, 100.10),
    Quote(at=40, instrument=0, bid=100.0),
)


def fired(trigger, delay: int = 0) -> list[int]:
    return (firings(trigger, quote_rows(TAPE), TAPE.ts + delay).arrival - START).tolist()


def test_every_quote_of_the_underlying_wakes_once_an_instant_and_one_sided_ones_do_not():
    assert fired(EveryQuote()) == [0, 10, 20, 30]


def test_a_move_is_measured_from_the_last_firing():
    assert fired(SpotMoved()) == [0, 20, 30]
    assert fired(SpotMoved(by=0.03)) == [0, 30]


def test_the_last_row_of_an_instant_is_the_one_answered():
    assert firings(EveryQuote(), quote_rows(TAPE), TAPE.ts).row.tolist() == [0, 2, 3, 5]


def test_every_nth_counts_quotes():
    assert fired(EveryNth(n=2)) == [10, 30]


def test_a_timer_ticks_on_the_desks_clock():
    assert fired(Timer(period=15), delay=100) == [100, 115, 130]


def test_feed_delay_moves_every_firing():
    assert fired(SpotMoved(), delay=7) == [7, 27, 37]


@pytest.mark.parametrize("make", [lambda: SpotMoved(by=-1), lambda: EveryNth(n=0), lambda: Timer(period=0)])
def test_a_trigger_outside_its_rule_is_refused(make):
    with pytest.raises(ArgumentError):
        make()


def test_no_quote_no_firing():
    silent = tape_of(Quote(at=0, bid=1, ask=2))
    assert len(firings(EveryQuote(), quote_rows(silent), silent.ts)) == 0
    assert np.array_equal(firings(SpotMoved(), quote_rows(silent), silent.ts).row, [])
