"""One replay: desks, a venue and an engine over a session, to the last acknowledgement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.simulation.broadcast import FeedBroadcast
from tradesim.simulation.desk import Desk
from tradesim.simulation.engine import Engine, Phase
from tradesim.simulation.orders import UNDERLYING
from tradesim.simulation.seat import Seat
from tradesim.simulation.session import Session
from tradesim.simulation.venue import Venue
from tradesim.units import NEVER

__all__ = ["Play", "Result", "Seat", "run", "run_one"]


_AFTER_FILLS: Final = 1
"""Behind the fills of standing orders by the rows of the same instant."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What one desk did in a run: frames of decisions, orders, fills, markouts, settlements, positions; and its cash.

    ``cash`` is money: what sales and settlements brought less what purchases and fees cost; ``update_busy`` ns, of the
    second CPU.
    """

    decisions: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    markouts: pl.DataFrame
    settlements: pl.DataFrame
    positions: pl.DataFrame
    cash: int
    update_busy: int


def run(session: Session, seats: Sequence[Seat]) -> list[Result]:
    """Replay the session's tape to all ``seats`` at once; they race for the same quotes."""
    play = Play(session, seats)
    for _ in play.steps():
        pass
    return [_result(session, desk) for desk in play.desks]


class Play:
    """A replay under way: the desks of ``seats`` at one venue, on an engine."""

    def __init__(self, session: Session, seats: Sequence[Seat]) -> None:
        if not seats:
            raise ArgumentError("run: it needs at least one seat; give a strategy with its pricing")
        _refuse_shared_methods(seats)
        self._end = session.tape.end
        self._engine = Engine(start=min(session.tape.start, session.states[0].instant))
        self._venue = Venue(session.tape, session.rows, session.setting.venue, session.behind, session.closed)
        self._broadcast = FeedBroadcast()
        self.desks = [
            Desk(session, seat, index=index, engine=self._engine, venue=self._venue, broadcast=self._broadcast)
            for index, seat in enumerate(seats)
        ]
        self._broadcast.desks.extend(self.desks)
        everything = list(range(len(session.tape.chain)))
        ends = [(instant, contracts, True) for instant, contracts in session.expiries]
        ends += [(instant, everything, False) for instant in session.closed[:, 0].tolist()]
        for instant, contracts, expired in ends:
            end = partial(self._stop, instant, contracts, expired=expired)
            self._engine.at(instant, Phase.TAPE, end, key=_AFTER_FILLS)

    def steps(self) -> Iterator[None]:
        """Replay on, event by event, to the last acknowledgement."""
        return self._engine.steps(self._advance)

    def _stop(self, instant: int, contracts: list[int], *, expired: bool) -> None:
        """Contracts expire, or the session closes: what stands in them stands no longer."""
        posts = self._venue.end(instant, contracts)
        self._broadcast.tell((), posts)
        for index, desk in enumerate(self.desks):
            desk.end([post.number for post in posts if post.desk == index], contracts, expired=expired)

    def _advance(self, until: int | None) -> bool:
        desks, venue = self.desks, self._venue
        instant = desks[0].next_wake if len(desks) == 1 else min(desk.next_wake for desk in desks)
        if until is not None and until < instant:
            instant = until
        if venue.has_resting:
            trades, told = venue.advance(min(instant, self._end))
            if trades:
                self._engine.at(trades[0].instant, Phase.TAPE, lambda: self._broadcast.tell(trades, told))
                return True
        waking = [desk for desk in desks if desk.next_wake == instant != NEVER]
        for desk in waking:
            desk.schedule_wake()
        return bool(waking)


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
        markouts=desk.recorder.markout_frame(session.fair, end=session.tape.end),
        settlements=desk.recorder.settlement_frame(),
        positions=_positions(session, desk),
        cash=desk.account.cash,
        update_busy=desk.update_busy,
    )


def _positions(session: Session, desk: Desk) -> pl.DataFrame:
    account, chain = desk.account, session.tape.chain
    held = np.flatnonzero(account.position)
    multiplier = chain.multiplier[held]
    lots = account.position[held]
    if account.hedge:
        held, multiplier, lots = (
            np.append(held, UNDERLYING),
            np.append(multiplier, session.tape.unit),
            np.append(lots, account.hedge),
        )
    at_end = np.full(len(held), session.tape.end, dtype=np.int64)
    return pl.DataFrame(
        {
            "contract": held.astype(np.int32),
            "position": lots,
            "multiplier": multiplier,
            "mark": session.fair.values(held, at_end),
        }
    )
