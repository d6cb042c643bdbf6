import pytest

from tradesim.errors import ArgumentError
from tradesim.experiments.stated import parse_wires
from tradesim.simulation.latency import Fixed, LogNormal
from tradesim.simulation.wires import Recorded, Wires


def test_what_is_not_stated_is_as_usual():
    assert parse_wires() == Wires()
    assert parse_wires(entry="1ms") == Wires(entry=Fixed(1_000_000))


def test_a_feed_may_be_what_was_recorded():
    wires = parse_wires(feed="recorded", entry="fixed:40us", response="lognormal:30us:0.5")
    assert wires == Wires(feed=Recorded(), entry=Fixed(40_000), response=LogNormal(median=30_000, sigma=0.5))


@pytest.mark.parametrize(
    "stated",
    [{"entry": "recorded"}, {"feed": "fast"}, {"response": "-1us"}, {"feed": "lognormal:1us"}, {"entry": "empirical"}],
)
def test_a_wire_that_is_no_latency_is_refused_in_one_line(stated):
    with pytest.raises(ArgumentError) as caught:
        parse_wires(**stated)
    assert "\n" not in str(caught.value)
