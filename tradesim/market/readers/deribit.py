"""Captures of Deribit's option websockets, one message a line: ``<receive time, unix seconds>: <the venue's JSON>``.

Lines that begin with ``configuration:`` or ``wss:`` are the recorder's own. Of the messages, two kinds are read:

- ``ticker.<contract>.<interval>``: best bid and ask with their amounts, and the index. A price of 0, or null, is a
  missing side; both are missing while the book is not ``open`` (``state``).
- ``trades.<contract>.<interval>``: a list of trades; ``direction`` says who came.

``book`` messages are not read, nor those of no option: they are counted by what they are. Trades that were negotiated
off the book (``block_trade_id``), and legs of combinations, which trade in a book of their own (``combo_id``), met no
quote, and are counted, too, as is what comes after a contract's expiry. Of a ticker that lacks a value, and is dropped
(``--on-bad-row drop``), both sides are missing until the next. The venue sends a ticker with each change of the
top of the book, under the same time stamp (in milliseconds), so the book repeats what the ticker says; taking both
would count quotes twice.

What the tape does with inverse options: a contract is on one coin and its price is in COIN, so the settlement of the
chain is ``inverse`` and the prices of contracts are micros of a coin, exactly as quoted. Strikes and the underlying's
prices are in dollars. The underlying is the venue's index, ``index_price``: the one number that all expiries share.
Nobody can trade it, so its quote is locked, one lot on each side, and a row stands where it changes. Each expiry's own
forward (``underlying_price``, a future or a synthetic one) becomes the contract's ``carry`` on the tape: the median
over the capture of ``ln(forward / index) / time to expiry``.

Linear options (``BTC_USDC-...``) are priced in dollars and are refused. A lot is a tenth of a contract. Contracts are
European and expire at 08:00 UTC on the day in their name.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, Final, NoReturn

import numpy as np
import polars as pl

from tradesim.errors import SourceError
from tradesim.market.calendar import ALL_DAY
from tradesim.market.chain import CALL, EUROPEAN, PUT, Chain, Settlement
from tradesim.market.readers.gaps import REMEDY, Gaps
from tradesim.market.readers.reader import (
    Request,
    choose_underlying,
    in_order,
    listed,
    refuse_other_venue,
    until_expiry,
)
from tradesim.market.readers.text_files import blocks
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import MARKET_COLUMNS, RawTape
from tradesim.market.rules import FARTHEST_TIME
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import MICROS, MILLISECOND, SECOND, YEAR

LOTS: Final = 10
"""Lots in a contract: amounts come in steps of a tenth."""

TICKER: Final = ("timestamp", "index_price")
TRADED: Final = ("timestamp", "price", "amount")
"""What a ticker and a trade need."""

OPEN: Final = "open"
DIRECTIONS: Final = {"buy": 1, "sell": -1}
OFF_THE_BOOK: Final = {"block_trade_id": "block trades", "combo_id": "trades of combinations"}
"""What marks trades that met no quote of their contract."""

EXPIRY_HOUR: Final = 8
RECORDERS_OWN: Final = ("configuration:", "wss:", "ws:", "http")
LINE: Final = re.compile(r"(\d+(?:\.\d{1,9})?): (\{.*\})")
CHANNEL: Final = re.compile(r"(ticker|trades)\.(\w+)-(\d{1,2}[A-Z]{3}\d{2})-(\d+)-([CP])\.\w+")

EXACT: Final = 1e-6
"""How far from a whole number of micros or lots a quoted decimal may be."""

ROUNDING: Final = 1e-15
"""How far off, as a part of it, the nearest float of a decimal may be once it is counted in micros or lots."""


@dataclass(frozen=True, kw_only=True)
class _Message:
    """One message about one contract: ``received`` is ns, ``data`` the venue's."""

    where: str
    received: int
    table: str
    contract: str
    coin: str
    data: Any


