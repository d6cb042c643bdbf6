"""Desks in one simulation at one venue: who arrives first takes the quote, and what that costs the others."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from tradesim.experiments.asked import asked_by
from tradesim.experiments.parallel import each_seed
from tradesim.experiments.plan import checked
from tradesim.experiments.preparation import PreparedStudy, Workspace, in_workspace, prepare_study, source_facts
from tradesim.experiments.race_plan import Contestant, RacePlan, parse_contestant, script_of, told_apart
from tradesim.experiments.race_replay import replay_race
from tradesim.experiments.stored_result import StoredResult
from tradesim.progress import Progress
from tradesim.results.store import write_facts
from tradesim.simulation.latency import Measured
from tradesim.simulation.strategy import Strategy
from tradesim.user_code import blamed_on

DEFAULT_DESKS: Final = ("analytic", "grid", "lightgbm")


@dataclass(frozen=True, kw_only=True)
class Race(StoredResult):
    """A race that was run: its name and the database that holds it."""

    _kind = "race"

    @property
    def table(self) -> pl.DataFrame:
        """One row a desk: the view ``race_table``. Latencies in ns, money in currency a seed."""
        return self._view("race_table", "desk")

    @property
    def rivals(self) -> pl.DataFrame:
        """One row a desk and rival, what came of their meetings: the view ``race_rivals``."""
        return self._view("race_rivals", "desk, rival_desk")

    @property
    def gaps(self) -> pl.DataFrame:
        """Win rates by how much earlier the rival decides, in ns: the view ``race_gaps``."""
        return self._view("race_gaps", "desk, rival_desk, lead_from")

    def to_json(self) -> str:
        """All of it as one JSON object."""
        return self._json(desks=self.table, rivals=self.rivals, gaps=self.gaps)


def race(*, desks: Sequence[str | Strategy | Contestant] = DEFAULT_DESKS, **options: Any) -> Race:
    """Race ``desks`` against each other, and run each of them alone, on the same tapes under the same seeds.

    ``desks``    two or more: names of methods (``grid``), strategy files (``mine.py``), either with a stated latency
                 (``grid=5us``), or strategies, or :class:`~tradesim.experiments.race_plan.Contestant`
    ``options``  those of :class:`~tradesim.experiments.options.Options`: ``latency`` is of the desks that state none,
                 ``strategy`` how desks that are named by their method alone trade

    Raises a :class:`~tradesim.errors.TradesimError` for a bad argument or tape; nothing is stored then.
    """
    asked = asked_by(options)
    with ExitStack() as blamed:
        blamed.enter_context(asked.blamed())
        for desk in desks:
            if isinstance(desk, str) and (script := script_of(desk)) is not None:
                blamed.enter_context(blamed_on(script, kind="strategy"))
        contestants = told_apart([parse_contestant(desk, asked.trading) for desk in desks])
        methods = tuple({contestant.spec.label: contestant.spec for contestant in contestants}.values())
        plan = RacePlan(methods=methods, curve=(), desks=contestants, **asked.shared())
        return _run(plan, db=asked.options.db, jobs=asked.options.jobs, progress=asked.options.progress)


def _run(plan: RacePlan, *, db: Path | str | None, jobs: int, progress: Progress) -> Race:
    with in_workspace(plan, db=db, jobs=jobs, progress=progress) as work:
        unstated = [desk for desk in plan.desks if desk.stated is None]
        rules = {desk.spec.label: checked(desk.strategy) for desk in reversed(unstated)}
        measuring = tuple(dict.fromkeys(desk.spec.label for desk in unstated))
        ready = prepare_study(plan, work, measuring=measuring, strategies=rules, progress=progress)
        of_methods = ready.latencies(plan)
        latencies = {desk.name: desk.stated or of_methods[desk.spec.label] for desk in plan.desks}
        _write_question(plan, work, ready)
        replay = partial(replay_race, plan, latencies=latencies, race=work.name, home=work.home, staging=work.staging)
        timed = any(isinstance(latency, Measured) for latency in latencies.values())
        workers = 1 if timed else min(jobs, len(plan.seeds))
        each_seed(replay, plan.seeds, workers=workers, progress=progress)
    return Race(name=work.name, store=work.store)


def _write_question(plan: RacePlan, work: Workspace, ready: PreparedStudy) -> None:
    """The facts that are not of a run: the race, its desks and the profiles that were measured."""
    desks = pl.DataFrame(
        [
            {
                "race": work.name,
                "desk": desk,
                "name": contestant.name,
                "method": contestant.spec.label,
                "latency": contestant.latency or plan.latency,
            }
            for desk, contestant in enumerate(plan.desks)
        ]
    )
    race = {"race": [work.name], **source_facts(plan, ready.session)}
    facts = {"races": pl.DataFrame(race), "desks": desks}
    if ready.measured:
        facts["profiles"] = ready.profiles(work.name)
    write_facts(facts, work.staging, part="question")
