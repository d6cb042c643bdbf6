"""The simulations of one seed of a race: all desks at one venue, and each of them with the others absent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from tradesim.experiments.plan import checked
from tradesim.experiments.race_plan import Contestant, RacePlan
from tradesim.experiments.replay import Role, contract_frame, run_facts, run_manifest
from tradesim.market.chain import Chain
from tradesim.market.sessions import open_time
from tradesim.market.tape import Tape
from tradesim.methods.by_style import method_for
from tradesim.methods.spec import method
from tradesim.pricing import PROBLEMS
from tradesim.results.store import write_facts
from tradesim.simulation.draws import tie_break
from tradesim.simulation.latency import ComputeLatency, Measured
from tradesim.simulation.run import Result, Seat, run
from tradesim.simulation.screen import Ints, Screen
from tradesim.simulation.session import Session, open_session
from tradesim.simulation.strategy import Custom
from tradesim.simulation.trigger import OwnTraded
from tradesim.simulation.valuation import Pricing


def replay_race(
    plan: RacePlan,
    seed: int,
    *,
    latencies: Mapping[str, ComputeLatency],
    race: str,
    home: Path,
    staging: Path,
) -> None:
    """Make the simulations of ``seed`` and write their facts as Parquet to ``staging``; ``latencies`` by desk."""
    tape = plan.tape(seed)
    session = open_session(tape, PROBLEMS[plan.problem], plan.setting, seed=seed)
    replicate = plan.replicate(seed)
    seats = [_seat(plan, desk, latencies[desk.name].replicate(replicate), tape.chain, home) for desk in plan.desks]
    manifest = run_manifest(plan, tape, seed, profile=race)
    write_facts(
        race_facts(session, seats, race=race, blocks=plan.block_group(seed), manifest=manifest), staging, part=str(seed)
    )


def race_facts(
    session: Session, seats: Sequence[Seat], *, race: str, blocks: int | None = None, manifest: str
) -> dict[str, pl.DataFrame]:
    """The facts of the simulations of one seed, by table: the race, and each desk alone."""
    tape, seed = session.tape, session.seed
    frames: dict[str, list[pl.DataFrame]] = {}
    for role, desk, result in _results(session, seats):
        row = {
            "run": f"{race}-{seed}-{desk}-{role}",
            "comparison": race,
            "seed": seed,
            "tape_hash": tape.hash,
            "method": method(seats[desk].strategy.method).label,
            "role": str(role),
            "blocks": blocks,
            "span": open_time(tape.sessions),
            "manifest": manifest,
        }
        facts = run_facts(row, result, desk=desk)
        facts["orders"] = _with_ties(facts["orders"], seed, desk)
        for table, frame in facts.items():
            frames.setdefault(table, []).append(frame)
    return {table: pl.concat(parts) for table, parts in frames.items()} | {"contracts": contract_frame(tape)}


def _results(session: Session, seats: Sequence[Seat]) -> list[tuple[Role, int, Result]]:
    """What each desk did in the race, and what each did alone."""
    raced = run(session, _bound(seats, session.tape))
    results = [(Role.RACE, desk, result) for desk, result in enumerate(raced)]
    for desk in range(len(seats)):
        alone = [seat if index == desk else _absent(seat) for index, seat in enumerate(seats)]
        results.append((Role.ALONE, desk, run(session, _bound(alone, session.tape))[desk]))
    return results


def _seat(plan: RacePlan, contestant: Contestant, compute: ComputeLatency, chain: Chain, home: Path) -> Seat:
    strategy = checked(contestant.strategy)
    problem = PROBLEMS[plan.problem]
    made = method_for(contestant.spec, problem, chain, home, outside=plan.outside)
    if not isinstance(compute, Measured):
        made = made.replayed_by()
    reference = method_for("reference", problem, chain, home)
    pricing = Pricing(prices=made, clock=made, reference=reference)
    return Seat(strategy=strategy, pricing=pricing, compute=compute, hiccups=plan.hiccups)


def _bound(seats: Sequence[Seat], tape: Tape) -> Sequence[Seat]:
    """The same, their methods as new."""
    for seat in seats:
        seat.pricing.prices.bind(tape.chain)
        seat.pricing.reference.bind(tape.chain)
    return seats


def _absent(seat: Seat) -> Seat:
    """A desk that never wakes. It keeps the place, so that who is there has the draws that it has in the race."""
    return replace(seat, strategy=replace(seat.strategy, rule=Custom(function=_nothing), trigger=OwnTraded()))


def _nothing(screen: Screen) -> Ints:
    return np.empty((0, 6), dtype=np.int64)


def _with_ties(orders: pl.DataFrame, seed: int, desk: int) -> pl.DataFrame:
    """Orders with the key by which the venue takes those that arrive at one instant."""
    ties = [tie_break(seed, desk, venue) for venue in orders["venue"].to_list()]
    return orders.with_columns(pl.Series("tie", ties, dtype=pl.Int64))
