"""The main job: ways of pricing on the same ticks, by the same rule, under the same seeds, held against each other."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.ground import Tapes, in_coin, plan_of
from tradesim.experiments.manifest import fingerprint
from tradesim.experiments.measure import Measurement, measure, measure_service
from tradesim.experiments.plan import CURVE, DEFAULT_METHODS, Plan
from tradesim.experiments.profiles import check_stored, profile_frame, with_stored
from tradesim.experiments.replay import jobs_of
from tradesim.experiments.seeds import Jobs, Replay
from tradesim.experiments.stated import Stored
from tradesim.experiments.timing import Cache
from tradesim.home import data_home
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape import Tape
from tradesim.methods.method import Method
from tradesim.methods.registry import make_method
from tradesim.methods.staged import Outside
from tradesim.pricing import PROBLEMS
from tradesim.progress import Progress, silent
from tradesim.results.store import Store, finite, write_facts
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import ComputeLatency, Empirical, LatencyModel, Measured
from tradesim.simulation.maker import MakeRule
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Rule, Strategy, TakeRule
from tradesim.simulation.venue_rules import VenueRules
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
    def facts(self) -> dict[str, Any]:
        """The row of ``comparisons``, its manifest parsed."""
        row = self._view("comparisons", "created").row(0, named=True)
        return row | {"manifest": json.loads(row["manifest"]), "created": row["created"].isoformat()}

    def to_json(self) -> str:
        """All of it as one JSON object."""
        parts = {
            "methods": self.table.to_dicts(),
            "curve": self.curve.to_dicts(),
            "attribution": self.attribution.to_dicts(),
            "differences": self.differences.to_dicts(),
        }
        return json.dumps(finite(self.facts | parts), indent=2, allow_nan=False)

    def _view(self, name: str, order: str) -> pl.DataFrame:
        return self.store.query(f"SELECT * FROM {name} WHERE comparison = ? ORDER BY {order}", [self.name])


def compare(
    *,
    tape: Tapes | None = None,
    market: SyntheticMarket | None = None,
    problem: str | None = None,
    methods: Sequence[str] = DEFAULT_METHODS,
    latency: str = "empirical",
    cache: Cache | str = Cache.HOT,
    seeds: Sequence[int] | None = None,
    edge: float | None = None,
    cap: int | None = None,
    fee: float | None = None,
    maker_fee: float | None = None,
    underlying_fee: float | None = None,
    wires: Wires | None = None,
    venue: VenueRules | None = None,
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

    ``tape``     path of a tape, or paths of several (days); without it a market is generated anew for each seed
    ``market``   parameters of the generated market
    ``problem``  ``american`` or ``european``; by default what the tape's contracts are
    ``methods``  names of methods, one a row
    ``latency``  ``empirical``, ``measured``, a model as :mod:`~tradesim.experiments.stated` has it (``fixed:40us``), or
                 ``profile:COMPARISON``: what was measured then, so that its replay is made again to the last bit
    ``cache``    what the caches hold when latencies are measured
    ``seeds``    default: 1 to 8 for a generated market; 1 for a tape, where a seed only draws latencies; of several
                 tapes one each, in turn
    ``strategy`` how every method trades (its rule, trigger, policy, hedge, CPUs, deadline); its own method counts not
    ``hiccups``  how a desk's process pauses, in the runs of its own latency; part of the latency effect
    ``edge cap`` of the rule that takes, where no ``strategy`` is given; the default edge is 0.0075 currency a unit, or
                 0.0005 of a coin, and the default cap 50 lots
    ``fee``      the taker's, currency a unit; the default is that of ``setting``, or 0.0003 of a coin
    ``maker_fee underlying_fee`` currency a unit, negative for a rebate; the default is that of ``setting``
    ``wires``    latencies of feed, entry and response; the default is that of ``setting``
    ``venue``    what orders are held to, and how they queue; the default is that of ``setting``
    ``setting``  wires, fees, venue and schedules around the desks
    ``curve``    fixed compute latencies, ns, of the P&L curve
    ``outside``  what methods do with a contract outside their domain: ``fallback`` to the solver, which is charged and
                 counted, or ``raise``
    ``db``       the results database; default ``results.duckdb`` in the data home
    ``jobs``     seeds replayed at once; live ``measured`` latency takes one

    Raises a :class:`~tradesim.errors.TradesimError` for a bad argument or tape; nothing is stored then.
    """
    plan = plan_of(
        tape=tape,
        market=market,
        problem=problem,
        methods=methods,
        latency=latency,
        cache=cache,
        seeds=seeds,
        edge=edge,
        cap=cap,
        fee=fee,
        maker_fee=maker_fee,
        underlying_fee=underlying_fee,
        wires=wires,
        venue=venue,
        setting=setting,
        strategy=strategy,
        hiccups=hiccups,
        curve=curve,
        outside=outside,
    )
    return make(plan, db=db, jobs=jobs, progress=progress)


def make(
    plan: Plan,
    *,
    further: Sequence[Callable[[Store], Jobs]] = (),
    db: Path | str | None = None,
    jobs: int = 2,
    progress: Progress = silent,
) -> Comparison:
    """Make the comparison that ``plan`` asks for; the other arguments are those of :func:`compare`.

    Each of ``further`` is shown the comparison so far, in a database of its own, and says which runs are to be added.
    """
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
        replay = Replay(
            plan=plan,
            latencies=_latencies(stated, measured, service),
            name=name,
            home=home,
            staging=staging,
            jobs=jobs,
            tell=progress,
        )
        replay.all(dict.fromkeys(plan.seeds, jobs_of(plan)), "replaying")
        for number, asked in enumerate(further, start=1):
            draft = Store(staging / f"draft-{number}.duckdb")
            draft.ingest(staging)
            replay.all(asked(draft), f"replaying further {number}")
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


def edge_of(rule: Rule) -> float | None:
    """Currency a unit that a price error takes from ``rule``: what it asks for to take, or its least half-spread."""
    if isinstance(rule, TakeRule):
        return rule.edge
    return rule.half_spread if isinstance(rule, MakeRule) else None


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
    tapes = [plan.tape(seed) for seed in plan.seeds] if isinstance(plan.source, tuple) else [tape]
    comparison = pl.DataFrame(
        {
            "comparison": [name],
            "created": [datetime.now(UTC).replace(tzinfo=None)],
            "problem": [plan.problem],
            "tape": ["a generated market" if isinstance(plan.source, SyntheticMarket) else _sources(tapes)],
            "currency": [tape.underlying if in_coin(tape) else tape.currency],
            "money_unit": [tape.lot / MICROS],
            "edge": pl.Series([edge_of(plan.trading.rule)], dtype=pl.Float64),
            "fair": [session.fair.kind],
            "resolution": [max(each.resolution for each in tapes)],
            "span": [sum(each.end - each.start for each in tapes)],
            "manifest": [json.dumps(plan.manifest() | {"tape": ", ".join(each.hash for each in tapes)})],
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


def _sources(tapes: Sequence[Tape]) -> str:
    """Where the tapes come from, in one line."""
    return tapes[0].source if len(tapes) == 1 else f"{len(tapes)} tapes: {tapes[0].source} to {tapes[-1].source}"
