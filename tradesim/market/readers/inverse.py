"""Futures on a coin whose contract is an amount of dollars: their sizes, counted in coins as those of others are.

A contract of ``d`` dollars bought at ``p`` gains ``d / p`` times what the coin's price rises by: it is ``d / p`` coins.
So each size is counted in coins at the price that stands beside it, rounded to about a thousandth of a contract (but
never to nothing), or to the decimals that are stated.
"""

import math
import re
from typing import Final

import polars as pl

DELIVERY: Final = re.compile(r"([A-Z0-9]+)USD_(PERP|[0-9]{6})")
"""Binance's COIN-M futures."""

INVERSE: Final = {
    "deribit": re.compile(r"[A-Z]+-(PERPETUAL|[0-9]{1,2}[A-Z]{3}[0-9]{2})"),
    "bitmex": re.compile(r"XBT(USD|[FGHJKMNQUVXZ][0-9]{2})"),
    "bybit": re.compile(r"[A-Z]+USD([HMUZ][0-9]{2})?"),
    "cryptofacilities": re.compile(r"[FP]I_[A-Z]+USD(_[0-9]{6})?"),
}
"""Which symbols of other venues are contracts of a dollar."""

SIDES: Final = (("bid", "bid_size"), ("ask", "ask_size"), ("price", "size"))
DIGITS: Final = 2
"""Of the first contract's coins, how many digits are kept behind the first one."""


def dollars_of(symbol: str, venue: str) -> int | None:
    """The dollars of a contract of ``symbol``; None where a contract is units of its coin.

    >>> [dollars_of(symbol, "binance-delivery") for symbol in ("BTCUSD_PERP", "ETHUSD_240628", "BTCUSDT")]
    [100, 10, None]
    >>> dollars_of("BTC-PERPETUAL", "deribit"), dollars_of("BTC_USDC-PERPETUAL", "deribit")
    (1, None)
    """
    if venue in INVERSE:
        return 1 if INVERSE[venue].fullmatch(symbol) else None
    delivery = DELIVERY.fullmatch(symbol) if venue == "binance-delivery" else None
    return delivery and (100 if delivery[1] == "BTC" else 10)


def in_coins(rows: pl.DataFrame, dollars: int, decimals: int | None = None) -> pl.DataFrame:
    """``rows`` in plain units whose sizes count contracts of so many ``dollars``, with sizes in coins.

    >>> in_coins(pl.DataFrame({"bid": [50_000.0], "bid_size": [3.0]}), 100).to_dicts()
    [{'bid': 50000.0, 'bid_size': 0.006}]
    """
    sides = [(price, size) for price, size in SIDES if price in rows.columns]
    prices = [price for price, _ in sides]
    if decimals is None:
        stated = pl.concat([rows[price] for price in prices]).drop_nulls()
        stated = stated.filter((stated > 0) & stated.is_finite())
        decimals = max(math.ceil(math.log10(float(stated[0]) / dollars)) + DIGITS, 0) if len(stated) else 0
    return rows.with_columns(
        pl.when((pl.col(size) > 0) & (pl.col(price) > 0))
        .then(pl.max_horizontal((pl.col(size) * dollars / pl.col(price)).round(decimals), pl.lit(10.0**-decimals)))
        .otherwise(size)
        .alias(size)
        for price, size in sides
    )
