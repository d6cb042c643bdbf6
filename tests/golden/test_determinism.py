"""Same tape, profile and seed: the same bytes, twice in one process, in two processes, and as they were kept."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
from days import buy_once, two_days

from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import Tape
from tradesim.methods.reference import Reference
from tradesim.pricing import PROBLEMS
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.latency import LogNormal, Profile
from tradesim.simulation.run import Result, Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.wires import Wires
from tradesim.units import SECOND

GOLDEN = Path(__file__).with_name("fills.parquet")
SETTLED = Path(__file__).with_name("settled.parquet")


def replay(tape: Tape | None = None, strategy: Strategy | None = None) -> Result:
    tape = tape or generate(SyntheticMarket(duration=20 * SECOND), seed=7)
    wires = Wires(feed=LogNormal(median=20_000, sigma=0.5), entry=LogNormal(median=30_000, sigma=0.5))
    session = open_session(tape, PROBLEMS["american"], Setting(wires=wires), seed=3)
    reference = Reference(PROBLEMS["american"])
    reference.bind(tape.chain)
    compute = Profile(price_by_tag={"hit": LogNormal(median=50_000, sigma=0.3)})
    pricing = Pricing(prices=reference, clock=reference, reference=reference)
    return run_one(session, Seat(strategy=strategy or Strategy(), pricing=pricing, compute=compute))


def digest(result: Result) -> str:
    """Of every decision, order and fill, to the last bit."""
    told = hashlib.blake2b(digest_size=16)
    for frame in (result.decisions, result.orders, result.fills):
        for column in frame.iter_columns():
            told.update(column.name.encode())
            told.update(str(column.to_list()).encode())
    return told.hexdigest()


def test_twice_in_one_process():
    assert digest(replay()) == digest(replay())


def test_in_two_processes():
    command = "import sys; sys.path.append('../support'); import test_determinism as t; print(t.digest(t.replay()))"
    told = subprocess.run(
        [sys.executable, "-c", command], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == digest(replay())


def test_the_fills_are_those_that_were_kept():
    """Integers only, so that processors which round prices differently in the last place agree."""
    kept = pl.read_parquet(GOLDEN)
    assert len(kept) > 20
    assert replay().fills.select(kept.columns).equals(kept)


def test_what_is_settled_on_two_days_is_what_was_kept():
    result = replay(replace(two_days(), unit=5), Strategy(rule=Custom(function=buy_once), hedge=DeltaHedge(band=20.0)))
    kept = pl.read_parquet(SETTLED)
    assert len(kept) > 10
    assert result.settlements.equals(kept)
    assert result.cash == -23_200_300_000
