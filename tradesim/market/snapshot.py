"""A chain as it is quoted at one instant: what a modelled chain is calibrated to.

A snapshot file is a tape (``.parquet``), whose quotes are taken as they stand at a stated instant; or Deribit's
snapshot as CSV (``.csv``, ``.csv.gz``) with a header and at least the columns ``timestamp``, ``instrument_name``,
``option_type`` (call, put), ``strike``, ``expiry_datetime``, ``bid_price``, ``ask_price``, ``futures_price``,
``currency`` and ``index_price``: times in ISO 8601, all of one instant, option prices in coin, empty or 0
where a side is missing. Linear options (``BTC_USDC-...``) are refused.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError, TapeError
from tradesim.market.chain import CALL, EUROPEAN, PUT, Chain, Settlement
from tradesim.market.readers.reader import Request, choose_underlying, existing
from tradesim.market.sieve import utc
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Quotes of ``n`` contracts at one ``instant`` (ns).

    ``bid ask``  float64[n], in currency, or in coin where the chain's settlement says so; NaN where a side is missing
    ``spot``     the underlying's mid, currency
    ``rate``     a year, continuously compounded
    ``carry``    float64[n] as in the tape; None where the venue does not state its forwards
    ``tick``     micros: every price is a multiple of it
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

    def select(self, index: NDArray[np.int64]) -> "Snapshot":
        """The snapshot of the contracts at ``index``."""
        carry = None if self.carry is None else self.carry[index]
        return replace(self, chain=self.chain.select(index), bid=self.bid[index], ask=self.ask[index], carry=carry)


def read_snapshot(
    path: Path | str, *, at: int | str | None = None, underlying: str | None = None, rate: float | None = None
) -> Snapshot:
    """The snapshot in the file at ``path``.

    ``at``          of a tape, the instant: ns, or text that :func:`~tradesim.units.instant` reads after the first row;
    None is the middle of the time in which options are quoted
    ``underlying``  which, where a CSV holds several
    ``rate``        a year; None is the tape's own, and of a CSV the one that the futures carry, weighted by life

    Raises :class:`~tradesim.errors.SourceError` or :class:`~tradesim.errors.TapeError` for a file that is neither, or
    that tells of no option at that instant.
    """
    path = Path(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return _of_deribit(path, underlying=underlying, rate=rate)
    tape = read_tape(path)
    return snapshot_of(tape, at=instant(at, after=tape.start) if isinstance(at, str) else at, rate=rate)


def snapshot_of(tape: Tape, *, at: int | None = None, rate: float | None = None) -> Snapshot:
    """The quotes of ``tape`` that stand at ``at`` (ns); None is the middle of the time in which options are quoted."""
    quoted = tape.ts[(tape.kind == QUOTE) & (tape.instrument != UNDERLYING)]
    if not len(quoted):
        raise TapeError(f"tape {tape.underlying}: no option is quoted on it; give a tape with a chain")
    at = int(quoted[0] + quoted[-1]) // 2 if at is None else at
    rows = np.flatnonzero((tape.kind == QUOTE) & (tape.ts <= at))
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


def _of_deribit(path: Path, *, underlying: str | None, rate: float | None) -> Snapshot:
    try:
        table = pl.read_csv(existing(path), columns=list(DERIBIT_COLUMNS), schema_overrides=DERIBIT_COLUMNS)
        table = table.with_columns(_instant("timestamp"), _instant("expiry_datetime"))
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{path}: not a snapshot of Deribit ({str(error).splitlines()[0]}); "
            f"it is CSV with the columns {', '.join(DERIBIT_COLUMNS)}"
        ) from None
    coin = choose_underlying(table["currency"].to_list(), Request(sources=[path], underlying=underlying))
    table = table.filter(pl.col.currency == coin).sort("expiry_datetime", "strike", "option_type")
    _check_deribit(table, path)
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
    )


def _instant(column: str) -> pl.Expr:
    """ISO 8601 in ns since the epoch; null where it is finer."""
    text = pl.when(~pl.col(column).str.contains("[.,][0-9]{10}")).then(pl.col(column))
    return text.str.to_datetime(time_unit="ns", time_zone="UTC").dt.epoch("ns").alias(column)


def _check_deribit(table: pl.DataFrame, path: Path) -> None:
    missing = table.select(pl.exclude("bid_price", "ask_price")).null_count()
    instants = ("timestamp", "expiry_datetime")
    laws = {
        "a row has its instants, nine decimals at most": missing.select(instants).sum_horizontal().item() == 0,
        "every contract has its strike, expiry, future and index": missing.sum_horizontal().item() == 0,
        "all rows have one timestamp": table["timestamp"].n_unique() == 1,
        "an expiry is after the timestamp": bool((table["expiry_datetime"] > table["timestamp"]).all()),
        "an option_type is call or put": bool(table["option_type"].is_in(["call", "put"]).all()),
        "options are inverse, priced in coin": not table["instrument_name"].str.contains("_").any(),
        "strikes, futures and index are positive": bool(
            table.select(pl.all_horizontal((pl.col("strike", "futures_price", "index_price") > 0).all())).item()
        ),
    }
    for law, holds in laws.items():
        if not holds:
            raise SourceError(f"{path}: a row breaks the rule that {law}; mend the file")


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
