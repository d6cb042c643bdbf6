"""What the desk has seen so far: the tape delayed by feed latency, and what the feed tells of the desks' own doings."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.tape import UNDERLYING, Tape
from tradesim.simulation.book import BID, empty_book, replay
from tradesim.simulation.draws import FEED, uniforms
from tradesim.simulation.latency import LatencyModel
from tradesim.simulation.reports import Post, Take
from tradesim.simulation.screen import read_only
from tradesim.simulation.wires import Recorded
from tradesim.units import MICROS

Ints = NDArray[np.int64]


def feed_clock(tape: Tape, feed: LatencyModel | Recorded, *, seed: int, desk: int) -> Ints:
    """When each row of the tape reaches the desk, int64[rows], ns: in order, a later message never overtakes.

    ``ArgumentError`` where recorded receive times precede event times: such a clock must be corrected first.
    """
    if isinstance(feed, Recorded):
        early = int(np.min(tape.received - tape.ts))
        if early < 0:
            raise ArgumentError(
                f"recorded feed: a row was received {-early} ns before it happened; the recorder's clock is wrong: "
                "correct it first (ingest with --correct-clock)"
            )
        delayed = tape.received
    else:
        delayed = tape.ts + feed.samples(uniforms(seed, FEED, desk, len(tape)), tape.ts)
    return np.maximum.accumulate(delayed)


class View:
    """A book that lags the venue's by the feed.

    ``book`` is int64[n + 1, 8], what the tape and the takes from it show; :meth:`shown` adds other desks' orders.
    """

    def __init__(self, tape: Tape, rows: Ints, clock: Ints) -> None:
        self.book = empty_book(len(tape.chain) + 1)
        self._readable = read_only(self.book)
        self._rows = rows
        self._clock = clock
        self._ts = tape.ts
        self._cursor = 0
        self._heard: deque[tuple[int, Take | Post]] = deque()
        self._posts: dict[tuple[int, int], Post] = {}

    def hear(self, told: Take | Post) -> None:
        """Something is on the wire: it travels as the tape row before it did, and the row after never overtakes it."""
        row = max(told.after - 1, 0)
        delay = int(self._clock[row] - self._ts[row])
        arrival = told.instant + delay
        if told.after < len(self._clock):
            arrival = min(arrival, int(self._clock[told.after]))
        if self._heard:
            arrival = max(arrival, self._heard[-1][0])
        self._heard.append((arrival, told))

    def advance(self, until: int) -> None:
        """See everything that has arrived by ``until``."""
        while self._heard and self._heard[0][0] <= until:
            arrival, told = self._heard.popleft()
            self._cursor = replay(self._rows, self._clock[: told.after], self._cursor, arrival, self.book)
            if isinstance(told, Post):
                self._see(told)
                continue
            quote = self.book[told.instrument]
            if quote[told.side] == told.price:
                quote[told.side + 2] = max(0, quote[told.side + 2] - told.lots)
        self._cursor = replay(self._rows, self._clock, self._cursor, until, self.book)

    def _see(self, post: Post) -> None:
        key = post.desk, post.number
        if post.lots:
            self._posts[key] = post
        else:
            self._posts.pop(key, None)

    def shown(self) -> Ints:
        """The book with other desks' standing orders in it, for reading: the tape's own where there are none."""
        if not self._posts:
            return self._readable
        book = self.book.copy()
        for post in self._posts.values():
            quote, sign = book[post.instrument], 1 if post.side == BID else -1
            better = sign * (post.price - int(quote[post.side]))
            if quote[post.side + 2] == 0 or better > 0:
                quote[post.side] = post.price
                quote[post.side + 1] = quote[post.side + 2] = post.lots
            elif better == 0:
                quote[post.side + 1] += post.lots
                quote[post.side + 2] += post.lots
        return read_only(book)

    @property
    def newest(self) -> int:
        """The venue's instant of the newest row seen, ns; the tape's first before any."""
        return int(self._ts[max(self._cursor - 1, 0)])

    @property
    def spot(self) -> float:
        """The middle of the underlying's quote as seen, in currency; NaN where a side is missing or it is below 0."""
        bid, bid_size, _, ask, ask_size, *_ = self.book[UNDERLYING].tolist()
        return (bid + ask) / (2 * MICROS) if bid_size and ask_size and bid + ask > 0 else float("nan")
