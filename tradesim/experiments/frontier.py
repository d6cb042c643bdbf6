"""The frontier of one problem: every way of answering it, at every budget, by latency, memory and error."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from tradesim.errors import ArgumentError, PackageError, ProblemError, one_of
from tradesim.experiments.evaluation import Journeys, breaches_of, errors_of, hedge_of, journeys_of
from tradesim.experiments.evaluation_set import CHAIN, EvaluationSet, Size
from tradesim.experiments.manifest import fingerprint, host, plain, versions
from tradesim.experiments.speed import MANY, Reading, speed_of
from tradesim.experiments.stored_result import StoredResult
from tradesim.experiments.timing import Cache, Effort, Ints
from tradesim.home import data_home
from tradesim.methods.registry import make_method
from tradesim.methods.registry import methods as known_methods
from tradesim.methods.spec import Given, MethodSpec, method
from tradesim.methods.staged import Staged
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Problem, problem_named
from tradesim.progress import Progress, silent
from tradesim.results.store import Store, write_facts


@dataclass(frozen=True, kw_only=True)
class Frontier(StoredResult):
    """A frontier that was measured: its name and the database that holds it."""

    _kind = "frontier"

    @property
    def table(self) -> pl.DataFrame:
        """One row a method: the view ``frontier_table``. Latencies in ns, memory in bytes, errors in money."""
        return self._view("frontier_table", "position")

    @property
    def refused(self) -> pl.DataFrame:
        """The methods that do not serve the problem, and why."""
        return self._view("contenders", "position").filter(pl.col("refused").is_not_null()).select("method", "refused")

    def to_json(self) -> str:
        """All of it as one JSON object."""
        return self._json(methods=self.table, refused=self.refused)


@dataclass(frozen=True, kw_only=True)
class FrontierPlan:
    """What is measured: ``methods`` with their budgets (``grid@64KiB``), on how many points, by which caches."""

    problem: Problem
    methods: tuple[MethodSpec, ...]
    cache: Cache = Cache.HOT
    size: Size = field(default_factory=Size)


def frontier(
    problem: Problem | str,
    *,
    methods: Sequence[str] | None = None,
    budgets: Sequence[int] | None = None,
    cache: Cache | str = Cache.HOT,
    points: int = 2_000,
    effort: Effort | None = None,
    db: Path | str | None = None,
    progress: Progress = silent,
) -> Frontier:
    """Build each method at each budget and measure all of them here and now: latency, memory, error, lawfulness.

    ``problem``  a name, or a problem of your own
    ``methods``  names, with a budget (``grid@64KiB``) or without: then at its default and every budget; default: all
                 that serve the problem
    ``budgets``  bytes, in place of the budgets that are usual for each method
    ``cache``    by which caches the frontier is drawn; both are measured
    ``points``   held-out points; half as many more on the domain's edges
    ``effort``   how long each stage is timed
    ``db``       the results database; default ``results.duckdb`` in the data home

    Raises a :class:`~tradesim.errors.TradesimError` for a bad argument; nothing is stored then.
    """
    plan = FrontierPlan(
        problem=problem_named(problem, PROBLEMS) if isinstance(problem, str) else problem,
        methods=contenders(methods, budgets),
        cache=one_of(Cache, cache, "cache"),
        size=Size.of(points),
    )
    return measure_frontier(plan, effort=effort, db=db, progress=progress)


def contenders(methods: Sequence[Given] | None, budgets: Sequence[int] | None) -> tuple[MethodSpec, ...]:
    """Names with budgets: each method that is named without one at its default and at every budget."""
    named = [name for name, entry in known_methods().items() if entry.answers] if methods is None else list(methods)
    if not named:
        raise ArgumentError("methods (none): give at least one")
    found: dict[str, MethodSpec] = {}
    for given in named:
        spec = method(given)
        usual = spec.entry.budgets
        if spec.budget is not None or not usual:
            chosen = [spec]
        else:
            chosen = [] if budgets is not None else [spec]
            chosen += [method(spec, budget=each) for each in (usual if budgets is None else budgets)]
        found |= {each.label: each for each in chosen}
    return tuple(found.values())


def measure_frontier(
    plan: FrontierPlan, *, effort: Effort | None = None, db: Path | str | None = None, progress: Progress = silent
) -> Frontier:
    """Measure what ``plan`` says; the other arguments are those of :func:`frontier`."""
    home = data_home()
    name = f"{fingerprint(plan)}-{uuid4().hex[:6]}"
    staging = home / "staging" / name
    store = Store(Path(db) if db is not None else home / "results.duckdb")
    store.check()
    try:
        held_out = EvaluationSet(plan.problem, plan.size, progress)
        journeys = journeys_of(held_out)
        rows: dict[str, list[dict[str, Any]]] = {"contenders": [], "stages": [], "errors": [], "breaches": []}
        for position, spec in enumerate(plan.methods):
            progress(position, len(plan.methods), f"measuring on {plan.problem.name}")
            for table, row in _facts(spec, position, held_out, journeys, home, effort, progress):
                rows[table].append({"frontier": name, **row})
        progress(len(plan.methods), len(plan.methods), f"measuring on {plan.problem.name}")
        if not rows["stages"]:
            raise ProblemError(rows["contenders"][0]["refused"])
        facts = {table: pl.DataFrame(found, infer_schema_length=None) for table, found in rows.items() if found}
        write_facts({"frontiers": _frontier_row(plan, name), **facts}, staging, part="frontier")
        store.ingest(staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Frontier(name=name, store=store)


def _facts(
    spec: MethodSpec,
    position: int,
    held_out: EvaluationSet,
    journeys: Journeys | None,
    home: Path,
    effort: Effort | None,
    progress: Progress,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of one method, each with the table it is of."""
    text = spec.label
    head = {
        "method": text,
        "family": spec.name,
        "budget": spec.budget,
        "position": position,
        "says": spec.entry.says,
    }
    try:
        method, fresh = (make_method(spec, held_out.problem, home, progress) for _ in range(2))
    except (ProblemError, PackageError) as refusal:
        yield "contenders", {**head, "refused": str(refusal)}
        return
    if not isinstance(method, Staged):
        yield "contenders", {**head, "refused": "it has no prices to be measured"}
        return
    speed = speed_of(fresh, method, held_out.board, effort=effort)
    method.take(held_out.board.slow[0], held_out.board.anchor)
    footprint, fallbacks = method.nbytes, method.fallbacks
    for row in _stages(speed):
        yield "stages", {"method": text, **row}
    for error in errors_of(method, held_out):
        yield "errors", {"method": text, **_renamed(asdict(error), where="place", count="points")}
    for breach in breaches_of(method, held_out):
        yield "breaches", {"method": text, **asdict(breach)}
    hedge = hedge_of(method, journeys)
    yield (
        "contenders",
        {
            **head,
            "refused": None,
            "footprint": footprint,
            "build_seconds": method.build_cost.seconds,
            "build_evaluations": method.build_cost.evaluations,
            "fallbacks": fallbacks,
            "hedge_rmse": None if hedge is None else hedge.rmse,
            "hedge_largest": None if hedge is None else hedge.largest,
        },
    )


