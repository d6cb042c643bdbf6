"""The main job: ways of pricing on the same ticks, by the same rule, under the same seeds, held against each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import polars as pl

from tradesim.experiments.asked import asked_by
from tradesim.experiments.options import Options
from tradesim.experiments.parallel import Jobs, Replay
from tradesim.experiments.plan import CURVE, DEFAULT_METHODS, Plan
from tradesim.experiments.preparation import PreparedStudy, Workspace, in_workspace, prepare_study, source_facts
from tradesim.experiments.replay import jobs_of
from tradesim.experiments.stored_result import StoredResult
from tradesim.experiments.until import MOST_SEEDS, Until, undecided
from tradesim.methods.spec import Given
from tradesim.progress import Progress
from tradesim.results.store import Store, write_facts
from tradesim.simulation.maker import MakeRule
from tradesim.simulation.strategy import Rule, TakeRule


@dataclass(frozen=True, kw_only=True)
class Comparison(StoredResult):
    """A comparison that was made: its name and the database that holds it."""

    _kind = "comparison"

    @property
    def table(self) -> pl.DataFrame:
        """One row a method: the view ``comparison_table``. Latencies in ns, footprint in bytes, money in currency."""
        return self._view("comparison_table", "position")

    @property
    def curve(self) -> pl.DataFrame:
        """P&L of reference prices at fixed compute latencies: the view ``latency_curve``."""
        return self._view("latency_curve", "compute_ns")

    @property
    def attribution(self) -> pl.DataFrame:
        """Each part of a method's end-marked P&L, currency a seed: the view ``attribution_money``."""
        return self._view("attribution_money", "method, part, horizon NULLS FIRST")

    @property
    def makes_or_hedges(self) -> bool:
        """Whether a desk's standing order was taken, or a desk traded the underlying."""
        return not self.store.query(
            "SELECT 1 FROM fills JOIN runs USING (run) "
            "WHERE comparison = ? AND (liquidity = 'maker' OR contract < 0) LIMIT 1",
            [self.name],
        ).is_empty()

    @property
    def differences(self) -> pl.DataFrame:
        """What each method earned more than each other one, with its interval: the view ``method_difference``."""
        return self._view("method_difference", "method, rival")

    @property
    def undecided(self) -> pl.DataFrame | None:
        """The rows of :attr:`differences` that ``until`` has not told apart; None where it was not asked for."""
        asked = self.facts["manifest"]["configuration"]
        if asked["until"] is None:
            return None
        until = Until(confidence=asked["until"]["confidence"], most_seeds=asked["until"]["most_seeds"])
        return undecided(self.store, until.level(len(asked["seeds"]))).filter(comparison=self.name)

    def to_json(self) -> str:
        """All of it as one JSON object."""
        parts = {"curve": self.curve, "attribution": self.attribution, "differences": self.differences}
        left = self.undecided
        return self._json(methods=self.table, **parts, **({} if left is None else {"undecided": left}))


def compare(
    *,
    methods: Sequence[Given] = DEFAULT_METHODS,
    curve: Sequence[int] = CURVE,
    until: float | None = None,
    most_seeds: int = MOST_SEEDS,
    **options: Any,
) -> Comparison:
    """Compare ways of pricing by what they earn with one way to trade, that of taking quotes unless another is given.

    Builds what is missing in the data home, measures each method's latency here, replays each under its four runs,
    and stores everything in DuckDB.

    ``methods``  one per row: names, or functions, classes, objects and model files of yours (:func:`tradesim.method`)
    ``curve``    fixed compute latencies, ns, of the P&L curve
    ``until``    the confidence, 0.95 for example, at which every two methods shall be told apart by what they earn:
                 seeds are added to ``seeds``, up to ``most_seeds``, as :class:`~tradesim.experiments.until.Until` says;
                 the pairs that are left are :attr:`Comparison.undecided`. On generated markets only
    ``options``  what is replayed, by which rule, at which latencies and in which world: those of
                 :class:`~tradesim.experiments.options.Options`

    Raises a :class:`~tradesim.errors.TradesimError` for a bad argument or tape; nothing is stored then.
    """
    asked = asked_by(options)
    stop = None if until is None else Until(confidence=until, most_seeds=most_seeds)
    with asked.blamed():
        plan = asked.plan(methods, curve=curve, until=stop)
        return make(plan, asked.options, further=_further_seeds(plan))


