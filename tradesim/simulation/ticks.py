"""The prices that exist at a venue: multiples of a tick, which may be another from a price on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.units import micros

Ints = NDArray[np.int64]

LARGEST: Final = 1e6
"""Currency: no tick is larger."""


@dataclass(frozen=True, kw_only=True)
class TickTable:
    """A tick for each level of price.

    ``levels``  (from, tick) pairs in currency, lowest first: a price that is ``from`` or more, and below the next
                level, is a multiple of ``tick``. The first level is from 0, and each other one begins at a price that
                exists below it too.

    >>> TickTable(levels=((0.0, 0.05), (3.0, 0.10))).grid.tolist()
    [[0, 50000], [3000000, 100000]]
    """

    levels: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        numbers = np.array(self.levels, dtype=np.float64).ravel()
        if not (len(numbers) and ((numbers >= 0.0) & (numbers <= LARGEST)).all() and self.levels[0][0] == 0.0):
            raise ArgumentError(
                f"ticks {self}: they are amounts of currency, at most {LARGEST:,.0f}, and the first of them is from 0"
            )
        begin, tick = self.grid.T
        if (tick < 1).any() or (np.diff(begin) <= 0).any():
            raise ArgumentError(f"ticks {self}: a tick is a micro or more, and levels rise; write 0.05,0.10@3")
        if (begin % tick).any() or (begin[1:] % tick[:-1]).any():
            raise ArgumentError(
                f"ticks {self}: a level begins at a multiple of its own tick and of the one below; write 0.05,0.10@3"
            )

    @property
    def grid(self) -> Ints:
        """int64[levels, 2], from and tick in micros."""
        return np.array([(micros(begin), micros(tick)) for begin, tick in self.levels], dtype=np.int64)

    def __str__(self) -> str:
        return ",".join(f"{tick:g}" if not begin else f"{tick:g}@{begin:g}" for begin, tick in self.levels)


def parse_ticks(text: str) -> float | TickTable:
    """The tick that ``text`` states, or the table: ``0.05,0.10@3`` is 0.05 below 3.00 and 0.10 from 3.00 on.

    >>> parse_ticks("0.01"), str(parse_ticks("0.05,0.10@3"))
    (0.01, '0.05,0.1@3')
    """
    stated = [each.partition("@") for each in text.split(",")]
    try:
        levels = tuple((float(begin) if at else 0.0, float(tick)) for tick, at, begin in stated)
    except ValueError:
        raise ArgumentError(
            f"tick {text!r}: it is an amount of currency, or several, all but the first with the price from which it "
            "holds; write 0.05 or 0.05,0.10@3"
        ) from None
    return levels[0][1] if len(levels) == 1 and not levels[0][0] else TickTable(levels=levels)


def one_tick(tick: int) -> Ints:
    """The grid, int64[1, 2], of one tick in micros at all prices."""
    return np.array([[0, tick]], dtype=np.int64)


@njit(cache=True)
def tick_at(price: float, grid: Ints) -> int:
    """The tick, micros, of a price in micros."""
    level = 0
    while level + 1 < len(grid) and price >= grid[level + 1, 0]:
        level += 1
    return int(grid[level, 1])


@njit(cache=True)
def rounded_down(price: float, grid: Ints) -> int:
    """The highest price that exists at or below ``price``, micros."""
    tick = tick_at(price, grid)
    return int(np.floor(price / tick)) * tick


@njit(cache=True)
def rounded_up(price: float, grid: Ints) -> int:
    """The lowest price that exists at or above ``price``, micros."""
    tick = tick_at(price, grid)
    return int(np.ceil(price / tick)) * tick


@njit(cache=True)
def ticks_above(price: int, count: int, grid: Ints) -> int:
    """The price ``count`` ticks above ``price``, micros; the way to a level's end counts in its own ticks."""
    for level in range(len(grid) - 1):
        end, tick = grid[level + 1, 0], grid[level, 1]
        if price < end:
            room = -((price - end) // tick)
            if count < room:
                return int(price + count * tick)
            count -= room
            price = end
    return int(price + count * grid[-1, 1])


@njit(cache=True)
def ticks_below(price: int, count: int, grid: Ints) -> int:
    """The price ``count`` ticks below ``price``, micros; the way to a level's beginning counts in its own ticks."""
    for level in range(len(grid) - 1, 0, -1):
        begin, tick = grid[level, 0], grid[level, 1]
        if price > begin:
            room = -((begin - price) // tick)
            if count < room:
                return int(price - count * tick)
            count -= room
            price = begin
    return int(price - count * grid[0, 1])