@dataclass(kw_only=True)
class _Columns:
    """The rows so far, and what each contract's messages say of its carry."""

    numbers: dict[str, int]
    expiries: dict[str, int]
    left_out: Counter[str]
    gaps: Gaps | None
    rows: list[dict[str, int]] = field(default_factory=list)
    carries: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def read_deribit(request: Request) -> RawTape:
    """The draft of the options on one coin in ``request.sources``; ``request.underlying`` chooses which.

    Raises :class:`~tradesim.errors.SourceError` for files that are not of the format, and for captures of several coins
    of which none is chosen.
    """
    left_out: Counter[str] = Counter()
    messages = [message for source in request.sources for message in _messages(source, left_out)]
    coin = choose_underlying((message.coin for message in messages), request, left_out)
    if "_" in coin:
        raise SourceError(
            f"{listed(request.sources)}: options on {coin} are linear, priced in dollars; "
            "this reader takes inverse options, priced in the coin; choose such an underlying"
        )
    left_out += Counter({"messages of other underlyings": sum(message.coin != coin for message in messages)})
    messages = [message for message in messages if message.coin == coin]
    terms = {message.contract: _terms(message) for message in messages}
    names = sorted(terms, key=lambda name: terms[name])
    columns = _Columns(
        numbers={name: number for number, name in enumerate(names, start=UNDERLYING + 1)},
        expiries={name: terms[name][0] for name in names},
        left_out=left_out,
        gaps=Gaps() if request.on_bad_row is OnBadRow.DROP else None,
    )
    for message in messages:
        _read_message(message, columns)
    raw = RawTape(
        rows=_table(columns.rows),
        chain=_chain({name: terms[name] for name in names}),
        terms=Terms(
            underlying=coin,
            currency="USD",
            source=f"Deribit capture of options on {coin}: {listed(request.sources)}",
            lot=1 / LOTS,
            rate=request.rate,
            dividend=request.dividend,
            resolution=MILLISECOND,
        ),
        where=listed(request.sources),
        calendar=ALL_DAY,
        carry=_carry(columns, request),
        left_out=left_out,
        dropped=columns.gaps.dropped if columns.gaps else {},
    )
    return until_expiry(raw)


def _messages(source: Path, left_out: Counter[str]) -> Iterator[_Message]:
    """The messages about options in the capture at ``source``; others are counted in ``left_out``."""
    try:
        text = b"".join(blocks(source)).decode()
    except UnicodeDecodeError:
        raise SourceError(f"{source}: not a text; give the capture as the recorder wrote it") from None
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{source.name}, line {number}"
        if not line.strip() or line.startswith(RECORDERS_OWN):
            left_out["lines of the recorder's own"] += 1
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            refuse_other_venue(line, where)
            raise SourceError(f"{where}: {line[:40]!r}; a line is '<receive seconds>: <JSON object>', whole")
        said = _json(match[2], where)
        params = said.get("params")
        channel = CHANNEL.fullmatch(str(params.get("channel"))) if isinstance(params, dict) else None
        if channel is None:
            left_out[_kind(params, line, where)] += 1
            continue
        yield _Message(
            where=where,
            received=min(int(Decimal(match[1]) * SECOND), FARTHEST_TIME),
            table=channel[1],
            contract="-".join(channel.groups()[1:]),
            coin=channel[2],
            data=said["params"].get("data"),
        )


def _kind(params: Any, line: str, where: str) -> str:
    """What a message is that is not of an option's ticker or trades."""
    if not isinstance(params, dict):
        refuse_other_venue(line, where)
        return "messages of no channel"
    table = str(params.get("channel")).partition(".")[0]
    if table == "book":
        return "book messages"
    return f"{table} messages of {'all options' if '.option.' in str(params.get('channel')) else 'no option'}"


def _json(text: str, where: str) -> dict[str, Any]:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    try:
        said: dict[str, Any] = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: not JSON ({error}); give the capture as the recorder wrote it") from None
    return said


_Terms = tuple[int, float, int]
"""Expiry, strike and right: in this order a chain is sorted."""


def _terms(message: _Message) -> _Terms:
    _, day, strike, right = message.contract.split("-")
    try:
        expiry = datetime.strptime(day, "%d%b%y").replace(hour=EXPIRY_HOUR, tzinfo=UTC)
    except ValueError:
        raise SourceError(
            f"{message.where}: {day} in {message.contract} is not a date; a name gives it as 9APR21"
        ) from None
    return int(expiry.timestamp()) * SECOND, float(strike), CALL if right == "C" else PUT


def _read_message(message: _Message, columns: _Columns) -> None:
    try:
        if message.table == "ticker":
            _read_ticker(message, columns)
        else:
            _read_trades(message, columns)
    except SourceError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise SourceError(
            f"{message.where}: a {message.table} message of another form ({error}); give the recorder's own file"
        ) from None


