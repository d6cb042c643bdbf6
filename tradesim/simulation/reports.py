"""What the venue says: of trades, of what its feed tells, and of what became of a message."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of a message at the venue."""

    FILLED = "filled"
    """All lots were taken on arrival."""
    PARTIAL = "partial"
    """Some lots were taken on arrival; the rest was cancelled, or stands."""
    MISSED = "missed"
    """Nothing was there, and the order stands not."""
    RESTING = "resting"
    """It stands, and took nothing on arrival."""
    CANCELLED = "cancelled"
    """The target was taken off the book."""
    REPLACED = "replaced"
    """The target stands anew."""
    EXPIRED = "expired"
    """It stood until its contract expired, or its session closed."""
    LATE = "late"
    """The target was there no longer."""
    REJECTED = "rejected"
    """The venue refused it; ``reason`` says why. A replaced order then stands as before."""


class Trade(NamedTuple):
    """Lots that changed hands: between ``taker`` and ``maker``, each a desk and its order, or None for the tape."""

    taker: tuple[int, int] | None
    maker: tuple[int, int] | None
    contract: int
    direction: int
    lots: int
    price: int
    instant: int
    after: int
    """Tape rows that the venue had applied when it happened."""


class Take(NamedTuple):
    """Liquidity of the tape that was taken: what every desk's feed tells it."""

    instant: int
    after: int
    instrument: int
    side: int
    price: int
    lots: int


class Post(NamedTuple):
    """What stands of a desk's order from now on, 0 lots where it is gone: what every other desk's feed tells it."""

    instant: int
    after: int
    desk: int
    number: int
    instrument: int
    side: int
    price: int
    lots: int


class Report(NamedTuple):
    """What a message did at the venue.

    ``trades``  in which it took; ``posts`` what changed of standing orders; ``left`` lots of it that stand;
    ``cancelled`` orders of the same desk that self-trade prevention took off the book
    """

    outcome: Outcome
    trades: tuple[Trade, ...] = ()
    posts: tuple[Post, ...] = ()
    filled: int = 0
    left: int = 0
    reason: str | None = None
    cancelled: tuple[int, ...] = ()
