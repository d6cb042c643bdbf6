"""The process that hosts a strategy: a CPU that is busy while it thinks, and a second one that keeps it up to date."""

from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.market.chain import Settlement
from tradesim.methods.method import Method
from tradesim.pricing.problem import Floats
from tradesim.simulation.book import side_of
from tradesim.simulation.draws import COMPUTE, ENTRY, RESPONSE, UPDATE, tie_break, uniform
from tradesim.simulation.engine import Engine, Phase
from tradesim.simulation.latency import ComputeLatency
from tradesim.simulation.orders import AT_MARKET, Action
from tradesim.simulation.recorder import Recorder
from tradesim.simulation.session import Session
from tradesim.simulation.strategy import Policy, Strategy
from tradesim.simulation.trigger import firings
from tradesim.simulation.venue import Take, Venue
from tradesim.simulation.view import View
from tradesim.simulation.wires import of_action

Ints = NDArray[np.int64]

NEVER: Final = np.iinfo(np.int64).max


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


@dataclass(frozen=True, slots=True)
class Order:
    """An order on its way."""

    number: int
    decision: int
    firing: int
    contract: int
    direction: int
    lots: int
    limit: int
    seen: int
    theo: float
    reference: float
    decided: int


class Desk:
    """One strategy on one CPU.

    States: *idle* until its trigger fires; *thinking* from ``start`` to ``decided``; then idle again at once: orders
    travel by themselves. It prices the whole chain at ``start``, on its view as of then, with the newest state whose
    update has completed. What fires while it thinks is dealt with by the strategy's policy.
    """

    def __init__(
        self,
        session: Session,
        strategy: Strategy,
        pricing: Pricing,
        compute: ComputeLatency,
        *,
        index: int,
        engine: Engine,
        venue: Venue,
        feeds: list["Desk"],
    ) -> None:
        self._session, self._strategy, self._pricing, self._compute = session, strategy, pricing, compute
        self._index, self._engine, self._venue, self._feeds = index, engine, venue, feeds
        self.recorder = Recorder()
        clock = session.clock_of(index)
        self._view = View(session.tape, session.rows, clock, session.path)
        self._firings = firings(strategy.trigger, session.rows, clock)
        self._completed = completions(session, compute, desk=index)
        self._state = -1
        count = len(session.tape.chain)
        self._theo, self._truth, self._scratch = np.full(count, np.nan), np.full(count, np.nan), np.empty(count)
        self._position = np.zeros(count, dtype=np.int64)
        self._in_flight = np.zeros(count, dtype=np.bool_)
        self._shown = tuple(map(_read_only, (self._view.book, self._theo, self._position, self._in_flight)))
        self._fee = session.setting.fees.taker_micros
        self._last_entry = self._last_ack = 0
        self.cash = 0
        self._sent = self._refused = 0
        self._next = int(np.searchsorted(self._firings.arrival, session.states[0].instant))
        self._firing = self._skipped = self._seen_until = 0
        self.next_wake: int = NEVER
        self._plan(free=session.states[0].instant)

    def schedule_wake(self) -> None:
        """Put the planned wake-up on the engine's agenda."""
        key = tie_break(self._session.seed, self._index, self.next_wake)
        self._engine.at(self.next_wake, Phase.WAKE, self._wake, key=key)
        self.next_wake = NEVER

    def hear(self, take: Take) -> None:
        """The feed tells of a take."""
        self._view.hear(take)

    @property
    def position(self) -> Ints:
        """Lots held of each contract, as far as acknowledged, int64[n]."""
        return self._position

    def _plan(self, *, free: int) -> None:
        """Choose the firing to answer next, now that the CPU is free from ``free`` on."""
        arrival, first = self._firings.arrival, self._next
        policy = self._strategy.policy
        chosen = first
        if policy is Policy.LATEST:
            chosen = max(first, int(np.searchsorted(arrival, free, side="right")) - 1)
        elif policy is Policy.DROP:
            chosen = max(first, int(np.searchsorted(arrival, free, side="left")))
        if chosen >= len(arrival):
            self.next_wake = NEVER
            return
        self._firing, self._skipped, self._next = chosen, chosen - first, chosen + 1
        self.next_wake = max(int(arrival[chosen]), free)
        self._seen_until = int(arrival[chosen]) if policy is Policy.QUEUE else self.next_wake

    def _wake(self) -> None:
        start, firing = self._engine.now, self._firing
        self._view.advance(self._seen_until)
        self._take_newest_state(start)
        tick, spot = int(self._firings.row[firing]), self._view.spot
        tag, elapsed = self._price(spot)
        self._find_truth(spot)
        self._hide_unknown()
        draw = uniform(self._session.seed, COMPUTE, self._index, firing, 0)
        decided = start + self._compute.price(tag, draw, elapsed)
        orders = self._choose(firing, decided)
        rms, worst = pricing_error(self._theo, self._truth)
        self.recorder.decisions.append(
            (
                len(self.recorder.decisions),
                self._index,
                int(self._session.tape.ts[tick]),
                int(self._firings.arrival[firing]),
                start,
                decided,
                tick,
                self._skipped,
                "waited" if start > self._firings.arrival[firing] else "prompt",
                tag,
                self._pricing.clock.fallbacks,
                self._state,
                spot,
                rms,
                worst,
                len(orders),
                self._refused,
            )
        )
        for order in orders:
            self._send(order)
        self._plan(free=decided)

    def _take_newest_state(self, now: int) -> None:
        """Give the methods the newest state whose update has completed by ``now``."""
        newest = max(int(np.searchsorted(self._completed, now, side="right")) - 1, 0)
        if newest == self._state:
            return
        self._state = newest
        state = self._session.states[newest]
        for method in {id(m): m for m in self._methods()}.values():
            method.update(state)

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

    def _choose(self, firing: int, decided: int) -> list[Order]:
        book, values, position, in_flight = self._shown
        chosen = self._strategy.rule.decide(book, values, position, in_flight, self._fee)
        decision = len(self.recorder.decisions)
        orders, self._refused = [], 0
        for contract, direction, lots, limit in chosen.tolist():
            if self._in_flight[contract]:
                self._refused += 1
                continue
            self._in_flight[contract] = True
            seen = int(self._view.book[contract + 1, side_of(direction)])
            theo, truth = float(self._theo[contract]), float(self._truth[contract])
            orders.append(
                Order(self._sent, decision, firing, contract, direction, lots, limit, seen, theo, truth, decided)
            )
            self._sent += 1
        return orders

    def _send(self, order: Order) -> None:
        draw = uniform(self._session.seed, ENTRY, self._index, order.firing, 0)
        arrival = max(
            self._last_entry,
            order.decided + of_action(self._session.setting.wires.entry, Action.PLACE).sample(draw, order.decided),
        )
        self._last_entry = arrival
        key = tie_break(self._session.seed, self._index, arrival)
        self._engine.at(arrival, Phase.ORDER, partial(self._reach_venue, order), key=key)

    def _reach_venue(self, order: Order) -> None:
        now = self._engine.now
        take = self._venue.execute(
            instant=now, contract=order.contract, direction=order.direction, lots=order.lots, limit=order.limit
        )
        if take is not None:
            self._record_fill(order, take)
            for desk in self._feeds:
                desk.hear(take)
        draw = uniform(self._session.seed, RESPONSE, self._index, order.firing, 0)
        ack = max(self._last_ack, now + of_action(self._session.setting.wires.response, Action.PLACE).sample(draw, now))
        self._last_ack = ack
        self._engine.at(ack, Phase.ACK, partial(self._acknowledge, order, now, 0 if take is None else take.lots))

    def _record_fill(self, order: Order, take: Take) -> None:
        multiplier = int(self._session.tape.chain.multiplier[order.contract])
        fee = self._fee * take.lots * multiplier
        self.cash -= order.direction * take.lots * multiplier * take.price + fee
        self.recorder.fills.append(
            (
                order.number,
                order.decision,
                self._index,
                order.contract,
                order.direction * take.lots,
                multiplier,
                take.price,
                fee,
                take.instant,
            )
        )

    def _acknowledge(self, order: Order, venue: int, filled: int) -> None:
        self._position[order.contract] += order.direction * filled
        self._in_flight[order.contract] = False
        self.recorder.orders.append(
            (
                order.number,
                order.decision,
                self._index,
                order.contract,
                order.direction,
                order.lots,
                None if order.limit == AT_MARKET else order.limit,
                order.seen,
                order.theo,
                order.reference,
                order.decided,
                venue,
                self._engine.now,
                filled,
                "missed" if filled == 0 else "filled" if filled == order.lots else "partial",
            )
        )


def completions(session: Session, compute: ComputeLatency, *, desk: int) -> Ints:
    """When the second CPU has each state ready, int64[states], ns; the first is ready before trading begins.

    It takes one snapshot at a time, in turn; a state that was overtaken has the instant of the one that overtook it:
    when the CPU is free again it goes on with the newest snapshot that is due.

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
        free = begin + compute.update(uniform(session.seed, UPDATE, desk, k, 0))
        done[k] = free
    return np.minimum.accumulate(done[::-1])[::-1] if NEVER in done else done


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory, for reading: a rule is shown the desk's own arrays."""
    shown = array.view()
    shown.flags.writeable = False
    return shown


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
