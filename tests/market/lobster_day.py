"""A day of a stock as LOBSTER tells it: a random order book, matched by price and time, and the two files of it.

As the vendor does, the files begin after orders have come to rest, and hold what happens within the requested levels
alone: what happens behind them happens unseen.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

TICK = 100
MIDDLE = 1_000_000
EMPTY = 9_999_999_999
DAY_NAME = "TEST_2012-06-21_34200000_57600000"
SUBMISSION, CANCELLATION, DELETION, EXECUTION, HIDDEN, CROSS, HALT = range(1, 8)

Level = tuple[int, int]
Message = tuple[int, int, int, int, int, int]


class Book:
    """Orders by side (+1 bids, -1 asks), price and time."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}
        self.last = 0

    def queue(self, side: int, price: int) -> list[int]:
        return [n for n, (its, at, _) in self.orders.items() if (its, at) == (side, price)]

    def levels(self, side: int) -> list[Level]:
        total: dict[int, int] = {}
        for its, price, size in self.orders.values():
            if its == side:
                total[price] = total.get(price, 0) + size
        return sorted(total.items(), key=lambda level: -side * level[0])

    def top(self, count: int) -> tuple[list[Level], list[Level]]:
        return self.levels(1)[:count], self.levels(-1)[:count]

    def submit(self, side: int, price: int, size: int) -> Iterator[Message]:
        """Executions of what it meets, in order of price and time, then what is left comes to rest."""
        for best, _ in self.levels(-side):
            if side * (price - best) < 0:
                break
            for order in self.queue(-side, best):
                part = min(size, self.orders[order][2])
                size -= part
                yield self._less(EXECUTION, order, part)
                if not size:
                    return
        self.last += 1
        self.orders[self.last] = [side, price, size]
        yield SUBMISSION, self.last, size, price, side, 0

    def cancel(self, order: int, size: int) -> Message:
        left = self.orders[order][2]
        return self._less(CANCELLATION if size < left else DELETION, order, min(size, left))

    def _less(self, kind: int, order: int, size: int) -> Message:
        side, price, left = self.orders[order]
        if size == left:
            del self.orders[order]
        else:
            self.orders[order][2] -= size
        return kind, order, size, price, side, 0


class Day:
    """``messages`` (time in ns first) and ``tops``, the book after each, as the files tell them."""

    def __init__(self, seed: int, *, count: int = 400, levels: int = 3, before: int = 30, spread: int = 6) -> None:
        self.levels, self.messages, self.tops = levels, [], []
        self._random = np.random.default_rng(seed)
        self._spread, self._time, self._halted = spread, 34_200 * 10**9, False
        self.book = Book()
        for _ in range(before):
            list(self._arrival())
        while len(self.messages) < count:
            self._happen()

    def _happen(self) -> None:
        draw = self._random.random()
        self._time += int(self._random.choice([0, 1, 1_000, 12_345_678]))
        if draw < 0.02:
            self._say(HALT, 0, 0, 1 if self._halted else -1, -1)
            self._halted = not self._halted
        elif draw < 0.05 and not self._halted:
            kind = HIDDEN if draw < 0.04 else CROSS
            self._say(kind, 0, int(self._random.integers(kind == HIDDEN, 50)), MIDDLE + 50, 1 if draw < 0.03 else -1)
        elif draw < 0.55 or not self.book.orders:
            self._witness(self._arrival())
        else:
            order = int(self._random.choice(list(self.book.orders)))
            self._witness(iter([self.book.cancel]), order, int(self._random.integers(1, 120)))

    def _arrival(self) -> Iterator[Message]:
        side = int(self._random.choice([1, -1]))
        deep = 40 if self._halted else int(self._random.geometric(1 / self._spread)) - 3
        return self.book.submit(side, MIDDLE - side * deep * TICK, 10 * int(self._random.integers(1, 20)))

    def _witness(self, steps: Iterator, *cancel: int) -> None:
        """Take steps one by one; say those that change what is in sight."""
        before = self.book.top(self.levels)
        for step in steps:
            kind, order, size, price, side, _ = step(*cancel) if cancel else step
            after = self.book.top(self.levels)
            if after != before:
                self._say(kind, order, size, price, side)
            before = after

    def _say(self, *fields: int) -> None:
        self.messages.append((self._time, *fields))
        self.tops.append(self.book.top(self.levels))

    def message_lines(self) -> list[str]:
        return [
            f"{time // 10**9}.{time % 10**9:09d},{kind},{order},{size},{price},{side}"
            for time, kind, order, size, price, side in self.messages
        ]

    def book_lines(self) -> list[str]:
        def cells(side: int, found: list[Level]) -> list[Level]:
            return found + [(-side * EMPTY, 0)] * (self.levels - len(found))

        lines = []
        for bids, asks in self.tops:
            pairs = zip(cells(-1, asks), cells(1, bids), strict=True)
            lines.append(",".join(f"{ask},{asked},{bid},{bidden}" for (ask, asked), (bid, bidden) in pairs))
        return lines

    def write(self, folder: Path) -> list[Path]:
        """The pair of files."""
        tables = {"message": self.message_lines(), "orderbook": self.book_lines()}
        paths = [folder / f"{DAY_NAME}_{table}_{self.levels}.csv" for table in tables]
        for path, lines in zip(paths, tables.values(), strict=True):
            path.write_text("\n".join(lines) + "\n")
        return paths
