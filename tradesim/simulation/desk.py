"""The process that hosts a strategy: CPUs that are busy while it thinks, and one more that keeps it up to date."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Settlement
from tradesim.methods.method import Method, State
from tradesim.pricing.problem import Floats
from tradesim.simulation.account import Account
from tradesim.simulation.agenda import NEVER, Agenda, Wake
from tradesim.simulation.book import side_of
from tradesim.simulation.connection import Connection
from tradesim.simulation.draws import COMPUTE, SEND, UPDATE, tie_break, uniform
from tradesim.simulation.engine import Engine, Phase
from tradesim.simulation.floor import Floor
from tradesim.simulation.hiccups import NO_PAUSES, Hiccups, Pauses
from tradesim.simulation.latency import ZERO, ComputeLatency
from tradesim.simulation.orders import (
    AT_MARKET,
    CONTRACT,
    DIRECTION,
    KIND,
    LIMIT,
    LOTS,
    TARGET,
    UNDERLYING,
    Action,
    Kind,
    action_of,
    as_requests,
)
from tradesim.simulation.recorder import Recorder
from tradesim.simulation.screen import Screen, read_only
from tradesim.simulation.session import Session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.trigger import firings, wakes_on_own
from tradesim.simulation.venue import Outcome, Post, Report, Take, Trade, Venue
from tradesim.simulation.view import View
from tradesim.simulation.wires import of_action

Ints = NDArray[np.int64]

OPTIONS: Final = 0
HEDGE: Final = 1
"""The lines of a desk: its draws on the one are not those on the other."""


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """How a desk gets its prices, and for which it is charged.

    ``prices``     the method whose prices it trades on
    ``clock``      the method whose work is charged: the same, unless a run gives one method's prices another's speed
    ``reference``  the truth that its prices are held against
    """

    prices: Method
    clock: Method
    reference: Method


class Message(NamedTuple):
    """A request on its way: ``key`` is what its draws are drawn by, ``sent`` when it left."""

    number: int
    decision: int
    key: int
    contract: int
    direction: int
    lots: int
    limit: int
    kind: Kind
    target: int
    seen: int
    theo: float
    reference: float
    sent: int

    @property
    def action(self) -> Action:
        """By which its latency may differ."""
        return action_of(self.kind)


class Desk:
    """One strategy on its CPUs.

    ``next_wake`` is when it wants to wake, ns; ``NEVER`` where it does not, or where the engine has been told already.

    States: *idle* until its trigger fires; *thinking* from ``start`` to ``decided``; then idle again at once: messages
    travel by themselves. It prices the whole chain at ``start``, on its view as of then, with the newest state whose
    update has completed. What fires while all of its CPUs think is dealt with by the strategy's policy. A process that
    pauses does no work meanwhile.
    """

    def __init__(
        self,
        session: Session,
        strategy: Strategy,
        pricing: Pricing,
        compute: ComputeLatency,
        hiccups: Hiccups | None = None,
        *,
        index: int,
        engine: Engine,
        venue: Venue,
        floor: Floor,
    ) -> None:
        if strategy.hedge is not None and session.tape.chain.settlement is Settlement.INVERSE:
            raise ArgumentError(
                "strategy hedges, and the tape's options are settled in the coin: the tape has no tradable underlying; "
                "leave hedge out"
            )
        self._session, self._strategy, self._pricing, self._compute = session, strategy, pricing, compute
        self._index, self._engine, self._venue, self._floor = index, engine, venue, floor
        self.recorder = Recorder()
        clock = session.clock_of(index)
        self._view = View(session.tape, session.rows, clock, session.path)
        self._pauses = NO_PAUSES if hiccups is None else self._pauses_of(hiccups)
        self._completed = completions(
            session, compute, desk=index, hedged=strategy.hedge is not None, pauses=self._pauses
        ).tolist()
        self._state = -1
        self._agenda = Agenda(
            firings(strategy.trigger, session.rows, clock),
            strategy.policy,
            cpus=strategy.cpus,
            start=session.states[0].instant,
        )
        self._woken_by_own = wakes_on_own(strategy.trigger)
        self._scheduled = False
        self.next_wake = self._agenda.next_wake
        count = len(session.tape.chain)
        self._theo, self._truth, self._scratch = np.full(count, np.nan), np.full(count, np.nan), np.empty(count)
        self._delta = np.full(count, np.nan)
        self.account = Account(count)
        fees, wires = session.setting.fees, session.setting.wires
        self._screen = Screen(
            now=0,
            spot=np.nan,
            book=read_only(self._view.book),
            theo=read_only(self._theo),
            delta=read_only(self._delta),
            position=read_only(self.account.position),
            hedge=0,
            in_flight=read_only(self.account.in_flight),
            working=read_only(self.account.working),
            fee=fees.taker_micros,
            maker_fee=fees.maker_micros,
            tick=session.ticks[1],
        )
        self._lines = tuple(
            Connection(engine, link, seed=session.seed, desk=index, line=line)
            for line, link in ((OPTIONS, wires.options), (HEDGE, wires.underlying))
        )
        self._sends_at_once = wires.send == ZERO
        self._messages: dict[int, Message] = {}
        self._sent = 0
        if strategy.deadline is not None:
            self._allow(strategy.deadline)

    def schedule_wake(self) -> None:
        """Put the planned wake-up on the engine's agenda."""
        instant = self._agenda.next_wake
        self._scheduled, self.next_wake = True, NEVER
        self._engine.at(instant, Phase.WAKE, self._wake, key=tie_break(self._session.seed, self._index, instant))

    def hear(self, told: Take | Post) -> None:
        """See :class:`~tradesim.simulation.floor.Listener`."""
        self._view.hear(told)

    def made(self, trade: Trade) -> None:
        """See :class:`~tradesim.simulation.floor.Listener`."""
        assert trade.maker is not None
        order = self._messages[trade.maker[1]]
        known = self._lines[OPTIONS].reply(order.action, trade.after, partial(self._learn_of, order, trade.lots))
        fee = self._session.setting.fees.maker_micros
        self._record_fill(order, -trade.direction, trade, fee, known, "maker")

    def _learn_of(self, order: Message, lots: int) -> None:
        self.account.traded(order.number, order.contract, order.direction, lots)
        if self._woken_by_own:
            self._agenda.touch(self._engine.now)
            if not self._scheduled:
                self.next_wake = self._agenda.next_wake

    def _wake(self) -> None:
        wake, start = self._agenda.upcoming, self._engine.now
        assert wake is not None
        self._scheduled = False
        self._view.advance(wake.seen)
        self._take_newest_state(start)
        spot = self._view.spot
        if self._strategy.deadline is not None:
            self._allow(self._strategy.deadline - (start - wake.arrival))
        tag, elapsed = self._price(spot)
        self._find_truth(spot)
        self._hide_unknown()
        draw = uniform(self._session.seed, COMPUTE, self._index, wake.key, 0)
        decided, paused = self._pauses.finish(start, self._compute.price(tag, draw, elapsed))
        in_time = self._strategy.deadline is None or decided - wake.arrival <= self._strategy.deadline
        messages, refused = self._choose(wake, start, decided, spot) if in_time else ([], 0)
        skipped = self._agenda.take(free=messages[-1].sent if messages else decided)
        self.next_wake = self._agenda.next_wake
        self._record_decision(wake, start, decided, paused, tag, spot, len(messages), refused, skipped, in_time=in_time)
        for message in messages:
            if self._strategy.cpus == 1:
                self._send(message)
            else:
                self._engine.at(message.sent, Phase.SEND, partial(self._send, message))

    def _take_newest_state(self, now: int) -> None:
        """Give the methods the newest state whose update has completed by ``now``."""
        newest = max(bisect_right(self._completed, now) - 1, 0)
        if newest == self._state:
            return
        self._state = newest
        state = self._session.states[newest]
        for method in {id(m): m for m in self._methods()}.values():
            method.update(state)
        if self._strategy.hedge is not None:
            self._find_deltas(state, self._strategy.hedge.bump)

    def _allow(self, ns: int) -> None:
        """Tell the methods how long the next prices may take."""
        for method in {id(m): m for m in self._methods()}.values():
            method.within(ns)

    def _find_deltas(self, state: State, bump: float) -> None:
        """Central differences of the desk's own prices around the state's spot."""
        prices, step = self._pricing.prices, bump * state.spot
        prices.price(state.spot + step, self._delta)
        prices.price(state.spot - step, self._scratch)
        self._delta -= self._scratch
        self._delta /= 2.0 * step

    def _methods(self) -> tuple[Method, Method, Method]:
        return self._pricing.prices, self._pricing.clock, self._pricing.reference

    def _price(self, spot: float) -> tuple[str, int]:
        """Price the chain into ``theo``; return the work tag of the method that is charged, and the ns it just took."""
        prices, clock = self._pricing.prices, self._pricing.clock
        if clock is not prices:
            prices.price(spot, self._theo)
        out = self._theo if clock is prices else self._scratch
        began = perf_counter_ns()
        tag = clock.price(spot, out)
        return tag, perf_counter_ns() - began

    def _find_truth(self, spot: float) -> None:
        """Price the chain by the reference into ``truth``; put both prices in the tape's currency."""
        if self._pricing.reference is self._pricing.prices:
            self._truth[:] = self._theo
        else:
            self._pricing.reference.price(spot, self._truth)
        if self._session.tape.chain.settlement is Settlement.INVERSE:
            self._theo /= spot
            self._truth /= spot

    def _hide_unknown(self) -> None:
        """A contract whose volatility was never implied from its own quote has no value that a desk would trade on."""
        own = self._session.states[self._state].own
        if own is not None and not own.all():
            self._theo[~own] = np.nan
            self._truth[~own] = np.nan

    def _choose(self, wake: Wake, start: int, decided: int, spot: float) -> tuple[list[Message], int]:
        """The messages to be sent, and how many requests of the rule are not."""
        screen = self._screen
        screen.now, screen.spot, screen.hedge = start, spot, self.account.hedge
        screen.book = self._view.shown()
        chosen = self._strategy.rule.decide(screen)
        if self._strategy.hedge is not None:
            units = self.account.position * self._session.tape.chain.multiplier
            due = self._strategy.hedge.request(units, self._delta, self.account.hedge)
            chosen = np.concatenate([as_requests(chosen), due])
        messages, refused, leaves = [], 0, decided
        for request in (as_requests(chosen) if len(chosen) else chosen).tolist():
            if self.account.admits(request):
                leaves = self._sent_after(leaves, request[KIND], wake.key)
                messages.append(self._message(request, wake.key, leaves))
            else:
                refused += 1
        return messages, refused

    def _sent_after(self, begun: int, kind: int, key: int) -> int:
        """When a message has left whose sending begins at ``begun``."""
        if self._sends_at_once:
            return begun
        draw = uniform(self._session.seed, SEND, self._index, key, self._sent)
        work = of_action(self._session.setting.wires.send, action_of(kind)).sample(draw, begun)
        return self._pauses.finish(begun, work)[0]

    def _pauses_of(self, hiccups: Hiccups) -> Pauses:
        begin, end = self._session.states[0].instant, self._session.tape.end
        return hiccups.pauses(begin, end, seed=self._session.seed, desk=self._index)

    def _message(self, request: list[int], key: int, decided: int) -> Message:
        contract, direction = request[CONTRACT], request[DIRECTION]
        number, self._sent = self._sent, self._sent + 1
        self.account.sent(number, request)
        hedge, kind = contract == UNDERLYING, Kind(request[KIND])
        done = self.account.done(contract, direction) if kind is Kind.REPLACE else 0
        return Message(
            number=number,
            decision=len(self.recorder.decisions),
            key=key,
            contract=contract,
            direction=direction,
            lots=request[LOTS] + done,
            limit=request[LIMIT],
            kind=kind,
            target=request[TARGET],
            seen=int(self._screen.book[contract + 1, side_of(direction)]),
            theo=self._screen.spot if hedge else float(self._theo[contract]),
            reference=self._screen.spot if hedge else float(self._truth[contract]),
            sent=decided,
        )

    def _send(self, message: Message) -> None:
        self._messages[message.number] = message
        line = self._lines[HEDGE if message.contract == UNDERLYING else OPTIONS]
        line.send(message.action, message.sent, message.key, partial(self._reach_venue, message))

    def _reach_venue(self, message: Message, refused: bool) -> None:
        report = Report(Outcome.REJECTED, reason="gateway") if refused else self._meet_venue(message)
        line = self._lines[HEDGE if message.contract == UNDERLYING else OPTIONS]
        hear = partial(self._acknowledge, message, report, self._engine.now)
        known = line.reply(message.action, message.key, hear)
        fees = self._session.setting.fees
        fee = fees.underlying_micros if message.contract == UNDERLYING else fees.taker_micros
        for trade in report.trades:
            self._record_fill(message, message.direction, trade, fee, known, "taker")
        self._floor.tell(report.trades, report.posts)

    def _meet_venue(self, message: Message) -> Report:
        now, venue = self._engine.now, self._venue
        match message.kind:
            case Kind.CANCEL:
                return venue.cancel(instant=now, desk=self._index, target=message.target)
            case Kind.REPLACE:
                return venue.replace(
                    instant=now,
                    desk=self._index,
                    target=message.target,
                    number=message.number,
                    lots=message.lots,
                    limit=message.limit,
                )
        return venue.place(
            instant=now,
            desk=self._index,
            number=message.number,
            contract=message.contract,
            direction=message.direction,
            lots=message.lots,
            limit=message.limit,
            kind=message.kind,
        )

    def _record_fill(
        self, message: Message, direction: int, trade: Trade, fee: int, known: int, liquidity: str
    ) -> None:
        multiplier = 1 if trade.contract == UNDERLYING else int(self._session.tape.chain.multiplier[trade.contract])
        cost = fee * trade.lots * multiplier
        self.account.cash -= direction * trade.lots * multiplier * trade.price + cost
        self.recorder.fills.append(
            (
                len(self.recorder.fills),
                message.number,
                message.decision,
                self._index,
                trade.contract,
                direction * trade.lots,
                multiplier,
                trade.price,
                cost,
                trade.instant,
                known,
                liquidity,
            )
        )

    def _acknowledge(self, message: Message, report: Report, venue: int) -> None:
        self.account.taken_off(report.cancelled)
        self.account.acknowledged(
            message.number,
            message.contract,
            message.direction,
            message.kind,
            message.limit,
            report.outcome,
            report.filled,
            report.left,
        )
        self.recorder.orders.append(
            (
                message.number,
                message.decision,
                self._index,
                message.contract,
                message.direction,
                message.lots,
                None if message.limit == AT_MARKET or message.kind is Kind.CANCEL else message.limit,
                message.kind.name.lower(),
                None if message.target < 0 else message.target,
                message.seen,
                message.theo,
                message.reference,
                message.sent,
                venue,
                self._engine.now,
                report.filled,
                str(report.outcome),
                report.reason,
            )
        )

    def _record_decision(
        self,
        wake: Wake,
        start: int,
        decided: int,
        paused: int,
        tag: str,
        spot: float,
        orders: int,
        refused: int,
        skipped: int,
        *,
        in_time: bool,
    ) -> None:
        rms, worst = pricing_error(self._theo, self._truth)
        self.recorder.decisions.append(
            (
                len(self.recorder.decisions),
                self._index,
                int(self._session.tape.ts[wake.row]) if wake.row >= 0 else wake.arrival,
                wake.arrival,
                start,
                decided,
                paused,
                self._view.newest,
                wake.row if wake.row >= 0 else None,
                skipped,
                self._agenda.backlog(start),
                ("waited" if start > wake.arrival else "prompt") if in_time else "late",
                tag,
                self._pricing.clock.fallbacks,
                self._state,
                spot,
                rms,
                worst,
                orders,
                refused,
            )
        )


