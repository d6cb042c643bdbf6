"""An exchange of random orders, in order of price, then time, and the records of market by order that tell of it."""

import random
from dataclasses import dataclass, field

from dbn_files import STOCK, mbo

LAST, SNAPSHOT = 128, 32
TICK = 0.25
DEEDS = {
    "add": 40, "cancel": 25, "modify": 14, "market": 14, "hidden": 2, "nothing": 1, "again": 1, "unknown": 1,
    "clear": 0.4, "snapshot": 0.7,
}  # fmt: skip


@dataclass
class Order:
    """Lots shown, and those that an iceberg keeps back; ``came`` counts arrivals at a queue."""

    number: int
    lots: int
    came: int
    tranche: int = 0
    hidden: int = 0


@dataclass
class Event:
    """What is true after it: queues by side and price, front first, and what was traded in it, by who rested.

    ``hidden``: with none of the orders. ``records``: how many there are so far.
    """

    at: int
    came: int
    queues: dict[tuple[str, int], list[tuple[int, int, int]]]
    traded: list[tuple[str, int, int]]
    hidden: bool
    records: int

    def best(self, side):
        """Price and lots; None where the side is empty."""
        prices = [price for its, price in self.queues if its == side]
        if not prices:
            return None
        price = max(prices) if side == "B" else min(prices)
        return price, sum(lots for _, lots, _ in self.queues[side, price])

    def ahead(self, side, price, came):
        """Lots at a price that came to their queue before."""
        return sum(lots for _, lots, its in self.queues.get((side, price), ()) if its <= came)


