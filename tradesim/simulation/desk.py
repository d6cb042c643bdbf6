"""The process that hosts a strategy: CPUs that are busy while it thinks, and one more that keeps it up to date."""

from bisect import bisect_right
from functools import partial
from math import isnan, nan
from time import perf_counter_ns
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Settlement
from tradesim.methods.method import State
from tradesim.simulation.account import Account
from tradesim.simulation.agenda import Agenda, Wake
from tradesim.simulation.book import side_of
from tradesim.simulation.broadcast import FeedBroadcast
from tradesim.simulation.connection import Connection
from tradesim.simulation.draws import COMPUTE, SEND, tie_break, uniform
from tradesim.simulation.engine import Engine, Phase
from tradesim.simulation.fair import true_inputs
from tradesim.simulation.hiccups import NO_PAUSES, Hiccups, Pauses
from tradesim.simulation.latency import ORDERS, QUIET, ZERO, Profile, Stage
from tradesim.simulation.message import Message
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
from tradesim.simulation.reports import Outcome, Post, Report, Take, Trade
from tradesim.simulation.screen import Screen, read_only
from tradesim.simulation.seat import Seat, Took
from tradesim.simulation.session import Session
from tradesim.simulation.trigger import firings, wakes_on_own
from tradesim.simulation.updates import completions
from tradesim.simulation.valuation import NO_SPOT, Valuation
from tradesim.simulation.venue import Venue
from tradesim.simulation.view import View
from tradesim.simulation.wires import of_action
from tradesim.units import NEVER

Ints = NDArray[np.int64]

OPTIONS: Final = 0
HEDGE: Final = 1
"""The lines of a desk: its draws on the one are not those on the other."""


NO_REQUESTS: Final = np.empty((0, 6), dtype=np.int64)

UNSTATED: Final = -1
"""Stands for the state of a decision that took the truth."""


