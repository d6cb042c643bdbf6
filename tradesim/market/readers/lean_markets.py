"""Which of LEAN's markets a file is of: its prices may be raw, and its clock another one.

Two are read: ``equity/usa`` and its options, whose prices are whole ten-thousandths of a dollar, and ``index/usa``,
whose prices are as they are, with decimals; both by New York's clock. The market is that of the folders
(``index/usa/minute/spx/20240102_trade.zip``), or the one that is stated. Where neither says it, prices with decimals,
or that would be impossible as ten-thousandths, and bars of hours that no American exchange keeps, are refused.
"""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, SourceError
from tradesim.market.readers.new_york import closes_early

EQUITY: Final = "equity/usa"
INDEX: Final = "index/usa"
STATED: Final = (EQUITY, INDEX)
TAKEN: Final = (EQUITY, "option/usa", INDEX, "indexoption/usa")
RESOLUTIONS: Final = ("tick", "second", "minute", "hour", "daily")
SECURITIES: Final = (
    *("equity", "option", "index", "indexoption", "future", "futureoption"),
    *("forex", "cfd", "crypto", "cryptofuture", "base"),
)
OWN: Final = "read others by a function of your own (my_reader.py:read)"
REMEDY: Final = f"state --market {EQUITY} or --market {INDEX} where it is one; {OWN}"

MINUTE: Final = 60_000
"""Milliseconds."""
HOURS: Final = (210 * MINUTE, 1_230 * MINUTE)
"""Half an hour before and after the longest hours of American exchanges, 04:00 to 20:00."""
MUMBAI: Final = (555 * MINUTE, 930 * MINUTE)
"""The National Stock Exchange of India trades from 09:15 to 15:30."""
OPEN: Final = 570 * MINUTE

DOLLAR: Final = 10_000
HALF_CENT: Final = 50
"""A dollar and half a cent in ten-thousandths: above a dollar, quotes are in cents and few trades finer than a half."""


def market_of(source: Path, stated: str | None) -> str | None:
    """The market that is stated, or that the folders of ``source`` tell; None where neither does.

    Raises :class:`~tradesim.errors.ArgumentError` for a statement that is none, and
    :class:`~tradesim.errors.SourceError` for folders of a market that is not read.

    >>> market_of(Path("index/usa/minute/spx/20240102_trade.zip"), None)
    'index/usa'
    """
    if stated is not None and stated not in STATED:
        raise ArgumentError(f"market {stated!r}: it is {' or '.join(STATED)}; {OWN}")
    parts = [part.lower() for part in source.parts]
    for kind, place, resolution in zip(parts, parts[1:], parts[2:], strict=False):
        if kind in SECURITIES and resolution in RESOLUTIONS:
            market = f"{kind}/{place}"
            if market not in TAKEN:
                raise SourceError(
                    f"{source}: of LEAN's market {market}, whose prices, clock or currency are others than those of "
                    f"{EQUITY}; {OWN}"
                )
            return market if stated is None or kind.endswith("option") else stated
    return stated


def check_prices(prices: pl.Series, where: str, *, of_option: bool) -> None:
    """Raise :class:`~tradesim.errors.SourceError` for whole prices that are no ten-thousandths of a dollar."""
    prices = prices.drop_nulls().filter(prices.drop_nulls() > 0)
    if prices.is_empty():
        return
    least, most = int(prices.min()), int(prices.max())  # type: ignore[arg-type]
    above = prices.filter(prices >= DOLLAR)
    finer = int((above % HALF_CENT != 0).sum())
    penny = most < DOLLAR and not of_option
    if penny or 2 * finer > len(above):
        raise SourceError(
            f"{where}: prices from {least:,} to {most:,} would be {least / DOLLAR:g} to {most / DOLLAR:g} dollars in "
            f"LEAN's ten-thousandths{'' if penny else f', {finer} of {len(above)} finer than half a cent'}; they seem "
            f"to be raw, as those of its indices, futures, crypto and forex; {REMEDY}"
        )


def check_hours(ms: NDArray[np.int64], date: str, where: str) -> None:
    """Raise :class:`~tradesim.errors.SourceError` for ``ms`` after midnight that American exchanges do not keep."""
    first, last = int(ms.min()), int(ms.max())
    if first < HOURS[0] or last > HOURS[1]:
        raise SourceError(
            f"{where}: from {_clock(first)} to {_clock(last)}: American exchanges trade from 04:00 to 20:00 at most, "
            f"and LEAN's futures, crypto and forex by other clocks; {REMEDY}"
        )
    if MUMBAI[0] <= first < OPEN and last < MUMBAI[1] and not closes_early(date, where):
        raise SourceError(
            f"{where}: from {_clock(first)} to {_clock(last)}, the hours of India's exchange, whose clock and currency "
            f"are others than New York's; {REMEDY}"
        )


def _clock(ms: int) -> str:
    return f"{ms // (60 * MINUTE):02d}:{ms // MINUTE % 60:02d}"
