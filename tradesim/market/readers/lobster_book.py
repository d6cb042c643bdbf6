"""What LOBSTER's messages and order books say together: every order that rests, and where the messages are silent.

Messages tell of orders within the requested levels, from the first line on. So a book of theirs alone lacks the orders
that rested before, those that came while their price was beyond the levels, and keeps those that went meanwhile. The
order book file tells the size of each level while it is in sight. Whatever comes into sight, at the first line or
later, is made equal to it:

- Lots that no message has told of are one order more, behind those known, with a number above all of the file's.
- Lots too many are taken from the back, for where they left the queue is not known: who waits behind others has not
  moved up.

A message about an order that was not submitted in the file takes its lots from the front of its level, where the
unseen orders are. In a sound pair a level in sight changes by its messages alone. Where it does not, the order book
stands and the difference is counted; a pair with more than one in :data:`TOLERANCE` is refused.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError
from tradesim.market.readers.order_side import OrderSide
from tradesim.market.readers.text import LINE
from tradesim.market.tape import ADD, REDUCE

EMPTY: Final = 9_999_999_999
"""The price, up to its sign, of a level that is empty."""

TOLERANCE: Final = 100
"""One line in so many may disagree with its order book."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Messages:
    """One number a message: ``kind`` as on the tape, or -1 where it is not about the book; prices as in the file."""

    kind: Integers
    order: Integers
    size: Integers
    price: Integers
    side: Integers


@dataclass(frozen=True, kw_only=True)
class Books:
    """The book after each message: prices as in the file and sizes, int64[messages, levels], the best first."""

    ask: Integers
    ask_size: Integers
    bid: Integers
    bid_size: Integers


class _Sight:
    """What the order book file shows of one side, by ``distance``: the price, negated for bids."""

    def __init__(self, price: Integers, size: Integers, side: int) -> None:
        self.distance = -side * price
        self.size = size
        self.end: list[int] = self.distance[:, -1].tolist()
        """The farthest distance in sight after each message: beyond it the file is silent."""

    def levels(self, row: int) -> dict[int, int]:
        """Lots by distance after a message."""
        shown = zip(self.distance[row].tolist(), self.size[row].tolist(), strict=True)
        return {distance: lots for distance, lots in shown if lots}


class _Book:
    """Both sides, and the tape's rows of how they came about."""

    def __init__(self, *, unseen: int) -> None:
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        self.sides = {1: OrderSide(), -1: OrderSide()}
        self._unseen = unseen

    def add(self, line: int, side: int, distance: int, order: int, lots: int) -> None:
        """An order joins."""
        self.sides[side].add(distance, order, lots)
        self._tell(line, ADD, side, distance, [(order, lots)])

    def take(self, line: int, kind: int, side: int, distance: int, order: int, lots: int) -> bool:
        """Lots of an order leave; whether its level had too few, and more had to come first."""
        short = self.sides[side].total[distance] < lots and self.fill(line, side, distance, lots)
        self._tell(line, kind, side, distance, self.sides[side].take(distance, order, lots))
        return short

    def fill(self, line: int, side: int, distance: int, lots: int) -> bool:
        """Make the lots at a level ``lots``; whether they were others."""
        more = lots - self.sides[side].total[distance]
        if more > 0:
            self._unseen += 1
            self.add(line, side, distance, self._unseen, more)
        elif more < 0:
            self._tell(line, REDUCE, side, distance, self.sides[side].take_back(distance, -more))
        return more != 0

    def reveal(self, line: int, side: int, levels: dict[int, int], nearer: int, farther: int) -> None:
        """Make all levels in (nearer, farther] those that come into sight there."""
        shown = {distance for distance in levels if nearer < distance <= farther}
        for distance in sorted(shown.union(self.sides[side].within(nearer, farther))):
            self.fill(line, side, distance, levels.get(distance, 0))

    def _tell(self, line: int, kind: int, side: int, distance: int, parts: list[tuple[int, int]]) -> None:
        self.rows += [(line, kind, side, -side * distance, lots, order) for order, lots in parts]


def order_rows(messages: Messages, books: Books, where: str) -> tuple[pl.DataFrame, int]:
    """The tape's rows of orders by ``line``, prices as in the file, and how many lines the order book set right.

    Raises :class:`~tradesim.errors.SourceError` for messages and books that are no pair.
    """
    sights = {1: _Sight(books.bid, books.bid_size, 1), -1: _Sight(books.ask, books.ask_size, -1)}
    book = _Book(unseen=int(messages.order.max(initial=0)))
    shown = _shown(messages, sights)
    _begin(book, sights, messages)
    mended: list[int] = []
    columns = (messages.kind, messages.side, -messages.side * messages.price, messages.order, messages.size, shown)
    for row, (kind, side, distance, order, lots, left) in enumerate(zip(*map(_list, columns), strict=True)):
        line, wrong = row + 1, False
        if kind == ADD:
            book.add(line, side, distance, order, lots)
        elif kind >= 0:
            wrong = book.take(line, kind, side, distance, order, lots)
        if left >= 0:
            wrong |= book.fill(line, side, distance, left)
        if wrong:
            mended.append(line)
        for either, sight in sights.items():
            if row and sight.end[row] > sight.end[row - 1]:
                book.reveal(line, either, sight.levels(row), sight.end[row - 1], sight.end[row])
    if len(mended) * TOLERANCE > len(shown):
        raise SourceError(
            f"{where}, line {mended[0]}: the level of the message has another size than the messages leave there, and "
            f"so on {len(mended)} of {len(shown)} lines; give the order book of the same messages"
        )
    schema = {LINE: pl.UInt32(), "kind": pl.Int8(), "side": pl.Int8(), "price": pl.Int64()}
    schema |= {"size": pl.Int64(), "order": pl.Int64()}
    return pl.DataFrame(book.rows, schema=schema, orient="row"), len(mended)


def _begin(book: _Book, sights: dict[int, _Sight], messages: Messages) -> None:
    """Fill the book with what rested before the first message: the first line of the file, less that message."""
    for side, sight in sights.items():
        levels = sight.levels(0)
        if messages.side[0] == side and messages.kind[0] >= 0:
            distance, lots = -side * int(messages.price[0]), int(messages.size[0])
            levels[distance] = max(levels.get(distance, 0) + (-lots if messages.kind[0] == ADD else lots), 0)
        book.reveal(1, side, levels, -EMPTY, EMPTY)


def _shown(messages: Messages, sights: dict[int, _Sight]) -> Integers:
    """The lots that the file shows at each message's level after it; -1 where the level is not in sight all along."""
    shown = np.full(len(messages.kind), -1, dtype=np.int64)
    for side, sight in sights.items():
        distance = -side * messages.price
        lots = np.where(sight.distance == distance[:, None], sight.size, 0).sum(axis=1)
        end = np.array(sight.end)
        in_sight = distance <= np.minimum(end, np.append(EMPTY, end[:-1]))
        shown = np.where((messages.side == side) & (messages.kind >= 0) & in_sight, lots, shown)
    return shown


def _list(column: Integers) -> list[int]:
    numbers: list[int] = column.tolist()
    return numbers
