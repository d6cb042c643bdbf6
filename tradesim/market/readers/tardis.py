"""Tardis CSV, plain or gzip: ``quotes``, ``trades`` and ``options_chain``; which one is told by a file's header.

::

    exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount           quotes
    exchange,symbol,timestamp,local_timestamp,id,side,price,amount                                trades
    exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,open_interest,last_price,bid_price,
        bid_amount,bid_iv,ask_price,ask_amount,ask_iv,mark_price,mark_iv,underlying_index,underlying_price,
        delta,gamma,vega,theta,rho                                                                options_chain

Times are microseconds since the epoch, UTC: ``timestamp`` is the venue's and becomes ``ts``, ``local_timestamp`` is the
recorder's and becomes ``received``. An empty field is none. ``side`` says who came to the book: buy, sell, or unknown.
Files are cut at midnight by ``local_timestamp``, so one may begin with instants of the day before; and they are in its
order, from which the tape's order, by ``ts``, may differ. Liquidations have the header of trades, among which they are:
a file that is named so is refused. Sizes of futures whose contract is an amount of dollars are counted in coins
(:mod:`~tradesim.market.readers.inverse`), beside options in tenths.

A tape holds one symbol of quotes and trades, or the options on one coin. Options are read from ``options_chain``, of
Deribit: European, inverse and priced in the coin (``BTC-29MAY26-9000-C``), or linear and priced in dollars
(``AVAX_USDC-29MAY26-8D6-P``). A row of it is a message about a contract; one that leaves the contract's quote as it was
is left out. Volatilities and greeks are not read.

``underlying_price`` is no spot: it is the forward of a contract's own expiry, a future's price or a synthetic one
(``SYN.``), named by ``underlying_index``. The tape's underlying is that of the nearest expiry that outlives the files,
locked, one lot on each side, where it changes. Each contract's carry is that of its own forward over it. Where quotes
of one other symbol of the coin (``BTC-PERPETUAL``) are given too, they are the underlying instead. Trades of contracts
are taken from a file of trades; their quotes are not taken from a file of quotes, which would repeat the chain's. What
is left out is counted by what it is. The files do not flag trades off the book, cancelled or corrected ones.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from typing import Final

import polars as pl

from tradesim.errors import SourceError
from tradesim.market.calendar import ALL_DAY
from tradesim.market.chain import Settlement
from tradesim.market.pairs import quote_currency
from tradesim.market.readers.gaps import Gaps
from tradesim.market.readers.inverse import dollars_of, in_coins
from tradesim.market.readers.layout import Layout
from tradesim.market.readers.plain import instant, raw_tape_of_frames
from tradesim.market.readers.reader import (
    Request,
    choose_underlying,
    counts,
    is_option,
    listed,
    refuse_other_venue,
    until_expiry,
)
from tradesim.market.readers.text_files import tables
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import RawTape
from tradesim.market.terms import Terms
from tradesim.units import MICROSECOND

_STAMP: Final = {
    "exchange": pl.String(),
    "symbol": pl.String(),
    "timestamp": pl.Int64(),
    "local_timestamp": pl.Int64(),
}
_STAMPS: Final = {"ts": "timestamp", "received": "local_timestamp"}
_SIDES: Final = {"bid": "bid_price", "bid_size": "bid_amount", "ask": "ask_price", "ask_size": "ask_amount"}
_BEST: Final = {column: pl.Float64() for column in _SIDES.values()}
_TERMS: Final = {"type": pl.String(), "strike_price": pl.Float64(), "expiration": pl.Int64()}

OPTIONS: Final = "options_chain"
LAYOUTS: Final = {
    OPTIONS: Layout(
        columns={**_STAMP, **_TERMS, **_BEST, "underlying_index": pl.String(), "underlying_price": pl.Float64()},
        required=(*_STAMP, *_TERMS),
        placed=("symbol", "timestamp"),
    ),
    "trades": Layout(
        columns={**_STAMP, "id": pl.String(), "side": pl.String(), "price": pl.Float64(), "amount": pl.Float64()},
        required=(*_STAMP, "price", "amount"),
    ),
    "quotes": Layout(columns={**_STAMP, **_BEST}, required=tuple(_STAMP), placed=("symbol", "timestamp")),
}
VARIANTS: Final = {
    "is_snapshot": "Tardis's incremental_book_L2",
    "asks[0].price": "Tardis's book_snapshot",
    "funding_rate": "Tardis's derivative_ticker",
    "best_bid_price": "a CSV of Binance's own (data.binance.vision)",
}
"""What other files are, by a column of theirs."""
LIQUIDATIONS: Final = re.compile(r"(^|[_.-])liquidations?([_.-]|$)")
CONTRACTS: Final = re.compile(r"okex-(futures|swap)|huobi-dm.*|gate-io-futures|kucoin-futures")
"""Venues that count sizes in contracts of their own."""
LOT_DECIMALS: Final = 1
"""Of Deribit's options: a tenth of a contract."""
VENUE: Final = "deribit"
"""Whose options are read: the one venue whose settlement is known here."""


