"""What a desk is told to do: a method to price with, a rule, a trigger, a policy, and how it hedges."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.book import ASK, ASK_LEFT, BID, BID_LEFT, BUY, SELL
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.screen import Screen
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
    """From what a desk sees to what it asks of the venue."""

    def decide(self, screen: Screen) -> Ints:
        """Choose requests: int64[k, 4] or int64[k, 6], a row each, as :mod:`tradesim.simulation.orders` says.

        Four columns are enough for orders that take: contract, direction (+1 buy, -1 sell), lots, limit in micros.
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

    def decide(self, screen: Screen) -> Ints:
        """See :class:`Rule`."""
        margin = micros(self.edge) + screen.fee
        return _take(screen.book, screen.theo, screen.position, screen.in_flight, margin, self.cap)


@njit(cache=True)
def _take(book: Ints, theo: Floats, position: Ints, in_flight: NDArray[np.bool_], margin: int, cap: int) -> Ints:
    orders = np.zeros((len(theo), 6), dtype=np.int64)
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
            orders[count, 5] = -1
            count += 1
    return orders[:count]


@dataclass(frozen=True, kw_only=True)
class Custom:
    """A rule from a function of the same argument as :meth:`Rule.decide`."""

    function: Callable[[Screen], Ints]

    def decide(self, screen: Screen) -> Ints:
        """See :class:`Rule`."""
        return self.function(screen)


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way to trade.

    ``method``   that prices: its name, or a function, class, object or model file of yours
    ``rule``     that asks
    ``trigger``  that wakes; ``policy`` for what fires while it thinks
    ``hedge``    how it trades the underlying against its delta; None: not at all
    ``cpus``     decisions that it thinks about at once
    ``deadline`` ns from a tick's arrival within which a decision must have been made, or it sends nothing; None: any
    """

    method: Any = "analytic"
    rule: Rule = field(default_factory=TakeRule)
    trigger: Trigger = field(default_factory=SpotMoved)
    policy: Policy = Policy.LATEST
    hedge: DeltaHedge | None = None
    cpus: int = 1
    deadline: int | None = None

    def __post_init__(self) -> None:
        if self.cpus < 1:
            raise ArgumentError(f"Strategy(cpus={self.cpus}): a desk thinks on at least 1 CPU")
        if self.deadline is not None and self.deadline < 0:
            raise ArgumentError(f"Strategy(deadline={self.deadline}): a deadline is at least 0 ns after the arrival")
