"""A chain as it is quoted at one instant: what a modelled chain is calibrated to.

A snapshot file is a tape (``.parquet``), whose quotes are taken as they stand at a stated instant; or Deribit's
snapshot as CSV (``.csv``, ``.csv.gz``) with a header and at least the columns ``timestamp``, ``instrument_name``,
``option_type`` (call, put), ``strike``, ``expiry_datetime``, ``bid_price``, ``ask_price``, ``futures_price``,
``currency`` and ``index_price``: times in ISO 8601, all of one instant, option prices in coin, empty or 0
where a side is missing. A row without another of these values, or of an expired contract, is left out and counted, or
refused by its line; nothing is filled from other rows, since each states its own. Linear options (``BTC_USDC-...``)
are refused.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError, TapeError
from tradesim.market.chain import CALL, EUROPEAN, PUT, Chain, Settlement
from tradesim.market.readers.gaps import empty_where_missing
from tradesim.market.readers.reader import Request, choose_underlying, counts
from tradesim.market.readers.text import LINE, contents, headed_table, refuse_value
from tradesim.market.row_filter import OnBadRow, utc
from tradesim.market.sessions import session_at
from tradesim.market.tape import QUOTE, UNDERLYING, Tape
from tradesim.market.tape_file import read_tape
from tradesim.pricing.problem import Floats
from tradesim.units import MICROS, YEAR, instant

DERIBIT_COLUMNS: Final = {
    "timestamp": pl.String(),
    "instrument_name": pl.String(),
    "option_type": pl.String(),
    "strike": pl.Float64(),
    "expiry_datetime": pl.String(),
    "bid_price": pl.Float64(),
    "ask_price": pl.Float64(),
    "futures_price": pl.Float64(),
    "currency": pl.String(),
    "index_price": pl.Float64(),
}

NEEDED: Final = tuple(name for name in DERIBIT_COLUMNS if name not in {"bid_price", "ask_price", "currency"})
"""What a row must have to be of use; one without currency ends it, since whose it is cannot be told."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Quotes of ``n`` contracts at one ``instant`` (ns).

    ``bid ask``  float64[n], in currency, or in coin where the chain's settlement says so; NaN where a side is missing
    ``spot``     the underlying's mid, currency
    ``rate``     a year, continuously compounded
    ``carry``    float64[n] as in the tape; None where the venue does not state its forwards
    ``tick``     micros: every price is a multiple of it
    ``left_out`` rows of the file that are not in it, by what they lack
    """

    chain: Chain
    instant: int
    bid: Floats
    ask: Floats
    spot: float
    rate: float
    tick: int
    source: str
    carry: Floats | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def select(self, index: NDArray[np.int64]) -> "Snapshot":
        """The snapshot of the contracts at ``index``."""
        carry = None if self.carry is None else self.carry[index]
        return replace(self, chain=self.chain.select(index), bid=self.bid[index], ask=self.ask[index], carry=carry)


def read_snapshot(
    path: Path | str,
    *,
    at: int | str | None = None,
    underlying: str | None = None,
    rate: float | None = None,
    on_bad_row: OnBadRow = OnBadRow.DROP,
) -> Snapshot:
    """The snapshot in the file at ``path``.

    ``at``          of a tape, the instant: ns, or text that :func:`~tradesim.units.instant` reads after the first row;
    None is the middle of the time in which options are quoted
    ``underlying``  which, where a CSV holds several
    ``rate``        a year; None is the tape's own, and of a CSV the one that the futures carry, weighted by life
    ``on_bad_row``  whether a row of a CSV that lacks a value is left out and counted, or ends it

    Raises :class:`~tradesim.errors.SourceError` or :class:`~tradesim.errors.TapeError` for a file that is neither, or
    that tells of no option at that instant.
    """
    path = Path(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return _of_deribit(path, underlying=underlying, rate=rate, on_bad_row=OnBadRow(on_bad_row))
    tape = read_tape(path)
    return snapshot_of(tape, at=instant(at, after=tape.start) if isinstance(at, str) else at, rate=rate)


def snapshot_of(tape: Tape, *, at: int | None = None, rate: float | None = None) -> Snapshot:
    """The quotes of ``tape`` that stand at ``at`` (ns), which are of its session alone.

    None is the middle of the time in which options are quoted, closed hours left out.
    """
    quoted = tape.ts[(tape.kind == QUOTE) & (tape.instrument != UNDERLYING)]
    if not len(quoted):
        raise TapeError(f"tape {tape.underlying}: no option is quoted on it; give a tape with a chain")
    at = _middle(np.clip(tape.sessions, quoted[0], quoted[-1])) if at is None else at
    rows = np.flatnonzero((tape.kind == QUOTE) & (tape.ts <= at) & (tape.ts >= _opening(tape, at)))
    count = len(tape.chain) + 1
    last = np.full(count, -1, dtype=np.int64)
    np.maximum.at(last, tape.instrument[rows], rows)
    bid, ask = (
        np.where((last >= 0) & (size[last] > 0), price[last] / MICROS, np.nan)
        for price, size in ((tape.bid, tape.bid_size), (tape.ask, tape.ask_size))
    )
    spot = 0.5 * float(bid[UNDERLYING] + ask[UNDERLYING])
    alive = np.flatnonzero((tape.chain.expiry > at) & np.isfinite(bid[1:]) & np.isfinite(ask[1:]))
    if not (math.isfinite(spot) and len(alive)):
        raise TapeError(
            f"tape {tape.underlying} at {utc(at)}: the underlying and options must both be quoted on two sides then; "
            "state another instant"
        )
    return Snapshot(
        chain=tape.chain,
        instant=at,
        bid=bid[1:],
        ask=ask[1:],
        spot=spot,
        rate=tape.rate if rate is None else rate,
        tick=_tick(tape.bid[rows], tape.ask[rows], where=tape.instrument[rows] != UNDERLYING),
        source=f"{tape.source} at {utc(at)}",
        carry=tape.carry,
    ).select(np.flatnonzero(tape.chain.expiry > at))


def _middle(spans: NDArray[np.int64]) -> int:
    """The instant at which half of the time in the ``spans``, int64[k, 2], is over."""
    length = spans[:, 1] - spans[:, 0]
    over = np.cumsum(length)
    half = int(over[-1]) // 2
    span = int(np.searchsorted(over, half))
    return int(spans[span, 1] - over[span]) + half


def _opening(tape: Tape, at: int) -> int:
    """When the session began in which ``at`` is; ``at`` itself where the market is closed."""
    session = session_at(np.array([at]), tape.sessions)[0]
    is_open = session >= 0 and at <= tape.sessions[session, 1] + tape.gap
    return int(tape.sessions[session, 0]) if is_open else at


def _of_deribit(path: Path, *, underlying: str | None, rate: float | None, on_bad_row: OnBadRow) -> Snapshot:
    files = list(contents(path))
    if len(files) != 1:
        raise SourceError(f"{path}: an archive of {len(files)} files; a snapshot is one: give that")
    table = _typed(headed_table(files[0][1], list(DERIBIT_COLUMNS), str(path)), path)
    coin = choose_underlying(table["currency"].to_list(), Request(sources=[path], underlying=underlying))
    own = table.filter(pl.col.currency == coin)
    left_out = counts({"rows of other underlyings": len(table) - len(own)})
    table, lacking = _whole(own, path, on_bad_row)
    left_out |= lacking
    expired = table["expiry_datetime"] <= table["timestamp"]
    if on_bad_row is OnBadRow.DROP and not expired.all():
        left_out |= counts({"rows of expired contracts": int(expired.sum())})
        table = table.filter(~expired)
    _check_deribit(table, path)
    table = table.sort("expiry_datetime", "strike", "option_type")
    instant, spot = int(table["timestamp"][0]), float(table["index_price"].median())  # type: ignore[arg-type]
    life = (table["expiry_datetime"].to_numpy() - instant) / YEAR
    carry = np.log(table["futures_price"].to_numpy() / spot) / life
    bid, ask = (table[f"{side}_price"].fill_null(0.0).to_numpy() for side in ("bid", "ask"))
    stated = float(np.sum(carry * life) / np.sum(life))
    return Snapshot(
        chain=_chain(table),
        instant=instant,
        bid=np.where(bid > 0.0, bid, np.nan),
        ask=np.where(ask > 0.0, ask, np.nan),
        spot=spot,
        rate=stated if rate is None else rate,
        tick=_tick(*(np.rint(side * MICROS).astype(np.int64) for side in (bid, ask)), where=np.full(len(bid), True)),
        source=f"Deribit snapshot of options on {coin} at {utc(instant)}: {path.name}",
        carry=carry,
        left_out=left_out,
    )


def _typed(text: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The columns in their types, empty where a value is missing, and ``line``; times in ns."""
    given = text.with_columns(empty_where_missing(name) for name in DERIBIT_COLUMNS)
    times = [
        pl.when(~pl.col(name).str.contains("[.,][0-9]{10}"))
        .then(pl.col(name).str.to_datetime(time_unit="ns", time_zone="UTC", strict=False).dt.epoch("ns"))
        .alias(name)
        for name in ("timestamp", "expiry_datetime")
    ]
    numbers = [pl.col(name).cast(dtype, strict=False) for name, dtype in DERIBIT_COLUMNS.items() if dtype.is_numeric()]
    table = given.with_columns(*times, *numbers)
    for name, dtype in DERIBIT_COLUMNS.items():
        wrong = (table[name].is_null() & given[name].is_not_null()).arg_true()
        if len(wrong):
            wanted = (
                "a number"
                if dtype.is_numeric()
                else "a time in ISO 8601, nine decimals at most, as 2026-01-16T08:00:00+00:00"
            )
            refuse_value(text.row(wrong[0], named=True), name, wanted, str(path))
    unknown = table["currency"].is_null().arg_true()
    if len(unknown):
        refuse_value(table.row(unknown[0], named=True), "currency", "the underlying's name, as BTC", str(path))
    return table