def make(plan: Plan, asked: Options, *, further: Sequence[Callable[[Store], Jobs]] = ()) -> Comparison:
    """Make the comparison that ``plan`` asks for, in the database and with the jobs that are ``asked``.

    Each of ``further`` is shown the comparison so far, in a database of its own, and says which runs are to be added;
    the first that says none is the last.
    """
    jobs, progress = asked.jobs, asked.progress
    with in_workspace(plan, db=asked.db, jobs=jobs, progress=progress) as work:
        ready = prepare_study(plan, work, measuring=plan.labels, progress=progress)
        replay = begun(plan, work, ready, jobs=jobs, progress=progress)
        replay.all(dict.fromkeys(plan.seeds, jobs_of(plan)), "replaying")
        for number, wanted in enumerate(further, start=1):
            draft = Store(work.staging / f"draft-{number}.duckdb")
            draft.ingest(work.staging)
            if not (jobs_asked := wanted(draft)):
                break
            replay.all(jobs_asked, f"replaying further {number}")
    return Comparison(name=work.name, store=work.store)


def _further_seeds(plan: Plan) -> list[Callable[[Store], Jobs]]:
    """What each look of the plan's ``until`` adds: as many seeds as there are, while a pair is undecided."""
    if plan.until is None:
        return []
    first, behind = len(plan.seeds), max(plan.seeds) + 1
    level = plan.until.level(first)

    def added(start: int, stop: int, draft: Store) -> Jobs:
        decided = undecided(draft, level).is_empty()
        return {} if decided else dict.fromkeys(range(behind + start - first, behind + stop - first), jobs_of(plan))

    return [partial(added, start, stop) for start, stop in pairwise(plan.until.counts(first))]


def begun(plan: Plan, work: Workspace, ready: PreparedStudy, *, jobs: int, progress: Progress) -> Replay:
    """The replay of a comparison whose facts that are not of a run are staged, under the name of ``work``."""
    _write_question(plan, work, ready)
    return Replay(
        plan=plan,
        latencies=ready.latencies(plan),
        name=work.name,
        home=work.home,
        staging=work.staging,
        jobs=jobs,
        tell=progress,
    )


def edge_of(rule: Rule) -> float | None:
    """Currency a unit that a price error takes from ``rule``: what it asks for to take, or its least half-spread."""
    if isinstance(rule, TakeRule):
        return rule.edge
    return rule.half_spread if isinstance(rule, MakeRule) else None


def _write_question(plan: Plan, work: Workspace, ready: PreparedStudy) -> None:
    """The facts that are not of a run: the comparison, its methods and their profiles."""
    comparison = pl.DataFrame(
        {
            "comparison": [work.name],
            "edge": pl.Series([edge_of(plan.trading.rule)], dtype=pl.Float64),
            "memory_price": [plan.memory_price],
            **source_facts(plan, ready.session),
        }
    )
    methods = pl.DataFrame(
        [
            {
                "comparison": work.name,
                "method": method,
                "position": position,
                "footprint": ready.made[method].nbytes,
                "build_seconds": ready.made[method].build_cost.seconds,
                "build_evaluations": ready.made[method].build_cost.evaluations,
                "readings": ready.measured[method].taken,
                "disturbed": ready.measured[method].disturbed,
                "rss_before": ready.measured[method].rss_before,
                "rss_bound": ready.measured[method].rss_bound,
                "rss_peak": ready.measured[method].rss_peak,
            }
            for position, method in enumerate(plan.labels)
        ]
    )
    facts = {"comparisons": comparison, "methods": methods, "profiles": ready.profiles(work.name)}
    write_facts(facts, work.staging, part=f"question-{work.name}")