def read_tardis(request: Request) -> RawTape:
    """The draft of one symbol, or of the options on one coin, in ``request.sources``.

    Raises :class:`~tradesim.errors.SourceError` for files that are not of the format, and for files of several symbols
    or coins of which none is chosen.
    """
    read: dict[str, list[pl.DataFrame]] = {name: [] for name in LAYOUTS}
    gaps = Gaps() if request.on_bad_row is OnBadRow.DROP else None
    for source in request.sources:
        if LIQUIDATIONS.search(source.name):
            raise SourceError(
                f"{source.name}: liquidations, by its name, which look like trades and are among them; leave it out"
            )
        for name, rows in tables(source, LAYOUTS, gaps, VARIANTS):
            read[name].append(rows)
    found = {
        name: pl.concat(parts).sort("timestamp", "local_timestamp", maintain_order=True)
        for name, parts in read.items()
        if parts
    }
    raw = _options_on_a_coin(found, request) if OPTIONS in found else _one_symbol(found, request)
    return replace(raw, dropped=gaps.dropped, left_out={**raw.left_out, **raw.dropped}) if gaps else raw


def _one_symbol(found: dict[str, pl.DataFrame], request: Request) -> RawTape:
    symbols = {name for rows in found.values() for name in rows["symbol"].unique()}
    options = sorted(filter(is_option, symbols))
    if options and len(options) == len(symbols):
        refuse_other_venue(options[0], listed(request.sources))
        raise SourceError(
            f"{listed(request.sources)}: {options[0]} is an option, and these files do not tell its terms; give its "
            f"{OPTIONS} as well"
        )
    symbol = choose_underlying(symbols.difference(options), request)
    own = {name: rows.filter(symbol=symbol) for name, rows in found.items()}
    others = sum(map(len, found.values())) - sum(map(len, own.values()))
    venues = sorted({name for rows in own.values() for name in rows["exchange"].drop_nulls().unique()})
    if len(venues) > 1:
        raise SourceError(f"{listed(request.sources)}: {symbol} of {' and '.join(venues)}; give files of one venue")
    if CONTRACTS.fullmatch(venues[0]):
        raise SourceError(
            f"{listed(request.sources)}: sizes of {venues[0]} are contracts whose units the files do not tell; read "
            "them by a function of your own that gives their multiplier (my_reader.py:read)"
        )
    frames = _in_coins([_READINGS[name](rows) for name, rows in own.items()], symbol, venues[0])
    raw = _draft(frames, request, underlying=symbol, currency=quote_currency(symbol), what=f"{symbol} of {venues[0]}")
    return replace(raw, left_out=counts({"rows of other symbols": others}))


def _options_on_a_coin(found: dict[str, pl.DataFrame], request: Request) -> RawTape:
    where = listed(request.sources)
    for name in found[OPTIONS].filter(pl.col.exchange != VENUE)["symbol"].head(1):
        refuse_other_venue(name, where)
    strangers = found[OPTIONS].filter(pl.col.exchange != VENUE)
    if len(strangers):
        raise SourceError(
            f"{where}: options of {strangers['exchange'][0]}, and this reader knows how {VENUE}'s are settled, no "
            "other's; read them by a reader of your own"
        )
    coin_of = pl.col.symbol.str.split("-").list.first()
    coin = choose_underlying(found[OPTIONS].select(coin_of.unique()).to_series(), request)
    own = {name: rows.filter(coin_of == coin) for name, rows in found.items()}
    contracts = own[OPTIONS]["symbol"].unique()
    quotes, trades = (own[name].filter(~_is_of(contracts)) if name in own else None for name in ("quotes", "trades"))
    spots = sorted(set() if quotes is None else quotes["symbol"].unique())
    if len(spots) > 1:
        raise SourceError(f"{where}: quotes of {', '.join(spots[:3])} beside options on {coin}; give those of one")
    if quotes is None or quotes.is_empty():
        frames = [_nearest(own[OPTIONS], where)]
    else:
        frames = _in_coins([_quotes(quotes)], spots[0], quotes["exchange"][0], LOT_DECIMALS)
    frames.append(_options(own[OPTIONS]))
    if trades is not None:
        of_spot = trades.filter(pl.col.symbol.is_in(spots))
        frames += _in_coins([_trades(of_spot)], spots[0], of_spot["exchange"][0], LOT_DECIMALS) if len(of_spot) else []
        frames.append(_trades(own["trades"].filter(_is_of(contracts)), contract=pl.col.symbol))
    dollars = coin.partition("_")[2]
    raw = _draft(
        frames,
        request,
        underlying=coin,
        currency=dollars or "USD",
        what=f"options on {coin} of {VENUE}",
        settlement=Settlement.QUOTE if dollars else Settlement.INVERSE,
    )
    lines, kept = (sum(map(len, each.values())) for each in (found, own))
    unchanged = len(own[OPTIONS]) - len(frames[1])
    repeated = len(own["quotes"].filter(_is_of(contracts))) if "quotes" in own else 0
    strange = 0 if trades is None else len(trades.filter(~pl.col.symbol.is_in(spots)))
    raw = replace(
        raw,
        left_out=counts(
            {
                "rows of other underlyings": lines - kept,
                "messages that leave a contract's quote as it was": unchanged,
                "quotes of contracts, which the chain has": repeated,
                "trades of other symbols": strange,
            }
        ),
    )
    return until_expiry(raw)


