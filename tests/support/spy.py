"""Holds every field of every screen against what had reached the desk, worked out anew from tape, feed and records."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import numpy as np

from tradesim.market.tape import QUOTE, TRADE
from tradesim.methods.method import Method
from tradesim.pricing import PROBLEMS
from tradesim.simulation.broadcast import FeedBroadcast
from tradesim.simulation.draws import FEED, UPDATE, uniform
from tradesim.simulation.hiccups import NO_PAUSES
from tradesim.simulation.latency import Stage
from tradesim.simulation.reports import Take
from tradesim.simulation.screen import CHANGING, NOTHING, PENDING, WORKING
from tradesim.simulation.strategy import Policy
from tradesim.simulation.venue import Venue
from tradesim.simulation.wires import Recorded
from tradesim.units import MICROS

NEVER = 2**62


class Telling(Method):
    """Its prices tell which state it has and at which spot it is asked."""

    name = "telling"

    def __init__(self, base):
        self.problem = PROBLEMS["european"]
        self.base = base

    def bind(self, chain):
        pass

    def update(self, state):
        self._state = state.index, state.spot

    def price(self, spot, out):
        out[:] = telling(self.base, *self._state, spot)
        return "hit"

    @property
    def nbytes(self):
        return 8


def _take_shown(book, instrument, price, lots, came):
    for first, traded, sign in ((0, 6, 1), (3, 7, -1)):
        beyond = sign * (book[instrument][first] - price)
        if book[instrument][first + 1] and (beyond > 0 or (beyond == 0 and came != sign)):
            taken = book[instrument][first + 2] if beyond > 0 else min(lots, book[instrument][first + 2])
            book[instrument][first + 2] -= taken
            book[instrument][traded] += taken


def telling(base, index, then, spot):
    return base + 0.01 * (1 + index % 3) * (spot - 100.0) + 0.003 * (then - 100.0) + 1e-5 * index


def left_of(size, price, price_before, size_before, left_before):
    """What is there to be taken of a quote, given the one before it on its side."""
    if size == 0 or size_before == 0 or price != price_before:
        return size
    return left_before + size - size_before if size > size_before else min(left_before, size)


@dataclass
class Log:
    """What the venue gave out, in the order in which it happened; what each desk was shown, and when in that order."""

    given: list = field(default_factory=list)
    killed: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)

    def spying(self, desk, decide):
        """The function of a rule that notes what it is shown, and does as ``decide``."""
        mine = self.notes.setdefault(desk, [])

        def function(screen):
            shown = {name: np.copy(value)[()] for name, value in screen._asdict().items()}
            mine.append(shown | {"after": len(self.given)})
            return decide(screen)

        return function


@contextmanager
def logged(log):
    tell, place, replace = FeedBroadcast.tell, Venue.place, Venue.replace

    def telling_floor(floor, trades, told):
        trades, told = tuple(trades), tuple(told)
        log.given.append((trades, told))
        tell(floor, trades, told)

    def noting(method):
        def function(venue, *, desk, number, **asked):
            report = method(venue, desk=desk, number=number, **asked)
            log.killed |= dict.fromkeys(((desk, gone) for gone in report.cancelled), number)
            return report

        return function

    with (
        patch.object(FeedBroadcast, "tell", telling_floor),
        patch.object(Venue, "place", noting(place)),
        patch.object(Venue, "replace", noting(replace)),
    ):
        yield


class Witness:
    """What one desk of a session could know, from its own feed and what it was sent: plain Python, no shared code."""

    def __init__(self, session, desk, seat, result, log):
        self.tape, self.schedule, self.desk, self.log = session.tape, session.setting.schedule, desk, log
        self.strategy, self.base, self.count = seat.strategy, seat.pricing.prices.base, len(session.tape.chain)
        fees = session.setting.fees
        self.terms = {
            "fee": round(fees.taker * MICROS),
            "maker_fee": round(fees.maker * MICROS),
            "tick": int(session.ticks[1][0, 1]),
            "grid": session.ticks[1],
        }
        self.clock = self._clock(session)
        self.states = self._states()
        begin, end = self.states[0]["at"], session.tape.end
        pauses = seat.hiccups.pauses(begin, end, seed=session.seed, desk=desk) if seat.hiccups else NO_PAUSES
        self._complete(seat.compute, pauses, session.seed)
        self.orders = list(result.orders.iter_rows(named=True))
        self.fills = list(result.fills.iter_rows(named=True))
        self.decisions = list(result.decisions.iter_rows(named=True))
        traded = [
            after
            for after, (trades, _) in enumerate(log.given)
            for trade in trades
            for side in (trade.taker, trade.maker)
            if side is not None and side[0] == desk
        ]
        for fill, after in zip(self.fills, traded, strict=True):
            fill["after"] = after

    def _clock(self, session):
        feed, clock = session.setting.wires.feed, self.tape.received.tolist()
        for row, ts in enumerate([] if isinstance(feed, Recorded) else self.tape.ts.tolist()):
            clock[row] = ts + feed.sample(uniform(session.seed, FEED, self.desk, row, 0), ts)
        return [max(clock[: row + 1]) for row in range(len(clock))]

    # --- What the feed brought ---

    def quotes(self, until):
        """Rows of quotes that had arrived: instrument, bid, bid size, ask, ask size."""
        tape = self.tape
        for row, arrival in enumerate(self.clock):
            if arrival <= until and tape.kind[row] == QUOTE:
                sides = (tape.bid[row], tape.bid_size[row], tape.ask[row], tape.ask_size[row])
                yield row, int(tape.instrument[row]), *map(int, sides)

    def trades(self, until):
        """Rows of trades that had arrived and that no quote of their instrument follows at the same instant."""
        tape = self.tape
        for row in range(len(tape)):
            same = (tape.ts[row:] == tape.ts[row]) & (tape.instrument[row:] == tape.instrument[row])
            if tape.kind[row] == TRADE and self.clock[row] <= until and not (tape.kind[row:][same] == QUOTE).any():
                yield row, tuple(int(column[row]) for column in (tape.instrument, tape.price, tape.size, tape.side))

    def mids(self, until):
        """Twice the middle of the underlying, None where a side is missing, by the instant of its arrival."""
        for row, instrument, bid, bid_size, ask, ask_size in self.quotes(until):
            if instrument == 0:
                yield self.clock[row], bid + ask if bid_size and ask_size else None

    def spot(self, until):
        told = [mid for _, mid in self.mids(until)]
        return told[-1] / (2 * MICROS) if told and told[-1] is not None else np.nan

    def messages(self, until, after):
        """Takes and others' posts that its feed had told it, each behind so many rows of the tape."""
        last = 0
        for trades, told in self.log.given[:after]:
            takes = [
                Take(t.instant, t.after, t.contract + 1, 3 if t.direction > 0 else 0, t.price, t.lots)
                for t in trades
                if t.maker is None
            ]
            for message in (*takes, *told):
                if getattr(message, "desk", None) == self.desk:
                    continue
                before = max(message.after - 1, 0)
                arrival = message.instant + self.clock[before] - int(self.tape.ts[before])
                last = max(last, min(arrival, [*self.clock, NEVER][message.after]))
                if last <= until:
                    yield message

    def book(self, until, after):
        book, posts = [[0] * 8 for _ in range(self.count + 1)], {}
        rows = {row: told for row, *told in self.quotes(until)}
        trades = dict(self.trades(until))
        messages = list(self.messages(until, after))
        for row in range(len(self.clock) + 1):
            for message in [m for m in messages if m.after == row]:
                if not isinstance(message, Take):
                    posts[message.desk, message.number] = message
                elif book[message.instrument][message.side] == message.price:
                    left = book[message.instrument][message.side + 2]
                    book[message.instrument][message.side + 2] = max(0, left - message.lots)
            if row in trades:
                _take_shown(book, *trades[row])
            if row in rows:
                instrument, *sides = rows[row]
                for first, (price, size) in ((0, sides[:2]), (3, sides[2:])):
                    traded = 6 + first // 3
                    book[instrument][first + 2] += book[instrument][traded]
                    book[instrument][traded] = 0
                    book[instrument][first : first + 3] = (
                        price,
                        size,
                        left_of(size, price, *book[instrument][first:][:3]),
                    )
        for instrument, quote in enumerate(book):
            for first, sign in ((0, 1), (3, -1)):
                there = [p for p in posts.values() if p.lots and (p.instrument, p.side) == (instrument, first)]
                price, _, left = quote[first : first + 3]
                best = max([sign * p.price for p in there] + [sign * price] * (left > 0), default=None)
                lots = sum(p.lots for p in there if sign * p.price == best)
                if lots and left > 0 and sign * price == best:
                    quote[first + 1] += lots
                    quote[first + 2] += lots
                elif lots:
                    quote[first : first + 3] = sign * best, lots, lots
        return book

    # --- What the second CPU knew ---

    def _states(self):
        """Instant, spot and the contracts that had told their volatility, of each snapshot."""
        at = next(a for a in self.clock if (seen := list(self.mids(a))) and seen[-1][1] is not None)
        states, own = [], [False] * self.count
        while at <= self.clock[-1]:
            seen = list(self.mids(at))
            two_sided = [(when, mid) for when, mid in seen if mid is not None]
            moves = [when for k, (when, mid) in enumerate(two_sided) if k and mid != two_sided[k - 1][1]]
            whole = seen[-1][1] is not None
            settled = not moves or at - moves[-1] >= self.schedule.settle
            if not states or (whole and settled):
                last = {instrument: told for _, instrument, *told in self.quotes(at)}
                own = [had or bool(c + 1 in last and last[c + 1][1] and last[c + 1][3]) for c, had in enumerate(own)]
            spot = two_sided[-1][1] / (2 * MICROS) if whole else states[-1]["spot"]
            states.append({"at": at, "spot": spot, "own": own})
            at = max(at + self.schedule.every, min((c for c in self.clock if c > at), default=0))
        return states

    def _complete(self, compute, pauses, seed):
        hedged, free = self.strategy.hedge is not None, self.states[0]["at"]
        instants = [state["at"] for state in self.states]
        done = [free] + [None] * (len(instants) - 1)
        for k in range(1, len(instants)):
            if k + 1 < len(instants) and instants[k + 1] <= free:
                continue
            draw = uniform(seed, UPDATE, self.desk, k, 0)
            work = compute.update(draw) + (2 * compute.work(Stage.PRICE, "delta", draw, 0, 0) if hedged else 0)
            done[k] = free = pauses.finish(max(instants[k], free), work)[0]
        for state, instant in zip(self.states, done, strict=True):
            state["done"] = instant

    def values(self, now, spot):
        """Theoretical values and deltas with the newest state that was ready."""
        ready = [(index, s) for index, s in enumerate(self.states) if s["done"] is not None and s["done"] <= now]
        index, state = ready[-1] if ready else (0, self.states[0])
        value = telling(self.base, index, state["spot"], spot)
        theo = [value if own else np.nan for own in state["own"]]
        if self.strategy.hedge is None:
            return theo, [np.nan] * self.count
        step = self.strategy.hedge.bump * state["spot"]
        up, down = (telling(self.base, index, state["spot"], state["spot"] + move) for move in (step, -step))
        return theo, [(up - down) / (2.0 * step)] * self.count

    # --- What it was sent ---

    def known(self, now, after):
        return [fill for fill in self.fills if fill["after"] < after and fill["known"] <= now]

    def held(self, contract, now, after):
        return sum(fill["quantity"] for fill in self.known(now, after) if fill["contract"] == contract)

    def asked(self, decision):
        return [order for order in self.orders if order["decision"] < decision]

    def in_flight(self, contract, now, decision):
        return any(
            (order["contract"], order["kind"]) == (contract, "ioc") and order["ack"] > now
            for order in self.asked(decision)
        )

    def left_at_ack(self, order):
        if order["outcome"] not in ("resting", "partial", "replaced") or order["reason"] == "self-trade":
            return 0
        done = order["filled"]
        if order["kind"] == "replace":
            done += sum(abs(fill["quantity"]) for fill in self.fills if fill["order_id"] == order["target"])
        return order["lots"] - done

    def working(self, contract, direction, now, after, decision):
        """Number, limit, lots left and state of the order that stands, as far as the desk knows."""
        slot, current, pending = (contract, direction), (-1, 0, 0), None
        for order in self.asked(decision):
            if order["kind"] == "ioc" or (order["contract"], order["direction"]) != slot:
                continue
            changes = order["kind"] in ("cancel", "replace")
            if order["ack"] > now:
                assert pending is None
                pending = order
            elif not (changes and order["outcome"] == "rejected"):
                left = 0 if order["kind"] == "cancel" else self.left_at_ack(order)
                current = (order["order_id"], order["limit_price"], left) if left else (-1, 0, 0)
        if pending is not None and pending["kind"] not in ("cancel", "replace"):
            return [pending["order_id"], pending["limit_price"], pending["lots"], PENDING]
        number, limit, left = current
        made = [f for f in self.known(now, after) if f["order_id"] == number and f["liquidity"] == "maker"]
        left -= sum(abs(fill["quantity"]) for fill in made)
        killer = self.log.killed.get((self.desk, number))
        if killer is not None and any(o["order_id"] == killer and o["ack"] <= now for o in self.orders):
            left = 0
        if pending is not None:
            return [number, limit, left, CHANGING]
        return [number, limit, left, WORKING] if left > 0 else [-1, 0, 0, NOTHING]

    # --- The check ---

    def check(self):
        """Every note against what could be known."""
        notes = self.log.notes[self.desk]
        answered = [decision for decision in self.decisions if decision["outcome"] != "late"]
        assert len(notes) == len(answered)
        for note, decision in zip(notes, answered, strict=True):
            self._check(note, decision)

    def _check(self, note, decision):
        now, after, number = int(note["now"]), note["after"], decision["decision"]
        assert now == decision["start"]
        if decision["tick"] is None:
            assert decision["arrival"] in [f["known"] for f in self.known(now, after) if f["liquidity"] == "maker"]
        else:
            assert self.clock[decision["tick"]] == decision["arrival"]
        until = decision["arrival"] if self.strategy.policy is Policy.QUEUE else now
        spot = self.spot(until)
        theo, delta = self.values(now, spot)
        expected = {
            "spot": spot,
            "book": self.book(until, after),
            "theo": theo,
            "delta": delta,
            "position": [self.held(c, now, after) for c in range(self.count)],
            "hedge": self.held(-1, now, after),
            "in_flight": [self.in_flight(c, now, number) for c in range(self.count)],
            "working": [
                [self.working(c, direction, now, after, number) for direction in (1, -1)] for c in range(self.count)
            ],
        }
        expected |= self.terms
        assert {*expected, "now", "after"} == note.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(note[name], value, err_msg=f"{name} of desk {self.desk} at decision {number}")
