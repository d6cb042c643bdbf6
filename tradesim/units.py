"""The units of time, price and money that every room shares.

Time is an ``int`` of nanoseconds since the Unix epoch. A price is an ``int`` of micros: millionths of the
currency that the tape quotes in. A quantity is an ``int`` of lots. Money is price x quantity x multiplier, so it is an
exact ``int`` too.
"""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final

from tradesim.errors import ArgumentError

MICROS: Final = 1_000_000
"""Micros in one unit of currency."""

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
YEAR: Final = 365 * DAY

NEVER: Final = 2**63 - 1
"""An instant (ns) that no tape reaches."""
"""Nanoseconds in a year of 365 days: the year in which time to expiry is counted."""


def micros(amount: float) -> int:
    """The nearest number of micros to an ``amount`` of currency.

    >>> micros(0.0025)
    2500
    """
    return round(amount * MICROS)


_UNITS: Final = {"ns": 1, "us": MICROSECOND, "ms": MILLISECOND, "s": SECOND}


def duration(text: str) -> int:
    """Nanoseconds of a duration written as a number and ``ns``, ``us``, ``ms`` or ``s``; else ``ArgumentError``.

    >>> duration("400us"), duration("1.5ms")
    (400000, 1500000)
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ns|us|ms|s)", text.strip())
    if match is None:
        raise ArgumentError(f"duration {text!r}: it is a number and ns, us, ms or s; write for example 400us")
    ns = Fraction(match[1]) * _UNITS[match[2]]
    if not ns <= YEAR:
        raise ArgumentError(f"duration {text[:20]!r}: it is at most a year; write for example 400us")
    return round(ns)


def instant(text: str, *, after: int) -> int:
    """Ns since the epoch of a moment: a :func:`duration` ``after`` another, or ISO 8601, in UTC where no zone is said.

    ``ArgumentError`` for text that is neither, or finer than a ns.

    >>> instant("1.5s", after=10), instant("2013-10-07T13:30:00.000000001Z", after=10)
    (1500000010, 1381152600000000001)
    """
    text = text.strip()
    if re.match(r"[0-9]{4}-", text) is None:
        return after + duration(text)
    seconds = re.fullmatch(r"[^.,]+|[^T ]+[T ][0-9]{2}:?[0-9]{2}:?[0-9]{2}[.,]([0-9]+)(?:Z|[+-][0-9:]+)?", text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        seconds = None
    if seconds is None:
        raise ArgumentError(
            f"instant {text!r}: it is a duration after the beginning, as 600s, or ISO 8601, as 2013-10-07T13:30:00Z"
        )
    decimals = seconds[1] or ""
    if len(decimals) > 9:
        raise ArgumentError(f"instant {text!r}: it has {len(decimals)} decimals; a tape is in ns, so give nine at most")
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(seconds=1) * SECOND + int(decimals.ljust(9, "0"))


_SIZES: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def memory(text: str) -> int:
    """Bytes of a size written as a number and ``B``, ``KiB``, ``MiB`` or ``GiB``; else ``ArgumentError``.

    >>> memory("64KiB"), memory("1.5MiB")
    (65536, 1572864)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB)", text.strip())
    size = float(match[1]) * _SIZES[match[2]] if match else 0.0
    if not 1.0 <= size <= 2**40:
        raise ArgumentError(
            f"memory {text[:20]!r}: it is a number and B, KiB, MiB or GiB, from 1B to 1024GiB; write for example 64KiB"
        )
    return round(size)


def formatted_memory(size: int) -> str:
    """What :func:`memory` reads, exactly.

    >>> formatted_memory(65536), formatted_memory(1572864), formatted_memory(1000)
    ('64KiB', '1536KiB', '1000B')
    """
    for unit, count in reversed(_SIZES.items()):
        if size % count == 0 and size >= count:
            return f"{size // count}{unit}"
    return f"{size}B"


def formatted(ns: float) -> str:
    """A duration for people: three significant digits and its unit.

    >>> formatted(41_234), formatted(950), formatted(2.5e9), formatted(1800 * SECOND), formatted(13 * 3600 * SECOND)
    ('41.2 us', '950 ns', '2.5 s', '30 min', '13 h')
    """
    if abs(ns) >= 2 * HOUR:
        return f"{ns / HOUR:.3g} h"
    if abs(ns) >= 1000 * SECOND:
        return f"{ns / (60 * SECOND):.3g} min"
    for unit, size in (("s", SECOND), ("ms", MILLISECOND), ("us", MICROSECOND)):
        if abs(ns) >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.0f} ns"
