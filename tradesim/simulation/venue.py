"""The exchange: it owns the true book, fills orders when they arrive, and keeps those that stand.

An order that takes meets, best price first, the tape's best quote and the orders of other desks. At one price the
tape's lots that are ahead of a desk's order come first, then that order, then the rest of the tape's. Of the tape only
the best price can be taken from: what stands behind it is not known to be there once the best is gone.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from tradesim.market.tape import QUOTE, Tape
from tradesim.simulation.book import ASK, ASK_TRADED, BID, BID_TRADED, BUY, empty_book, replay, side_of
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.reports import Outcome, Post, Report, Take, Trade
from tradesim.simulation.resting import (
    AHEAD,
    LEFT,
    NEXT,
    PRICE,
    SIGN,
    UNKNOWN,
    TapeDepth,
    scan,
)
from tradesim.simulation.resting_queue import NONE, RestingQueue
from tradesim.simulation.ticks import tick_at
from tradesim.simulation.venue_rules import SelfTrade, VenueRules

Ints = NDArray[np.int64]


@dataclass(slots=True)
class _Standing:
    """An order that stands: whose it is, and what it has been asked and given in all."""

    desk: int
    number: int
    contract: int
    kind: Kind
    filled: int


class Venue:
    """The true book of a tape, from which orders take and in which they stand.

    ``rows`` are :func:`~tradesim.simulation.book.quote_rows`, ``closed`` int64[k, 2] the hours in which the options are
    closed, by default none; prices are micros, contract -1 is the underlying.
    """

    def __init__(
        self,
        tape: Tape,
        rows: Ints,
        rules: VenueRules | None = None,
        behind: TapeDepth | None = None,
        closed: Ints | None = None,
    ) -> None:
        self._clock = tape.ts
        self._rows = rows
        self._rules = rules or VenueRules()
        self._model, self._exponent = self._rules.queue.code
        self._tick = self._rules.enforced_ticks
        self._book = empty_book(len(tape.chain) + 1)
        self._expiry = tape.chain.expiry.tolist()
        self._closes, self._openings = ([], []) if closed is None else closed.T.tolist()
        self._cursor = 0
        self._behind = behind or TapeDepth(tape)
        self._resting = RestingQueue(len(tape.chain) + 1)
        self._standing: dict[int, _Standing] = {}
        self._slot_of: dict[tuple[int, int], int] = {}
        self._held: dict[tuple[int, int], int] = {}

    def end(self, instant: int, contracts: Iterable[int]) -> list[Post]:
        """Orders that stand in ``contracts`` stand no longer, from ``instant`` on: what is to be reported of each."""
        self._replay(instant)
        ended = set(contracts)
        slots = [slot for slot, standing in self._standing.items() if standing.contract in ended]
        posts = []
        for slot in slots:
            self._resting.slots[slot, LEFT] = 0
            posts.append(self._post(slot, instant))
            self._remove(slot)
        return posts

    @property
    def has_resting(self) -> bool:
        """Whether any order stands."""
        return bool(self._standing)

    def advance(self, until: int) -> tuple[list[Trade], list[Take | Post]]:
        """Apply rows up to ``until``, but none after the first instant at which the tape fills a standing order."""
        trades: list[Trade] = []
        told: list[Take | Post] = []
        if not self._standing:
            return trades, told
        while True:
            self._cursor, count = scan(
                self._rows,
                self._behind.rows,
                self._clock,
                self._cursor,
                until,
                self._book,
                self._resting.heads,
                self._resting.slots,
                self._resting.queue,
                self._model,
                self._exponent,
                self._resting.fills,
            )
            if count == 0:
                return trades, told
            until = int(self._clock[self._cursor - 1])
            quoted = self._rows[self._cursor - 1, 1] == QUOTE
            for slot, lots in self._resting.fills[:count].tolist():
                trades.append(self._filled(slot, lots, until, taker=None))
                if quoted:
                    told.append(self._taken_by(slot, lots, until))
                told.append(self._post(slot, until))
                if self._resting.slots[slot, LEFT] == 0:
                    self._remove(slot)

    def place(
        self, *, instant: int, desk: int, number: int, contract: int, direction: int, lots: int, limit: int, kind: Kind
    ) -> Report:
        """An order arrives: it takes what its kind allows, and stands where its kind says so."""
        self._replay(instant)
        reason = self._ended(instant, contract) or self._refusal(desk, contract, direction, lots, limit, kind)
        if reason is not None:
            return Report(Outcome.REJECTED, reason=reason)
        trades, posts, cancelled = self._take(instant, desk, number, contract, direction, lots, limit)
        taken = sum(trade.lots for trade in trades)
        left = lots - taken
        stands = left > 0 and kind != Kind.IOC and cancelled is not None
        if stands:
            slot = self._stand(desk, number, contract, direction, left, limit, kind, filled=taken)
            posts.append(self._post(slot, instant))
        outcome = Outcome.RESTING if stands else Outcome.MISSED
        if taken:
            outcome = Outcome.FILLED if left == 0 else Outcome.PARTIAL
        return Report(
            outcome,
            trades=tuple(trades),
            posts=tuple(posts),
            filled=taken,
            left=left if stands else 0,
            reason=None if cancelled is not None else "self-trade",
            cancelled=cancelled or (),
        )

    def cancel(self, *, instant: int, desk: int, target: int) -> Report:
        """What is left of the desk's order ``target`` stands no longer."""
        self._replay(instant)
        slot = self._slot_of.get((desk, target))
        if slot is None:
            return Report(Outcome.LATE)
        self._resting.slots[slot, LEFT] = 0
        post = self._post(slot, instant)
        self._remove(slot)
        return Report(Outcome.CANCELLED, posts=(post,))

    def replace(self, *, instant: int, desk: int, target: int, number: int, lots: int, limit: int) -> Report:
        """The desk's order ``target`` is to be of ``lots`` in all, those it has traded counted, at ``limit``.

        It is then known as ``number``.

        At its price with no more lots it keeps its place; else it is a new order, which arrives now.
        """
        self._replay(instant)
        slot = self._slot_of.get((desk, target))
        if slot is None:
            return Report(Outcome.LATE)
        standing, order = self._standing[slot], self._resting.slots[slot]
        left = lots - standing.filled
        if left <= 0:
            return self.cancel(instant=instant, desk=desk, target=target)
        if limit == order[PRICE] and left <= order[LEFT] and left % self._rules.lot == 0:
            order[LEFT] = left
            del self._slot_of[desk, target]
            before = self._post(slot, instant, lots=0)
            standing.number, standing.filled = number, 0
            self._slot_of[desk, number] = slot
            return Report(Outcome.REPLACED, posts=(before, self._post(slot, instant)), left=left)
        direction, contract, kind = int(order[SIGN]), standing.contract, standing.kind
        open_before = int(order[LEFT])
        order[LEFT] = 0
        reason = self._refusal(desk, contract, direction, left, limit, kind)
        order[LEFT] = open_before
        if reason is not None:
            return Report(Outcome.REJECTED, reason=reason)
        gone = self.cancel(instant=instant, desk=desk, target=target)
        anew = self.place(
            instant=instant,
            desk=desk,
            number=number,
            contract=contract,
            direction=direction,
            lots=left,
            limit=limit,
            kind=kind,
        )
        outcome = Outcome.REPLACED if anew.outcome is Outcome.RESTING else anew.outcome
        return Report(
            outcome,
            trades=anew.trades,
            posts=(*gone.posts, *anew.posts),
            filled=anew.filled,
            left=anew.left,
            reason=anew.reason,
            cancelled=anew.cancelled,
        )

    def _replay(self, instant: int) -> None:
        """The book as of ``instant``. Fills of standing orders have been dealt with by :meth:`advance` before."""
        if not self._standing:
            self._cursor = replay(self._rows, self._clock, self._cursor, instant, self._book)

    def is_closed(self, instant: int) -> bool:
        """Whether the options' session has ended, and no other has begun."""
        last = bisect_right(self._closes, instant) - 1
        return last >= 0 and instant < self._openings[last]

    def _ended(self, instant: int, contract: int) -> str | None:
        """Why nothing of a contract is traded any more, or now; the underlying is another market."""
        if contract < 0:
            return None
        if instant >= self._expiry[contract]:
            return "expired"
        return "closed" if self.is_closed(instant) else None

    def _refusal(self, desk: int, contract: int, direction: int, lots: int, limit: int, kind: Kind) -> str | None:
        """Why the venue does not take an order; None where it does."""
        if limit == AT_MARKET and kind != Kind.IOC:
            return "no limit"
        if limit != AT_MARKET and (limit <= 0 or limit % tick_at(limit, self._tick[contract >= 0]) != 0):
            return "tick"
        if contract >= 0 and lots % self._rules.lot != 0:
            return "lot"
        most = self._rules.position_limit
        if most is not None and contract >= 0:
            open_lots = sum(
                int(self._resting.slots[slot, LEFT])
                for slot, standing in self._standing.items()
                if (standing.desk, standing.contract) == (desk, contract)
                and self._resting.slots[slot, SIGN] == direction
            )
            if direction * self._held.get((desk, contract), 0) + open_lots + lots > most:
                return "position limit"
        if kind == Kind.POST_ONLY and next(self._opposite(contract, direction, limit), None) is not None:
            return "would take"
        return None

    def _opposite(self, contract: int, direction: int, limit: int) -> Iterator[tuple[int, int, int]]:
        """What an order could take, in turn, as it stands now: slot or -1 for the tape, price, lots."""
        instrument, side = contract + 1, side_of(direction)
        quote = self._book[instrument]
        tape_left = int(quote[side + 2])
        slot = self._resting.first(instrument, -direction)
        while tape_left > 0 or slot != NONE:
            price = int(quote[side])
            if slot != NONE:
                order = self._resting.slots[slot]
                own = int(order[PRICE])
                better = tape_left == 0 or direction * (own - price) < 0
                if self._ahead(slot) == 0 and (better or own == price):
                    if not _acceptable(own, direction, limit):
                        return
                    yield slot, own, int(order[LEFT])
                    slot = int(order[NEXT])
                    continue
                if tape_left == 0:
                    return
            if not _acceptable(price, direction, limit):
                return
            lots = tape_left
            if slot != NONE and int(self._resting.slots[slot, PRICE]) == price:
                lots = min(tape_left, self._ahead(slot))
            yield NONE, price, lots
            tape_left = int(quote[side + 2])

    def _ahead(self, slot: int) -> int:
        """Whole lots that trade before an order: half a lot is none, as where trades come to it."""
        return max(0, ceil(float(self._resting.queue[slot, AHEAD]) - 0.5))

    def _take(
        self, instant: int, desk: int, number: int, contract: int, direction: int, lots: int, limit: int
    ) -> tuple[list[Trade], list[Post], tuple[int, ...] | None]:
        """Take what is there, best first; the last is None where self-trade prevention stopped it."""
        trades: list[Trade] = []
        posts: list[Post] = []
        cancelled: list[int] = []
        for slot, price, there in self._opposite(contract, direction, limit):
            if lots == 0:
                break
            taken = min(lots, there)
            if slot == NONE:
                self._take_from_tape(contract, direction, price, taken)
                trades.append(Trade((desk, number), None, contract, direction, taken, price, instant, self._cursor))
                self._hold(desk, contract, direction * taken)
                lots -= taken
                continue
            if self._standing[slot].desk == desk:
                if self._rules.self_trade is SelfTrade.CANCEL_INCOMING:
                    return trades, posts, None
                cancelled.append(self._standing[slot].number)
                self._resting.slots[slot, LEFT] = 0
            else:
                self._resting.slots[slot, LEFT] -= taken
                trades.append(self._filled(slot, taken, instant, taker=(desk, number)))
                self._hold(desk, contract, direction * taken)
                lots -= taken
            posts.append(self._post(slot, instant))
            if self._resting.slots[slot, LEFT] == 0:
                self._remove(slot)
        return trades, posts, tuple(cancelled)

    def _take_from_tape(self, contract: int, direction: int, price: int, lots: int) -> None:
        """Lots of the tape's best quote are gone; orders that stood behind them advance."""
        self._book[contract + 1, side_of(direction) + 2] -= lots
        slot = self._resting.first(contract + 1, -direction)
        while slot != NONE:
            if self._resting.slots[slot, PRICE] == price:
                self._resting.queue[slot, AHEAD] = max(0.0, self._resting.queue[slot, AHEAD] - lots)
            slot = int(self._resting.slots[slot, NEXT])

    def _filled(self, slot: int, lots: int, instant: int, *, taker: tuple[int, int] | None) -> Trade:
        """The trade in which lots of a standing order, off its row already, changed hands."""
        standing, order = self._standing[slot], self._resting.slots[slot]
        standing.filled += lots
        sign = int(order[SIGN])
        self._hold(standing.desk, standing.contract, sign * lots)
        maker = (standing.desk, standing.number)
        return Trade(taker, maker, standing.contract, -sign, lots, int(order[PRICE]), instant, self._cursor)

    def _taken_by(self, slot: int, lots: int, instant: int) -> Take:
        """What a standing order takes of the quote that came to it."""
        instrument, side = self._standing[slot].contract + 1, side_of(int(self._resting.slots[slot, SIGN]))
        return Take(instant, self._cursor, instrument, side, int(self._book[instrument, side]), lots)

    def _hold(self, desk: int, contract: int, lots: int) -> None:
        self._held[desk, contract] = self._held.get((desk, contract), 0) + lots

    def _post(self, slot: int, instant: int, *, lots: int | None = None) -> Post:
        standing, order = self._standing[slot], self._resting.slots[slot]
        return Post(
            instant=instant,
            after=self._cursor,
            desk=standing.desk,
            number=standing.number,
            instrument=standing.contract + 1,
            side=BID if order[SIGN] == BUY else ASK,
            price=int(order[PRICE]),
            lots=int(order[LEFT]) if lots is None else lots,
        )

    def _stand(
        self, desk: int, number: int, contract: int, direction: int, lots: int, limit: int, kind: Kind, *, filled: int
    ) -> int:
        """Put what is left of an order in its place: behind all of its price."""
        ahead, shown, exact = self._place_in_queue(contract + 1, direction, limit)
        order = (direction, limit, lots, self._cursor, shown, NONE, exact)
        slot = self._resting.insert(contract + 1, order, ahead)
        self._standing[slot] = _Standing(desk, number, contract, kind, filled)
        self._slot_of[desk, number] = slot
        return slot

    def _place_in_queue(self, instrument: int, direction: int, limit: int) -> tuple[float, int, int]:
        """Lots ahead of a new order, the size that the tape tells of its price (-1: none), and if a feed tells more."""
        side = BID if direction == BUY else ASK
        best, size, left = self._book[instrument, side : side + 3].tolist()
        told = self._behind.levels.size(instrument, direction, limit, self._cursor)
        exact = int(instrument in self._behind.levels.fed)
        if exact and told is not None:
            return float(min(told, left) if size and best == limit else told), told, exact
        if size == 0 or direction * (limit - best) > 0:
            return 0.0, 0, exact
        if limit == best:
            traded = int(self._book[instrument, BID_TRADED if side == BID else ASK_TRADED])
            return float(left), size - traded, exact
        return (UNKNOWN, -1, exact) if told is None else (float(told), told, exact)

    def _remove(self, slot: int) -> None:
        """An order stands no longer."""
        standing = self._standing.pop(slot)
        del self._slot_of[standing.desk, standing.number]
        self._resting.remove(slot, standing.contract + 1)


def _acceptable(price: int, direction: int, limit: int) -> bool:
    if limit == AT_MARKET:
        return True
    return price <= limit if direction == BUY else price >= limit
