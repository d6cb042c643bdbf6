"""Captures of Binance's futures streams: a message a line, ``<receive time, ns> <JSON>``, plain or gzip.

::

    1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":..,"s":"BTCUSDT",
                         "b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":..}}
    1723161255088176367 {"stream":"btcusdt@trade","data":{"e":"trade","T":..,"s":"BTCUSDT","p":"61800.30","q":"0.006",
                         "m":false,..}}
    1723161255030314667 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","T":..,"s":"BTCUSDT","U":..,"u":..,
                         "pu":..,"b":[["58710.20","0.014"],..],"a":[..]}}
    1723161255319702566 {"lastUpdateId":..,"E":..,"T":..,"bids":[["61800.20","2.909"],..],"asks":[..]}

``T``, in ms, is when the venue's engine did it and becomes ``ts``; ``E``, when it sent the message, stands in where
there is no ``T``. A message with neither, as spot's ``bookTicker`` and books, happened at no known instant: it ends the
reading, or is dropped and counted (``--on-bad-row drop``). The receive time stays as it was recorded, however wrong the
recorder's clock was. Messages of other streams and symbols are left out and counted by what they are, and so are trades
that met no order of the book (``X`` is not ``MARKET``: the insurance fund's, forced ones).

``bookTicker``     the best bid ``b`` x ``B`` and ask ``a`` x ``A``: a quote
``trade``          ``q`` at ``p``; ``m`` says that the buyer's order rested, so that a seller came
``depthUpdate``    a level for each pair of price and size; size 0 says that it is gone
the last form      a snapshot of the book, asked for by the recorder: a level each, and a level of size 0 for each that
earlier updates told of and that the snapshot, as deep as it goes, does not have. Updates that it includes (``u`` before
``lastUpdateId``) but that came after it are left out, and newer levels that came before it are kept.

Quotes are the tickers' alone. The streams are apart: for a moment a level may stand beyond the opposite quote.

An update whose ``pu`` (of spot, which has none, the number before its ``U``) is neither the ``u`` of the one before it
nor in a snapshot tells that the recorder missed some: the book is not known from there on, and the file is refused. All
rows are of the underlying, the chain is empty, and the lot is the largest power of ten that makes the sizes whole:
0.001 BTC for BTCUSDT. Sizes of COIN-M futures (``BTCUSD_PERP``), contracts of 100 dollars of BTC and of 10 of other
coins, are counted in coins (:mod:`~tradesim.market.readers.inverse`). A number that is null breaks a rule of the tape.
"""

import json
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.calendar import ALL_DAY
from tradesim.market.pairs import quote_currency
from tradesim.market.readers.inverse import dollars_of, in_coins
from tradesim.market.readers.plain import raw_tape_of_frames
from tradesim.market.readers.reader import Request, choose_underlying, is_option, listed, refuse_other_venue
from tradesim.market.readers.text_files import blocks
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import RawTape
from tradesim.market.rules import FARTHEST_TIME
from tradesim.market.terms import Terms
from tradesim.units import MILLISECOND
from tradesim.user_code import said

LINE: Final = re.compile(r"([0-9]{1,18}|[1-3][0-9]{18}) (\{.*\})\r?")
"""A receive time within the rules of a tape, and an object."""

KINDS: Final = {
    "trade": ("side", "price", "size"),
    "depth": ("side", "price", "size"),
    "quote": ("bid", "bid_size", "ask", "ask_size"),
}
"""The columns of each kind of rows."""

MOST_COMMAS: Final = 3
"""In a line of garbage; Binance's tables have more."""
OWN: Final = "read them by a function of your own (my_reader.py:read)"

TRADED: Final = "MARKET"
"""The ``X`` of a trade with an order of the book; the insurance fund's and forced ones meet none."""


def read_binance(request: Request) -> RawTape:
    """The draft of one symbol in ``request.sources``, captures in the order in which they were made.

    Raises :class:`~tradesim.errors.SourceError` for files that are not of the format, for captures of several symbols
    of which none is chosen, and for updates of the book that are missing.
    """
    capture = _Capture(wanted=request.underlying and request.underlying.upper(), on_bad_row=request.on_bad_row)
    for source in request.sources:
        for where, received, message in _messages(source):
            try:
                capture.read(message, received, where)
            except SourceError:
                raise
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise SourceError(
                    f"{where}: a message of another form ({said(error)}); give the recorder's own file"
                ) from None
    symbol = choose_underlying(capture.seen, request, {**capture.dropped, **capture.left_out})
    where = listed(request.sources)
    if capture.snapshots and len(capture.seen) > 1:
        raise SourceError(
            f"{where}: snapshots, which name no symbol, of {', '.join(sorted(capture.seen))}; capture each in a file"
        )
    terms = Terms(
        underlying=symbol,
        currency=quote_currency(symbol),
        source=f"Binance capture of {symbol}: {where}",
        rate=request.rate,
        dividend=request.dividend,
    )
    dollars, rows = dollars_of(symbol, "binance-delivery"), capture.frame()
    raw = raw_tape_of_frames([in_coins(rows, dollars) if dollars else rows], terms, sources=[where])
    return replace(raw, calendar=ALL_DAY, left_out=capture.left_out, dropped=capture.dropped)


