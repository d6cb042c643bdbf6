"""The units of time, price and money that every room shares.

Time is an ``int`` of nanoseconds since the Unix epoch. A price is an ``int`` of micros: millionths of the
currency that the tape quotes in. A quantity is an ``int`` of lots. Money is price x quantity x multiplier, so it is an
exact ``int`` too.
"""

from typing import Final

MICROS: Final = 1_000_000
"""Micros in one unit of currency."""

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
YEAR: Final = 365 * DAY
"""Nanoseconds in a year of 365 days: the year in which time to expiry is counted."""


def micros(amount: float) -> int:
    """The nearest number of micros to an ``amount`` of currency.

    >>> micros(0.0025)
    2500
    """
    return round(amount * MICROS)
