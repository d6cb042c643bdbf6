"""Long tapes from columns, for laws that only many trials show; :mod:`probes` makes short ones row by row."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from probes import START, tape_of, underlying

from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Tape
from tradesim.units import MICROS

Columns = dict[str, np.ndarray]


def quotes(at: ArrayLike, bid: ArrayLike, ask: ArrayLike, *, instrument: int = 1, size: int = 10) -> Columns:
    """Quotes ``at`` ns after the start, prices in micros; 0 for a missing side."""
    bid, ask = (np.broadcast_to(np.asarray(price, dtype=np.int64), np.shape(at)) for price in (bid, ask))
    sizes = {"bid_size": np.where(bid > 0, size, 0), "ask_size": np.where(ask > 0, size, 0)}
    return _columns(at, instrument=instrument, kind=QUOTE, bid=bid, ask=ask, **sizes)


def spots(at: ArrayLike, price: ArrayLike) -> Columns:
    """Quotes of the underlying a hundredth to each side of ``price``, micros."""
    price = np.asarray(price, dtype=np.int64)
    return quotes(at, price - MICROS // 100, price + MICROS // 100, instrument=UNDERLYING)


def trades(at: ArrayLike, price: ArrayLike, side: ArrayLike) -> Columns:
    """Trades of one lot of the first contract; ``side`` +1 where a buyer came, -1 where a seller did."""
    return _columns(at, instrument=1, kind=TRADE, price=price, size=1, side=side)


def tape_of_columns(*parts: Columns, contracts: int = 1) -> Tape:
    """A tape of all ``parts``; rows of one instant keep the order in which they are given."""
    like = tape_of(underlying(0), contracts=contracts)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(columns["ts"], kind="stable")
    rows = {name: column[order].astype(getattr(like, name).dtype) for name, column in columns.items()}
    return replace(like, **rows, received=rows["ts"], order=np.zeros(len(order), dtype=np.int64))


def _columns(at: ArrayLike, **values: ArrayLike) -> Columns:
    names = ("instrument", "kind", "bid", "ask", "bid_size", "ask_size", "price", "size", "side")
    filled = {name: np.broadcast_to(values.get(name, 0), np.shape(at)) for name in names}
    return {"ts": START + np.asarray(at, dtype=np.int64)} | filled
