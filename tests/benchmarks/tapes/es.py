"""Options on the ES future: made quotes around the recorded future, as files of Databento."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from math import exp
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from databento import DBNStore
from made import SECOND, YEAR, black, instant

dbn: Any = import_module("databento_dbn")
"""The vendor's package, whose type stubs do not fit it."""

FUTURE, FUTURE_ID, RATE = "ESU4", 118, 0.053
SERIES = (
    ("E1BN4", "EFPS", "2024-07-02T20:00", range(5500, 5561, 10)),
    ("EW1N4", "EFPS", "2024-07-05T20:00", range(5480, 5581, 20)),
    ("EWN4", "EFPS", "2024-07-31T20:00", range(5450, 5626, 25)),
    ("ESU4", "AFPS", "2024-09-20T13:30", range(5300, 5751, 50)),
)


class Mapping(SimpleNamespace):
    """What the package takes for a mapping of symbols, and for its interval."""


def es_chain(data: Path, out: Path, hours: int) -> None:
    """The recorded future ``hours`` later, and 62 options whose quotes follow its moves after drawn delays."""
    out.mkdir(exist_ok=True)
    future = DBNStore.from_file(next((data / "databento_es_20240701").glob("futures_mbp-1_*"))).to_ndarray().copy()
    for clock in ("ts_event", "ts_recv"):
        future[clock] += np.uint64(hours * 3600 * SECOND)
    start = int(future["ts_event"].min())
    contracts = [
        (f"{root} {right}{strike}", right, float(strike), f"O{right}{cfi}", instant(expiry))
        for root, cfi, expiry, strikes in SERIES
        for strike in strikes
        for right in "CP"
    ]
    options = {1000 + i: name for i, (name, *_) in enumerate(contracts)}
    defined = [definition(start, FUTURE_ID, FUTURE, "F", None, "FFICSX", instant(SERIES[-1][2]))]
    defined += [definition(start, number, *terms) for number, terms in zip(options, contracts, strict=True)]
    files = (
        ("future", "mbp-1", future.tobytes(), {FUTURE_ID: FUTURE}),
        ("definitions", "definition", b"".join(defined), {FUTURE_ID: FUTURE, **options}),
        ("options", "mbp-1", b"".join(option_quotes(future, contracts)), options),
    )
    for name, schema, records, names in files:
        (out / f"{name}.dbn").write_bytes(bytes(metadata(schema, names, start)) + records)


def metadata(schema: str, names: dict[int, str], start: int) -> Any:
    """A file's head, under which ``names`` hold from the day of ``start``."""
    day = datetime.fromtimestamp(start / 1e9, ZoneInfo("UTC")).date()
    days = {"start_date": day, "end_date": day + timedelta(days=2)}
    return dbn.Metadata(
        dataset="GLBX.MDP3", start=start, stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.from_str(schema), symbols=list(names.values()),
        mappings=[Mapping(raw_symbol=n, intervals=[Mapping(**days, symbol=str(i))]) for i, n in names.items()],
    )  # fmt: skip


def definition(start: int, number: int, name: str, kind: str, strike: float | None, cfi: str, expiry: int) -> bytes:
    """The record that defines an instrument of 50 units; ``kind`` is C, P or F."""
    of = {"C": dbn.InstrumentClass.CALL, "P": dbn.InstrumentClass.PUT, "F": dbn.InstrumentClass.FUTURE}
    record = dbn.InstrumentDefMsg(
        publisher_id=1, instrument_id=number, ts_event=start, ts_recv=start, raw_symbol=name, instrument_class=of[kind],
        strike_price=nano(strike), cfi=cfi, expiration=expiry, underlying="" if kind == "F" else FUTURE, asset="ES",
        currency="USD", security_type="FUT" if kind == "F" else "OOF", unit_of_measure_qty=nano(50),
        min_price_increment=nano(0.25 if kind == "F" else 0.05), display_factor=nano(1),
        security_update_action=dbn.SecurityUpdateAction.ADD,
    )  # fmt: skip
    return bytes(record)[: record.record_size()]


def nano(price: float | None) -> int:
    """A price in the format's billionths."""
    return dbn.UNDEF_PRICE if price is None else round(price * 10**9)


def option_quotes(future: Any, contracts: list[tuple[str, str, float, str, int]]) -> Iterator[bytes]:
    """Records in order of time, of the quotes that are other than the contract's last."""
    rng = np.random.default_rng(7)
    middle = (future["bid_px_00"] + future["ask_px_00"]) / 2e9
    quotes: list[tuple[int, int, float, float, int, int]] = []
    for move in np.flatnonzero(np.append(True, np.diff(middle) != 0)):
        for i, (_, right, strike, _, expiry) in enumerate(contracts):
            delay = int(30_000 + 70_000 * np.exp(1.3 * rng.standard_normal())) if move else 1000 * (i + 1)
            at = int(future["ts_event"][move]) + delay
            if at < expiry:
                price = es_value(float(middle[move]), strike, (expiry - at) / YEAR, 1 if right == "C" else -1)
                quotes.append((at, 1000 + i, *quoted(price), int(rng.integers(5, 40)), int(rng.integers(5, 40))))
    last: dict[int, tuple[float, float]] = {}
    for at, number, bid, ask, bid_size, ask_size in sorted(quotes):
        if last.get(number) != (bid, ask):
            last[number] = bid, ask
            levels = dbn.BidAskPair(
                bid_px=nano(bid or None), ask_px=nano(ask), bid_sz=bid_size if bid else 0, ask_sz=ask_size
            )
            record = dbn.MBP1Msg(
                publisher_id=1, instrument_id=number, ts_event=at, ts_recv=at + 90_000, price=dbn.UNDEF_PRICE, size=1,
                action=dbn.Action.ADD, side=dbn.Side.BID, depth=0, levels=levels,
            )  # fmt: skip
            yield bytes(record)[: record.record_size()]


def es_value(forward: float, strike: float, years: float, sign: int) -> float:
    """What an option is worth to its makers: Black-76 on a smile, discounted."""
    volatility = 0.10 + 0.04 * max(0, (5530 - strike) / 250) + 0.01 * abs(strike - 5530) / 250
    return exp(-RATE * years) * float(black(forward, strike, years, volatility, sign))


def quoted(price: float) -> tuple[float, float]:
    """Bid and ask at least a quarter of a tick away."""
    tick = 0.05 if price < 10 else 0.25
    bid, ask = np.floor(price / tick - 0.25) * tick, np.ceil(price / tick + 0.25) * tick
    return round(max(float(bid), 0.0), 2), round(float(ask), 2)
