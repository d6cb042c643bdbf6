"""What a desk believes that it has, when answers cross what happens at the venue."""

import numpy as np
import pytest

from tradesim.simulation.account import Account
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.reports import Outcome
from tradesim.simulation.screen import LEFT, NOTHING, STATE, WORKING

BUY, SELL = 1, -1
PRICE = 100


def with_an_ask() -> Account:
    """Order 0, an ask of 5 lots, stands."""
    account = Account(1)
    account.sent(0, [0, SELL, 5, PRICE, Kind.LIMIT, -1])
    account.acknowledged(0, 0, SELL, Kind.LIMIT, PRICE, Outcome.RESTING, 0, 5)
    return account


CHANGES = {"cancel": Kind.CANCEL, "replace": Kind.REPLACE}


@pytest.mark.parametrize("kind", CHANGES.values(), ids=CHANGES)
def test_a_refused_change_of_an_order_that_has_traded_leaves_nothing(kind):
    account = with_an_ask()
    account.sent(1, [0, SELL, 5, PRICE, kind, 0])
    account.traded(0, 0, SELL, 5)
    assert not account.admits([0, SELL, 5, PRICE, Kind.LIMIT, -1])
    account.acknowledged(1, 0, SELL, kind, PRICE, Outcome.REJECTED, 0, 0)
    assert account.working[0, 1, STATE] == NOTHING
    assert account.position[0] == -5


@pytest.mark.parametrize("kind", CHANGES.values(), ids=CHANGES)
def test_a_refused_change_of_an_order_that_stands_leaves_it(kind):
    account = with_an_ask()
    account.sent(1, [0, SELL, 5, PRICE, kind, 0])
    account.traded(0, 0, SELL, 2)
    account.acknowledged(1, 0, SELL, kind, PRICE, Outcome.REJECTED, 0, 0)
    assert (account.working[0, 1, STATE], account.working[0, 1, LEFT]) == (WORKING, 3)


def test_while_a_cancel_is_on_its_way_nothing_is_placed_though_the_venue_took_the_order_off():
    """A buy of the desk's own met its ask, which was taken off; the answer to the cancel is still to come."""
    account = with_an_ask()
    account.sent(1, [0, BUY, 5, AT_MARKET, Kind.IOC, -1])
    account.sent(2, [0, SELL, 0, 0, Kind.CANCEL, 0])
    account.taken_off((0,))
    account.acknowledged(1, 0, BUY, Kind.IOC, AT_MARKET, Outcome.MISSED, 0, 0)
    assert not account.admits([0, SELL, 5, PRICE, Kind.LIMIT, -1])
    account.acknowledged(2, 0, SELL, Kind.CANCEL, 0, Outcome.LATE, 0, 0)
    assert account.admits([0, SELL, 5, PRICE, Kind.LIMIT, -1])
    assert not np.any(account.working[:, :, LEFT])
