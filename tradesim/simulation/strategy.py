"""What a desk is told to do: a method to price with, a rule, a trigger and a policy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.book import ASK, ASK_LEFT, BID, BID_LEFT, BUY, SELL
from tradesim.simulation.trigger import SpotMoved, Trigger
from tradesim.units import MICROS, micros

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Policy(StrEnum):
    """What becomes of the triggers that fire while the desk is thinking."""

    LATEST = "latest"
    """The newest is answered next, on the newest view; those before it are skipped."""
    QUEUE = "queue"
    """Each is answered in turn, on the view as it was when it fired."""
    DROP = "drop"
    """They are lost; the next one to fire is answered."""


class Rule(Protocol):
    """From what a desk sees to the orders it sends."""

    def decide(self, book: Ints, theo: Floats, position: Ints, in_flight: NDArray[np.bool_], fee: int) -> Ints:
        """Choose orders.

        ``book``      int64[n + 1, 6], the desk's view: see :mod:`tradesim.simulation.book`; contract i is row i + 1
        ``theo``      float64[n], theoretical values in currency
        ``position``  int64[n], lots, as far as acknowledged
        ``in_flight`` bool[n], contracts with an order not yet acknowledged; orders for these are refused
        ``fee``       micros a unit traded

        Returns int64[k, 4], an order a row: contract, direction (+1 buy, -1 sell), lots, limit in micros (``AT_MARKET``
        for none).
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TakeRule:
    """Take a quote whose price is off the theoretical value by at least ``edge`` after fees.

    ``edge`` in currency a unit; ``cap`` lots, the largest position in a contract, long or short. Orders are limited
    to the price that was seen and what is not filled on arrival is cancelled.
    """

    edge: float = 0.0075
    cap: int = 50

    def __post_init__(self) -> None:
        if not np.isfinite(self.edge):
            raise ArgumentError(f"TakeRule(edge={self.edge}): the edge must be a finite amount of currency")
        if self.cap < 1:
            raise ArgumentError(f"TakeRule(cap={self.cap}): the cap must be at least 1 lot")

    def decide(self, book: Ints, theo: Floats, position: Ints, in_flight: NDArray[np.bool_], fee: int) -> Ints:
        """See :class:`Rule`."""
        return _take(book, theo, position, in_flight, micros(self.edge) + fee, self.cap)


@njit(cache=True)
def _take(book: Ints, theo: Floats, position: Ints, in_flight: NDArray[np.bool_], margin: int, cap: int) -> Ints:
    orders = np.empty((len(theo), 4), dtype=np.int64)
    count = 0
    for contract in range(len(theo)):
        if in_flight[contract]:
            continue
        quote = book[contract + 1]
        value = theo[contract] * MICROS
        if quote[ASK_LEFT] > 0 and value - quote[ASK] >= margin:
            direction, price, lots = BUY, quote[ASK], min(quote[ASK_LEFT], cap - position[contract])
        elif quote[BID_LEFT] > 0 and quote[BID] - value >= margin:
            direction, price, lots = SELL, quote[BID], min(quote[BID_LEFT], cap + position[contract])
        else:
            continue
        if lots > 0:
            orders[count, 0] = contract
            orders[count, 1] = direction
            orders[count, 2] = lots
            orders[count, 3] = price
            count += 1
    return orders[:count]


@dataclass(frozen=True, kw_only=True)
class Custom:
    """A rule from a function of the same arguments as :meth:`Rule.decide`."""

    function: Callable[[Ints, Floats, Ints, NDArray[np.bool_], int], Ints]

    def decide(self, book: Ints, theo: Floats, position: Ints, in_flight: NDArray[np.bool_], fee: int) -> Ints:
        """See :class:`Rule`."""
        return self.function(book, theo, position, in_flight, fee)


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way to trade: a ``method`` that prices, a ``rule`` that orders, a ``trigger`` that wakes and a ``policy``."""

    method: str = "analytic"
    rule: Rule = field(default_factory=TakeRule)
    trigger: Trigger = field(default_factory=SpotMoved)
    policy: Policy = Policy.LATEST
