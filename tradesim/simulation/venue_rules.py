"""What the venue holds orders to, and what it charges."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.tape import QUOTE, UNDERLYING, Tape
from tradesim.simulation.queueing import QueueModel, RiskAverse
from tradesim.simulation.ticks import LARGEST, Ints, TickTable, one_tick
from tradesim.units import MICROS, micros


@dataclass(frozen=True, kw_only=True)
class Fees:
    """What the venue charges, in currency for each unit of the underlying; a negative fee is a rebate.

    ``taker`` who takes, ``maker`` whose resting order is taken, ``underlying`` who trades the underlying.
    """

    taker: float = 0.0025
    maker: float = 0.0
    underlying: float = 0.0

    def __post_init__(self) -> None:
        for name in ("taker", "maker", "underlying"):
            if not np.isfinite(getattr(self, name)):
                raise ArgumentError(f"Fees({name}={getattr(self, name)}): the fee must be a finite amount of currency")

    @property
    def taker_micros(self) -> int:
        """The taker's fee in micros a unit."""
        return micros(self.taker)

    @property
    def maker_micros(self) -> int:
        """The maker's fee in micros a unit."""
        return micros(self.maker)

    @property
    def underlying_micros(self) -> int:
        """The fee of the underlying in micros a unit."""
        return micros(self.underlying)


class SelfTrade(StrEnum):
    """What happens where an order would meet another of its own desk."""

    CANCEL_INCOMING = "cancel-incoming"
    """What is left of the order that arrives is cancelled."""
    CANCEL_RESTING = "cancel-resting"
    """The order that stands is cancelled, and the one that arrives goes on."""


@dataclass(frozen=True, kw_only=True)
class VenueRules:
    """What an order must keep, or the venue refuses it.

    ``tick``           the grid of option prices, currency, or a :class:`~tradesim.simulation.ticks.TickTable` where it
    depends on the price; None: no price is refused, and rules quote on the coarsest grid on which all of the tape's
    quotes lie (:func:`option_grid`)
    ``underlying_tick`` the same of the underlying, one number
    ``lot``            lots of an order for options are a multiple of it
    ``position_limit`` lots of a contract that a desk may come to hold, its orders counted as filled; None: any
    ``self_trade``     what happens where an order would meet its own desk's
    ``queue``          how resting orders advance where the tape is no order feed
    """

    tick: float | TickTable | None = None
    underlying_tick: float | None = None
    lot: int = 1
    position_limit: int | None = None
    self_trade: SelfTrade = SelfTrade.CANCEL_INCOMING
    queue: QueueModel = field(default_factory=RiskAverse)

    def __post_init__(self) -> None:
        for name in ("tick", "underlying_tick"):
            value = getattr(self, name)
            if isinstance(value, TickTable | None):
                continue
            if not (np.isfinite(value) and micros(value) >= 1):
                raise ArgumentError(f"VenueRules({name}={value}): a tick is an amount of currency of a micro or more")
            if value > LARGEST:
                raise ArgumentError(f"VenueRules({name}={value:g}): a tick is at most {LARGEST:,.0f}, in currency")
        if self.lot < 1:
            raise ArgumentError(f"VenueRules(lot={self.lot}): it must be at least 1")
        if self.position_limit is not None and self.position_limit < 1:
            raise ArgumentError(f"VenueRules(position_limit={self.position_limit}): it must be at least 1 lot, or None")

    @property
    def enforced_ticks(self) -> tuple[Ints, Ints]:
        """The grids off which a limit of the underlying, or of an option, is refused; of one micro where none is."""
        return _grid(self.underlying_tick or MICRO), _grid(self.tick or MICRO)

    def ticks(self, tape: Tape) -> tuple[Ints, Ints]:
        """The grids on which rules quote the underlying and the options."""
        return (
            _grid(self.underlying_tick) if self.underlying_tick is not None else one_tick(grid_of(tape)),
            _grid(self.tick) if self.tick is not None else option_grid(tape),
        )


MICRO: Final = 1 / MICROS
LISTED: Final = {50_000: 100_000, 10_000: 50_000}
"""Ticks of options listed in the US, micros, below :data:`COARSER_FROM` and from there on: where they have two."""
COARSER_FROM: Final = 3 * MICROS
TELLING: Final = 4
"""So many different prices on the coarser grid, and none between, tell that there are two ticks."""


def _grid(tick: float | TickTable) -> Ints:
    return tick.grid if isinstance(tick, TickTable) else one_tick(micros(tick))


def grid_of(tape: Tape) -> int:
    """The coarsest grid, micros, on which all quotes of the underlying lie; 1 without any."""
    return _common(_quoted(tape, tape.instrument == UNDERLYING))


def option_grid(tape: Tape) -> Ints:
    """The coarsest grid on which all quotes of the options lie, of one tick; or of two where the quotes tell.

    They do on a tape in dollars if the one tick would be 0.05 or 0.01, and all prices from 3.00 on, four different ones
    at least, are multiples of 0.10 or 0.05: so options are listed in the US.
    """
    prices = np.unique(_quoted(tape, tape.instrument != UNDERLYING))
    tick = _common(prices)
    high = prices[prices >= COARSER_FROM]
    coarser = LISTED.get(tick, 0)
    if tape.currency == "USD" and coarser and len(high) >= TELLING and not (high % coarser).any():
        return np.array([(0, tick), (COARSER_FROM, coarser)], dtype=np.int64)
    return one_tick(tick)


def _quoted(tape: Tape, mine: NDArray[np.bool_]) -> Ints:
    """Prices of the sides that are there in the quotes of ``mine``, micros."""
    sides = ((tape.bid, tape.bid_size), (tape.ask, tape.ask_size))
    return np.concatenate([price[(tape.kind == QUOTE) & mine & (size > 0)] for price, size in sides])


def _common(prices: Ints) -> int:
    return max(int(np.gcd.reduce(prices, initial=0)), 1)
