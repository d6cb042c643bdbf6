"""What the venue holds orders to, and what it charges."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.market.tape import QUOTE, UNDERLYING, Tape
from tradesim.simulation.queueing import QueueModel, RiskAverse
from tradesim.units import micros


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

    ``tick``           currency, the grid of option prices; None: no price is refused, and rules quote on the coarsest
    grid on which all of the tape's quotes lie
    ``underlying_tick`` the same of the underlying
    ``lot``            lots of an order for options are a multiple of it
    ``position_limit`` lots of a contract that a desk may come to hold, its orders counted as filled; None: any
    ``self_trade``     what happens where an order would meet its own desk's
    ``queue``          how resting orders advance where the tape is no order feed
    """

    tick: float | None = None
    underlying_tick: float | None = None
    lot: int = 1
    position_limit: int | None = None
    self_trade: SelfTrade = SelfTrade.CANCEL_INCOMING
    queue: QueueModel = field(default_factory=RiskAverse)

    def __post_init__(self) -> None:
        for name in ("tick", "underlying_tick"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and micros(value) >= 1):
                raise ArgumentError(f"VenueRules({name}={value}): a tick is an amount of currency of a micro or more")
        if self.lot < 1:
            raise ArgumentError(f"VenueRules(lot={self.lot}): it must be at least 1")
        if self.position_limit is not None and self.position_limit < 1:
            raise ArgumentError(f"VenueRules(position_limit={self.position_limit}): it must be at least 1 lot, or None")

    @property
    def enforced_ticks(self) -> tuple[int, int]:
        """The grids, micros, off which a limit of the underlying, or of an option, is refused; 1 where none is."""
        return tuple(1 if tick is None else micros(tick) for tick in (self.underlying_tick, self.tick))  # type: ignore[return-value]

    def ticks(self, tape: Tape) -> tuple[int, int]:
        """The grids, micros, on which rules quote the underlying and the options."""
        return (
            micros(self.underlying_tick) if self.underlying_tick is not None else grid_of(tape, underlying=True),
            micros(self.tick) if self.tick is not None else grid_of(tape, underlying=False),
        )


def grid_of(tape: Tape, *, underlying: bool) -> int:
    """The coarsest grid, micros, on which all quotes of the underlying, or of the options, lie; 1 without any."""
    mine = (tape.kind == QUOTE) & ((tape.instrument == UNDERLYING) == underlying)
    prices = [np.where(size[mine] > 0, price[mine], 0) for price, size in _sides(tape)]
    return max(int(np.gcd.reduce(np.concatenate(prices), initial=0)), 1)


def _sides(tape: Tape) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    return (tape.bid, tape.bid_size), (tape.ask, tape.ask_size)
