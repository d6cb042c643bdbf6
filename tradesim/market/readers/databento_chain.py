"""The contracts that Databento's instrument definitions describe, by dataset and the venue's own symbol.

Of the records of schema ``definition`` those of class ``C`` and ``P`` are contracts; the last one about a symbol
stands, and deletions are not read. An instrument id tells nothing by itself, since ids may be dealt anew each day: of a
quote's id the symbol is what the file's metadata says of that day, else what a definition of that day, or of OPRA's ids
no other, else the last one before it, or the first after it. A strike is in 1e-9 of currency. An expiration that falls
on midnight UTC is a date (OPRA tells no more), and the contract expires as the exchange in New York closes its last
session until then; the venue's own instant is kept.

The multiplier is the contract multiplier, else the money of a tick over the tick, else the quantity of the unit of
measure (CME states it alone: 50 for an option on ES; of what is priced in cents a bushel or in points of a bond, it is
a hundred times the money of a point, which a tick tells right). OPRA's contracts of which only a quantity of 1, or
nothing, is stated have 100; a contract multiplier of 1 stands. The style is the third letter of the CFI code where
there is one, else that of the root (see :mod:`~tradesim.market.readers.occ`). OPRA's roots that have a digit are of
contracts adjusted after a corporate action, of small or of flexible ones, which deliver something else than 100 shares:
they are left out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from tradesim.errors import SourceError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain
from tradesim.market.readers.dbn import Dbn, texts, told
from tradesim.market.readers.new_york import expiry_of
from tradesim.market.readers.occ import MORNING_ROOTS, SHARES, is_standard, style_of
from tradesim.units import DAY, SECOND

OPRA: Final = "OPRA.PILLAR"
UNIT: Final = 10**9
"""Units of a price, a strike or a quantity in 1."""

ROOT: Final = 6
"""Letters of an OCC symbol that are its root."""

MULTIPLIERS: Final = (
    *("contract_multiplier", "unit_of_measure_qty"),
    *("min_price_increment", "min_price_increment_amount"),
)
"""What a definition tells of units in a contract."""

Key = tuple[str, str]
"""Dataset and symbol: what tells instruments of several files apart."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What is said about one instrument; ``contract`` is None where it is no option.

    ``unit``  units that are one of it; None where it is a future of which that is not said
    ``is_future`` whether it is a future, or a spread of some: it may cost less than nothing
    """

    name: str
    currency: str
    underlying: str
    contract: "Contract | None"
    unit: int | None = 1
    is_future: bool = False


@dataclass(frozen=True, kw_only=True, order=True)
class Contract:
    """An option's terms; in this order a chain is sorted."""

    expiry: int
    strike: float
    right: int
    style: int
    multiplier: int
    morning: bool


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """The last definition of every symbol, and which symbols each instrument id was given, on which days."""

    by_key: Mapping[Key, Definition]
    dealt: Mapping[tuple[str, int], Mapping[int, str]]

    def key(self, file: Dbn, number: int, day: int) -> Key:
        """Which instrument ``number`` is on ``day`` in ``file``; by its number alone where nothing tells its symbol."""
        symbol = file.symbol(number, day)
        if symbol is None or not (file.raw or (file.dataset, symbol) in self.by_key):
            symbol = self._dealt_on(day, self.dealt.get((file.dataset, number), {}), file.dataset) or symbol
        return file.dataset, symbol or str(number)

    def _dealt_on(self, day: int, symbols: Mapping[int, str], dataset: str) -> str | None:
        if day in symbols or dataset == OPRA or not symbols:
            return symbols.get(day)
        return symbols[max((its for its in symbols if its < day), default=min(symbols))]


