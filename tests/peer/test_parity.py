"""Order by order, fill by fill: what hftbacktest does with the same orders on the same tape."""

import pytest
from parity import Rule, quote_and_cancel, take
from parity_tapes import binance_tape, generated_tape, tardis_tape
from peer import QUEUES, Conditions

from tradesim.simulation.latency import Fixed
from tradesim.simulation.wires import Recorded
from tradesim.units import MICROSECOND, MILLISECOND, SECOND

pytest.importorskip("hftbacktest", reason="the peer is an extra: pip install -e '.[peer]' in an environment of its own")

ENTRY, RESPONSE = 3 * MILLISECOND, 2 * MILLISECOND


@pytest.fixture(scope="module", params=["generated", "Tardis", "Binance"])
def market(request):
    """A tape and how its feed travels."""
    if request.param == "generated":
        return generated_tape(seed=1), Fixed(20 * MICROSECOND)
    folder = request.getfixturevalue("shared_data")
    if request.param == "Tardis":
        return tardis_tape(folder / "tardis_binance_20200222"), Recorded()
    recording = folder / "binance_btcusdt_20240808" / "usdm_btcusdt_20240808.gz"
    return binance_tape(recording, seconds=60), Fixed(20 * MICROSECOND)


def test_one_lot_takes_are_equal_but_where_it_was_taken_before(market):
    parity = take(*market, Conditions(entry=ENTRY, response=RESPONSE), period=100 * MILLISECOND)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.TAKEN}
    assert parity.equal >= 0.95 * len(parity.pairs) > 500
    assert parity.fills > 500


def test_larger_takes_differ_by_what_is_left_and_nothing_else(market):
    parity = take(*market, Conditions(entry=ENTRY, response=RESPONSE, lots=5), period=100 * MILLISECOND)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.TAKEN, Rule.SHOWN}


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("stand", [100 * MILLISECOND, SECOND])
def test_one_lot_quotes_are_equal(market, queue, stand):
    conditions = Conditions(entry=ENTRY, response=RESPONSE, queue=queue)
    parity = quote_and_cancel(*market, conditions, period=2 * stand, stand=stand)
    assert parity.equal == len(parity.pairs) > 25
    assert parity.fills > 5


def test_larger_quotes_differ_by_what_came_and_nothing_else(market):
    """Of 40 lots, for where exactly what is left of an order is filled at its price, 2.4.4 stops with code 14."""
    conditions = Conditions(entry=ENTRY, response=RESPONSE, lots=40, exchange="partial")
    parity = quote_and_cancel(*market, conditions, period=2 * SECOND, stand=SECOND)
    assert parity.unexplained == []
    assert parity.fills > 5