def _stages(speed: Mapping[Reading, Ints]) -> Iterator[dict[str, Any]]:
    for reading, ns in speed.items():
        yield {
            "stage": reading.stage,
            "contracts": reading.contracts,
            "cache": str(reading.cache),
            "measurements": ns.tolist(),
        }


def _renamed(row: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in row.items()}


def _frontier_row(plan: FrontierPlan, name: str) -> pl.DataFrame:
    manifest = {
        "configuration": plain(plan),
        "configuration_hash": fingerprint(plan),
        "versions": versions(),
        "host": host(),
    }
    return pl.DataFrame(
        {
            "frontier": [name],
            "created": [datetime.now(UTC).replace(tzinfo=None)],
            "problem": [plan.problem.name],
            "cache": [str(plan.cache)],
            "contracts": [CHAIN],
            "many": [MANY],
            "manifest": [json.dumps(manifest)],
        }
    )


def latest_frontier(problem: str, *, db: Path | str | None = None) -> Frontier:
    """The newest stored frontier of ``problem``; ``ArgumentError`` where there is none."""
    store = Store(Path(db) if db is not None else data_home() / "results.duckdb")
    rows = (
        store.query("SELECT frontier FROM frontiers WHERE problem = ? ORDER BY created DESC LIMIT 1", [problem])
        if store.path.exists()
        else pl.DataFrame()
    )
    if rows.is_empty():
        raise ArgumentError(
            f"problem {problem!r}: no frontier of it is stored; run `tradesim frontier {problem}` first"
        )
    return Frontier(name=rows.item(), store=store)