def _in_coins(frames: list[pl.DataFrame], symbol: str, venue: str, decimals: int | None = None) -> list[pl.DataFrame]:
    """The ``frames`` of ``symbol`` with sizes in coins, also where a contract is an amount of dollars."""
    dollars = dollars_of(symbol, venue)
    if dollars is None or not frames:
        return frames
    rows = in_coins(pl.concat(frames, how="diagonal"), dollars, decimals)
    ends = [0, *accumulate(map(len, frames))]
    return [rows[start:end].select(frame.columns) for start, end, frame in zip(ends, ends[1:], frames, strict=False)]


def _is_of(symbols: pl.Series) -> pl.Expr:
    return pl.col.symbol.is_in(symbols.implode())


def _stamp() -> dict[str, pl.Expr]:
    return {name: instant(pl.col(column), MICROSECOND) for name, column in _STAMPS.items()}


def _best(table: str) -> dict[str, pl.Expr]:
    """The best quote; missing where the line lacks a value that it must have."""
    whole = pl.all_horizontal(pl.col(*LAYOUTS[table].required).is_not_null())
    return {name: pl.when(whole).then(pl.col(column)) for name, column in _SIDES.items()}


def _quotes(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(**_stamp(), **_best("quotes"))


def _trades(rows: pl.DataFrame, contract: pl.Expr | None = None) -> pl.DataFrame:
    return rows.select("side", "price", **_stamp(), contract=contract, size=pl.col.amount)


_READINGS: Final[dict[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {"quotes": _quotes, "trades": _trades}


def _options(messages: pl.DataFrame) -> pl.DataFrame:
    """The quotes of the contracts, where they change."""
    quote = pl.struct(*_SIDES.values(), *_TERMS)
    changes = quote.ne_missing(quote.shift(1)).over("symbol") | pl.col.symbol.is_first_distinct()
    return messages.filter(changes).select(
        **_stamp(),
        **_best(OPTIONS),
        contract=pl.col.symbol,
        strike=pl.col.strike_price,
        expiry=instant(pl.col.expiration, MICROSECOND),
        right=pl.col.type,
        style=pl.lit("european"),
        forward=pl.col.underlying_price,
    )


def _nearest(messages: pl.DataFrame, where: str) -> pl.DataFrame:
    """The forward of the nearest expiry that outlives the messages, as a quote where it changes."""
    stated = messages.filter(pl.col.underlying_price.is_not_null())
    if stated.is_empty():
        raise SourceError(f"{where}: underlying_price is empty in all rows; give quotes of the underlying, too")
    end = stated["timestamp"].max()
    outlives = stated.filter(pl.col.expiration > end)
    chosen = outlives["expiration"].min() if len(outlives) else stated["expiration"].max()
    price = pl.col.underlying_price
    changes = stated.filter(expiration=chosen).filter(price.ne_missing(price.shift(1)))
    return changes.select(**_stamp(), bid=price, ask=price)


def _draft(
    frames: list[pl.DataFrame],
    request: Request,
    *,
    underlying: str,
    currency: str,
    what: str,
    settlement: Settlement = Settlement.QUOTE,
) -> RawTape:
    where = listed(request.sources)
    terms = Terms(
        underlying=underlying,
        currency=currency,
        source=f"Tardis CSV of {what}: {where}",
        rate=request.rate,
        dividend=request.dividend,
    )
    raw = raw_tape_of_frames(
        frames, terms, sources=[where] * len(frames), settlement=settlement, on_bad_row=request.on_bad_row
    )
    return replace(raw, calendar=ALL_DAY)
