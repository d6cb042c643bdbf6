"""One replay: desks, a venue and an engine over a session, to the last acknowledgement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.simulation.desk import NEVER, Desk, Pricing
from tradesim.simulation.engine import Engine
from tradesim.simulation.latency import ComputeLatency
from tradesim.simulation.session import Session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.venue import Venue


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A desk to be: what it does, how it prices, and what its thinking costs."""

    strategy: Strategy
    pricing: Pricing
    compute: ComputeLatency


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What one desk did in a run: frames of decisions, orders, fills and end positions, and its cash.

    ``cash`` is money: what sales brought less what purchases and fees cost.
    """

    decisions: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    positions: pl.DataFrame
    cash: int


def run(session: Session, seats: Sequence[Seat]) -> list[Result]:
    """Replay the session's tape to all ``seats`` at once; they race for the same quotes."""
    if not seats:
        raise ArgumentError("run: it needs at least one seat; give a strategy with its pricing")
    _refuse_shared_methods(seats)
    engine = Engine(start=min(session.tape.start, session.states[0].instant))
    venue = Venue(session.tape, session.rows)
    desks: list[Desk] = []
    for index, seat in enumerate(seats):
        desks.append(
            Desk(
                session,
                seat.strategy,
                seat.pricing,
                seat.compute,
                index=index,
                engine=engine,
                venue=venue,
                feeds=desks,
            )
        )

    def advance(until: int | None) -> bool:
        instant = min(desk.next_wake for desk in desks)
        if instant == NEVER or (until is not None and instant > until):
            return False
        for desk in desks:
            if desk.next_wake == instant:
                desk.schedule_wake()
        return True

    engine.run(advance)
    return [_result(session, desk) for desk in desks]


def _refuse_shared_methods(seats: Sequence[Seat]) -> None:
    """A method holds the state of one desk; two desks' states differ."""
    seen: set[int] = set()
    for number, seat in enumerate(seats):
        mine = {id(seat.pricing.prices), id(seat.pricing.clock), id(seat.pricing.reference)}
        if mine & seen:
            raise ArgumentError(f"seat {number} shares a method object with another: make and bind one for each seat")
        seen |= mine


def run_one(session: Session, seat: Seat) -> Result:
    """Replay the session's tape to one desk."""
    return run(session, [seat])[0]


def _result(session: Session, desk: Desk) -> Result:
    fills = desk.recorder.fill_frame(session.fair, end=session.tape.end)
    return Result(
        decisions=desk.recorder.decision_frame(),
        orders=desk.recorder.order_frame(),
        fills=fills,
        positions=_positions(session, desk),
        cash=desk.cash,
    )


def _positions(session: Session, desk: Desk) -> pl.DataFrame:
    held = np.flatnonzero(desk.position)
    at_end = np.full(len(held), session.tape.end, dtype=np.int64)
    return pl.DataFrame(
        {
            "contract": held.astype(np.int32),
            "position": desk.position[held],
            "multiplier": session.tape.chain.multiplier[held],
            "mark": session.fair.values(held, at_end),
        }
    )
