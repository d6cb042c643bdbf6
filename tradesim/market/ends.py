"""Where quotes end: at the close of a session and at a contract's expiry, each told by a row of its own.

A quote stands until the next row of its instrument. A recording does not say that a market has closed, or that a
contract is no more: its last quote would stand through the night, or for ever. So a tape is given a row without sides
at each such end, and everything that reads rows (a desk's view, the venue, the volatility service) sees no quote there.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradesim.market.sessions import sessions_of, stated
from tradesim.market.tape import QUOTE, ROW_COLUMNS, UNDERLYING, Tape
from tradesim.units import NEVER

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Ends:
    """How many quotes were ended: at the close of a session, and at their contract's expiry; ``sessions`` there are,
    whose hours are ``stated``, or told by gaps between rows."""

    sessions: int = 1
    stated: bool = False
    closed: int = 0
    expired: int = 0

    def __str__(self) -> str:
        ended = [f"{n:,} at {what}" for n, what in ((self.closed, "a close"), (self.expired, "expiry")) if n]
        sessions = f"{self.sessions:,} session{'s' * (self.sessions != 1)}{' by the calendar' * self.stated}"
        return f"{sessions}, quotes ended: {', '.join(ended)}" if ended else sessions


def with_ends(tape: Tape) -> tuple[Tape, Ends]:
    """The ``tape`` with a row without sides wherever a quote ends and no row says so; a tape that has them is itself.

    The underlying and the options are two markets, each with sessions of its own. A session ends at the closing that
    the tape's ``hours`` state; where they state none, a nanosecond after its last row, if no other follows within the
    tape's ``gap``. A generated market is one session.
    """
    ends = [(np.arange(1, len(tape.chain) + 1), tape.chain.expiry), _closes(tape, False), _closes(tape, True)]
    instrument, instant, quote = np.unique(np.concatenate([_standing(tape, *end) for end in ends], axis=1), axis=1)
    earliest = np.unique(quote, return_index=True)[1]
    instrument, instant = instrument[earliest], instant[earliest]
    at_expiry = int(np.count_nonzero(instant == tape.chain.ends[instrument]))
    count = Ends(
        sessions=1 if tape.latent is not None else len(tape.hours) or len(tape.sessions),
        stated=bool(tape.hours),
        closed=len(instant) - at_expiry,
        expired=at_expiry,
    )
    return (_inserted(tape, instrument, instant) if len(instant) else tape), count


def market_sessions(tape: Tape, *, options: bool) -> Ints:
    """The sessions of the options, or of the underlying, int64[k, 2]; one over all of a generated tape."""
    if tape.latent is not None:
        return np.array([[tape.start, tape.end]])
    return sessions_of(tape.ts[(tape.instrument != UNDERLYING) == options], tape.gap, tape.hours)


def closed_hours(tape: Tape, *, options: bool) -> Ints:
    """When a market is closed, int64[k, 2], ns: from the stated closing, or a nanosecond after a session's last row, to
    the next one's first.

    Where the last rows are quotes without sides they say when it closed. Behind its last session a market is closed
    where the tape goes on behind the stated closing, or for longer than a gap, and then for good.
    """
    sessions = market_sessions(tape, options=options)
    opens = np.append(sessions[1:, 0], NEVER)
    mine = tape.ts[(tape.instrument != UNDERLYING) == options]
    inside = np.append(NEVER, mine[stated(mine, tape.hours) >= 0])
    latest = inside[np.searchsorted(inside[1:], sessions[:, 1], side="right")]
    holds = (latest >= sessions[:, 0]) & (latest <= sessions[:, 1])
    within = np.where(holds, stated(np.where(holds, latest, sessions[:, 0]), tape.hours), -1)
    closing = np.array([closes for _, closes in tape.hours], dtype=np.int64)
    last = sessions[:, 1].copy()
    last[within >= 0] = np.maximum(closing[within[within >= 0]], last[within >= 0])
    closed = np.minimum(opens, tape.end) - last > np.where(within >= 0, 0, tape.gap)
    empty = (tape.kind == QUOTE) & (tape.bid_size == 0) & (tape.ask_size == 0)
    traded_on = np.isin(last, tape.ts[~empty & ((tape.instrument != UNDERLYING) == options)])
    return np.stack([last[closed] + traded_on[closed], opens[closed]], axis=1)


def _closes(tape: Tape, options: bool) -> tuple[Ints, Ints]:
    """Each instrument of a market at each of its closes."""
    closes = closed_hours(tape, options=options)[:, 0]
    instruments = np.arange(1, len(tape.chain) + 1) if options else np.array([UNDERLYING])
    return np.tile(instruments, len(closes)), np.repeat(closes, len(instruments))


def _standing(tape: Tape, instrument: Ints, instant: Ints) -> Ints:
    """Instrument, instant and row of the last quote of each pair whose quote until then has a side, int64[3, k]."""
    asked = (instant <= tape.end) & bool((tape.kind == QUOTE).any())
    instrument, instant = instrument[asked].astype(np.int64), instant[asked]
    quotes = np.flatnonzero(tape.kind == QUOTE)
    quotes = quotes[np.argsort(tape.instrument[quotes], kind="stable")]
    until = np.searchsorted(tape.ts, instant, side="right")
    key = tape.instrument[quotes].astype(np.int64) * (len(tape) + 1) + quotes
    at = np.searchsorted(key, instrument * (len(tape) + 1) + until) - 1
    last = quotes[np.maximum(at, 0)] if len(at) else at
    found = (at >= 0) & (tape.instrument[last] == instrument)
    stands = found & ((tape.bid_size[last] > 0) | (tape.ask_size[last] > 0))
    return np.stack([instrument[stands], instant[stands], last[stands]])


def _inserted(tape: Tape, instrument: Ints, instant: Ints) -> Tape:
    """The tape with a row without sides of each ``instrument`` behind all others of its ``instant``."""
    lag = np.maximum.accumulate(tape.received)[np.searchsorted(tape.ts, instant, side="right") - 1]
    said = {"ts": instant, "received": np.maximum(instant, lag), "instrument": instrument, "kind": QUOTE}
    order = np.argsort(np.concatenate([tape.ts, instant]), kind="stable")
    columns: dict[str, Any] = {}
    for name in ROW_COLUMNS:
        own = getattr(tape, name)
        new = np.broadcast_to(np.asarray(said.get(name, 0), dtype=own.dtype), instant.shape)
        columns[name] = np.concatenate([own, new])[order]
    return replace(tape, **columns)
