"""The coin of a pair, and what the pair is priced in, by its name."""

import pytest

from tradesim.market.pairs import coin_of, quote_currency


@pytest.mark.parametrize(
    ("symbol", "coin", "priced_in"),
    [
        ("BTC", "BTC", "USD"),
        ("DOTUSD", "DOT", "USD"),
        ("BTCUSD_PERP", "BTC", "USD"),
        ("BTC-USDT-SWAP", "BTC", "USDT"),
        ("ETHTUSD", "ETH", "TUSD"),
        ("BTC-PERPETUAL", "BTC", "USD"),
        ("ETHUSDT", "ETH", "USDT"),
        ("ethusdt", "ETH", "USDT"),
        ("BTC_USDC", "BTC", "USDC"),
        ("ETH-USD", "ETH", "USD"),
        ("SOL/EUR", "SOL", "EUR"),
        ("XBTUSD", "XBT", "USD"),
        ("BTCFDUSD", "BTC", "FDUSD"),
        ("ETHBTC", "ETH", "BTC"),
        ("ETH-BTC", "ETH", "BTC"),
        ("SUSDT", "S", "USDT"),
        ("SOL", "SOL", "USD"),
    ],
)
def test_a_pair_is_read(symbol, coin, priced_in):
    assert (coin_of(symbol), quote_currency(symbol)) == (coin, priced_in)


@pytest.mark.parametrize("coin", ["WBTC", "STETH", "USDT", "BTCUSD_PERP", "BTC-27JUN25", "BTCUSD-27JUN25"])
def test_a_coin_named_like_another_is_not_cut(coin):
    assert coin_of(coin) == ("BTC" if coin.startswith("BTC") else coin)
