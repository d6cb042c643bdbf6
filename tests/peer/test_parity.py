"""Order by order, fill by fill: what hftbacktest does with the same orders on the same tape."""

import pytest
from parity import Rule, larger_quotes, quotes, takes
from parity_tapes import MARKETS, market
from peer import QUEUES

from tradesim.units import MILLISECOND, SECOND

pytest.importorskip("hftbacktest", reason="the peer is an extra: pip install -e '.[peer]' in an environment of its own")


@pytest.fixture(scope="module", params=MARKETS)
def played(request):
    """A tape and how its feed travels."""
    data = None if request.param == "generated" else request.getfixturevalue("shared_data")
    return market(request.param, data)


def test_one_lot_takes_are_equal_but_where_it_was_taken_before(played):
    parity = takes(*played, lots=1)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.TAKEN}
    assert parity.equal >= 0.95 * len(parity.pairs) > 500
    assert parity.fills > 500


def test_larger_takes_differ_by_what_is_left_and_nothing_else(played):
    parity = takes(*played, lots=5)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.TAKEN, Rule.SHOWN}


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("stand", [100 * MILLISECOND, SECOND])
def test_one_lot_quotes_are_equal(played, queue, stand):
    parity = quotes(*played, queue=queue, stand=stand)
    assert parity.equal == len(parity.pairs) > 25
    assert parity.fills > 5


def test_larger_quotes_differ_by_what_came_and_nothing_else(played):
    parity = larger_quotes(*played)
    assert parity.unexplained == []
    assert set(parity.explained) <= {Rule.SHOWN, Rule.UNTOLD}
    assert parity.fills > 5
