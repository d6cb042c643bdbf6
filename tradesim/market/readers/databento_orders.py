"""The tape's rows of Databento's market by order (schema ``mbo``): the book is rebuilt from its orders.

| action | | on the tape |
| --- | --- | --- |
| ``A`` | an order joins | ``ADD``, behind all of its price |
| ``C`` | lots of an order leave; all where 0 are told | ``EXECUTE`` of those that were filled, ``REDUCE`` of the rest |
| ``M`` | an order has fewer lots, and keeps its place | the same |
| ``M`` | an order has more lots, another price or side | the same of all its lots, then ``ADD`` |
| ``F`` | an order was filled; its next ``C`` or ``M`` changes the book | says which of those lots are ``EXECUTE`` |
| ``T`` | a trade, by who came | ``TRADE`` of the lots that are not, by ``F``, those of orders in the book |
| ``R`` | the book is cleared | all orders leave, unless a snapshot follows |
| ``N`` | nothing | left out |

Whether ``M`` has more lots is asked after its fills: an iceberg's next tranche goes to the back also where it is no
greater than the last. An order that loses its place keeps its number. A modification of an order that is not in the
book is an order that joins.

A snapshot (``F_SNAPSHOT``), with or without ``R`` before it, states the whole book, each price in order of priority.
Orders that it leaves where they were keep their place, so that one in the midst of a tape moves no queue; the others
leave or join. Its ``ts_event`` are those of the orders' own histories, so its rows stand at its ``ts_recv``, or at the
next record's ``ts_event`` where that is earlier, and have no receive time. Elsewhere ``ts_event`` is the instant, never
before that of the record above, whose place in the file is the sequence of what happened.

The book is whole where a record ends an event (``F_LAST``): there the quote is taken, where the best has changed or
something was traded without an order of the book. In the call before an auction books are crossed, which breaks a rule
of the tape; where such rows are dropped the quote is missing until it is over.

What is trusted is the sequence of the file, which is that of the venue's messages; ``order_id``, by which a price and
lots are an order's; ``size``, which is what is left with ``A`` and ``M``, what leaves with ``C``, and what was traded
with ``F`` and ``T``; and the order's own side and price, not those of ``C`` and ``F``. A file that begins without a
snapshot lacks the orders from before: what happens to them is counted, and named in the tape's ``source``, and until
they are gone neither quotes nor queues are the venue's. Begin where the vendor's snapshot is: at midnight UTC. What the
book does not hold no record tells: an iceberg's hidden lots, and the orders implied by spreads.
"""

from array import array
from collections import Counter
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError
from tradesim.market.readers.dbn import MAYBE_BAD_BOOK, Dbn, publisher, told
from tradesim.market.readers.order_side import OrderSide
from tradesim.market.tape import ADD, EXECUTE, QUOTE, REDUCE, TRADE

LAST: Final = 128
"""The flag of a record that ends an event."""
TOP_OF_BOOK: Final = 64
SNAPSHOT: Final = 32
AGGREGATED: Final = 16
"""The flag of a record that is of a level, as ``TOP_OF_BOOK`` is of the best: neither is of an order."""

JOINS: Final = ("A", "M")
ACTIONS: Final = (*JOINS, "C", "F", "T", "R", "N")

BROKEN: Final = "orders and trades without a side, a price or lots"
NOTHING: Final = "records of no action"
UNKNOWN_CANCEL: Final = "cancellations of orders that are not in the book"
UNKNOWN_FILL: Final = "fills of orders that are not in the book"
UNAPPLIED: Final = "fills that no change of the book follows"
BAD: Final = "quotes of books that the vendor flags as bad"
UNENDED: Final = "events that the file does not end"

UNKNOWN_CHANGE: Final = "orders that a modification told first"
TWICE: Final = "orders added twice"
LATE: Final = "records set to the instant of the one above"
NOTES: Final = (UNKNOWN_CHANGE, TWICE, LATE)
"""What is counted and yet became rows."""
NAMED: Final = (*NOTES, UNKNOWN_CANCEL, UNKNOWN_FILL)
"""What a tape's ``source`` says, too: its book is not the venue's."""

_COLUMNS: Final = ("kind", "side", "price", "size", "order", "bid", "bid_size", "ask", "ask_size")