def _read_ticker(message: _Message, columns: _Columns) -> None:
    data, number = message.data, columns.numbers[message.contract]
    if _is_lacking(data, TICKER, message, columns):
        if data.get("timestamp") is not None:
            stamp = {"ts": _instant(data, message), "received": message.received, "kind": QUOTE}
            columns.rows += [{**stamp, "instrument": number}]
            columns.rows += [{**stamp, "instrument": UNDERLYING}] if data.get("index_price") is None else []
        return
    ts, index = _instant(data, message), data["index_price"]
    spot = _whole(index, MICROS, "index_price", message)
    stamp = {"ts": ts, "received": message.received, "kind": QUOTE}
    columns.rows.append({**stamp, "instrument": UNDERLYING, "bid": spot, "bid_size": 1, "ask": spot, "ask_size": 1})
    quote = {**stamp, "instrument": number}
    for side in ("bid", "ask"):
        stated = data[f"best_{side}_price"]
        price = 0 if stated is None else _whole(stated, MICROS, f"best_{side}_price", message)
        if price and data.get("state", OPEN) == OPEN:
            quote[side] = price
            quote[f"{side}_size"] = _whole(data[f"best_{side}_amount"], LOTS, f"best_{side}_amount", message)
    columns.rows.append(quote)
    left, forward = columns.expiries[message.contract] - ts, data.get("underlying_price")
    if forward and spot and left > 0:
        columns.carries[message.contract].append(math.log(forward / index) * YEAR / left)


def _read_trades(message: _Message, columns: _Columns) -> None:
    for trade in message.data:
        off = next((what for mark, what in OFF_THE_BOOK.items() if trade.get(mark) is not None), None)
        if off:
            columns.left_out[off] += 1
            continue
        if _is_lacking(trade, TRADED, message, columns):
            continue
        columns.rows.append(
            {
                "ts": _instant(trade, message),
                "received": message.received,
                "kind": TRADE,
                "instrument": columns.numbers[message.contract],
                "price": _whole(trade["price"], MICROS, "price", message),
                "size": _whole(trade["amount"], LOTS, "amount", message),
                "side": DIRECTIONS.get(trade.get("direction"), 0),
            }
        )


def _is_lacking(data: dict[str, Any], needed: Sequence[str], message: _Message, columns: _Columns) -> bool:
    """Whether ``data`` lacks a value that it needs; it is counted then, where such messages are dropped."""
    sides = [f"best_{side}_amount" for side in ("bid", "ask") if data.get(f"best_{side}_price")]
    is_dropped = columns.gaps is not None
    lacking = [name for name in (*needed, *sides) if data.get(name) is None and (name in data or is_dropped)]
    if not lacking:
        return False
    if columns.gaps is None:
        raise SourceError(f"{message.where}: {lacking[0]} is null; it must be a number: {REMEDY}")
    columns.gaps.add(lacking[0], message.where)
    return True


def _instant(data: dict[str, Any], message: _Message) -> int:
    """The venue's instant, ns; that of the last day that a tape holds where it is later."""
    return min(_whole(data["timestamp"], 1, "timestamp", message) * MILLISECOND, FARTHEST_TIME)


def _whole(value: float, units: int, name: str, message: _Message) -> int:
    """``value`` counted in units of which one is ``1 / units``, exactly."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SourceError(f"{message.where}: {name} is {value!r}; it must be a number")
    if not abs(value) < FARTHEST_TIME // units:
        raise SourceError(f"{message.where}: {name} is {str(value)[:40]}; a tape holds no such number")
    count = round(value * units)
    if not math.isclose(value * units, count, rel_tol=ROUNDING, abs_tol=EXACT):
        raise SourceError(f"{message.where}: {name} is {value!r}; it must be a multiple of {1 / units:g}")
    return count


def _table(rows: Sequence[dict[str, int]]) -> pl.DataFrame:
    """The rows in order of time, without the underlying's that repeat its last quote."""
    table = in_order([pl.DataFrame(rows, schema={**MARKET_COLUMNS, "side": pl.Int8()})])
    is_underlying, index = pl.col.instrument == UNDERLYING, pl.col.bid.fill_null(0)
    last = pl.when(is_underlying).then(index).forward_fill().shift(1)
    return table.filter(~is_underlying | index.ne_missing(last))


def _chain(terms: dict[str, _Terms]) -> Chain:
    expiry, strike, right = zip(*terms.values(), strict=True)
    return Chain(
        name=tuple(terms),
        strike=np.array(strike, dtype=np.float64),
        expiry=np.array(expiry, dtype=np.int64),
        right=np.array(right, dtype=np.int8),
        style=np.full(len(terms), EUROPEAN, dtype=np.int8),
        multiplier=np.ones(len(terms), dtype=np.int64),
        settlement=Settlement.INVERSE,
    )


def _carry(columns: _Columns, request: Request) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Each contract's carry; ``rate - dividend`` where no message states a forward."""
    stated = columns.carries
    unstated = request.rate - request.dividend
    return np.array([median(stated[name]) if stated[name] else unstated for name in columns.numbers])
