"""What the desk has seen so far: the tape delayed by feed latency, and the takes that the feed tells of."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.tape import Tape
from tradesim.simulation.book import empty_book, replay
from tradesim.simulation.draws import FEED, uniforms
from tradesim.simulation.latency import LatencyModel
from tradesim.simulation.venue import Take
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
    """A book that lags the venue's by the feed; ``path`` is :func:`~tradesim.simulation.book.underlying_path`."""

    def __init__(self, tape: Tape, rows: Ints, clock: Ints, path: tuple[Ints, Ints]) -> None:
        self.book = empty_book(len(tape.chain) + 1)
        self._rows = rows
        self._clock = clock
        self._ts = tape.ts
        self._cursor = 0
        self._path_rows, self._twice_mid = path
        self._takes: deque[tuple[int, Take]] = deque()

    def hear(self, take: Take) -> None:
        """A take is on the wire: it travels as the tape row before it did, and the row after it never overtakes it."""
        row = max(take.after - 1, 0)
        delay = int(self._clock[row] - self._ts[row])
        arrival = take.instant + delay
        if take.after < len(self._clock):
            arrival = min(arrival, int(self._clock[take.after]))
        if self._takes:
            arrival = max(arrival, self._takes[-1][0])
        self._takes.append((arrival, take))

    def advance(self, until: int) -> None:
        """See everything that has arrived by ``until``."""
        while self._takes and self._takes[0][0] <= until:
            arrival, take = self._takes.popleft()
            self._cursor = replay(self._rows, self._clock[: take.after], self._cursor, arrival, self.book)
            quote = self.book[take.instrument]
            if quote[take.side] == take.price:
                quote[take.side + 2] = max(0, quote[take.side + 2] - take.lots)
        self._cursor = replay(self._rows, self._clock, self._cursor, until, self.book)

    @property
    def spot(self) -> float:
        """The underlying's last two-sided mid that was seen, in currency; NaN before the first."""
        seen = int(np.searchsorted(self._path_rows, self._cursor)) - 1
        return float(self._twice_mid[seen]) / (2 * MICROS) if seen >= 0 else float("nan")
