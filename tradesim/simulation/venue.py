"""The exchange: it owns the true book and fills orders when they arrive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.tape import Tape
from tradesim.simulation.book import BUY, empty_book, replay, side_of
from tradesim.simulation.orders import AT_MARKET
from tradesim.units import micros

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Fees:
    """What the venue charges: ``taker`` in currency for each unit of the underlying in a contract."""

    taker: float = 0.0025

    def __post_init__(self) -> None:
        if not np.isfinite(self.taker):
            raise ArgumentError(f"Fees(taker={self.taker}): the fee must be a finite amount of currency")

    @property
    def taker_micros(self) -> int:
        """The taker's fee in micros a unit."""
        return micros(self.taker)


@dataclass(frozen=True, slots=True)
class Take:
    """Liquidity taken from the book: what every desk's feed tells it of a fill.

    ``after`` is the number of tape rows that the venue had applied when it happened.
    """

    instant: int
    after: int
    instrument: int
    side: int
    price: int
    lots: int


class Venue:
    """The true book of a tape, from which orders take."""

    def __init__(self, tape: Tape, rows: Ints) -> None:
        self._clock = tape.ts
        self._rows = rows
        self._book = empty_book(len(tape.chain) + 1)
        self._cursor = 0

    def execute(self, *, instant: int, contract: int, direction: int, lots: int, limit: int) -> Take | None:
        """Meet the book as of ``instant`` with an order; ``None`` where nothing is there at ``limit`` or better.

        What is not filled on arrival is cancelled.
        """
        self._cursor = replay(self._rows, self._clock, self._cursor, instant, self._book)
        side = side_of(direction)
        quote = self._book[contract + 1]
        price, left = int(quote[side]), int(quote[side + 2])
        if left == 0 or not _acceptable(price, direction, limit):
            return None
        taken = min(left, lots)
        quote[side + 2] -= taken
        return Take(instant=instant, after=self._cursor, instrument=contract + 1, side=side, price=price, lots=taken)


def _acceptable(price: int, direction: int, limit: int) -> bool:
    if limit == AT_MARKET:
        return True
    return price <= limit if direction == BUY else price >= limit
