"""What the name of a pair of coins tells: ``ETHUSDT``, ``ETH-USD``, ``BTC_USDC``, ``BTC-PERPETUAL``."""

import re
from typing import Final

FIATS: Final = ("TRY", "BRL", "JPY", "GBP", "AUD", "CAD", "CHF", "KRW", "INR", "MXN", "ARS", "ZAR", "PLN", "UAH", "RUB")

LEAST_LEFT: Final = {
    **dict.fromkeys(("FDUSD", "BUSD", "TUSD", "BTC", "ETH", "BNB", "DAI", *FIATS), 3),
    **dict.fromkeys(("USDT", "USDC", "USD", "EUR"), 1),
}
"""What pairs are priced in, and how many letters of a pair are left before it.

Coins of few letters end like the first ones: ``WBTC`` is no pair, and ``DOTUSD`` is DOT in USD; ``ETHBTC`` is a pair.
"""


def quote_currency(symbol: str) -> str:
    """What the prices of a pair are counted in; USD where its name tells none.

    >>> quote_currency("BTCUSDT"), quote_currency("ETH-BTC"), quote_currency("BTCTRY"), quote_currency("BTC-PERPETUAL")
    ('USDT', 'BTC', 'TRY', 'USD')
    """
    return _parts(symbol)[1] or "USD"


def coin_of(symbol: str) -> str:
    """The coin that a pair is of.

    >>> coin_of("ETHUSDT"), coin_of("BTC_USDC"), coin_of("BTC-PERPETUAL"), coin_of("ETHBTC"), coin_of("BTC")
    ('ETH', 'BTC', 'BTC', 'ETH', 'BTC')
    """
    return _parts(symbol)[0]


def _parts(symbol: str) -> tuple[str, str]:
    """The coin, and what it is priced in, empty where the name does not tell it."""
    first, *others = re.split(r"[-_/:]", symbol.upper())
    for name, least in LEAST_LEFT.items():
        if first.endswith(name) and len(first) >= len(name) + least:
            return first.removesuffix(name), name
    return first, others[0] if others and others[0] in LEAST_LEFT else ""
