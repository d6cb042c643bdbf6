"""Which of LEAN's markets a file is of: its prices may be raw, and its clock another one.

Two are read: ``equity/usa`` and its options, whose prices are whole ten-thousandths of a dollar, and ``index/usa``,
whose prices are as they are, with decimals; both by New York's clock. The market is that of the folders
(``index/usa/minute/spx/20240102_trade.zip``), or the one that is stated. Where neither says it, these are refused:

- tickers that no American stock has: of more than five letters, as pairs of coins or currencies, or an index's;
- prices with decimals, below a dollar, or mostly finer than a cent (from 20 dollars on: half a cent);
- prices that would be a hundredth of the strikes of the options on them;
- few different prices, all below 200,000: they could be an index, a future or a coin, or a stock of below 20 dollars;
- bars of hours that no American exchange keeps, or of those that India's keeps.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, SourceError
from tradesim.market.readers.new_york import closes_early
from tradesim.market.readers.occ import EUROPEAN_ROOTS

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
MUMBAI: Final = (540 * MINUTE, 930 * MINUTE)
"""The National Stock Exchange of India trades from 09:15 to 15:30, and opens at 09:00 for an auction."""
OPEN: Final = 570 * MINUTE

DOLLAR: Final = 10_000
CENT: Final = 100
HALF_CENT: Final = 50
"""In ten-thousandths: above a dollar, quotes are in cents and few trades finer than a half."""

LARGEST_RAW: Final = 20 * DOLLAR
"""Indices, futures and coins stand below so much; a stock of so many ten-thousandths is one of 20 dollars."""
FEWEST: Final = 8
"""So many different prices, mostly of whole cents, tell that they are ten-thousandths."""
LARGEST_STRIKE: Final = 100
"""No chain is on a stock that stands at so small a part of its median strike."""

LETTERS: Final = 5
"""Of an American stock's ticker, before the class of its shares."""
INDICES: Final = EUROPEAN_ROOTS | {"OEX"}


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


def check_ticker(ticker: str, where: str) -> None:
    """Raise :class:`~tradesim.errors.SourceError` for the ``ticker`` of no American stock.

    >>> check_ticker("BRK.B", "a file")
    """
    if ticker in INDICES:
        raise SourceError(f"{where}: {ticker} is an index, whose prices LEAN does not scale; state --market {INDEX}")
    if len(re.split(r"[^A-Z0-9]", ticker)[0]) > LETTERS:
        raise SourceError(
            f"{where}: no American stock has the ticker {ticker}, and crypto, forex and other countries' stocks, whose "
            f"prices, clock or currency are others, have such ones; {REMEDY}"
        )


def check_prices(prices: pl.Series, where: str, *, of_option: bool, strikes: Sequence[float]) -> None:
    """Raise :class:`~tradesim.errors.SourceError` for whole prices that may be no ten-thousandths of a dollar.

    ``strikes`` of options on what the prices are of, in dollars.
    """
    prices = prices.drop_nulls().filter(prices.drop_nulls() > 0)
    if prices.is_empty():
        return
    least, most = int(prices.min()), int(prices.max())  # type: ignore[arg-type]
    finest, called = (CENT, "a cent") if most < LARGEST_RAW and not of_option else (HALF_CENT, "half a cent")
    above = prices.filter(prices >= DOLLAR)
    finer, different = int((above % finest != 0).sum()), prices.n_unique()
    strike = float(np.median(strikes)) if len(strikes) else 0.0
    if strike and not of_option:
        because = f", and the strikes of the options are about {strike:g}"
        is_raw = strike * DOLLAR > LARGEST_STRIKE * most
    elif 2 * finer > len(above):
        because, is_raw = f", {finer} of {len(above)} finer than {called}", True
    elif most < DOLLAR:
        because, is_raw = "", not of_option
    else:
        because = f", and {different} different prices are too few to tell"
        is_raw = most < LARGEST_RAW and different < FEWEST and not of_option
    if not is_raw:
        return
    raise SourceError(
        f"{where}: prices from {least:,} to {most:,} would be {least / DOLLAR:g} to {most / DOLLAR:g} dollars in "
        f"LEAN's ten-thousandths{because}; they may be raw, as those of "
        f"its indices, futures, crypto and forex; {REMEDY}"
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
