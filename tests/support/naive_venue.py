"""The venue's rules as they are written, in lists and loops: what the compiled one is held against."""

import math
from dataclasses import dataclass

from tradesim.market.tape import ADD, DEPTH, EXECUTE, QUOTE, TRADE, Tape
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.queueing import Family, QueueModel, RiskAverse
from tradesim.simulation.reports import Outcome
from tradesim.simulation.venue_rules import SelfTrade, VenueRules


@dataclass
class Side:
    """The best of one side on the tape, and what of it nobody has taken."""

    price: int = 0
    size: int = 0
    left: int = 0
    traded: int = 0

    def show(self, price, size):
        self.left, self.traded = self.left + self.traded, 0
        if price != self.price or self.size == 0:
            self.left = size
        elif size > self.size:
            self.left += size - self.size
        else:
            self.left = min(self.left, size)
        self.price, self.size = price, size


@dataclass
class Order:
    """An order that stands; ``ahead`` and ``shown`` are None where the tape has not told."""

    desk: int
    number: int
    contract: int
    sign: int
    price: int
    left: int
    kind: Kind
    filled: int
    since: int
    ahead: float | None
    shown: int | None
    traded: int = 0

    def worse_than(self, price):
        """How much worse for who comes than ``price``; negative where better."""
        return self.sign * (price - self.price)

    @property
    def lots_ahead(self):
        return math.inf if self.ahead is None else max(0, math.ceil(self.ahead - 0.5))


def behind_share(model: QueueModel, ahead, behind):
    """The table of tradesim.simulation.queueing; None where it is nought by nought."""
    if isinstance(model, RiskAverse):
        return 1.0
    f = math.log1p if model.family in (Family.LOG, Family.LOG2) else lambda x: x**model.exponent
    if model.family is Family.POWER3:
        return 1 - f(ahead / (behind + ahead)) if behind + ahead else None
    both = f(behind + ahead) if model.family in (Family.LOG2, Family.POWER2) else f(behind) + f(ahead)
    return f(behind) / both if both else None


