"""The conformance table, put to this engine: every instant and every fill, exactly."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from probes import START, Quote, Row, seat_of, tape_of, underlying

from tradesim.market.tape import TRADE
from tradesim.pricing import PROBLEMS
from tradesim.simulation.book import ASK, ASK_LEFT, BID
from tradesim.simulation.latency import Fixed
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.run import run
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote, OptionQuoted, Traded
from tradesim.simulation.wires import PerAction, Wires
from tradesim.units import MICROS

PROBES = {
    probe["name"]: probe
    for probe in tomllib.loads(Path(__file__).with_name("probes.toml").read_text(encoding="utf-8"))["probe"]
}
SIDES = {"buy": 1, "sell": -1}
WAKES = {"spot": EveryQuote(), "option quotes": OptionQuoted(), "trades": Traded()}


def row_of(row):
    if "spot" in row:
        return underlying(row["at"], row["spot"])
    if "trade" in row:
        return Row(at=row["at"], kind=TRADE, price=row["price"], size=row["lots"], side=SIDES[row["trade"]])
    (bid, bid_size), (ask, ask_size) = row["bid"], row["ask"]
    return Quote(at=row["at"], bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


class Script:
    """A rule that does what a probe says at each wake-up, and notes what it saw."""

    def __init__(self, number, does):
        self.number, self.does, self.wakes, self.seen = number, does, 0, []
        self.sides = {}

    def __call__(self, screen):
        self.wakes += 1
        bid, ask, left = (int(screen.book[1, column]) for column in (BID, ASK, ASK_LEFT))
        self.seen.append({"desk": self.number, "at": screen.now - START, "bid": bid, "ask": ask, "ask_left": left})
        rows = [self.request(step) for step in self.does if step["wake"] == self.wakes]
        return np.array(rows, dtype=np.int64).reshape(-1, 6)

    def request(self, step):
        if "cancel" in step:
            target = step["cancel"]
            return [0, self.sides[target], 0, 0, Kind.CANCEL, target - 1]
        side = "buy" if "buy" in step else "sell"
        limit = round(step["price"] * MICROS) if "price" in step else AT_MARKET
        kind, target = Kind[step.get("kind", "ioc").upper()], -1
        if "replace" in step:
            kind, target = Kind.REPLACE, step["replace"] - 1
        self.sides[len(self.sides) + 1] = SIDES[side]
        return [0, SIDES[side], step[side], limit, kind, target]


def answered(probe):
    """Orders, fills and what was seen, in the words of the table."""
    entry = Fixed(probe.get("entry", 0))
    wires = Wires(
        feed=Fixed(probe.get("feed", 0)),
        entry=PerAction(place=entry, cancel=Fixed(probe.get("cancel", entry.ns)), replace=entry),
        response=Fixed(probe.get("response", 0)),
    )
    tape = tape_of(*map(row_of, probe["rows"]))
    session = open_session(tape, PROBLEMS["european"], Setting(wires=wires, horizon=0), seed=1)
    scripts = [Script(number, desk["does"]) for number, desk in enumerate(probe["desks"], start=1)]
    seats = [
        seat_of(
            Strategy(rule=Custom(function=script), trigger=WAKES[desk.get("wakes", "spot")]),
            compute=desk.get("compute", 0),
        )
        for script, desk in zip(scripts, probe["desks"], strict=True)
    ]
    orders, fills = [], []
    for desk, result in enumerate(run(session, seats), start=1):
        for row in result.orders.iter_rows(named=True):
            instants = {name: row[name] - START for name in ("decided", "venue", "ack")}
            told = {"outcome": row["outcome"], "filled": row["filled"]}
            orders.append({"desk": desk, "order": row["order_id"] + 1} | instants | told)
        for row in result.fills.iter_rows(named=True):
            instants = {"at": row["venue"] - START, "known": row["known"] - START}
            told = {"lots": row["quantity"], "price": row["price"] / MICROS, "liquidity": row["liquidity"]}
            fills.append({"desk": desk, "order": row["order_id"] + 1} | instants | told)
    return orders, fills, [note for script in scripts for note in script.seen]


def in_currency(note, expected):
    prices = {side: note[side] / MICROS for side in ("bid", "ask")}
    return {name: (note | prices)[name] for name in expected}


def by_time(fills):
    return sorted(fills, key=lambda fill: (fill["at"], fill["desk"], fill["order"]))


@pytest.mark.parametrize("name", PROBES)
def test_the_table(name):
    probe = PROBES[name]
    orders, fills, seen = answered(probe)
    assert orders == probe.get("orders", [])
    assert by_time(fills) == by_time(probe.get("fills", []))
    if "seen" in probe:
        mine = [note for note in seen if note["desk"] in {told["desk"] for told in probe["seen"]}]
        assert [in_currency(note, told) for note, told in zip(mine, probe["seen"], strict=True)] == probe["seen"]


def test_the_table_asks_each_thing_once():
    assert len(PROBES) >= 20
    assert all(probe["says"].endswith(".") for probe in PROBES.values())
