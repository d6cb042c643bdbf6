"""tradesim trading by the peer's two rules, order by order, in the peer's words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from peer import BUY, Conditions, Fill, Order, Plan
from probes import seat_of

from tradesim.market.tape import Tape
from tradesim.pricing import PROBLEMS
from tradesim.simulation.book import side_of
from tradesim.simulation.latency import Fixed
from tradesim.simulation.orders import Kind
from tradesim.simulation.queueing import parse_queue
from tradesim.simulation.run import Result, run_one
from tradesim.simulation.screen import NUMBER, STATE, WORKING, Screen
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import Timer
from tradesim.simulation.venue_rules import Fees, VenueRules
from tradesim.simulation.wires import Recorded, Wires

NOTHING = np.empty((0, 6), dtype=np.int64)


def session_for(tape: Tape, feed: Fixed | Recorded, conditions: Conditions) -> Session:
    """``tape`` under constant latencies of orders, without fees."""
    setting = Setting(
        wires=Wires(feed=feed, entry=Fixed(conditions.entry), response=Fixed(conditions.response)),
        fees=Fees(taker=0.0),
        venue=VenueRules(queue=parse_queue(conditions.queue)),
        horizon=0,
    )
    return open_session(tape, PROBLEMS["european"], setting, seed=1)


def plan_for(session: Session, *, period: int, stand: int = 0) -> Plan:
    """As many turns as are over before the last row arrives, from the desk's first state on."""
    first, last = session.states[0].instant, int(session.clock[-1])
    first += (int(session.clock[0]) - first) % period
    return Plan(first=first, period=period, turns=max(0, (last - first) // period), stand=stand)


@dataclass(frozen=True)
class Take:
    """At each turn buy at the best ask that is seen, or sell at the best bid, immediate or cancel."""

    plan: Plan
    lots: int

    def __call__(self, screen: Screen) -> NDArray[np.int64]:
        turn, rest = divmod(screen.now - self.plan.first, self.plan.period)
        side = self.plan.side(turn)
        price, size = screen.book[1, side_of(side) : side_of(side) + 2]
        if rest or not 0 <= turn < self.plan.turns or size == 0:
            return NOTHING
        return np.array([[0, side, self.lots, price, Kind.IOC, -1]])


@dataclass(frozen=True)
class QuoteAndCancel:
    """At each turn join the best bid that is seen, or the best ask, post only; cancel after ``stand``."""

    plan: Plan
    lots: int

    def __call__(self, screen: Screen) -> NDArray[np.int64]:
        turn, rest = divmod(screen.now - self.plan.first, self.plan.period)
        if not 0 <= turn < self.plan.turns:
            return NOTHING
        side = self.plan.side(turn)
        price, size = screen.book[1, side_of(-side) : side_of(-side) + 2]
        if rest == 0 and size > 0:
            return np.array([[0, side, self.lots, price, Kind.POST_ONLY, -1]])
        mine = screen.working[0, 0 if side == BUY else 1]
        if rest == self.plan.stand and mine[STATE] == WORKING:
            return np.array([[0, side, 0, 0, Kind.CANCEL, mine[NUMBER]]])
        return NOTHING


def trade(session: Session, rule: Take | QuoteAndCancel, *, tick: int) -> list[Order]:
    """What became of the orders of a desk without compute latency."""
    wake = Timer(period=rule.plan.stand or rule.plan.period)
    return orders_of(run_one(session, seat_of(Strategy(rule=Custom(function=rule), trigger=wake))), tick)


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