def check_orders(file: Dbn) -> None:
    """Raise :class:`~tradesim.errors.SourceError` where records of schema ``mbo`` are not actions on orders."""
    records = file.records
    levels = (records["flags"] & (TOP_OF_BOOK | AGGREGATED)) != 0
    if levels.any():
        raise SourceError(
            f"{file.where}: {publisher(int(records['publisher_id'][levels][0]))} has records of the best or of levels, "
            "and not of orders; give its mbp-1"
        )
    unknown = ~np.isin(records["action"], [action.encode() for action in ACTIONS])
    if unknown.any():
        row = int(unknown.argmax())
        raise SourceError(
            f"{file.where}, record {row + 1}: action is {records['action'][row]!r}; it must be one of "
            f"{', '.join(ACTIONS)}"
        )
    numbers = told(records["order_id"]).fill_null(0).to_numpy()
    unnumbered = np.isin(records["action"], [action.encode() for action in JOINS]) & (numbers == 0)
    if unnumbered.any():
        row = int(unnumbered.argmax())
        raise SourceError(
            f"{file.where}, record {row + 1}: order_id is {records['order_id'][row]}; it must be from 1 to 2^63 - 2"
        )


def order_rows(records: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
    """The tape's rows of orders, trades and quotes, and how many records were what, ``NOTES`` among it.

    ``records`` are in the order of their files, with columns ``ts received instrument action side price size order
    flags``: prices in micros, null where they are not told, and side as on the tape.
    """
    instants = _instants(records)
    late = (instants["ts"] > records["ts"]) & (records["flags"] & SNAPSHOT == 0)
    trades, joins = pl.col.action == "T", pl.col.action.is_in(JOINS)
    nothing = ((pl.col.size == 0) & (trades | (pl.col.action == "A"))) | pl.col.size.is_null()
    broken = (joins & (pl.col.side == 0)) | ((joins | trades) & (pl.col.price.is_null() | nothing))
    found = Counter({LATE: int(late.sum()), NOTHING: int((records["action"] == "N").sum())})
    found[BROKEN] = int(records.select(broken.sum()).item())
    actions = records.with_columns(pl.when(broken).then(pl.lit("N")).otherwise("action").alias("action"))
    books: dict[int, _Book] = {}
    rows = array("q")
    columns = ("instrument", "action", "side", "price", "size", "order", "flags")
    for record, (instrument, *said) in enumerate(actions.select(pl.col(columns).fill_null(0)).iter_rows()):
        if instrument not in books:
            books[instrument] = _Book(rows, found)
        books[instrument].apply(record, *said)
    for book in books.values():
        book.close()
    return _table(np.frombuffer(rows, dtype=np.int64).reshape(-1, 1 + len(_COLUMNS)), instants), +found


def _instants(records: pl.DataFrame) -> pl.DataFrame:
    """``ts received instrument`` of the rows of each record."""
    snapshot = pl.col.flags & SNAPSHOT != 0
    following = pl.when(~snapshot).then("ts").backward_fill().over("instrument")
    ts = pl.when(snapshot).then(pl.min_horizontal("received", following)).otherwise("ts")
    return records.select(
        ts.cum_max().over("instrument").alias("ts"),
        pl.when(~snapshot).then("received").alias("received"),
        "instrument",
    )


def _table(rows: NDArray[np.int64], instants: pl.DataFrame) -> pl.DataFrame:
    table = pl.DataFrame(rows[:, 1:], schema=_COLUMNS).with_columns(pl.col("kind", "side").cast(pl.Int8))
    return pl.concat([instants[rows[:, 0]], table], how="horizontal").with_columns(
        pl.when(pl.col(size) != 0).then(pl.col(column)).alias(column)
        for column, size in (("price", "size"), ("bid", "bid_size"), ("ask", "ask_size"))
    )


class _Book:
    """The orders of one instrument, and the tape's rows of how they came about; prices are micros."""

    def __init__(self, rows: "array[int]", found: Counter[str]) -> None:
        self._rows = rows
        self._found = found
        self._sides = {1: OrderSide(), -1: OrderSide()}
        self._where: dict[int, tuple[int, int]] = {}
        """Side and price of each order."""
        self._filled: Counter[int] = Counter()
        """Lots of an order that were traded since its last change of the book."""
        self._stated: dict[int, tuple[int, int, int]] | None = None
        """Side, price and lots of each order of a snapshot that is being told; None where none is."""
        self._trades: list[tuple[int, int, int]] = []
        """Side, price and lots of the event's trades."""
        self._executed: Counter[int] = Counter()
        """Lots of the event's fills of orders in the book, by price."""
        self._quote: tuple[int, ...] | None = None
        self._bad = False
        self._record = -1
        self._flags, self._action = LAST, "N"

    def apply(self, record: int, action: str, side: int, price: int, lots: int, order: int, flags: int) -> None:
        """What a record says happens; its event ends with it where its ``flags`` say so."""
        states = bool(flags & SNAPSHOT) and action == "A"
        begins = states and not self._flags & SNAPSHOT and self._action != "R"
        if self._stated is not None and not states:
            self._settle()
        self._record = record
        if action == "R" or begins:
            self._stated = {}
        match action:
            case "A" if self._stated is not None:
                self._stated[order] = side, price, lots
            case "A":
                self._add(order, side, price, lots)
            case "C":
                self._cancel(order, lots)
            case "M":
                self._modify(order, side, price, lots)
            case "F":
                self._fill(order, price, lots)
            case "T":
                self._trades.append((side, price, lots))
        self._bad |= bool(flags & MAYBE_BAD_BOOK)
        self._flags, self._action = flags, action
        if flags & LAST:
            self._end()

    def close(self) -> None:
        """The file has no more records of the instrument."""
        if not self._flags & LAST:
            self._found[UNENDED] += 1
            self._settle()
            self._tell_trades()
        self._found[UNAPPLIED] += sum(1 for lots in self._filled.values() if lots)

    def _add(self, order: int, side: int, price: int, lots: int) -> None:
        if order in self._where:
            self._found[TWICE] += 1
            self._take(order, self._lots(order))
        self._join(order, side, price, lots)

    def _cancel(self, order: int, lots: int) -> None:
        if order not in self._where:
            self._found[UNKNOWN_CANCEL] += 1
            return
        rest = self._lots(order)
        self._take(order, min(lots or rest, rest))

    def _modify(self, order: int, side: int, price: int, lots: int) -> None:
        if order not in self._where:
            self._found[UNKNOWN_CHANGE] += 1
            self._join(order, side, price, lots)
            return
        rest = self._lots(order)
        keeps = (side, price) == self._where[order] and lots <= rest - self._filled[order]
        self._take(order, rest - lots if keeps else rest)
        self._filled.pop(order, None)
        if not keeps:
            self._join(order, side, price, lots)

    def _fill(self, order: int, price: int, lots: int) -> None:
        if order not in self._where:
            self._found[UNKNOWN_FILL] += 1
            return
        self._executed[price] += max(min(lots, self._lots(order) - self._filled[order]), 0)
        self._filled[order] += lots

    def _settle(self) -> None:
        """Make the book that of the snapshot which was told, or empty where none was; who stays keeps his place."""
        if self._stated is None:
            return
        places = set(self._where.values())
        queues = {(side, price): iter(tuple(self._sides[side].orders(-side * price))) for side, price in places}
        kept = set()
        for order, (side, price, lots) in self._stated.items():
            queue = queues.get((side, price), iter(()))
            if order in queue and lots <= self._lots(order):
                kept.add(order)
            else:
                queues[side, price] = iter(())
        for order in list(self._where):
            self._take(order, self._lots(order) - (self._stated[order][2] if order in kept else 0))
        for order, (side, price, lots) in self._stated.items():
            if order not in kept:
                self._join(order, side, price, lots)
        self._stated = None

    def _end(self) -> None:
        """The book is whole: tell the event's trades, and the quote."""
        self._settle()
        traded = self._tell_trades()
        quote = (0, 0, 0, 0) if self._bad else (*self._best(1), *self._best(-1))
        self._found[BAD] += self._bad
        if traded or quote != self._quote:
            self._rows.extend((self._record, QUOTE, 0, 0, 0, 0, *quote))
        self._quote, self._bad = quote, False

    def _tell_trades(self) -> bool:
        """Whether lots were traded that no order of the book had."""
        if not self._trades:
            self._executed.clear()
            return False
        rests = []
        for _, price, lots in self._trades:
            rests.append(max(lots - self._executed[price], 0))
            self._executed[price] -= lots - rests[-1]
        elsewhere, told = self._executed.total(), False
        for (side, price, _), rest in zip(self._trades, rests, strict=True):
            part = min(rest, elsewhere)
            elsewhere -= part
            if rest > part:
                self._tell(TRADE, side, price, rest - part, 0)
                told = True
        self._trades.clear()
        self._executed.clear()
        return told

    def _best(self, side: int) -> tuple[int, int]:
        distance = self._sides[side].best()
        return (0, 0) if distance is None else (-side * distance, self._sides[side].total[distance])

    def _lots(self, order: int) -> int:
        side, price = self._where[order]
        return self._sides[side].lots(-side * price, order)

    def _join(self, order: int, side: int, price: int, lots: int) -> None:
        if lots:
            self._sides[side].add(-side * price, order, lots)
            self._where[order] = side, price
            self._tell(ADD, side, price, lots, order)

    def _take(self, order: int, lots: int) -> None:
        """Lots of an order leave: first those that it was filled with."""
        side, price = self._where[order]
        self._sides[side].take(-side * price, order, lots)
        executed = min(self._filled[order], lots)
        self._filled[order] -= executed
        for kind, part in ((EXECUTE, executed), (REDUCE, lots - executed)):
            if part:
                self._tell(kind, side, price, part, order)
        if not self._lots(order):
            del self._where[order], self._filled[order]

    def _tell(self, kind: int, side: int, price: int, lots: int, order: int) -> None:
        self._rows.extend((self._record, kind, side, price, lots, order, 0, 0, 0, 0))