def definitions(files: Sequence[Dbn]) -> Definitions:
    """What ``files`` define, without adjusted contracts.

    Raises :class:`~tradesim.errors.SourceError` for a contract without strike, expiration or multiplier.
    """
    found: dict[Key, Definition] = {}
    dealt: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    for file in files:
        records, days = file.records, file.days().tolist()
        numbers = {name: told(records[name]).to_list() for name in ("strike_price", "expiration", *MULTIPLIERS)}
        words = {
            name: texts(records[name])
            for name in ("raw_symbol", "currency", "underlying", "cfi", "instrument_class", "security_update_action")
        }
        for row, instrument in enumerate(records["instrument_id"].tolist()):
            said = {name: values[row] for name, values in words.items()}
            if said["security_update_action"] == "D" or _is_adjusted(said["raw_symbol"], file.dataset):
                continue
            is_option = said["instrument_class"] in {"C", "P"}
            told_here = {name: values[row] for name, values in numbers.items()}
            name = said["raw_symbol"] or str(instrument)
            dealt[file.dataset, instrument][days[row]] = name
            found[file.dataset, name] = Definition(
                name=name,
                currency=said["currency"],
                underlying=said["underlying"],
                contract=_contract(said, told_here, file) if is_option else None,
                unit=(_multiplier(told_here, file.dataset) or None) if said["instrument_class"] == "F" else 1,
                is_future=said["instrument_class"] in {"F", "S", "M"},
            )
    return Definitions(by_key=found, dealt=dealt)


def chain_of(contracts: Sequence[tuple[str, Contract]]) -> Chain:
    """The chain of contracts by name, in their order."""
    return Chain(
        name=tuple(name for name, _ in contracts),
        strike=np.array([contract.strike for _, contract in contracts], dtype=np.float64),
        expiry=np.array([contract.expiry for _, contract in contracts], dtype=np.int64),
        right=np.array([contract.right for _, contract in contracts], dtype=np.int8),
        style=np.array([contract.style for _, contract in contracts], dtype=np.int8),
        multiplier=np.array([contract.multiplier for _, contract in contracts], dtype=np.int64),
        morning=np.array([contract.morning for _, contract in contracts], dtype=np.bool_),
    )


def _is_adjusted(symbol: str, dataset: str) -> bool:
    return dataset == OPRA and not is_standard(symbol[:ROOT])


def _contract(said: Mapping[str, str], numbers: Mapping[str, int | None], file: Dbn) -> Contract:
    strike, expiration = numbers["strike_price"], numbers["expiration"]
    multiplier = _multiplier(numbers, file.dataset)
    if not strike or not expiration or not multiplier:
        raise SourceError(
            f"{file.where}: {said['raw_symbol']} has strike {strike}, expiration {expiration} and multiplier "
            f"{multiplier}; a definition of an option must tell all three, a multiplier as a whole number"
        )
    cfi, root = said["cfi"][2:3], said["raw_symbol"][:ROOT].strip()
    morning = file.dataset == OPRA and root in MORNING_ROOTS
    return Contract(
        expiry=_expiry(expiration, file.where, morning=morning),
        strike=strike / UNIT,
        right=CALL if said["instrument_class"] == "C" else PUT,
        style={"A": AMERICAN, "E": EUROPEAN}.get(cfi, style_of(root)),
        multiplier=multiplier,
        morning=morning,
    )


def _multiplier(numbers: Mapping[str, int | None], dataset: str) -> int | None:
    stated, quantity = numbers["contract_multiplier"] or 0, numbers["unit_of_measure_qty"] or 0
    if stated > 1:
        return stated
    tick, amount = numbers["min_price_increment"] or 0, numbers["min_price_increment_amount"] or 0
    if dataset != OPRA and tick > 0 and amount > 0 and amount % tick == 0:
        return amount // tick
    if quantity > UNIT or not stated:
        alone = None if quantity % UNIT else quantity // UNIT
        return SHARES if dataset == OPRA and alone in {0, 1} else alone
    return stated


def _expiry(expiration: int, where: str, *, morning: bool) -> int:
    if expiration % DAY:
        return expiration
    return expiry_of(f"{datetime.fromtimestamp(expiration // SECOND, UTC):%Y%m%d}", where, morning=morning)
