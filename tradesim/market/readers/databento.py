"""Databento's DBN files (``.dbn``, ``.dbn.zst``): best quotes and trades, and the definitions of options.

| schema | read as |
| --- | --- |
| ``mbp-1`` | best quotes and trades of one venue: of a future, a stock, or options on a future |
| ``cmbp-1`` | the same, consolidated over venues: OPRA's options, or stocks |
| ``definition`` | the contracts (see :mod:`~tradesim.market.readers.databento_chain`) |

A record of the first two is an action on the book and the best level of each side. It makes a ``QUOTE`` row where that
level differs from the instrument's last, and a ``TRADE`` row where the action is ``T``; its side is who came (``B`` a
buyer, ``A`` a seller, ``N`` not told). A trade's record holds the book before it, and a record of its own the book
after. ``ts_event``, when the venue dealt with it, is the row's instant, and ``ts_recv``, when the vendor received it,
is ``received``, also where the vendor flags it as inaccurate. A side is missing where its price is undefined or 0, or
its size 0; a cleared book (``R``) has none, nor has one of which the vendor flags that it may be wrong since messages
are missing (``F_MAYBE_BAD_BOOK``). These schemas have no record of a cancelled or corrected trade. Prices come in 1e-9
and are refused where they are finer than a micro.

The underlying is what is quoted and no option; options are those that are quoted, defined, and on it by the
definition's ``underlying`` (``BRKB`` is ``BRK.B``). So a file of futures alone makes a tape without options, and OPRA's
need definitions and a file with quotes of the stock, from any dataset; those that are adjusted or not defined are left
out, and the tape's ``source`` says so. An instrument is known by its symbol on the day, not by its id, which may be
dealt anew each day. Prices stand as the venue quotes them, in the currency that definitions tell, else dollars. A lot
is a contract, or a share. A future's units are those of its definition, else as many as its options have; where neither
tells them, it is 1, and the ``source`` says so. (databento.com/docs, "Schemas and data formats".)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from tradesim.market.readers.dbn import Dbn, read_dbn, told
from tradesim.market.readers.occ import letters
from tradesim.market.readers.reader import Request, choose_underlying, counts, in_order, listed
from tradesim.market.rows import Draft
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.terms import Terms

MICRO: Final = 1_000
"""Of the vendor's price units, 1e-9 of currency."""

FUTURES: Final = ("GLBX.", "IFEU.", "IFUS.", "IFLL.", "NDEX.", "XEUR.", "XEEE.", "XCBF.")
"""What the names of datasets of futures begin with."""

MAYBE_BAD_BOOK: Final = 4
"""The flag of a record whose book may be wrong."""

SIDES: Final = (("bid", "bid_size"), ("ask", "ask_size"))


def read_databento(request: Request) -> Draft:
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
    unit = _unit([key for key, name in names.items() if name == underlying], defined, contracts)
    records = pl.concat([_records(file, instruments) for file in quoted])
    rows = _rows(records)
    odd = sum(file.count(lambda key: key[0] == OPRA and key not in defined) for file in quoted)
    return Draft(
        rows=rows,
        chain=chain_of([(defined[key].name, contract) for key, contract in contracts.items()]),
        terms=Terms(
            underlying=underlying,
            currency=_currency([defined[key] for key in instruments if key in defined], where),
            source=f"Databento quotes and trades of {underlying}: {where}"
            + _left_out(keys, defined)
            + _single(contracts)
            + ("" if unit else ", of which nothing tells how many units one is: 1"),
            unit=unit or 1,
            rate=request.rate,
            dividend=request.dividend,
        ),
        where=where,
        left_out=counts(
            {
                "records of other instruments": sum(len(file.which) for file in quoted) - len(records) - odd,
                "records of contracts that are adjusted or not defined": odd,
                "records that leave the best quote as it was": len(records) - rows["record"].n_unique(),
                "quotes of books that the vendor flags as bad": int(records["bad"].sum()),
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


def _currency(defined: Sequence[Definition], where: str) -> str:
    currencies = {definition.currency for definition in defined if definition.currency}
    if len(currencies) > 1:
        raise SourceError(f"{where}: prices in {', '.join(sorted(currencies))}; a tape is in one currency")
    return currencies.pop() if currencies else "USD"


def _records(quoted: _Quoted, instruments: Mapping[Key, int]) -> pl.DataFrame:
    """One row a record of ``instruments``, with the columns of quotes and trades both."""
    file, records = quoted.file, quoted.file.records
    if file.schema == "mbp-1" and len(np.unique(records["publisher_id"])) > 1:
        raise SourceError(f"{file.where}: books of several venues in one; give one venue's, or the consolidated cmbp-1")
    instrument = np.array([instruments.get(key, -1) for key in quoted.keys], dtype=np.int32)[quoted.which]
    records, instrument = records[instrument >= 0], instrument[instrument >= 0]
    rows = pl.DataFrame(
        {
            "ts": told(records["ts_event"]),
            "received": told(records["ts_recv"]),
            "instrument": instrument,
            "bad": (records["flags"] & MAYBE_BAD_BOOK) != 0,
            "trades": records["action"] == b"T",
            "side": (records["side"] == b"B").astype(np.int8) - (records["side"] == b"A").astype(np.int8),
            "price": _micros(records, "price", file.where),
            "size": told(records["size"]),
            **{side: _micros(records, f"{side}_px_00", file.where) for side in ("bid", "ask")},
            **{f"{side}_size": told(records[f"{side}_sz_00"]) for side in ("bid", "ask")},
        }
    )
    there = {side: ~pl.col.bad & (pl.col(side).fill_null(0) != 0) & (pl.col(size) > 0) for side, size in SIDES}
    return rows.with_columns(
        pl.when(there[side]).then(pl.col(column)).alias(column) for side, size in SIDES for column in (side, size)
    )


def _micros(records: np.ndarray, column: str, where: str) -> pl.Series:
    price = told(records[column])
    finer = (price % MICRO != 0).fill_null(False)
    if finer.any():
        row = int(finer.arg_max() or 0)
        raise SourceError(
            f"{where}: {column} of instrument {records['instrument_id'][row]} is {price[row]} x 1e-9; "
            "a tape holds whole micros"
        )
    return price // MICRO


def _rows(records: pl.DataFrame) -> pl.DataFrame:
    stamp, sides = ("ts", "received", "instrument"), tuple(column for side in SIDES for column in side)
    rows = records.sort("ts", maintain_order=True).with_row_index("record")
    last = pl.struct(sides).shift(1).over("instrument")
    is_first = pl.int_range(pl.len()).over("instrument") == 0
    quotes = rows.filter(is_first | pl.struct(sides).ne_missing(last)).select("record", *stamp, *sides)
    trades = rows.filter("trades").select("record", *stamp, "price", "size", "side")
    kinds = [
        table.with_columns(pl.lit(kind, pl.Int8()).alias("kind")) for table, kind in ((quotes, QUOTE), (trades, TRADE))
    ]
    return in_order([pl.concat(kinds, how="diagonal").sort("record", maintain_order=True)])
