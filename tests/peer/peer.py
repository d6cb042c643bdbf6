"""hftbacktest trading by two fixed rules, order by order: the peer's answer to what ours does.

Prices are ticks, sizes lots, instants ns. It is imported where it is used, for it is an extra.
"""

from dataclasses import dataclass, field
from typing import Any

from feed_events import FeedEvents

BUY, SELL = 1, -1

QUEUES = {
    "risk-averse": ("risk_adverse_queue_model",),
    "log": ("log_prob_queue_model",),
    "log2": ("log_prob_queue_model2",),
    "power": ("power_prob_queue_model", 3.0),
    "power2": ("power_prob_queue_model2", 3.0),
    "power3": ("power_prob_queue_model3", 3.0),
}

EXCHANGES = {"whole": "no_partial_fill_exchange", "partial": "partial_fill_exchange"}
"""``whole``: an order that is hit is filled whole. ``partial``: a trade at its price fills what is beyond the queue."""


@dataclass(frozen=True, kw_only=True)
class Fill:
    """``instant`` at the venue; several of one instant are one."""

    instant: int
    price: int
    lots: int


@dataclass(kw_only=True)
class Order:
    """What became of an order; None is what did not happen."""

    sent: int
    side: int
    price: int
    lots: int
    arrival: int | None = None
    ack: int | None = None
    fills: list[Fill] = field(default_factory=list)
    cancelled: int | None = None


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """``entry`` and ``response`` in ns; ``queue`` one of QUEUES; ``exchange``, the peer's, one of EXCHANGES."""

    entry: int
    response: int
    lots: int = 1
    queue: str = "risk-averse"
    exchange: str = "whole"

    @property
    def round_trip(self) -> int:
        return self.entry + self.response


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When a rule acts: ``turns`` times, every ``period`` ns from ``first`` on, by turns to buy and to sell.

    ``stand`` ns, after which an order that stands is cancelled; 0 where none does. From one turn to the next there is
    time for both, and ``stand`` is no shorter than a round trip: one order at a time.
    """

    first: int
    period: int
    turns: int
    stand: int = 0

    def side(self, turn: int) -> int:
        return BUY if turn % 2 == 0 else SELL


class Peer:
    """A backtest of hftbacktest over one feed, spoken to in our words."""

    def __init__(self, feed: FeedEvents, conditions: Conditions) -> None:
        from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest

        name, *parameters = QUEUES[conditions.queue]
        asset = BacktestAsset().data(feed.rows).linear_asset(1.0).tick_size(1.0).lot_size(1.0)
        asset = asset.constant_order_latency(conditions.entry, conditions.response).trading_value_fee_model(0.0, 0.0)
        asset = getattr(getattr(asset, name)(*parameters), EXCHANGES[conditions.exchange])()
        self._backtest: Any = HashMapMarketDepthBacktest([asset])
        self._feed = feed  # hftbacktest reads its memory
        self._lots = conditions.lots
        self._number = 0
        self._must(self._backtest.elapse(0))

    @property
    def now(self) -> int:
        return int(self._backtest.current_timestamp)

    def run_until(self, instant: int) -> None:
        """Let everything happen up to ``instant``, that included."""
        self._must(self._backtest.elapse(instant - self.now))

    def best(self, side: int) -> int | None:
        """The best price of ``side`` as the desk sees it; None where there is none."""
        depth = self._backtest.depth(0)
        size, price = (
            (depth.best_bid_qty, depth.best_bid_tick) if side == BUY else (depth.best_ask_qty, depth.best_ask_tick)
        )
        return int(price) if size > 0 else None

    def send(self, side: int, price: int, time_in_force: int) -> Order:
        """An order leaves now."""
        self._number += 1
        submit = self._backtest.submit_buy_order if side == BUY else self._backtest.submit_sell_order
        self._must(submit(0, self._number, float(price), float(self._lots), time_in_force, 0, False))
        return Order(sent=self.now, side=side, price=price, lots=self._lots)

    def cancel(self) -> None:
        """A cancel of the last order leaves now."""
        self._must(self._backtest.cancel(0, self._number, False))

    def follow(self, order: Order, until: int) -> None:
        """Write into ``order``, the last, what is heard of it up to ``until``, that included."""
        from hftbacktest.order import CANCELED, NONE

        while True:
            self._must(self._backtest.wait_order_response(0, self._number, until - self.now))
            state = self._backtest.orders(0).get(self._number)
            instant = int(state.exch_timestamp)
            if state.status != NONE and order.ack is None:
                order.arrival, order.ack = instant, self.now
            lots = round(state.qty - state.leaves_qty) - sum(fill.lots for fill in order.fills)
            if lots:
                order.fills.append(Fill(instant=instant, price=int(state.exec_price_tick), lots=lots))
            if state.status == CANCELED:
                order.cancelled = instant
            if self.now >= until:
                return

    @property
    def status(self) -> int:
        """The status of the last order as the desk knows it, a constant of hftbacktest."""
        return int(self._backtest.orders(0).get(self._number).status)

    def close(self) -> None:
        self._backtest.close()

    @staticmethod
    def _must(code: int) -> None:
        if code != 0:
            raise RuntimeError(f"hftbacktest stopped with code {code}")


def take(feed: FeedEvents, plan: Plan, conditions: Conditions) -> list[Order]:
    """At each turn buy at the best ask that is seen, or sell at the best bid, immediate or cancel."""
    from hftbacktest.order import IOC

    peer = Peer(feed, conditions)
    orders = []
    for turn in range(plan.turns):
        instant = plan.first + turn * plan.period
        peer.run_until(instant)
        side = plan.side(turn)
        price = peer.best(-side)
        if price is not None:
            orders.append(peer.send(side, price, IOC))
            peer.follow(orders[-1], instant + conditions.round_trip)
    peer.close()
    return orders


def quote_and_cancel(feed: FeedEvents, plan: Plan, conditions: Conditions) -> list[Order]:
    """At each turn join the best bid that is seen, or the best ask, post only; cancel after ``stand``.

    What is known to be filled or refused by then is not cancelled.
    """
    from hftbacktest.order import GTX, NEW, PARTIALLY_FILLED

    peer = Peer(feed, conditions)
    orders = []
    for turn in range(plan.turns):
        instant = plan.first + turn * plan.period
        peer.run_until(instant)
        side = plan.side(turn)
        price = peer.best(side)
        if price is None:
            continue
        orders.append(peer.send(side, price, GTX))
        peer.follow(orders[-1], instant + plan.stand)
        if peer.status in (NEW, PARTIALLY_FILLED):
            peer.cancel()
            peer.follow(orders[-1], instant + plan.stand + conditions.round_trip)
    peer.close()
    return orders
