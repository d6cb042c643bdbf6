"""The runs of one seed: for each method the four runs {reference, method} x {zero, its own latency}, and fixed ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.experiments.plan import Plan
from tradesim.market.sessions import open_time
from tradesim.market.tape import Tape
from tradesim.methods.by_style import method_for
from tradesim.methods.method import Method
from tradesim.pricing import PROBLEMS
from tradesim.results.store import write_facts
from tradesim.simulation.latency import FREE, ComputeLatency, Fixed, Measured, Profile, fixed_compute
from tradesim.simulation.run import Result, Seat, run_one
from tradesim.simulation.session import open_session
from tradesim.simulation.valuation import Pricing


class Role(StrEnum):
    """Which of a method's runs it is."""

    TRUTH = "truth"
    """Reference prices of the true slow inputs, zero latency: on generated tapes, one for all methods."""
    ORACLE = "oracle"
    """Reference prices, zero latency; one for all methods, which share rule, trigger and policy."""
    INSTANT = "instant"
    """The method's prices, zero latency."""
    EXACT = "exact"
    """Reference prices, the method's latency."""
    OWN = "own"
    """The method's prices, the method's latency."""
    CURVE = "curve"
    """Reference prices, a fixed latency."""
    FIXED = "fixed"
    """The method's prices, a fixed latency of ``price``; all else takes what it does in its own runs."""
    RACE = "race"
    """A desk among others at one venue."""
    ALONE = "alone"
    """The same desk, the others absent."""


SHARED: Final = frozenset({Role.TRUTH, Role.ORACLE, Role.CURVE})
"""Runs of reference prices that are made once for all methods."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run to be made: by which method's prices and latency, or at which fixed latency (ns).

    ``error`` is what its prices are stated to be wrong by (root mean square, currency).
    """

    method: str
    role: Role
    compute_ns: int | None = None
    error: float | None = None

    @property
    def is_oracle(self) -> bool:
        """Whether it is the oracle's run, or the curve's at zero latency, which is the same."""
        return self.role is Role.ORACLE or (self.role is Role.CURVE and self.compute_ns == 0)


def jobs_of(plan: Plan) -> list[Job]:
    """The runs that a comparison makes of each seed: the oracle's, three a method, and the curve's."""
    own = (Role.INSTANT, Role.EXACT, Role.OWN)
    return [
        *([Job(method="reference", role=Role.TRUTH)] if plan.knows_truth else []),
        Job(method="reference", role=Role.ORACLE),
        *(Job(method=label, role=role) for label in plan.labels for role in own),
        *(Job(method="reference", role=Role.CURVE, compute_ns=ns) for ns in plan.curve),
    ]


