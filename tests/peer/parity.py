"""Two engines on one tape by one rule: what is equal, and by which of our rules what is not differs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import ours
import peer
from feed_events import FeedEvents, feed_events
from parity_tapes import TRADED
from peer import BUY, Conditions, Fill, Order
from peer_queue import lowest_estimate

from tradesim.market.tape import DEPTH, QUOTE, TRADE, Tape
from tradesim.simulation.latency import Fixed
from tradesim.simulation.wires import Recorded
from tradesim.units import MILLISECOND, SECOND


class Rule(StrEnum):
    """A rule of ours that the peer does not have."""

    TAKEN = "what was taken stays taken"
    SHOWN = "no more lots than the tape shows"
    UNTOLD = "a level that quotes do not tell"
    NEVER_BELOW = "never fewer than none ahead"
    TRADED = "a trade takes what is shown until the next quote"
    UNKNOWN = "a quote without sides tells nothing of a queue"


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Orders of both engines, side by side, and how they compare."""

    pairs: list[tuple[Order, Order]]
    equal: int
    explained: Counter[Rule] = field(default_factory=Counter)
    unexplained: list[tuple[Order, Order]] = field(default_factory=list)

    @property
    def fills(self) -> int:
        return sum(len(mine.fills) for mine, _ in self.pairs)


ENTRY, RESPONSE = 3 * MILLISECOND, 2 * MILLISECOND


def takes(tape: Tape, feed: Fixed | Recorded, *, lots: int) -> Parity:
    """Ten takes a second."""
    return take(tape, feed, Conditions(entry=ENTRY, response=RESPONSE, lots=lots), period=100 * MILLISECOND)


def quotes(tape: Tape, feed: Fixed | Recorded, *, queue: str, stand: int) -> Parity:
    """Quotes of one lot that stand for ``stand`` ns, and as long a pause behind each."""
    conditions = Conditions(entry=ENTRY, response=RESPONSE, queue=queue)
    return quote_and_cancel(tape, feed, conditions, period=2 * stand, stand=stand)


def larger_quotes(tape: Tape, feed: Fixed | Recorded) -> Parity:
    """Quotes of 40 lots: where a trade fills exactly what is left of an order, 2.4.4 goes on to stop with code 14."""
    conditions = Conditions(entry=ENTRY, response=RESPONSE, lots=40, exchange="partial")
    return quote_and_cancel(tape, feed, conditions, period=2 * SECOND, stand=SECOND)


def take(tape: Tape, feed: Fixed | Recorded, conditions: Conditions, *, period: int) -> Parity:
    """Both engines take by turns every ``period`` ns; the peer's exchange fills whole."""
    session = ours.session_for(tape, feed, conditions)
    events = feed_events(tape, session.clock, instrument=TRADED)
    plan = ours.plan_for(session, period=period)
    mine = ours.trade(session, ours.Take(plan, conditions.lots), tick=events.tick)
    theirs = peer.take(events, plan, conditions)
    rules = [_take_rule(*pair) for pair in zip(mine, theirs, _opposite(tape, mine, events.tick), strict=True)]
    return _parity(mine, theirs, rules)


def quote_and_cancel(tape: Tape, feed: Fixed | Recorded, conditions: Conditions, *, period: int, stand: int) -> Parity:
    """Both engines quote by turns every ``period`` ns and cancel after ``stand``."""
    session = ours.session_for(tape, feed, conditions)
    events = feed_events(tape, session.clock, instrument=TRADED)
    plan = ours.plan_for(session, period=period, stand=stand)
    mine = ours.trade(session, ours.QuoteAndCancel(plan, conditions.lots), tick=events.tick)
    theirs = peer.quote_and_cancel(events, plan, conditions)
    rules = [_quote_rule(tape, events, conditions.queue, *pair) for pair in zip(mine, theirs, strict=True)]
    return _parity(mine, theirs, rules)