@dataclass
class Exchange:
    """``records`` and ``events`` of a seed, from an empty book or, ``seeded``, from a snapshot."""

    seed: int
    count: int = 100
    seeded: bool = False
    number: int = STOCK
    records: list = field(default_factory=list, repr=False)
    events: list[Event] = field(default_factory=list, repr=False)

    def __post_init__(self):
        self.dice = random.Random(self.seed)
        self.queues: dict[tuple[str, int], list[Order]] = {}
        self.at = self.came = self.orders = 0
        self.traded, self.unseen = [], False
        if self.seeded:
            for _ in range(12):
                self.add()
            self.records.clear()
            self.at = 10
            self.snapshot()
            self.close()
        for _ in range(self.count):
            self.at += self.dice.choice([0, 1, 1, 7])
            self.step()

    def step(self):
        self.traded, self.unseen = [], False
        deed = self.dice.choices(list(DEEDS), list(DEEDS.values()))[0]
        before = len(self.records)
        getattr(self, deed)()
        if len(self.records) == before:
            self.add()
        self.close()

    def close(self):
        """The event ends with its last record."""
        self.records[-1].flags = int(self.records[-1].flags) | LAST
        queues = {
            place: [(order.number, order.lots, order.came) for order in queue] for place, queue in self.queues.items()
        }
        self.events.append(Event(self.at, self.came, queues, self.traded, self.unseen, len(self.records)))

    def tell(self, action, side="N", price=None, size=0, order=0, **fields):
        price = None if price is None else price * TICK
        self.records.append(mbo(self.at, action, side, price, size, order, number=self.number, **fields))

    def best(self, side):
        prices = [price for its, price in self.queues if its == side]
        return (max(prices) if side == "B" else min(prices)) if prices else None

    def price(self, side):
        """A price that does not cross."""
        other = self.best("A" if side == "B" else "B")
        sign = 1 if side == "B" else -1
        mid = 400 if other is None else other - sign
        return (self.best(side) if self.best(side) is not None and self.dice.random() < 0.5 else mid) - sign * max(
            self.dice.randint(-2, 3), 0
        )

    def join(self, side, price, order):
        self.came += 1
        order.came = self.came
        self.queues.setdefault((side, price), []).append(order)

    def leave(self, side, price, order):
        self.queues[side, price].remove(order)
        if not self.queues[side, price]:
            del self.queues[side, price]

    def pick(self):
        """Side, price and an order of a random queue; None of an empty book."""
        if not self.queues:
            return None
        side, price = self.dice.choice(sorted(self.queues))
        return side, price, self.dice.choice(self.queues[side, price])

    def add(self):
        side, lots = self.dice.choice("BA"), self.dice.randint(1, 9)
        price, hidden = self.price(side), self.dice.choice([0, 0, 0, 11])
        self.orders += 1
        self.join(side, price, Order(self.orders, lots, 0, tranche=lots, hidden=hidden))
        self.tell("A", side, price, lots, self.orders)

    def cancel(self):
        found = self.pick()
        if found:
            side, price, order = found
            lots = self.dice.choice([order.lots, self.dice.randint(1, order.lots)])
            self.tell("C", side, price, lots, order.number)
            order.lots -= lots
            if not order.lots:
                self.leave(side, price, order)

    def modify(self):
        found = self.pick()
        if found:
            side, price, order = found
            lots, other = order.lots + self.dice.randint(-4, 4), self.dice.choice([price, price, self.price(side)])
            loses, order.lots = other != price or lots > order.lots, max(lots, 1)
            if loses:
                self.leave(side, price, order)
                price = other
                self.join(side, price, order)
            self.tell("M", side, price, order.lots, order.number)

    def market(self):
        """Somebody takes what rests: trades by price, their fills, and what becomes of the orders."""
        came = self.dice.choice("BA")
        side, left = ("A" if came == "B" else "B"), self.dice.randint(1, 25)
        changes = []
        while left and (price := self.best(side)) is not None:
            fills, shown, touched = [], {}, []
            while left and (side, price) in self.queues:
                order = self.queues[side, price][0]
                if order.number not in shown:
                    shown[order.number] = order.lots
                    touched.append(order)
                lots = min(left, order.lots)
                left, order.lots = left - lots, order.lots - lots
                fills.append((order.number, lots))
                if not order.lots:
                    self.leave(side, price, order)
                    order.lots = min(order.tranche, order.hidden)
                    order.hidden -= order.lots
                    if order.lots:
                        self.join(side, price, order)
            self.tell("T", came, price, sum(lots for _, lots in fills))
            self.traded.append((side, price, sum(lots for _, lots in fills)))
            for number, lots in self.dice.sample(fills, len(fills)):
                self.tell("F", side, price, lots, number)
            for order in sorted(touched, key=lambda order: order.came):
                action, lots = ("M", order.lots) if order.lots else ("C", shown[order.number])
                changes.append((action, side, price, lots, order.number))
        for change in changes:
            self.tell(*change)

    def hidden(self):
        """A trade with none of the orders, as an implied one: at the best, and who came is not told."""
        price = self.best("B")
        if price is not None:
            lots, self.unseen = self.dice.randint(1, 5), True
            self.tell("T", "N", price, lots)
            self.traded.append(("B", price, lots))

    def nothing(self):
        self.tell("N")

    def again(self):
        """The number of an order is given to another."""
        found = self.pick()
        if found:
            side, price, order = found
            self.leave(side, price, order)
            other = self.price(side)
            self.join(side, other, Order(order.number, 3, 0))
            self.tell("A", side, other, 3, order.number)

    def unknown(self):
        """Changes of orders that nothing told of: one to leave, one to be filled, and one that is then known."""
        self.tell("C", "B", 390, 4, 10**12)
        self.tell("F", "B", 390, 4, 10**12)
        price = self.price("B")
        self.orders += 1
        self.join("B", price, Order(self.orders, 2, 0))
        self.tell("M", "B", price, 2, self.orders)

    def clear(self):
        self.queues.clear()
        self.tell("R")

    def snapshot(self):
        """The whole book, in most cases after a clear."""
        flags = SNAPSHOT | 8
        if not self.records or int(self.records[-1].flags) & SNAPSHOT or self.dice.random() < 0.5:
            self.tell("R", flags=self.dice.choice([0, flags]), recv=self.at)
        for side, price in sorted(self.queues):
            for order in self.queues[side, price]:
                self.tell("A", side, price, order.lots, order.number, flags=flags, recv=self.at)
                self.records[-1].ts_event -= 3_600_000_000_000