def replay_seed(
    plan: Plan,
    seed: int,
    jobs: Sequence[Job],
    latencies: Mapping[str, ComputeLatency],
    *,
    comparison: str,
    home: Path,
    staging: Path,
    part: str,
) -> None:
    """Make the runs ``jobs`` of ``seed``; write their facts as Parquet to ``staging``, in files named by ``part``."""
    tape = plan.tape(seed)
    problem = PROBLEMS[plan.problem]
    session = open_session(tape, problem, plan.setting, seed=seed)
    reference = method_for("reference", problem, tape.chain, home)
    reference.bind(tape.chain)
    replicate = plan.replicate(seed)
    own = {name: latency.replicate(replicate) for name, latency in latencies.items()}
    bench = _Bench(plan=plan, tape=tape, reference=reference, latencies=own, home=home)
    manifest = run_manifest(plan, tape, seed, profile=comparison)
    frames: dict[str, list[pl.DataFrame]] = {}
    oracle: Result | None = None
    for job in jobs:
        run = f"{comparison}-{seed}-{job.method}-{job.role}" + ("" if job.compute_ns is None else f"-{job.compute_ns}")
        result = oracle if job.is_oracle and oracle is not None else run_one(session, bench.seat(job))
        oracle = result if job.is_oracle else oracle
        row = {
            "run": run,
            "comparison": comparison,
            "seed": seed,
            "tape_hash": tape.hash,
            "method": job.method,
            "role": str(job.role),
            "compute_ns": job.compute_ns,
            "error": job.error,
            "blocks": plan.block_group(seed),
            "span": open_time(tape.sessions),
            "manifest": manifest,
        }
        for table, frame in run_facts(row, result).items():
            frames.setdefault(table, []).append(frame)
    facts = {table: pl.concat(parts) for table, parts in frames.items()}
    write_facts(facts | {"contracts": contract_frame(tape)}, staging, part=part)


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """Everything that the seats of one tape are made of; each method is made once."""

    plan: Plan
    tape: Tape
    reference: Method
    latencies: Mapping[str, ComputeLatency]
    home: Path
    made: dict[str, Method] = field(default_factory=dict)

    def seat(self, job: Job) -> Seat:
        """The desk that makes the run ``job``; its method is bound anew."""
        clock = self.reference if job.role in SHARED else self._method(job.method)
        prices = self.reference if job.role is Role.EXACT else clock
        return Seat(
            strategy=self.plan.strategy(job.method),
            pricing=Pricing(prices=prices, clock=clock, reference=self.reference),
            compute=self._compute(job),
            hiccups=self.plan.hiccups if job.role in {Role.EXACT, Role.OWN, Role.FIXED} else None,
            informed=job.role is Role.TRUTH,
        )

    def _method(self, name: str) -> Method:
        if name not in self.made:
            problem, chain = PROBLEMS[self.plan.problem], self.tape.chain
            method = method_for(self.plan.spec(name), problem, chain, self.home, outside=self.plan.outside)
            live = isinstance(self.latencies.get(name), Measured)
            self.made[name] = method if live else method.replayed_by()
            method.know(self.reference)
        self.made[name].bind(self.tape.chain)
        return self.made[name]

    def _compute(self, job: Job) -> ComputeLatency:
        if job.compute_ns is None:
            return FREE if job.role in {Role.TRUTH, Role.ORACLE, Role.INSTANT} else self.latencies[job.method]
        if job.role is Role.CURVE:
            return fixed_compute(job.compute_ns)
        own, price = self.latencies.get(job.method), {"any": Fixed(job.compute_ns)}
        match own:
            case Profile():
                return replace(own, price_by_tag=price)
            case Measured():
                return Measured(beforehand=own.beforehand, pricing=job.compute_ns)
        return Profile(price_by_tag=price)


def run_facts(row: Mapping[str, Any], result: Result, *, desk: int = 0) -> dict[str, pl.DataFrame]:
    """The facts of what one desk did, and the row of ``runs`` that says which run it was."""
    frames = {
        "decisions": result.decisions,
        "orders": result.orders,
        "fills": result.fills,
        "markouts": result.markouts,
        "settlements": result.settlements,
        "positions": result.positions,
    }
    facts = {table: frame.select(pl.lit(row["run"]).alias("run"), pl.all()) for table, frame in frames.items()}
    said = {**row, "desk": desk, "cash": result.cash, "update_busy": result.update_busy}
    return facts | {"runs": pl.DataFrame([said], schema_overrides=_RUN_TYPES)}


_RUN_TYPES: Final = {"compute_ns": pl.Int64, "error": pl.Float64, "desk": pl.Int32, "blocks": pl.Int32}


def run_manifest(plan: Plan, tape: Tape, seed: int, *, profile: str) -> str:
    """What a run's row says of its making, as JSON; ``profile`` names what its latencies were drawn from."""
    return json.dumps(plan.provenance() | {"tape": tape.hash, "source": tape.source, "seed": seed, "profile": profile})


def contract_frame(tape: Tape) -> pl.DataFrame:
    """One row a contract of the tape's chain."""
    chain = tape.chain
    return pl.DataFrame(
        {
            "tape_hash": [tape.hash] * len(chain),
            "contract": np.arange(len(chain), dtype=np.int32),
            "name": list(chain.name),
            "strike": chain.strike,
            "expiry": chain.expiry,
            "right": chain.right,
            "style": chain.style,
        }
    )