def _parity(mine: list[Order], theirs: list[Order], rules: list[Rule | None]) -> Parity:
    pairs = list(zip(mine, theirs, strict=True))
    differ = [(pair, rule) for pair, rule in zip(pairs, rules, strict=True) if pair[0] != pair[1]]
    return Parity(
        pairs=pairs,
        equal=len(pairs) - len(differ),
        explained=Counter(rule for _, rule in differ if rule is not None),
        unexplained=[pair for pair, rule in differ if rule is None],
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the venue's quote has on the side that an order takes: ``size`` is shown, ``left`` is not taken yet."""

    price: int
    size: int
    left: int
    traded: int = 0


def _opposite(tape: Tape, orders: list[Order], tick: int) -> Iterator[Standing]:
    """What each order meets at its arrival, after all the orders before it took what they took."""
    standing = {side: Standing(price=0, size=0, left=0) for side in (1, -1)}
    rows = iter(np.flatnonzero((tape.instrument == TRADED) & (tape.kind <= TRADE)).tolist())
    row = next(rows, None)
    for order in orders:
        while row is not None and tape.ts[row] <= order.arrival:
            if tape.kind[row] == QUOTE:
                standing[1] = _shown(standing[1], int(tape.bid[row]) // tick, int(tape.bid_size[row]))
                standing[-1] = _shown(standing[-1], int(tape.ask[row]) // tick, int(tape.ask_size[row]))
            elif not _quoted_at_once(tape, row):
                for side, there in standing.items():
                    standing[side] = _traded(there, side, int(tape.price[row]) // tick, tape, row)
            row = next(rows, None)
        there = standing[-order.side]
        yield there
        taken = sum(fill.lots for fill in order.fills)
        standing[-order.side] = replace(there, left=there.left - taken)


def _quoted_at_once(tape: Tape, row: int) -> bool:
    """Whether a quote of the same instant follows a trade: it tells what is left."""
    later = slice(row + 1, int(np.searchsorted(tape.ts, tape.ts[row], side="right")))
    return bool(((tape.instrument[later] == TRADED) & (tape.kind[later] == QUOTE)).any())


def _traded(there: Standing, side: int, price: int, tape: Tape, row: int) -> Standing:
    """What a trade leaves of a side, +1 the bid: nothing where it went through."""
    beyond = side * (there.price - price)
    if there.size == 0 or beyond < 0 or (beyond == 0 and tape.side[row] == side):
        return there
    lots = there.left if beyond > 0 else min(int(tape.size[row]), there.left)
    return replace(there, left=there.left - lots, traded=there.traded + lots)


def _shown(before: Standing, price: int, size: int) -> Standing:
    """Size that is shown anew is there; of size that was there before, what was not taken."""
    left = size
    if price == before.price and before.size > 0:
        left = min(size, before.left + before.traded + max(0, size - before.size))
    return Standing(price=price, size=size, left=left)


def _take_rule(mine: Order, theirs: Order, there: Standing) -> Rule | None:
    """The rule by which a take differs: theirs is filled whole at the best, ours with what is left there."""
    lots = min(mine.lots, there.left)
    ours_expected = [Fill(instant=mine.arrival, price=there.price, lots=lots)] if lots else []
    theirs_expected = [Fill(instant=theirs.arrival, price=there.price, lots=theirs.lots)]
    if not _same_journey(mine, theirs) or mine.fills != ours_expected or theirs.fills != theirs_expected:
        return None
    return Rule.TAKEN if there.left < min(there.size, mine.lots) else Rule.SHOWN


def _quote_rule(tape: Tape, events: FeedEvents, queue: str, mine: Order, theirs: Order) -> Rule | None:
    """The rule by which a quote differs."""
    if mine == theirs or not _same_journey(mine, theirs):
        return None
    if _came_behind(tape, events.tick, mine):
        return Rule.UNTOLD
    if _came_after_a_trade(tape, mine):
        return Rule.TRADED
    if _met_no_sides(tape, mine):
        return Rule.UNKNOWN
    if _filled_with_less(tape, events.tick, mine, theirs):
        return Rule.SHOWN
    until = min(fill.instant for order in (mine, theirs) for fill in order.fills)
    below = lowest_estimate(events, theirs, queue, until=until) < 0.0
    return Rule.NEVER_BELOW if below and mine.fills[:1] != theirs.fills[:1] else None


def _came_after_a_trade(tape: Tape, order: Order) -> bool:
    """Whether the last row before an order arrived was a trade, and no quote."""
    rows = np.flatnonzero((tape.instrument == TRADED) & (tape.kind <= TRADE) & (tape.ts <= order.arrival))
    return len(rows) > 0 and bool(tape.kind[rows[-1]] == TRADE)


def _met_no_sides(tape: Tape, order: Order) -> bool:
    """Whether a quote without sides came while an order stood."""
    mine = (tape.instrument == TRADED) & (tape.kind == QUOTE) & (tape.ts >= order.arrival)
    return bool((mine & (tape.bid_size == 0) & (tape.ask_size == 0)).any())


def _same_journey(mine: Order, theirs: Order) -> bool:
    one, other = ((o.sent, o.side, o.price, o.lots, o.arrival, o.ack) for o in (mine, theirs))
    return one == other


def _came_behind(tape: Tape, tick: int, order: Order) -> bool:
    """Whether the best of its side was better than the order's price when it arrived, on a tape without levels."""
    mine = tape.instrument == TRADED
    if (tape.kind[mine] == DEPTH).any():
        return False
    row = np.flatnonzero(mine & (tape.kind == QUOTE) & (tape.ts <= order.arrival))[-1]
    price, size = (tape.bid, tape.bid_size) if order.side == BUY else (tape.ask, tape.ask_size)
    return bool(size[row] > 0 and order.side * (int(price[row]) // tick - order.price) > 0)


def _filled_with_less(tape: Tape, tick: int, mine: Order, theirs: Order) -> bool:
    """Whether at their first difference theirs was filled whole, and ours with all that the tape had then."""
    same = 0
    while same < min(len(mine.fills), len(theirs.fills)) and mine.fills[same] == theirs.fills[same]:
        same += 1
    if same == len(mine.fills) or same == len(theirs.fills):
        return False
    less, whole = mine.fills[same], theirs.fills[same]
    rest = theirs.lots - sum(fill.lots for fill in theirs.fills[:same])
    return less.instant == whole.instant and whole.lots == rest > less.lots == _came(tape, tick, mine, whole.instant)


def _came(tape: Tape, tick: int, order: Order, instant: int) -> int:
    """Lots that came through the order's price at ``instant``: of trades, or of an opposite quote."""
    rows = np.flatnonzero((tape.instrument == TRADED) & (tape.ts == instant))
    lots = 0
    for row in rows.tolist():
        if tape.kind[row] == TRADE and tape.side[row] == -order.side:
            through = order.side * (order.price - int(tape.price[row]) // tick) > 0
            lots += int(tape.size[row]) if through else 0
        elif tape.kind[row] == QUOTE:
            price, size = (
                (tape.ask[row], tape.ask_size[row]) if order.side == BUY else (tape.bid[row], tape.bid_size[row])
            )
            crossed = size > 0 and order.side * (order.price - int(price) // tick) >= 0
            lots += int(size) if crossed else 0
    return lots
