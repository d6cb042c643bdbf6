"""What a rule is shown is for reading: it can change nothing of what its desk goes by."""

import numpy as np
import pytest
from probes import Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.simulation.orders import Kind
from tradesim.simulation.screen import Screen
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.units import MICROS

TAPE = tape_of(underlying(0), Quote(at=0, bid=4, ask=6), *(underlying(at) for at in (10, 20, 30)))
ARRAYS = ("book", "theo", "delta", "position", "in_flight", "working")


def watched(rule):
    return seat_of(Strategy(rule=Custom(function=rule), trigger=EveryQuote()))


def posting(screen):
    """Bids 5 and lets it stand."""
    return np.array([[0, 1, 3, 5 * MICROS, Kind.LIMIT, -1]], dtype=np.int64)


@pytest.mark.parametrize("others", [(), (posting,)], ids=["alone", "beside a standing order"])
def test_writing_into_what_is_shown_is_refused(others):
    refused, bids = [], []

    def rule(screen):
        bids.append(screen.book[1, 0] // MICROS)
        for name in ARRAYS:
            with pytest.raises(ValueError, match="read-only"):
                getattr(screen, name)[...] = 7
            refused.append(name)
        return np.empty((0, 4), dtype=np.int64)

    run_probe(session_of(TAPE), *(watched(each) for each in (rule, *others)))
    assert refused == [*ARRAYS] * 4
    assert bids[-1] == (5 if others else 4)


def test_nothing_of_a_screen_can_be_assigned_to():
    refused = []

    def rule(screen):
        for name in Screen._fields:
            with pytest.raises(AttributeError):
                setattr(screen, name, None)
            refused.append(name)
        return np.empty((0, 4), dtype=np.int64)

    run_probe(session_of(TAPE), watched(rule))
    assert len(refused) == 4 * len(Screen._fields)