class Desk:
    """One strategy on its CPUs.

    ``next_wake`` is when it wants to wake, ns; ``NEVER`` where it does not, or where the engine has been told already.
    ``update_busy`` ns: how long the second CPU works in all.

    States: *idle* until its trigger fires; *thinking* from ``start`` to ``decided``; then idle again at once: messages
    travel by themselves. It prices the whole chain at ``start``, on its view as of then, with the newest state whose
    update has completed. What fires while all of its CPUs think is dealt with by the strategy's policy. A process that
    pauses does no work meanwhile. What arrives while it is idle is taken in as it arrives, and delays no decision.
    """

    def __init__(
        self, session: Session, seat: Seat, *, index: int, engine: Engine, venue: Venue, broadcast: FeedBroadcast
    ) -> None:
        strategy = seat.strategy
        if strategy.hedge is not None and session.tape.chain.settlement is Settlement.INVERSE:
            raise ArgumentError(
                "strategy hedges, and the tape's options are settled in the coin: the tape has no tradable underlying; "
                "leave hedge out"
            )
        self._session, self._strategy, self._compute, self._observer = session, strategy, seat.compute, seat.observer
        self._index, self._engine, self._venue, self._broadcast = index, engine, venue, broadcast
        self._truth = true_inputs(session.fair) if seat.informed else None
        self._true_index = 0
        self.recorder = Recorder()
        clock = session.clock_of(index)
        self._states = session.states_of(index)
        self._view = View(session.tape, session.rows, clock)
        self._pauses = NO_PAUSES if seat.hiccups is None else self._pauses_of(seat.hiccups)
        completed, self.update_busy = completions(
            session, seat.compute, desk=index, hedged=strategy.hedge is not None, pauses=self._pauses
        )
        self._completed = completed.tolist()
        self._state = -1
        self._agenda = Agenda(
            firings(
                strategy.trigger,
                session.rows,
                clock,
                session.tape.chain.strike,
                session.opens,
            ),
            strategy.policy,
            cpus=strategy.cpus,
            start=self._states[0].instant,
        )
        self._woken_by_own = wakes_on_own(strategy.trigger)
        self._scheduled = False
        self.next_wake = self._agenda.next_wake
        count, self._multiplier = len(session.tape.chain), session.tape.chain.multiplier
        self._values = Valuation(
            session.tape, seat.pricing, bump=None if strategy.hedge is None else strategy.hedge.bump
        )
        self.account = Account(count)
        self._held = [0] * (count + 1)
        fees, wires = session.setting.fees, session.setting.wires
        self._lasting = (
            read_only(self._values.theo),
            read_only(self._values.delta),
            read_only(self.account.position),
            read_only(self.account.in_flight),
            read_only(self.account.working),
            fees.taker_micros,
            fees.maker_micros,
            int(session.ticks[1][0, 1]),
            read_only(session.ticks[1]),
        )
        self._lines = tuple(
            Connection(engine, link, seed=session.seed, desk=index, line=line)
            for line, link in ((OPTIONS, wires.options), (HEDGE, wires.underlying))
        )
        self._sending = wires.send
        self._sends_at_once = wires.send == ZERO and isinstance(seat.compute, Profile) and seat.compute.send == ZERO
        self._messages: dict[int, Message] = {}
        self._sent = 0
        if strategy.deadline is not None:
            self._values.allow(strategy.deadline)

    def schedule_wake(self) -> None:
        """Put the planned wake-up on the engine's agenda."""
        instant = self._agenda.next_wake
        self._scheduled, self.next_wake = True, NEVER
        self._engine.at(instant, Phase.WAKE, self._wake, key=tie_break(self._session.seed, self._index, instant))

    def hear(self, told: Take | Post) -> None:
        """See :class:`~tradesim.simulation.broadcast.Listener`."""
        self._view.hear(told)

    def made(self, trade: Trade) -> None:
        """See :class:`~tradesim.simulation.broadcast.Listener`."""
        assert trade.maker is not None
        order = self._messages[trade.maker[1]]
        known = self._lines[OPTIONS].reply(order.action, -1 - trade.after, partial(self._learn_of, order, trade.lots))
        fee = self._session.setting.fees.maker_micros
        self._record_fill(order, -trade.direction, trade, fee, known, "maker")

    def end(self, orders: list[int], contracts: list[int], *, expired: bool) -> None:
        """Orders of its own stand no longer; contracts have ``expired``, and what is held of them becomes money."""
        self.recorder.ended.update(orders)
        if orders:
            hear = partial(self.account.taken_off, tuple(orders))
            self._lines[OPTIONS].reply(Action.CANCEL, -1 - orders[0], hear)
        if expired:
            self._settle(np.array(contracts, dtype=np.int64))

    def _settle(self, contracts: Ints) -> None:
        """Every fill of these contracts has happened: what is held of them is paid for, whether known yet or not."""
        chain, now = self._session.tape.chain, self._engine.now
        for contract in contracts.tolist():
            self.account.settle(contract)
        contracts = contracts[np.array(self._held)[contracts] != 0]
        values = self._session.fair.values(contracts, np.full(len(contracts), now, dtype=np.int64))
        for contract, value in zip(contracts.tolist(), values.tolist(), strict=True):
            lots, multiplier = self._held[contract], int(chain.multiplier[contract])
            self.account.cash += lots * multiplier * value
            self.recorder.settlements.append((self._index, contract, lots, multiplier, now, value))

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
        self._take_newest_state(start)
        deadline = self._strategy.deadline
        if deadline is not None:
            self._values.allow(deadline - (start - wake.arrival))
        if start == wake.arrival:
            self._view.advance(start - 1)
        if self._observer is not None:
            self._observer.before(start)
        began = perf_counter_ns()
        self._view.advance(wake.seen)
        spot = self._view.spot if not self._venue.is_closed(start) else nan
        feed = perf_counter_ns() - began
        tag, price = self._values.price(spot, start)
        work = partial(self._work, uniform(self._session.seed, COMPUTE, self._index, wake.key, 0), wake.key)
        fed = work(Stage.FEED, "", feed)
        priced = fed + (work(Stage.PRICE, tag, price) if tag != NO_SPOT else 0)
        in_time = deadline is None or self._pauses.finish(start, priced)[0] - wake.arrival <= deadline
        began = perf_counter_ns()
        requests = self._ask(start, spot) if in_time else NO_REQUESTS
        decide = perf_counter_ns() - began
        asked = len(requests) > 0
        thought = priced + (work(Stage.DECIDE, ORDERS if asked else QUIET, decide) if in_time else 0)
        decided, paused = self._pauses.finish(start, thought)
        in_time = in_time and (deadline is None or decided - wake.arrival <= deadline)
        began = perf_counter_ns()
        admitted = self._admit(requests) if in_time and asked else []
        send = (perf_counter_ns() - began) // max(len(admitted), 1)
        if self._observer is not None:
            self._observer.after(Took(tag, asked, feed, price, decide, send, len(admitted)))
        free = self._leave(admitted, wake.key, decided, send)
        skipped = self._agenda.take(free=free)
        self.next_wake = self._agenda.next_wake
        finish = self._pauses.finish
        instants = (start, finish(start, fed)[0], finish(start, priced)[0], decided)
        refused = len(requests) - len(admitted) if in_time else 0
        self._record_decision(wake, instants, paused, tag, spot, len(admitted), refused, skipped, in_time=in_time)

    def _take_newest_state(self, now: int) -> None:
        """Give the methods the newest state whose update has completed by ``now``."""
        if self._truth is not None:
            self._take_truth(self._truth.state(now))
            return
        newest = max(bisect_right(self._completed, now) - 1, 0)
        if newest != self._state:
            self._state = newest
            if self._observer is not None:
                self._observer.updating()
            took = self._values.take(self._states[newest])
            if self._observer is not None:
                self._observer.updated(took)

    def _take_truth(self, state: State) -> None:
        if state.index != self._true_index:
            self._true_index = state.index
            self._values.take(state)
        self._state = UNSTATED

    def _ask(self, start: int, spot: float) -> Ints:
        """The requests of the rule and of the hedge, int64[k, 6]."""
        self._screen = Screen(start, spot, self._view.shown(), self.account.hedge, *self._lasting)
        chosen = self._strategy.rule.decide(self._screen)
        if self._strategy.hedge is not None:
            units = self.account.position * self._multiplier
            due = self._strategy.hedge.request(units, self._values.delta, self.account.hedge, self._session.tape.unit)
            if len(due):
                chosen = np.concatenate([as_requests(chosen), due])
        if not len(chosen):
            return chosen
        requests = as_requests(chosen)
        return requests if not isnan(spot) else requests[requests[:, KIND] == Kind.CANCEL]

    def _work(self, draw: float, key: int, stage: Stage, tag: str, elapsed: int) -> int:
        """What a stage of the decision ``key`` is charged, ns."""
        return self._compute.work(stage, tag, draw, elapsed, key)

    def _admit(self, requests: Ints) -> list[tuple[int, list[int]]]:
        """The requests that may be sent, each with the number of its message, entered in the desk's books."""
        admitted = []
        for request in requests.tolist():
            if self.account.admits(request):
                self.account.sent(self._sent, request)
                admitted.append((self._sent, request))
                self._sent += 1
        return admitted

    def _leave(self, admitted: list[tuple[int, list[int]]], key: int, decided: int, elapsed: int) -> int:
        """Send the messages, one after the other; return when the last has left and the CPU is free."""
        leaves = decided
        for place, (number, request) in enumerate(admitted):
            if not self._sends_at_once:
                draw = uniform(self._session.seed, SEND, self._index, key, place)
                work = self._compute.work(Stage.SEND, "", draw, elapsed, key)
                work += of_action(self._sending, action_of(request[KIND])).sample(draw, leaves)
                leaves, _ = self._pauses.finish(leaves, work)
            message = self._message(number, request, key, leaves)
            if self._strategy.cpus == 1:
                self._send(message)
            else:
                self._engine.at(leaves, Phase.SEND, partial(self._send, message))
        return leaves

    def _pauses_of(self, hiccups: Hiccups) -> Pauses:
        begin, end = self._states[0].instant, self._session.tape.end
        return hiccups.pauses(begin, end, seed=self._session.seed, desk=self._index)

    def _message(self, number: int, request: list[int], key: int, sent: int) -> Message:
        contract, direction = request[CONTRACT], request[DIRECTION]
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
            theo=self._screen.spot if hedge else float(self._values.theo[contract]),
            reference=self._screen.spot if hedge else float(self._values.truth[contract]),
            sent=sent,
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
        self._broadcast.tell(report.trades, report.posts)

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
        tape = self._session.tape
        multiplier = tape.unit if trade.contract == UNDERLYING else int(tape.chain.multiplier[trade.contract])
        cost = fee * trade.lots * multiplier
        self._held[trade.contract] += direction * trade.lots
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
        instants: tuple[int, int, int, int],
        paused: int,
        tag: str,
        spot: float,
        orders: int,
        refused: int,
        skipped: int,
        *,
        in_time: bool,
    ) -> None:
        rms, worst = self._values.error
        start, fed, priced, decided = instants
        self.recorder.decisions.append(
            (
                len(self.recorder.decisions),
                self._index,
                int(self._session.tape.ts[wake.row]) if wake.row >= 0 else wake.arrival,
                wake.arrival,
                start,
                fed,
                priced,
                decided,
                paused,
                self._view.newest,
                wake.row if wake.row >= 0 else None,
                skipped,
                self._agenda.backlog(start),
                ("waited" if start > wake.arrival else "prompt") if in_time else "late",
                tag,
                self._values.fallbacks,
                self._state,
                spot,
                rms,
                worst,
                orders,
                refused,
            )
        )