def _whole(table: pl.DataFrame, path: Path, on_bad_row: OnBadRow) -> tuple[pl.DataFrame, dict[str, int]]:
    """The rows that lack nothing that they need, and how many lack what."""
    left_out: dict[str, int] = {}
    for name in NEEDED:
        lacking = table.filter(pl.col(name).is_null())
        if lacking.is_empty():
            continue
        first = lacking.row(0, named=True)
        if on_bad_row is OnBadRow.RAISE:
            raise SourceError(
                f"{path}, line {first[LINE]} ({first['instrument_name']}): {name} is empty; give it, or leave such "
                "rows out (--on-bad-row drop)"
            )
        left_out[f"rows without {name}, first {first['instrument_name']} on line {first[LINE]}"] = len(lacking)
        table = table.filter(pl.col(name).is_not_null())
    if table.is_empty():
        raise SourceError(f"{path}: no row is left; every row needs {', '.join(NEEDED)}")
    return table, left_out


def _check_deribit(table: pl.DataFrame, path: Path) -> None:
    prices = pl.col("strike", "futures_price", "index_price")
    laws = {
        "all rows have one timestamp": pl.col("timestamp") == pl.col("timestamp").first(),
        "an expiry is after the timestamp": pl.col.expiry_datetime > pl.col("timestamp"),
        "an option_type is call or put": pl.col.option_type.is_in(["call", "put"]),
        "options are inverse, priced in coin": ~pl.col.instrument_name.str.contains("_"),
        "strikes, futures and index are positive": pl.all_horizontal((prices > 0) & prices.is_finite()),
        "a contract has one row": pl.col.instrument_name.is_first_distinct(),
    }
    for law, holds in laws.items():
        broken = table.filter(~holds)
        if len(broken):
            first = broken.row(0, named=True)
            raise SourceError(
                f"{path}, line {first[LINE]} ({first['instrument_name']}): it breaks the rule that {law}; mend the file"
            )


def _chain(table: pl.DataFrame) -> Chain:
    count = len(table)
    return Chain(
        name=tuple(table["instrument_name"]),
        strike=table["strike"].to_numpy(),
        expiry=table["expiry_datetime"].to_numpy(),
        right=np.where(table["option_type"].to_numpy() == "call", CALL, PUT).astype(np.int8),
        style=np.full(count, EUROPEAN, dtype=np.int8),
        multiplier=np.ones(count, dtype=np.int64),
        settlement=Settlement.INVERSE,
    )


def _tick(bid: NDArray[np.int64], ask: NDArray[np.int64], *, where: NDArray[np.bool_]) -> int:
    """The largest number of micros of which every price is a multiple."""
    return max(int(np.gcd.reduce(np.concatenate([bid[where], ask[where]]))), 1)
