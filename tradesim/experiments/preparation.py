"""What every question that is answered by replays goes through: its methods made and measured, its facts stored."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.data_source import money_of, quoted_prices
from tradesim.experiments.latency_spec import Filed, Stored
from tradesim.experiments.manifest import fingerprint
from tradesim.experiments.markets import name_of
from tradesim.experiments.measure import Measurement, measure_in_turn
from tradesim.experiments.plan import Plan
from tradesim.experiments.profiles import (
    Taken,
    profile_frame,
    read_profile,
    stored_counts,
    stored_rows,
    with_readings,
)
from tradesim.home import data_home
from tradesim.market.chain import Chain
from tradesim.market.sessions import open_time
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape import Tape
from tradesim.methods.by_style import method_for
from tradesim.methods.method import Method
from tradesim.pricing import PROBLEMS
from tradesim.progress import Progress
from tradesim.results.store import Store
from tradesim.simulation.latency import ComputeLatency, Measured
from tradesim.simulation.session import Session, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.wires import check_recordings
from tradesim.units import MICROS


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A question at work: its name, where methods are kept, where its facts are gathered, and where they will be."""

    name: str
    home: Path
    staging: Path
    store: Store


@contextmanager
def in_workspace(question: Plan, *, db: Path | str | None, jobs: int, progress: Progress) -> Iterator[Workspace]:
    """A place for the facts of ``question``, which are stored at the end: all of them, or on an error none."""
    if jobs < 1:
        raise ArgumentError(f"jobs {jobs}: at least one seed is replayed at a time; give 1 or more")
    home = data_home()
    name = f"{fingerprint(question.configuration())}-{uuid4().hex[:6]}"
    staging = home / "staging" / name
    store = Store(Path(db) if db is not None else home / "results.duckdb")
    store.check()
    try:
        yield Workspace(name=name, home=home, staging=staging, store=store)
        progress(0, 1, "storing")
        store.ingest(staging)
        progress(1, 1, "storing")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedStudy:
    """What was made and measured on the plan's first seed; ``service`` is what volatility snapshots take."""

    session: Session
    made: Mapping[str, Method]
    measured: Mapping[str, Measurement]
    service: Measurement

    def latencies(self, plan: Plan) -> dict[str, ComputeLatency]:
        """The compute latency of each measured method: as measured, live, or as stated."""
        model, latencies = plan.updating, self._latencies(plan)
        return latencies if model is None else {name: each.updating(model) for name, each in latencies.items()}

    def _latencies(self, plan: Plan) -> dict[str, ComputeLatency]:
        stated, groups = plan.compute, plan.block_groups
        profiles = {name: each.profile(self.service, plan.timing, groups) for name, each in self.measured.items()}
        if stated is None or isinstance(stated, Stored | Filed):
            return dict(profiles)
        if isinstance(stated, Measured):
            return {name: Measured(beforehand=profile) for name, profile in profiles.items()}
        return dict.fromkeys(self.measured, stated)

    def profiles(self, name: str) -> pl.DataFrame:
        """The rows of ``profiles`` of the question ``name``."""
        return profile_frame(self.measured, self.service).insert_column(0, pl.lit(name).alias("comparison"))


def prepare_study(
    plan: Plan,
    work: Workspace,
    *,
    measuring: tuple[str, ...],
    strategies: Mapping[str, Strategy] | None = None,
    progress: Progress,
) -> PreparedStudy:
    """Build what is missing, and take the latencies of the methods ``measuring``, all or some of the plan's.

    Each is timed at a desk of the plan's strategy, or of its own in ``strategies``.
    """
    problem, seed = PROBLEMS[plan.problem], plan.seeds[0]
    tape = plan.tape(seed)
    kept = _kept(plan, work.store, measuring, tape.chain)
    made = {
        spec.label: method_for(spec, problem, tape.chain, work.home, progress, plan.outside) for spec in plan.methods
    }
    session = open_session(tape, problem, plan.setting, seed=seed, progress=progress)
    check_recordings(plan.setting.wires, session.tape.start, session.tape.end)
    measured, service = measure_in_turn(
        {name: made[name] for name in measuring},
        session,
        {name: plan.strategy(name) for name in measuring} | dict(strategies or {}),
        between=plan.between,
        progress=progress,
    )
    if kept is not None and measured:
        measured, service = with_readings(measured, *kept)
    return PreparedStudy(session=session, made=made, measured=measured, service=service)


def _kept(
    plan: Plan, store: Store, measuring: tuple[str, ...], chain: Chain
) -> tuple[pl.DataFrame, Mapping[str, Mapping[str, int]]] | None:
    """Readings that were taken before, and of each method how many decisions then; None where they are taken here."""
    wanted = Taken.on(PROBLEMS[plan.problem], chain)
    match plan.compute:
        case Stored(comparison):
            return stored_rows(store, comparison, measuring, wanted), stored_counts(store, comparison)
        case Filed(about=about) as filed:
            return read_profile(filed, measuring, wanted), about["methods"]
    return None


def source_facts(plan: Plan, session: Session) -> dict[str, Any]:
    """The columns that every question has: when it was asked, on what, in which money, by which configuration."""
    tape = session.tape
    tapes = [plan.tape(seed) for seed in plan.seeds] if isinstance(plan.source, tuple) else [tape]
    ran_on: dict[str, Any] = {"tape": ", ".join(each.hash for each in tapes)}
    if session.tape.latent is None:
        ran_on["options"] = quoted_prices(tape)
    return {
        "created": [datetime.now(UTC).replace(tzinfo=None)],
        "problem": [plan.problem],
        "tape": [_generated(plan.source) if isinstance(plan.source, SyntheticMarket) else _sources(tapes)],
        "currency": [money_of(tape)],
        "money_unit": [tape.lot / MICROS],
        "fair": [session.fair.kind],
        "resolution": [max(each.resolution for each in tapes)],
        "span": [sum(open_time(each.sessions) for each in tapes)],
        "manifest": [json.dumps(plan.manifest() | ran_on)],
    }


def _generated(market: SyntheticMarket) -> str:
    """Which generated market it is, in one line."""
    name = name_of(market)
    return "a generated market" if name is None else f"generated {name}"


def _sources(tapes: Sequence[Tape]) -> str:
    """Where the tapes come from, in one line."""
    return tapes[0].source if len(tapes) == 1 else f"{len(tapes)} tapes: {tapes[0].source} to {tapes[-1].source}"
