"""The main job: ways of pricing on the same ticks, by the same rule, under the same seeds, held against each other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tradesim.errors import one_of
from tradesim.experiments.ground import ground_of
from tradesim.experiments.plan import CURVE, DEFAULT_METHODS, Plan
from tradesim.experiments.replay import replay_seed
from tradesim.experiments.seeds import each_seed
from tradesim.experiments.timing import Cache
from tradesim.experiments.work import Ready, Work, at_work, ground_facts, make_ready
from tradesim.market.synthetic import SyntheticMarket
from tradesim.methods.staged import Outside
from tradesim.progress import Progress, silent
from tradesim.results.store import Store, finite, write_facts
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.venue_rules import Fees
from tradesim.simulation.wires import Wires


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A comparison that was made: its name and the database that holds it."""

    name: str
    store: Store

    @property
    def table(self) -> pl.DataFrame:
        """One row a method: the view ``comparison_table``. Latencies in ns, footprint in bytes, money in currency."""
        return self._view("comparison_table", "position")

    @property
    def curve(self) -> pl.DataFrame:
        """P&L of reference prices at fixed compute latencies: the view ``latency_curve``."""
        return self._view("latency_curve", "compute_ns")

    @property
    def facts(self) -> dict[str, Any]:
        """The row of ``comparisons``, its manifest parsed."""
        row = self._view("comparisons", "created").row(0, named=True)
        return row | {"manifest": json.loads(row["manifest"]), "created": row["created"].isoformat()}

    def to_json(self) -> str:
        """All of it as one JSON object."""
        parts = {"methods": self.table.to_dicts(), "curve": self.curve.to_dicts()}
        return json.dumps(finite(self.facts | parts), indent=2, allow_nan=False)

    def _view(self, name: str, order: str) -> pl.DataFrame:
        return self.store.query(f"SELECT * FROM {name} WHERE comparison = ? ORDER BY {order}", [self.name])


def compare(
    *,
    tape: Path | str | None = None,
    market: SyntheticMarket | None = None,
    problem: str | None = None,
    methods: Sequence[str] = DEFAULT_METHODS,
    latency: str = "empirical",
    cache: Cache | str = Cache.HOT,
    seeds: Sequence[int] | None = None,
    edge: float | None = None,
    cap: int = 50,
    fee: float | None = None,
    wires: Wires | None = None,
    setting: Setting | None = None,
    strategy: Strategy | None = None,
    curve: Sequence[int] = CURVE,
    outside: Outside | str = Outside.FALLBACK,
    db: Path | str | None = None,
    jobs: int = 2,
    progress: Progress = silent,
) -> Comparison:
    """Compare ways of pricing by what they earn with one way to trade, that of taking quotes unless another is given.

    Builds what is missing in the data home, measures each method's latency here, replays each under its four runs,
    and stores everything in DuckDB.

    ``tape``     path of a tape; without it a market is generated anew for each seed
    ``market``   parameters of the generated market
    ``problem``  ``american`` or ``european``; by default what the tape's contracts are
    ``methods``  names of methods, one a row
    ``latency``  ``empirical``, ``measured``, ``fixed:DURATION``, ``lognormal:MEDIAN:SIGMA``, or ``profile:COMPARISON``:
                 what was measured then, so that its replay is made again to the last bit
    ``cache``    what the caches hold when latencies are measured
    ``seeds``    default: 1 to 8 for a generated market, 1 for a tape, where a seed only draws latencies
    ``strategy`` how every method trades (its rule, trigger, policy, hedge, CPUs, deadline); its own method counts not
    ``edge cap`` of the rule that takes, where no ``strategy`` is given; the default edge is 0.0075 currency a unit, or
                 0.0005 of a coin
    ``fee``      the taker's, currency a unit; the default is that of ``setting``, or 0.0003 of a coin
    ``wires``    latencies of feed, entry and response; the default is that of ``setting``
    ``setting``  wires, fees and schedules around the desks
    ``curve``    fixed compute latencies, ns, of the P&L curve
    ``outside``  what methods do with a contract outside their domain: ``fallback`` to the solver, which is charged and
                 counted, or ``raise``
    ``db``       the results database; default ``results.duckdb`` in the data home
    ``jobs``     seeds replayed at once; live ``measured`` latency takes one

    Raises a :class:`~tradesim.errors.TradesimError` for a bad argument or tape; nothing is stored then.
    """
    ground = ground_of(tape, market, problem)
    around = setting or ground.setting
    if fee is not None:
        around = replace(around, fees=Fees(taker=fee))
    if wires is not None:
        around = replace(around, wires=wires)
    if edge is None:
        edge = 0.0005 if ground.in_coin else 0.0075
    plan = Plan(
        source=ground.source,
        problem=ground.problem,
        methods=tuple(methods),
        seeds=ground.seeds if seeds is None else tuple(seeds),
        trading=strategy or Strategy(rule=TakeRule(edge=edge, cap=cap)),
        setting=around,
        latency=latency,
        cache=one_of(Cache, cache, "cache"),
        curve=tuple(curve),
        outside=one_of(Outside, outside, "outside"),
    )
    return make(plan, db=db, jobs=jobs, progress=progress)


def make(plan: Plan, *, db: Path | str | None = None, jobs: int = 2, progress: Progress = silent) -> Comparison:
    """Make the comparison that ``plan`` asks for; the other arguments are those of :func:`compare`."""
    with at_work(plan, db=db, jobs=jobs, progress=progress) as work:
        ready = make_ready(plan, work, measuring=plan.methods, progress=progress)
        _write_question(plan, work, ready)
        replay = partial(
            replay_seed,
            plan,
            latencies=ready.latencies(),
            comparison=work.name,
            home=work.home,
            staging=work.staging,
        )
        workers = 1 if plan.latency == "measured" else min(jobs, len(plan.seeds))
        each_seed(replay, plan.seeds, workers=workers, progress=progress)
    return Comparison(name=work.name, store=work.store)


def _write_question(plan: Plan, work: Work, ready: Ready) -> None:
    """The facts that are not of a run: the comparison, its methods and their profiles."""
    comparison = pl.DataFrame(
        {
            "comparison": [work.name],
            "edge": [float(getattr(plan.trading.rule, "edge", 0.0))],
            **ground_facts(plan, ready.session, plan.manifest()),
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
                "rss_before": ready.measured[method].rss_before,
                "rss_bound": ready.measured[method].rss_bound,
                "rss_peak": ready.measured[method].rss_peak,
            }
            for position, method in enumerate(plan.methods)
        ]
    )
    facts = {"comparisons": comparison, "methods": methods, "profiles": ready.profiles(plan, work.name)}
    write_facts(facts, work.staging, part="question")
