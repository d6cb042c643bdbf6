"""The rule of a market maker: quotes around the theoretical value, moved when the theory moves."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.book import ASK, ASK_LEFT, BID, BID_LEFT, BUY, SELL
from tradesim.simulation.orders import Kind
from tradesim.simulation.screen import LEFT, NOTHING, NUMBER, PRICE, STATE, WORKING, Screen
from tradesim.simulation.ticks import rounded_down, rounded_up, ticks_above, ticks_below
from tradesim.units import MICROS, micros

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_POST: Final = int(Kind.POST_ONLY)
_CANCEL: Final = int(Kind.CANCEL)
_REPLACE: Final = int(Kind.REPLACE)


@dataclass(frozen=True, kw_only=True)
class MakeRule:
    """Quote both sides of each contract, post-only, at a distance from the theoretical value.

    The bid stands at ``value - skew x position - half`` or lower, the ask at ``value - skew x position + half`` or
    higher, rounded away from it to a price that exists; ``half`` is the larger of ``half_spread`` and ``share`` of the
    value. A side whose wanted price is ``tolerance`` ticks or more from where it stands is replaced; one that is not
    wanted (no value, position at its cap) is pulled.

    ``half_spread skew`` currency a unit, the skew for each lot held; ``share`` of the value
    ``lots``     of a quote; ``cap`` lots, the largest position in a contract, long or short
    ``improve``  ticks by which it may better the best quote of others; it never crosses the other side
    """

    half_spread: float = 0.0075
    share: float = 0.002
    skew: float = 0.0005
    lots: int = 5
    cap: int = 50
    improve: int = 1
    tolerance: int = 1

    def __post_init__(self) -> None:
        for name in ("half_spread", "share", "skew"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1e6:
                raise ArgumentError(f"MakeRule({name}={value}): it must be a number from 0 to a million")
        for name, least in (("lots", 1), ("cap", 1), ("improve", 0), ("tolerance", 1)):
            if not least <= getattr(self, name) <= 10**9:
                raise ArgumentError(f"MakeRule({name}={getattr(self, name)}): it must be at least {least}")

    def decide(self, screen: Screen) -> Ints:
        """See :class:`~tradesim.simulation.strategy.Rule`."""
        return _make(
            screen.book,
            screen.theo,
            screen.position,
            screen.working,
            screen.grid,
            micros(self.half_spread),
            self.share,
            micros(self.skew),
            self.lots,
            self.cap,
            self.improve,
            self.tolerance,
        )


@njit(cache=True)
def _make(
    book: Ints,
    theo: Floats,
    position: Ints,
    working: Ints,
    grid: Ints,
    half_spread: int,
    share: float,
    skew: int,
    size: int,
    cap: int,
    improve: int,
    tolerance: int,
) -> Ints:
    requests = np.empty((2 * len(theo), 6), dtype=np.int64)
    count = 0
    for contract in range(len(theo)):
        value = theo[contract] * MICROS
        half = max(half_spread, share * value)
        centre = value - skew * position[contract]
        for side in range(2):
            direction = BUY if side == 0 else SELL
            slot = working[contract, side]
            if slot[STATE] != NOTHING and slot[STATE] != WORKING:
                continue
            lots = min(size, cap - direction * position[contract])
            price = 0
            if not np.isnan(value) and lots > 0:
                price = _wanted(book[contract + 1], direction, centre - direction * half, grid, improve)
            request = requests[count]
            request[0], request[1], request[2], request[3], request[5] = contract, direction, lots, price, slot[NUMBER]
            if slot[STATE] == NOTHING:
                if price <= 0:
                    continue
                request[4], request[5] = _POST, -1
            elif price <= 0:
                request[2], request[3], request[4] = 0, 0, _CANCEL
            elif _is_far(price, slot[PRICE], tolerance, grid) or slot[LEFT] > lots:
                request[4] = _REPLACE
            else:
                continue
            count += 1
    return requests[:count]


@njit(cache=True)
def _is_far(price: int, standing: int, tolerance: int, grid: Ints) -> bool:
    return price >= ticks_above(standing, tolerance, grid) or price <= ticks_below(standing, tolerance, grid)


@njit(cache=True)
def _wanted(quote: Ints, direction: int, theory: float, grid: Ints, improve: int) -> int:
    """The price of a quote, micros, 0 where there is none: as theory has it, in the bounds that others' quotes set."""
    if direction == BUY:
        if quote[BID_LEFT] > 0:
            theory = min(theory, ticks_above(quote[BID], improve, grid))
        if quote[ASK_LEFT] > 0:
            theory = min(theory, ticks_below(quote[ASK], 1, grid))
        return max(rounded_down(theory, grid), 0)
    if quote[ASK_LEFT] > 0:
        theory = max(theory, ticks_below(quote[ASK], improve, grid))
    if quote[BID_LEFT] > 0:
        theory = max(theory, ticks_above(quote[BID], 1, grid))
    return max(rounded_up(theory, grid), 0)
