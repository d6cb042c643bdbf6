"""Databento's DBN files (``.dbn``, ``.dbn.zst``): quotes, trades and orders, and the definitions of options.

| schema | read as |
| --- | --- |
| ``mbp-1`` | best quotes and trades of one venue: of a future, a stock, or options on a future |
| ``cmbp-1`` | the same, consolidated over venues: OPRA's options, or stocks |
| ``mbo`` | every order of one venue, and the best quotes and trades that they make |
| ``definition`` | the contracts (see :mod:`~tradesim.market.readers.databento_chain`) |

A record of the first two is an action on the book and the best level of each side. It makes a ``QUOTE`` row where that
level differs from the instrument's last, and a ``TRADE`` row where the action is ``T``; its side is who came (``B`` a
buyer, ``A`` a seller, ``N`` not told). A trade's record holds the book before it, and a record of its own the book
after. ``ts_event``, when the venue dealt with it, is the row's instant, and ``ts_recv``, when the vendor received it,
is ``received``, also where the vendor flags it as inaccurate. A side is missing where its price is undefined or 0, or
its size 0; a cleared book (``R``) has none, nor has one of which the vendor flags that it may be wrong since messages
are missing (``F_MAYBE_BAD_BOOK``). These schemas have no record of a cancelled or corrected trade. Prices come in 1e-9
and are refused where they are finer than a micro.

A record of ``mbo`` is an action on one order; what becomes of it is said in
:mod:`~tradesim.market.readers.databento_orders`. Of one instrument either its orders or its best quotes are read.

The underlying is what is quoted and no option; options are those that are quoted, defined, and on it by the
definition's ``underlying`` (``BRKB`` is ``BRK.B``). So a file of futures alone makes a tape without options, and OPRA's
need definitions and a file with quotes of the stock, from any dataset; those that are adjusted or not defined are left
out, and the tape's ``source`` says so. An instrument is known by its symbol on the day, not by its id, which may be
dealt anew each day. Prices stand as the venue quotes them, in the currency that definitions tell, else dollars. A lot
is a contract, or a share. A future's units are those of its definition, else as many as its options have; where neither
tells them, it is 1, and the ``source`` says so. (databento.com/docs, "Schemas and data formats".)
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import SourceError
from tradesim.market.readers.databento_chain import (
    OPRA,
    Contract,
    Definition,
    Definitions,
    Key,
    chain_of,
    definitions,
)
from tradesim.market.readers.databento_orders import BAD, NAMED, NOTES, check_orders, order_rows
from tradesim.market.readers.dbn import MAYBE_BAD_BOOK, Dbn, micros, read_dbn, told
from tradesim.market.readers.new_york import NYSE
from tradesim.market.readers.occ import letters
from tradesim.market.readers.reader import Request, choose_underlying, counts, in_order, listed
from tradesim.market.rows import RawTape
from tradesim.market.sessions import SESSION_GAP
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.terms import Terms
from tradesim.units import HOUR

FUTURES: Final = ("GLBX.", "IFEU.", "IFUS.", "IFLL.", "NDEX.", "XEUR.", "XEEE.", "XCBF.")
"""What the names of datasets of futures begin with."""

SIDES: Final = (("bid", "bid_size"), ("ask", "ask_size"))


AMERICAN: Final = frozenset(
    {
        *("OPRA", "DBEQ", "EQUS", "XNAS", "XNYS", "XASE", "XBOS", "XPSX", "XCHI", "XCIS"),
        *("ARCX", "BATS", "BATY", "EDGA", "EDGX", "IEXG", "MEMX", "EPRL"),
    }
)
"""The venues, as datasets begin with them, whose sessions are those of the New York Stock Exchange."""

HALT: Final = HOUR // 2
"""Of other venues, ns: CME halts for an hour each day, and shows orders from a quarter of an hour before it opens."""


def read_databento(request: Request) -> RawTape:
    """The draft of the files in ``request.sources``; ``request.underlying`` chooses between several.

    Raises :class:`~tradesim.errors.SourceError` for files that are not of the format, and where the vendor's package is
    not installed.
    """
    where = listed(request.sources)
    files = [read_dbn(source) for source in request.sources]
    stated = definitions([file for file in files if file.schema == "definition"])
    quoted = [_Quoted.of(file, stated) for file in files if file.schema != "definition"]
    keys = sorted({key for file in quoted for key in file.keys})
    defined = stated.by_key
    names = _underlyings(keys, defined, where)
    underlying = choose_underlying(names.values(), request)
    contracts = _contracts(keys, defined, underlying)
    instruments = dict.fromkeys((key for key, name in names.items() if name == underlying), UNDERLYING)
    instruments |= {key: number for number, key in enumerate(contracts, start=UNDERLYING + 1)}
    mine = [key for key, name in names.items() if name == underlying]
    unit = _unit(mine, defined, contracts)
    levels = [_levels(file, instruments) for file in quoted if file.file.schema != "mbo"]
    orders = _orders([file for file in quoted if file.file.schema == "mbo"], instruments)
    rows, counted = _rows(levels, orders, where)
    used = sum(map(len, levels)) + (0 if orders is None else len(orders))
    odd = sum(file.count(lambda key: key[0] == OPRA and key not in defined) for file in quoted)
    is_american = all(file.dataset.partition(".")[0] in AMERICAN for file in files)
    return RawTape(
        rows=rows,
        chain=chain_of([(defined[key].name, contract) for key, contract in contracts.items()]),
        terms=Terms(
            underlying=underlying,
            currency=_currency([defined[key] for key in instruments if key in defined], where),
            source=f"Databento quotes and trades of {underlying}: {where}"
            + _left_out(keys, defined)
            + _single(contracts)
            + _named(counted)
            + ("" if unit else ", of which nothing tells how many units one is: 1"),
            unit=unit or 1,
            signed=any(defined[key].is_future for key in mine if key in defined),
            session_gap=SESSION_GAP if is_american else HALT,
            rate=request.rate,
            dividend=request.dividend,
        ),
        where=where,
        calendar=NYSE if is_american else "",
        left_out=counts(
            {
                "records of other instruments": sum(len(file.which) for file in quoted) - used - odd,
                "records of contracts that are adjusted or not defined": odd,
                **{kind: count for kind, count in counted.items() if kind not in NOTES},
            }
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Quoted:
    """A file of quotes: ``which`` of ``keys`` each of its records is about."""

    file: Dbn
    keys: Sequence[Key]
    which: NDArray[np.int64]

    def count(self, of: Callable[[Key], bool]) -> int:
        """How many records are about keys of a kind."""
        return int(np.count_nonzero(np.array([of(key) for key in self.keys], dtype=bool)[self.which]))

    @classmethod
    def of(cls, file: Dbn, stated: Definitions) -> "_Quoted":
        days, numbers = file.days(), file.records["instrument_id"].astype(np.int64)
        dealt, which = np.unique(np.stack([numbers, days], axis=1), axis=0, return_inverse=True)
        return cls(file=file, keys=[stated.key(file, *each) for each in dealt.tolist()], which=which.reshape(-1))


def _underlyings(keys: Sequence[Key], defined: Mapping[Key, Definition], where: str) -> dict[Key, str]:
    """What is quoted and no option, by its name."""
    options = {key for key in keys if key in defined and defined[key].contract}
    names = {key: key[1] for key in keys if key not in options and key[0] != OPRA}
    if keys and not names:
        about = sorted({defined[key].underlying for key in options})
        raise SourceError(
            f"{where}: quotes of options on {', '.join(about)}, and none of that itself; give a file of it as well"
            if options
            else f"{where}: quotes of options that no file defines; give their definitions and a file of the underlying"
        )
    return names


def _contracts(keys: Sequence[Key], defined: Mapping[Key, Definition], underlying: str) -> dict[Key, Contract]:
    """The contracts on ``underlying`` that are quoted, in the order of the chain."""
    found = {
        key: contract
        for key in keys
        if key in defined
        and letters(defined[key].underlying) == letters(underlying)
        and (contract := defined[key].contract)
    }
    return dict(sorted(found.items(), key=lambda item: (item[1], defined[item[0]].name)))


def _unit(own: Sequence[Key], defined: Mapping[Key, Definition], contracts: Mapping[Key, Contract]) -> int | None:
    """Units that are one of the underlying: as defined, else of a future as many as its options have; None: unknown."""
    stated = {defined[key].unit for key in own if key in defined} - {None}
    futures = {key for key in own if key[0].startswith(FUTURES)}
    if not stated and futures:
        stated = {contract.multiplier for key, contract in contracts.items() if key[0] != OPRA}
        return stated.pop() if len(stated) == 1 else None
    return max((unit for unit in stated if unit), default=1)


def _left_out(keys: Sequence[Key], defined: Mapping[Key, Definition]) -> str:
    count = sum(key[0] == OPRA and key not in defined for key in keys)
    return f", without {count} contracts that are adjusted or not defined" if count else ""


def _single(contracts: Mapping[Key, Contract]) -> str:
    count = sum(contract.multiplier == 1 for contract in contracts.values())
    return f", with {count} contracts of 1 unit by their definitions" if count else ""


def _named(counted: Counter[str]) -> str:
    notes = [f"{counted[note]:,} {note}" for note in NAMED if counted[note]]
    return f", with {', '.join(notes)}" if notes else ""


def _currency(defined: Sequence[Definition], where: str) -> str:
    currencies = {definition.currency for definition in defined if definition.currency}
    if len(currencies) > 1:
        raise SourceError(f"{where}: prices in {', '.join(sorted(currencies))}; a tape is in one currency")
    return currencies.pop() if currencies else "USD"


def _chosen(quoted: _Quoted, instruments: Mapping[Key, int]) -> tuple[NDArray[np.void], pl.DataFrame]:
    """The records of ``instruments``, and the columns that all schemas have."""
    file, records = quoted.file, quoted.file.records
    if file.schema != "cmbp-1" and len(np.unique(records["publisher_id"])) > 1:
        raise SourceError(f"{file.where}: books of several venues in one; give one venue's, or the consolidated cmbp-1")
    instrument = np.array([instruments.get(key, -1) for key in quoted.keys], dtype=np.int32)[quoted.which]
    records, instrument = records[instrument >= 0], instrument[instrument >= 0]
    return records, pl.DataFrame(
        {
            "ts": told(records["ts_event"]),
            "received": told(records["ts_recv"]),
            "instrument": instrument,
            "flags": records["flags"],
            "action": records["action"].astype("U1"),
            "side": (records["side"] == b"B").astype(np.int8) - (records["side"] == b"A").astype(np.int8),
            "price": micros(records, "price", file.where),
            "size": told(records["size"]),
        }
    )


def _levels(quoted: _Quoted, instruments: Mapping[Key, int]) -> pl.DataFrame:
    """One row a record of best quotes, with the columns of quotes and trades both."""
    records, columns = _chosen(quoted, instruments)
    rows = columns.with_columns(
        *(micros(records, f"{side}_px_00", quoted.file.where).alias(side) for side in ("bid", "ask")),
        *(told(records[f"{side}_sz_00"]).alias(f"{side}_size") for side in ("bid", "ask")),
        bad=pl.col.flags & MAYBE_BAD_BOOK != 0,
    )
    there = {side: ~pl.col.bad & (pl.col(side).fill_null(0) != 0) & (pl.col(size) > 0) for side, size in SIDES}
    return rows.with_columns(
        pl.when(there[side]).then(pl.col(column)).alias(column) for side, size in SIDES for column in (side, size)
    )


def _orders(quoted: Sequence[_Quoted], instruments: Mapping[Key, int]) -> pl.DataFrame | None:
    """One row a record of orders, in the sequence in which they happened; None where no file has any."""
    files = []
    for each in quoted:
        check_orders(each.file)
        records, columns = _chosen(each, instruments)
        if len(records):
            files.append((each.file.where, columns.with_columns(order=told(records["order_id"]))))
    files.sort(key=lambda file: file[1]["received"][0] or 0)
    for (before, first), (after, second) in combinations(files, 2):
        shared = set(first["instrument"]) & set(second["instrument"])
        if shared and (second["received"][0] or 0) < (first["received"][-1] or 0):
            raise SourceError(f"{after}: begins before {before} ends, which has the same orders; give each record once")
    return pl.concat([columns for _, columns in files]) if files else None


def _rows(levels: Sequence[pl.DataFrame], orders: pl.DataFrame | None, where: str) -> tuple[pl.DataFrame, Counter[str]]:
    """The tape's rows, and how many records were what else."""
    parts, counted = [], Counter[str]()
    if levels:
        records = pl.concat(levels)
        rows = _level_rows(records)
        counted["records that leave the best quote as it was"] = len(records) - rows["record"].n_unique()
        counted[BAD] = int(records["bad"].sum())
        parts.append(rows)
    if orders is not None:
        if levels and set(orders["instrument"]) & set(records["instrument"]):
            raise SourceError(f"{where}: orders and best quotes of one instrument; give one schema of each")
        rows, found = order_rows(orders)
        parts.append(rows)
        counted += found
    return in_order(parts), counted


def _level_rows(records: pl.DataFrame) -> pl.DataFrame:
    stamp, sides = ("ts", "received", "instrument"), tuple(column for side in SIDES for column in side)
    rows = records.sort("ts", maintain_order=True).with_row_index("record")
    last = pl.struct(sides).shift(1).over("instrument")
    is_first = pl.int_range(pl.len()).over("instrument") == 0
    quotes = rows.filter(is_first | pl.struct(sides).ne_missing(last)).select("record", *stamp, *sides)
    trades = rows.filter(action="T").select("record", *stamp, "price", "size", "side")
    kinds = [
        table.with_columns(pl.lit(kind, pl.Int8()).alias("kind")) for table, kind in ((quotes, QUOTE), (trades, TRADE))
    ]
    return pl.concat(kinds, how="diagonal").sort("record", maintain_order=True)
