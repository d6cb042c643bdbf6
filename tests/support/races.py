"""Races of hand-made seats, stored, so that the views can be asked what came of them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from tradesim.experiments.race_replay import race_facts
from tradesim.results.store import Store, write_facts
from tradesim.simulation.run import Seat
from tradesim.simulation.session import Session

RACE = "hand-made"


def raced(folder: Path, sessions: Sequence[Session], seats: Sequence[Seat], *, resolution: int = 1) -> Store:
    """The store of one race of ``seats`` over ``sessions``, which differ in their seeds."""
    race = pl.DataFrame(
        {
            "race": [RACE],
            "created": [datetime(2026, 1, 5)],
            "problem": ["european"],
            "tape": ["probe"],
            "currency": ["USD"],
            "money_unit": [1e-6],
            "fair": ["markout"],
            "resolution": [resolution],
            "span": [1],
            "manifest": ["{}"],
        }
    )
    desks = pl.DataFrame(
        [
            {"race": RACE, "desk": desk, "name": f"desk {desk}", "method": seat.strategy.method, "latency": "fixed"}
            for desk, seat in enumerate(seats)
        ]
    )
    staging = folder / "staging"
    write_facts({"races": race, "desks": desks}, staging, part="question")
    for session in sessions:
        write_facts(race_facts(session, seats, race=RACE, manifest="{}"), staging, part=str(session.seed))
    store = Store(folder / "race.duckdb")
    store.ingest(staging)
    return store