def completions(
    session: Session, compute: ComputeLatency, *, desk: int, hedged: bool = False, pauses: Pauses = NO_PAUSES
) -> Ints:
    """When the second CPU has each state ready, int64[states], ns; the first is ready before trading begins.

    It takes one snapshot at a time, in turn; a state that was overtaken has the instant of the one that overtook it:
    when the CPU is free again it goes on with the newest snapshot that is due.

    The update of a desk that hedges takes two prices more, for its deltas, each charged as the slowest path.

    On a coarse tape (bars) a snapshot has the instant of the very decisions that it would inform, and nobody knows
    which came first. There it counts for later instants only, in every run.
    """
    later = 1 if session.setting.schedule.is_coarse(session.tape) else 0
    instants = [state.instant + later for state in session.states]
    done = np.full(len(instants), NEVER, dtype=np.int64)
    done[0] = free = session.states[0].instant
    for k in range(1, len(instants)):
        if k + 1 < len(instants) and instants[k + 1] <= free:
            continue
        begin = max(instants[k], free)
        draw = uniform(session.seed, UPDATE, desk, k, 0)
        work = compute.update(draw) + (2 * compute.price("delta", draw, 0) if hedged else 0)
        free, _ = pauses.finish(begin, work)
        done[k] = free
    return np.minimum.accumulate(done[::-1])[::-1] if NEVER in done else done


@njit(cache=True)
def pricing_error(theo: Floats, truth: Floats) -> tuple[float, float]:
    """Root mean square and largest absolute difference over the contracts that have both; NaN where none has."""
    total, worst, count = 0.0, 0.0, 0
    for i in range(len(theo)):
        gap = abs(theo[i] - truth[i])
        if not np.isnan(gap):
            total += gap * gap
            worst = max(worst, gap)
            count += 1
    if count == 0:
        return np.nan, np.nan
    return np.sqrt(total / count), worst