def _messages(source: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Where a message stands in ``source``, when it was received (ns), and what it says."""
    number = 0
    for block in blocks(source):
        for line in block.decode(errors="replace").removesuffix("\n").split("\n"):
            number += 1
            where = f"{source.name}, line {number}"
            match = LINE.fullmatch(line)
            if match is None:
                _refuse_data_file(line, where)
                raise SourceError(f"{where}: {line[:40]!r}; a line is '<receive time, ns> <JSON object>', whole")
            try:
                yield where, int(match[1]), json.loads(match[2])
            except (ValueError, RecursionError) as error:
                raise SourceError(f"{where}: not JSON ({error}); give the capture as the recorder wrote it") from None


class _Rows:
    """Rows of one kind: a message's line, two instants and number of rows; and the values of its rows."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._columns = KINDS[kind]
        self._messages = array("q")
        self._values = array("d")

    def add(self, stamp: tuple[int, int, int], values: list[float]) -> None:
        """Take the ``values`` of a message's rows, row by row."""
        self._messages.extend((*stamp, len(values) // len(self._columns)))
        self._values.extend(values)

    def frame(self) -> pl.DataFrame:
        """The rows in plain units, and their ``line``."""
        messages = np.array(self._messages).reshape(-1, 4)
        stamps = np.repeat(messages[:, :3], messages[:, 3], axis=0)
        values = np.array(self._values).reshape(-1, len(self._columns))
        return pl.DataFrame(stamps, schema=["line", "ts", "received"]).hstack(
            pl.DataFrame(values, schema=list(self._columns)).with_columns(kind=pl.lit(self._kind))
        )


class _Capture:
    """What has been read of one symbol, and what updates have told of its book.

    ``wanted``  the symbol; None takes the first that comes
    ``seen``    every symbol that came, also those that were left out
    ``snapshots`` how many came
    ``left_out dropped`` messages that are no rows, by what they are, and by why
    """

    def __init__(self, wanted: str | None, on_bad_row: OnBadRow) -> None:
        self.wanted = wanted
        self.left_out: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._on_bad_row = on_bad_row
        self.seen: set[str] = set()
        self.snapshots = 0
        self._lines = 0
        self._rows = {kind: _Rows(kind) for kind in KINDS}
        self._told: dict[tuple[int, float], tuple[int, float]] = {}
        """Of each side and price, the update that told of it last, and its size then."""
        self._update: int | None = None
        """The last update of the book."""
        self._included = -1
        """The last update that a snapshot includes."""

    def read(self, message: dict[str, Any], received: int, where: str) -> None:
        """Take what ``message`` says; an error of its form is Python's own."""
        self._lines += 1
        data = message.get("data", message)
        untimed = _untimed(data)
        if untimed:
            self._drop_untimed(untimed, where)
            return
        if "lastUpdateId" in message:
            self._snapshot(message, received)
            return
        event = data.get("e")
        if event not in ("bookTicker", "trade", "depthUpdate"):
            if event is None:
                refuse_other_venue(str(message), where)
            self.left_out[f"{event} messages" if isinstance(event, str) else "messages of no event"] += 1
            return
        if data["s"] is None and self._on_bad_row is OnBadRow.DROP:
            self.dropped[f"{event} without a symbol"] += 1
            return
        symbol = data["s"].upper()
        if is_option(symbol):
            raise SourceError(f"{where}: {symbol} is an option, and its terms are not told here; {OWN}")
        self.seen.add(symbol)
        self.wanted = self.wanted or symbol
        if symbol != self.wanted:
            self.left_out["messages of other symbols"] += 1
            return
        stamp = (self._lines, _instant(data), received)
        if event == "bookTicker":
            self._rows["quote"].add(stamp, [_number(data[name]) for name in "bBaA"])
        elif event == "trade":
            self._trade(data, stamp)
        else:
            self._depth(data, stamp, where)

    def frame(self) -> pl.DataFrame:
        """All rows in plain units, in the order of the messages."""
        rows = pl.concat([rows.frame() for rows in self._rows.values()], how="diagonal")
        return rows.sort("line", maintain_order=True).drop("line").with_columns(pl.col.side.cast(pl.Int8()))

    def _drop_untimed(self, what: str, where: str) -> None:
        if self._on_bad_row is OnBadRow.RAISE:
            raise SourceError(
                f"{where}: a {what} without an event time, as spot's tickers and books are: when it was true is not "
                "known; capture the futures' stream, give such messages a time by a function of your own "
                "(my_reader.py:read), or leave them out (--on-bad-row drop)"
            )
        self.dropped[f"{what} without an event time"] += 1

    def _trade(self, data: dict[str, Any], stamp: tuple[int, int, int]) -> None:
        if data.get("X", TRADED) != TRADED:
            self.left_out["trades that met no order of the book"] += 1
            return
        if data["m"] is not None and not isinstance(data["m"], bool):
            raise ValueError(f"m is {data['m']!r}; it must be true or false")
        self._rows["trade"].add(
            stamp, [{True: -1, False: 1, None: 0}[data["m"]], _number(data["p"]), _number(data["q"])]
        )

    def _depth(self, data: dict[str, Any], stamp: tuple[int, int, int], where: str) -> None:
        update, last = int(data["u"]), max(self._update or 0, self._included)
        before = data.get("pu", last if int(data["U"]) <= last + 1 else int(data["U"]) - 1)
        if update < self._included:
            self.left_out["updates that a snapshot includes"] += 1
            return
        is_known = self._update is not None or self._included >= 0
        if is_known and before != self._update and before > self._included:
            raise SourceError(
                f"{where}: updates of the book are missing: this one follows {before}, and the last one here is "
                f"{last}; cut the capture there, or give the part that is missing"
            )
        self._update = update
        for side, levels in ((1, _levels(data["b"])), (-1, _levels(data["a"]))):
            self._told.update({(side, price): (update, size) for price, size in levels})
            self._rows["depth"].add(stamp, [x for level in levels for x in (side, *level)])

    def _snapshot(self, message: dict[str, Any], received: int) -> None:
        self.snapshots += 1
        stamp = (self._lines, _instant(message), received)
        includes = int(message["lastUpdateId"])
        for side, name in ((1, "bids"), (-1, "asks")):
            levels = dict(_levels(message[name]))
            farthest = min((side * price for price in levels), default=-math.inf)
            for (told_of, price), (update, size) in self._told.items():
                if told_of == side and update > includes:
                    levels.pop(price, None)
                elif told_of == side and size > 0 and side * price >= farthest:
                    levels.setdefault(price, 0.0)
            self._rows["depth"].add(stamp, [x for level in levels.items() for x in (side, *level)])
            self._told.update({(side, price): (includes, size) for price, size in levels.items()})
        self._included = includes


def _refuse_data_file(line: str, where: str) -> None:
    """Raise :class:`~tradesim.errors.SourceError` for a ``line`` of what data.binance.vision offers."""
    if line.startswith("PK") or (line.count(",") > MOST_COMMAS and "{" not in line):
        raise SourceError(
            f"{where}: no capture of the streams; CSV and archives of data.binance.vision (bookTicker, trades, klines) "
            f"are other files: {OWN}"
        )


def _untimed(data: dict[str, Any]) -> str | None:
    """What a message is that tells of no instant and should."""
    if _ms(data) is not None:
        return None
    if "lastUpdateId" in data:
        return "book"
    if data.get("e") == "trade":
        return "trade"
    return "bookTicker" if data.get("e", "bookTicker") == "bookTicker" and data.keys() >= set("sbBaA") else None


def _instant(data: dict[str, Any]) -> int:
    """When the venue's engine did it, ns, or else when it sent the message."""
    ms = _ms(data)
    if type(ms) is not int or not 0 <= ms < FARTHEST_TIME // MILLISECOND:
        raise ValueError(f"the time is {ms!r}; it must be whole ms since the epoch")
    return ms * MILLISECOND


def _ms(data: dict[str, Any]) -> Any:
    """What stands for the instant, ms; None where nothing does."""
    return data["T"] if data.get("T") is not None else data.get("E")


def _number(value: str | float | None) -> float:
    """A number; NaN, which is for the validator to refuse or to drop, where it is missing."""
    return math.nan if value is None or value == "" else float(value)


def _levels(levels: list[list[str]]) -> list[tuple[float, float]]:
    return [(_number(price), _number(size)) for price, size in levels]
