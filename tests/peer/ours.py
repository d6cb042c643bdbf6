"""tradesim trading by the peer's two rules, order by order, in the peer's words."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from peer import BUY, SELL, Conditions, Fill, Order
from probes import seat_of

from tradesim.market.tape import Tape
from tradesim.pricing import PROBLEMS
from tradesim.simulation.book import ASK, BID
from tradesim.simulation.latency import Fixed
from tradesim.simulation.orders import Kind
from tradesim.simulation.queueing import Family, Probabilistic, QueueModel, RiskAverse
from tradesim.simulation.run import Result, run_one
from tradesim.simulation.screen import NUMBER, STATE, WORKING, Screen
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import Timer
from tradesim.simulation.venue_rules import Fees, VenueRules
from tradesim.simulation.wires import Recorded, Wires

QUEUES: dict[str, QueueModel] = {
    "risk-averse": RiskAverse(),
    "log": Probabilistic(family=Family.LOG),
    "log-2": Probabilistic(family=Family.LOG2),
    "power": Probabilistic(family=Family.POWER, exponent=3.0),
    "power-2": Probabilistic(family=Family.POWER2, exponent=3.0),
    "power-3": Probabilistic(family=Family.POWER3, exponent=3.0),
}

NOTHING = np.empty((0, 6), dtype=np.int64)


def session_for(tape: Tape, feed: Fixed | Recorded, conditions: Conditions) -> Session:
    """``tape`` under constant latencies of orders, without fees."""
    setting = Setting(
        wires=Wires(feed=feed, entry=Fixed(conditions.entry), response=Fixed(conditions.response)),
        fees=Fees(taker=0.0),
        venue=VenueRules(queue=QUEUES[conditions.queue]),
        horizon=0,
    )
    return open_session(tape, PROBLEMS["european"], setting, seed=1)


def instants(session: Session, period: int) -> list[int]:
    """When the rules act, ns: every ``period`` of the desk's clock, from its first state on."""
    every = range(int(session.clock[0]), int(session.clock[-1]) + 1, period)
    return [instant for instant in every if instant >= session.states[0].instant]


@dataclass(frozen=True)
class TakeByTurns:
    """At each of the instants, by turns, buy at the best ask that is seen and sell at the best bid, or cancel."""

    first: int
    period: int
    lots: int

    def __call__(self, screen: Screen) -> NDArray[np.int64]:
        turn, rest = divmod(screen.now - self.first, self.period)
        side = BUY if turn % 2 == 0 else SELL
        column = ASK if side == BUY else BID
        if rest or turn < 0 or screen.book[1, column + 1] == 0:
            return NOTHING
        return np.array([[0, side, self.lots, screen.book[1, column], Kind.IOC, -1]])


@dataclass(frozen=True)
class QuoteByTurns:
    """At each of the instants, by turns, join the best bid and the best ask that are seen; cancel after ``stand``."""

    first: int
    period: int
    stand: int
    lots: int

    def __call__(self, screen: Screen) -> NDArray[np.int64]:
        turn, rest = divmod(screen.now - self.first, self.period)
        side = BUY if turn % 2 == 0 else SELL
        column = BID if side == BUY else ASK
        if turn < 0:
            return NOTHING
        if rest == 0 and screen.book[1, column + 1] > 0:
            return np.array([[0, side, self.lots, screen.book[1, column], Kind.POST_ONLY, -1]])
        mine = screen.working[0, 0 if side == BUY else 1]
        if rest == self.stand and mine[STATE] == WORKING:
            return np.array([[0, side, 0, 0, Kind.CANCEL, mine[NUMBER]]])
        return NOTHING


def trade(session: Session, rule: Callable[[Screen], NDArray[np.int64]], wake: int, *, tick: int) -> list[Order]:
    """What became of the orders of a desk without compute latency that wakes every ``wake`` ns."""
    strategy = Strategy(rule=Custom(function=rule), trigger=Timer(period=wake))
    return orders_of(run_one(session, seat_of(strategy)), tick)


def orders_of(result: Result, tick: int) -> list[Order]:
    """The orders of one desk in the peer's words."""
    orders: dict[int, Order] = {}
    for row in result.orders.iter_rows(named=True):
        if row["kind"] == "cancel":
            if row["outcome"] == "cancelled":
                orders[row["target"]].cancelled = row["venue"]
            continue
        orders[row["order_id"]] = Order(
            sent=row["decided"],
            side=row["direction"],
            price=row["limit_price"] // tick,
            lots=row["lots"],
            arrival=row["venue"],
            ack=row["ack"],
        )
    for row in result.fills.sort("venue").iter_rows(named=True):
        fills = orders[row["order_id"]].fills
        fill = Fill(instant=row["venue"], price=row["price"] // tick, lots=abs(row["quantity"]))
        if fills and fills[-1].instant == fill.instant:
            fill = Fill(instant=fill.instant, price=fill.price, lots=fill.lots + fills.pop().lots)
        fills.append(fill)
    return list(orders.values())
