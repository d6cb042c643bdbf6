"""Small tapes and vendors' files, made by hand."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tradesim.market.chain import AMERICAN, CALL, PUT, Chain
from tradesim.market.rows import MARKET_COLUMNS, RawTape
from tradesim.market.tape import QUOTE, TRADE, Latent, Tape
from tradesim.market.terms import Terms
from tradesim.units import DAY, MICROS, SECOND

START = 1_700_000_000 * SECOND
EXPIRY = START + 30 * DAY


def chain(contracts: int = 2) -> Chain:
    return Chain(
        name=tuple(f"X-{number}" for number in range(contracts)),
        strike=np.linspace(90.0, 110.0, contracts),
        expiry=np.full(contracts, EXPIRY, dtype=np.int64),
        right=np.where(np.arange(contracts) % 2 == 0, CALL, PUT).astype(np.int8),
        style=np.full(contracts, AMERICAN, dtype=np.int8),
        multiplier=np.full(contracts, 100, dtype=np.int64),
    )


def quote(ms: int, instrument: int | None, bid: int | None, ask: int | None, **fields: Any) -> dict[str, Any]:
    """A quote ``ms`` milliseconds after the start, prices in currency, ten lots a side; None is a missing side."""
    sides = {"bid": bid, "ask": ask}
    row = {f"{side}_size": 10 for side, price in sides.items() if price is not None}
    row |= {side: price * MICROS for side, price in sides.items() if price is not None}
    return {"ts": START + ms * 1_000_000, "instrument": instrument, "kind": QUOTE, **row, **fields}


def trade(ms: int, instrument: int, price: int, size: int, **fields: Any) -> dict[str, Any]:
    stamp = {"ts": START + ms * 1_000_000, "instrument": instrument, "kind": TRADE}
    return {**stamp, "price": price * MICROS, "size": size, **fields}


ROWS = (
    quote(0, 0, 99, 101),
    quote(0, 1, 10, 11),
    quote(1, 2, None, 3),
    quote(2, 1, 10, 11),
    trade(3, 1, 11, 4),
    quote(3, 1, 10, None),
    quote(4, 2, 2, 2),
    quote(5, 0, 100, 102, received=START + 2_000_000),
)
"""Legal rows: missing sides, a locked quote, an unchanged quote, bursts, and a receive time before the event."""


def table(rows: Sequence[Mapping[str, Any]] = ROWS) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=MARKET_COLUMNS)


def raw(rows: Sequence[Mapping[str, Any]] | pl.DataFrame = ROWS, **fields: Any) -> RawTape:
    terms = Terms(underlying="X", currency="USD", source="made by hand", rate=0.04)
    return RawTape(
        **{
            "rows": rows if isinstance(rows, pl.DataFrame) else table(rows),
            "chain": chain(),
            "terms": terms,
            "where": "sample",
            **fields,
        }
    )


def latent(tape: Tape) -> Latent:
    """A state that changes at the start, at an instant without a row, and after the last row."""
    return Latent(
        ts=np.array([tape.start, tape.start + 1_500_000, tape.end + 2_000_000], dtype=np.int64),
        spot=np.array([100.0, 100.1 + 1e-13, 99.9]),
        level=np.array([0.5, 0.5, 1 / 3]),
        smile=np.linspace(1.0, 1.1, len(tape.chain)),
    )


def zipped(path: Path, files: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path
