"""The main job: ways of pricing on the same ticks, by the same rule, under the same seeds, held against each other."""

import json
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import joblib
import polars as pl
from joblib.externals.loky import get_reusable_executor

from tradesim.errors import ArgumentError, one_of
from tradesim.experiments.ground import ground_of, in_coin
from tradesim.experiments.manifest import fingerprint
from tradesim.experiments.measure import Measurement, measure, measure_service
from tradesim.experiments.plan import CURVE, DEFAULT_METHODS, Plan
from tradesim.experiments.profiles import check_stored, profile_frame, with_stored
from tradesim.experiments.replay import replay_seed
from tradesim.experiments.stated import Stored
from tradesim.experiments.timing import Cache
from tradesim.home import data_home
from tradesim.market.synthetic import SyntheticMarket
from tradesim.methods.method import Method
from tradesim.methods.registry import make_method
from tradesim.methods.staged import Outside
from tradesim.pricing import PROBLEMS
from tradesim.progress import Progress, silent
from tradesim.results.store import Store, finite, write_facts
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import ComputeLatency, Empirical, LatencyModel, Measured
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.venue_rules import Fees
from tradesim.simulation.wires import Wires, check_recordings
from tradesim.units import MICROS


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
    hiccups: Hiccups | None = None,
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
    ``latency``  ``empirical``, ``measured``, a model as :mod:`~tradesim.experiments.stated` has it (``fixed:40us``), or
                 ``profile:COMPARISON``: what was measured then, so that its replay is made again to the last bit
    ``cache``    what the caches hold when latencies are measured
    ``seeds``    default: 1 to 8 for a generated market, 1 for a tape, where a seed only draws latencies
    ``strategy`` how every method trades (its rule, trigger, policy, hedge, CPUs, deadline); its own method counts not
    ``hiccups``  how a desk's process pauses, in the runs of its own latency; part of the latency effect
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
        hiccups=hiccups,
        curve=tuple(curve),
        outside=one_of(Outside, outside, "outside"),
    )
    return make(plan, db=db, jobs=jobs, progress=progress)


def make(plan: Plan, *, db: Path | str | None = None, jobs: int = 2, progress: Progress = silent) -> Comparison:
    """Make the comparison that ``plan`` asks for; the other arguments are those of :func:`compare`."""
    if jobs < 1:
        raise ArgumentError(f"jobs {jobs}: at least one seed is replayed at a time; give 1 or more")
    home = data_home()
    name = f"{fingerprint(plan.configuration())}-{uuid4().hex[:6]}"
    staging = home / "staging" / name
    store = Store(Path(db) if db is not None else home / "results.duckdb")
    store.check()
    stated = plan.compute
    if isinstance(stated, Stored):
        check_stored(store, stated.comparison, plan.methods)
    problem, seed = PROBLEMS[plan.problem], plan.seeds[0]
    try:
        made = {method: make_method(method, problem, home, progress, plan.outside) for method in plan.methods}
        session = open_session(plan.tape(seed), problem, plan.setting, seed=seed, progress=progress)
        check_recordings(plan.setting.wires, session.tape.start, session.tape.end)
        measured, service = _measure_all(plan, session, made, progress)
        if isinstance(stated, Stored):
            measured, service = with_stored(measured, store, stated.comparison)
        _write_question(plan, name, session, made, measured, service, staging)
        _replay_all(plan, _latencies(stated, measured, service), name, home, staging, jobs, progress)
        progress(0, 1, "storing")
        store.ingest(staging)
        progress(1, 1, "storing")
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Comparison(name=name, store=store)


def _measure_all(
    plan: Plan, session: Session, made: Mapping[str, Method], tell: Progress
) -> tuple[dict[str, Measurement], Empirical]:
    service = Empirical(measure_service(session))
    measured = {}
    for done, (name, method) in enumerate(made.items()):
        tell(done, len(made), f"measuring {name}")
        measured[name] = measure(method, session, cache=plan.cache, deadline=plan.trading.deadline)
    tell(len(made), len(made), "measuring")
    return measured, service


def _latencies(
    stated: ComputeLatency | Stored | None, measured: Mapping[str, Measurement], service: LatencyModel
) -> dict[str, ComputeLatency]:
    """Each method's compute latency: as measured (in ``measured``), live, or as stated."""
    profiles = {name: measurement.profile(service) for name, measurement in measured.items()}
    if stated is None or isinstance(stated, Stored):
        return dict(profiles)
    if isinstance(stated, Measured):
        return {name: Measured(update_model=profile.update_model) for name, profile in profiles.items()}
    return dict.fromkeys(measured, stated)


def _replay_all(
    plan: Plan,
    latencies: Mapping[str, ComputeLatency],
    name: str,
    home: Path,
    staging: Path,
    jobs: int,
    tell: Progress,
) -> None:
    """Every seed in a process of its own, at most ``jobs`` at once."""
    workers = 1 if isinstance(plan.compute, Measured) else min(jobs, len(plan.seeds))
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
    calls = (
        joblib.delayed(replay_seed)(plan, seed, latencies, comparison=name, home=home, staging=staging)
        for seed in plan.seeds
    )
    tell(0, len(plan.seeds), "replaying")
    try:
        with _interrupts_held():
            replays = parallel(calls)
        for done, _ in enumerate(replays, start=1):
            tell(done, len(plan.seeds), "replaying")
    except BaseException:
        if workers > 1:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)
        raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits meanwhile; processes that are started here never get it: this one ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _write_question(
    plan: Plan,
    name: str,
    session: Session,
    made: Mapping[str, Method],
    measured: Mapping[str, Measurement],
    service: Empirical,
    staging: Path,
) -> None:
    """The facts that are not of a run: the comparison, its methods and their profiles."""
    tape = session.tape
    comparison = pl.DataFrame(
        {
            "comparison": [name],
            "created": [datetime.now(UTC).replace(tzinfo=None)],
            "problem": [plan.problem],
            "tape": [tape.source if isinstance(plan.source, Path) else "a generated market"],
            "currency": [tape.underlying if in_coin(tape) else tape.currency],
            "money_unit": [tape.lot / MICROS],
            "edge": [float(getattr(plan.trading.rule, "edge", 0.0))],
            "fair": [session.fair.kind],
            "resolution": [tape.resolution],
            "span": [tape.end - tape.start],
            "manifest": [json.dumps(plan.manifest() | {"tape": tape.hash})],
        }
    )
    methods = pl.DataFrame(
        [
            {
                "comparison": name,
                "method": method,
                "position": position,
                "footprint": made[method].nbytes,
                "build_seconds": made[method].build_cost.seconds,
                "build_evaluations": made[method].build_cost.evaluations,
                "rss_before": measured[method].rss_before,
                "rss_bound": measured[method].rss_bound,
                "rss_peak": measured[method].rss_peak,
            }
            for position, method in enumerate(plan.methods)
        ]
    )
    facts = {
        "comparisons": comparison,
        "methods": methods,
        "profiles": profile_frame(name, measured, service, plan.cache),
    }
    write_facts(facts, staging, part="question")
