"""The runs of one seed: for each method the four runs {reference, method} x {zero, its own latency}, and the curve."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import polars as pl

from tradesim.experiments.plan import Plan
from tradesim.market.tape import Tape
from tradesim.methods.method import Method
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.results.store import write_facts
from tradesim.simulation.desk import Pricing
from tradesim.simulation.latency import FREE, ComputeLatency, Measured, fixed_compute
from tradesim.simulation.run import Result, Seat, run_one
from tradesim.simulation.session import open_session
from tradesim.simulation.strategy import Strategy


class Role(StrEnum):
    """Which of a method's runs it is."""

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


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run to be made: under which name, by whom, with which prices and latency."""

    method: str
    role: Role
    seat: Seat
    compute_ns: int | None = None


def replay_seed(
    plan: Plan, seed: int, latencies: Mapping[str, ComputeLatency], *, comparison: str, home: Path, staging: Path
) -> None:
    """Make every run of ``seed`` and write its facts as Parquet to ``staging``."""
    tape = plan.tape(seed)
    problem = PROBLEMS[plan.problem]
    session = open_session(tape, problem, plan.setting, seed=seed)
    reference = make_method("reference", problem, home)
    reference.bind(tape.chain)
    frames: dict[str, list[pl.DataFrame]] = {}
    for job in _jobs(plan, latencies, tape, reference, home):
        run = f"{comparison}-{seed}-{job.method}-{job.role}" + ("" if job.compute_ns is None else f"-{job.compute_ns}")
        result = run_one(session, job.seat)
        for table, frame in _facts(run, result).items():
            frames.setdefault(table, []).append(frame)
        frames.setdefault("runs", []).append(_run_row(plan, run, comparison, seed, tape, job, result))
    facts = {table: pl.concat(parts) for table, parts in frames.items()}
    write_facts(facts | {"contracts": contract_frame(tape)}, staging, part=str(seed))


def _jobs(
    plan: Plan, latencies: Mapping[str, ComputeLatency], tape: Tape, reference: Method, home: Path
) -> Iterator[Job]:
    truth = Pricing(prices=reference, clock=reference, reference=reference)
    ideal = plan.strategy("reference")
    yield Job(method="reference", role=Role.ORACLE, seat=Seat(strategy=ideal, pricing=truth, compute=FREE))
    for name in plan.methods:
        yield from _method_jobs(plan.strategy(name), latencies[name], tape, reference, plan, home)
    for ns in plan.curve:
        seat = Seat(strategy=ideal, pricing=truth, compute=fixed_compute(ns))
        yield Job(method="reference", role=Role.CURVE, seat=seat, compute_ns=ns)


def _method_jobs(
    strategy: Strategy, own: ComputeLatency, tape: Tape, reference: Method, plan: Plan, home: Path
) -> Iterator[Job]:
    method = make_method(strategy.method, PROBLEMS[plan.problem], home, outside=plan.outside)
    if not isinstance(own, Measured):
        method = method.replayed_by()
    inexact = Pricing(prices=method, clock=method, reference=reference)
    exact = Pricing(prices=reference, clock=method, reference=reference)
    for role, pricing, compute, hiccups in (
        (Role.INSTANT, inexact, FREE, None),
        (Role.EXACT, exact, own, plan.hiccups),
        (Role.OWN, inexact, own, plan.hiccups),
    ):
        method.bind(tape.chain)
        seat = Seat(strategy=strategy, pricing=pricing, compute=compute, hiccups=hiccups)
        yield Job(method=strategy.method, role=role, seat=seat)


def _facts(run: str, result: Result) -> dict[str, pl.DataFrame]:
    frames = {
        "decisions": result.decisions,
        "orders": result.orders,
        "fills": result.fills,
        "markouts": result.markouts,
        "positions": result.positions,
    }
    return {table: frame.select(pl.lit(run).alias("run"), pl.all()) for table, frame in frames.items()}


def _run_row(plan: Plan, run: str, comparison: str, seed: int, tape: Tape, job: Job, result: Result) -> pl.DataFrame:
    manifest = plan.provenance() | {"tape": tape.hash, "source": tape.source, "seed": seed, "profile": comparison}
    return pl.DataFrame(
        {
            "run": [run],
            "comparison": [comparison],
            "seed": [seed],
            "tape_hash": [tape.hash],
            "method": [job.method],
            "role": [str(job.role)],
            "compute_ns": pl.Series([job.compute_ns], dtype=pl.Int64),
            "cash": pl.Series([result.cash], dtype=pl.Int64),
            "manifest": [json.dumps(manifest)],
        }
    )


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
        }
    )