class NaiveVenue:
    """Reports are tuples: outcome, trades, filled, left, reason, cancelled; a trade too."""

    def __init__(self, tape: Tape, rules: VenueRules):
        self.tape, self.rules = tape, rules
        self.applied = 0
        self.sides = {(i, sign): Side() for i in range(len(tape.chain) + 1) for sign in (1, -1)}
        self.orders: list[Order] = []
        self.held: dict[tuple[int, int], int] = {}
        self.levels: dict[tuple[int, int, int], int] = {}
        self.fed = {int(tape.instrument[row]) for row in range(len(tape)) if tape.kind[row] >= ADD}
        self.quotes_at = [(0, 0, 0, 0)] * (len(tape.chain) + 1)

    def queue(self, instrument, sign):
        """Standing orders of one side, best first, at one price the earliest first."""
        mine = [o for o in self.orders if o.contract + 1 == instrument and o.sign == sign]
        return sorted(mine, key=lambda o: -sign * o.price)

    def until(self, instant):
        """Rows up to ``instant``: fills (instant, desk, number, lots, price), and what was taken of quotes."""
        fills = []
        while self.applied < len(self.tape) and self.tape.ts[self.applied] <= instant:
            fills += self.apply(self.applied)
        return fills

    def apply(self, row):
        tape = self.tape
        self.applied = row + 1
        instrument, kind = int(tape.instrument[row]), int(tape.kind[row])
        price, size, sign = int(tape.price[row]), int(tape.size[row]), int(tape.side[row])
        fills = []
        if kind == QUOTE:
            self.quoted(row, instrument, fills)
        elif kind == TRADE:
            self.takes_what_is_shown(row, instrument, price, size, sign)
            self.traded(instrument, price, size, sign or self.who_came(instrument, price), fills)
        elif kind == DEPTH:
            self.levels[instrument, sign, price] = size
            best = self.sides[instrument, sign]
            for order in self.queue(instrument, sign):
                if order.price == price and best.size and sign * (best.price - price) > 0:
                    self.told_size(order, size)
        else:
            told = self.levels.get((instrument, sign, price), 0)
            self.levels[instrument, sign, price] = told + (size if kind == ADD else -size)
            if kind != ADD:
                self.fed_row(row, instrument, price, size, sign, kind, fills)
        self.orders = [order for order in self.orders if order.left]
        return [(int(tape.ts[row]), o.desk, o.number, lots, o.price) for o, lots in fills]

    def give(self, order, lots, fills):
        if lots > 0:
            order.left -= lots
            order.filled += lots
            self.hold(order.desk, order.contract, order.sign * lots)
            fills.append((order, lots))

    def hold(self, desk, contract, lots):
        self.held[desk, contract] = self.held.get((desk, contract), 0) + lots

    def quoted(self, row, instrument, fills):
        tape = self.tape
        new = {1: (int(tape.bid[row]), int(tape.bid_size[row])), -1: (int(tape.ask[row]), int(tape.ask_size[row]))}
        news = {
            sign: new[sign] != (self.sides[instrument, sign].price, self.sides[instrument, sign].size) for sign in new
        }
        for sign, side in new.items():
            self.sides[instrument, sign].show(*side)
        for sign in (1, -1):
            own, other = self.sides[instrument, sign], self.sides[instrument, -sign]
            for order in self.queue(instrument, sign):
                if other.size and sign * (order.price - other.price) >= 0:
                    lots = min(order.left, other.left)
                    other.left -= lots
                    self.give(order, lots, fills)
                if not news[sign] or not (own.size or other.size):
                    continue
                if own.size == 0 or sign * (order.price - own.price) > 0:
                    order.ahead, order.shown, order.traded = 0.0, 0, 0
                elif own.price == order.price:
                    self.told_size(order, own.size)

    def told_size(self, order, size):
        if order.contract + 1 in self.fed:
            return
        if order.shown is None:
            order.ahead = float(size) if order.ahead is None else min(order.ahead, size)
        else:
            order.ahead = self.after(order, size)
        order.shown, order.traded = size, 0

    def after(self, order, size):
        cancelled, behind = order.shown - size - order.traded, order.shown - order.ahead
        if cancelled <= 0:
            return min(order.ahead, size)
        share = behind_share(self.rules.queue, order.ahead, behind)
        if share is None:
            return float(size)
        if isinstance(self.rules.queue, RiskAverse):
            return min(order.ahead, size)
        short = max(share * cancelled - behind, 0.0)
        return min(order.ahead - (1 - share) * cancelled - short, size)

    def who_came(self, instrument, price):
        bid, ask = self.sides[instrument, 1], self.sides[instrument, -1]
        if not bid.size and not ask.size:
            return 0
        if not bid.size or not ask.size:
            return -1 if bid.size else 1
        nearer = abs(price - bid.price) - abs(price - ask.price)
        return (nearer > 0) - (nearer < 0)

    def takes_what_is_shown(self, row, instrument, price, size, came):
        later = range(row + 1, len(self.tape))
        at_once = (r for r in later if self.tape.ts[r] == self.tape.ts[row] and self.tape.instrument[r] == instrument)
        if any(self.tape.kind[r] == QUOTE for r in at_once):
            return
        for sign in (1, -1):
            side = self.sides[instrument, sign]
            beyond = sign * (side.price - price)
            if side.size and (beyond > 0 or (beyond == 0 and came != sign)):
                taken = side.left if beyond > 0 else min(size, side.left)
                side.left, side.traded = side.left - taken, side.traded + taken

    def traded(self, instrument, price, size, came, fills):
        rest = size
        for order in self.queue(instrument, -came) if came else []:
            if order.worse_than(price) > 0:
                continue
            lots = rest
            if order.price == price and instrument in self.fed:
                lots = 0 if order.ahead else rest
            elif order.price == price:
                order.traded += size
                if order.ahead is None:
                    continue
                lots = min(rest, math.floor(rest - order.ahead + 0.5))
                order.ahead = 0.0 if lots > 0 else order.ahead - rest
            lots = min(order.left, lots)
            self.give(order, lots, fills)
            rest -= max(lots, 0)

    def fed_row(self, row, instrument, price, size, sign, kind, fills):
        added = [r for r in range(row + 1) if self.tape.kind[r] == ADD
                 and (self.tape.instrument[r], self.tape.order[r]) == (instrument, self.tape.order[row])]  # fmt: skip
        came = added[-1] if added else -1
        rest = size
        for order in self.queue(instrument, sign):
            if order.price == price and came < order.since:
                order.ahead = max(0.0, order.ahead - size)
            elif kind == EXECUTE and sign * (order.price - price) >= 0:
                lots = min(order.left, rest)
                self.give(order, lots, fills)
                rest -= lots

    def place(self, *, instant, desk, number, contract, direction, lots, limit, kind):
        self.until(instant)
        reason = self.refusal(desk, contract, direction, lots, limit, kind)
        if reason:
            return Outcome.REJECTED, (), 0, 0, reason, ()
        trades, cancelled, stopped, left = [], [], False, lots
        while left and not stopped and (found := self.best(contract + 1, -direction, direction, limit)):
            order, price, there = found
            taken = min(left, there)
            if order is None:
                self.sides[contract + 1, -direction].left -= taken
                for behind in self.queue(contract + 1, -direction):
                    if behind.price == price and behind.ahead is not None:
                        behind.ahead = max(0.0, behind.ahead - taken)
            elif order.desk == desk:
                stopped = self.rules.self_trade is SelfTrade.CANCEL_INCOMING
                if not stopped:
                    cancelled.append(order.number)
                    self.orders.remove(order)
                continue
            else:
                self.give(order, taken, [])
                self.orders = [o for o in self.orders if o.left]
            maker = None if order is None else (order.desk, order.number)
            trades.append(((desk, number), maker, direction, taken, price))
            self.hold(desk, contract, direction * taken)
            left -= taken
        stands = bool(left) and kind != Kind.IOC and not stopped
        if stands:
            ahead, shown = self.arrives(contract + 1, direction, limit)
            self.orders.append(Order(desk, number, contract, direction, limit, left, kind, lots - left, self.applied,
                                     ahead, shown))  # fmt: skip
        outcome = Outcome.RESTING if stands else Outcome.MISSED
        if left < lots:
            outcome = Outcome.PARTIAL if left else Outcome.FILLED
        done = lots - left
        return outcome, tuple(trades), done, left * stands, "self-trade" if stopped else None, tuple(cancelled)

    def arrives(self, instrument, sign, limit):
        """Lots ahead, and the size told at its price."""
        own = self.sides[instrument, sign]
        told = self.levels.get((instrument, sign, limit), 0 if instrument in self.fed else None)
        if instrument in self.fed:
            told = max(told, 0)
            return float(min(told, own.left) if own.size and own.price == limit else told), told
        if own.size == 0 or sign * (limit - own.price) > 0:
            return 0.0, 0
        if own.price == limit:
            return float(own.left), own.size - own.traded
        return (None, None) if told is None else (float(told), told)

    def best(self, instrument, sign, direction, limit):
        """What who comes with ``direction`` takes next of side ``sign``: order (None: the tape), price, lots."""
        tape, queue = self.sides[instrument, sign], self.queue(instrument, sign)
        acceptable = lambda price: limit == AT_MARKET or direction * (limit - price) >= 0  # noqa: E731
        first = queue[0] if queue else None
        if first and (not tape.left or first.worse_than(tape.price) <= 0) and first.lots_ahead == 0:
            return (first, first.price, first.left) if acceptable(first.price) else None
        if not tape.left or not acceptable(tape.price):
            return None
        same = first is not None and first.price == tape.price
        return None, tape.price, min(tape.left, first.lots_ahead) if same else tape.left

    def refusal(self, desk, contract, direction, lots, limit, kind, without=None):
        if limit == AT_MARKET and kind != Kind.IOC:
            return "no limit"
        grid = self.rules.enforced_ticks[contract >= 0].tolist()
        tick = max((begin, tick) for begin, tick in grid if begin <= max(limit, 0))[1]
        if limit != AT_MARKET and (limit <= 0 or limit % tick):
            return "tick"
        if lots % self.rules.lot:
            return "lot"
        if self.rules.position_limit is not None:
            mine = [o.left for o in self.orders if (o.desk, o.contract, o.sign) == (desk, contract, direction)
                    and o is not without]  # fmt: skip
            if direction * self.held.get((desk, contract), 0) + sum(mine) + lots > self.rules.position_limit:
                return "position limit"
        if kind == Kind.POST_ONLY and self.best(contract + 1, -direction, direction, limit):
            return "would take"
        return None

    def find(self, desk, target):
        return next((o for o in self.orders if (o.desk, o.number) == (desk, target)), None)

    def cancel(self, *, instant, desk, target):
        self.until(instant)
        order = self.find(desk, target)
        if order is None:
            return Outcome.LATE, (), 0, 0, None, ()
        self.orders.remove(order)
        return Outcome.CANCELLED, (), 0, 0, None, ()

    def replace(self, *, instant, desk, target, number, lots, limit):
        self.until(instant)
        order = self.find(desk, target)
        if order is None:
            return Outcome.LATE, (), 0, 0, None, ()
        left = lots - order.filled
        if left <= 0:
            return self.cancel(instant=instant, desk=desk, target=target)
        if limit == order.price and left <= order.left and left % self.rules.lot == 0:
            order.number, order.left, order.filled = number, left, 0
            return Outcome.REPLACED, (), 0, left, None, ()
        reason = self.refusal(desk, order.contract, order.sign, left, limit, order.kind, without=order)
        if reason:
            return Outcome.REJECTED, (), 0, 0, reason, ()
        self.orders.remove(order)
        outcome, *rest = self.place(instant=instant, desk=desk, number=number, contract=order.contract,
                                    direction=order.sign, lots=left, limit=limit, kind=order.kind)  # fmt: skip
        return Outcome.REPLACED if outcome is Outcome.RESTING else outcome, *rest
