"""The recorded or generated market: time-ordered quotes and trades of one underlying and its options."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.market.chain import AMERICAN, Chain
from tradesim.market.sessions import SESSION_GAP, Hours, sessions_of
from tradesim.units import MICROS

UNDERLYING: Final = 0
"""The instrument number of the underlying; contract ``i`` of the chain is instrument ``i + 1``."""

QUOTE: Final = 0
"""The best bid and ask of an instrument, from here on."""
TRADE: Final = 1
"""A trade at the venue; a full order feed tells of trades with visible orders by ``EXECUTE`` instead."""
DEPTH: Final = 3
"""The size at one price of one side of the book, from here on; 0 where nothing is left (2 is a latent row on disk)."""
ADD: Final = 4
"""An order joins the book: of a full order feed, as the next two."""
REDUCE: Final = 5
"""Lots of an order are cancelled: all that are left, or some."""
EXECUTE: Final = 6
"""Lots of an order are traded."""


ROW_COLUMNS: Final = (
    *("ts", "received", "instrument", "kind", "bid", "ask"),
    *("bid_size", "ask_size", "price", "size", "side", "order"),
)
"""The columns of a tape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Latent:
    """What the generator knows and no desk is shown: the true state from each instant on.

    ``ts``          int64[m], ns, increasing
    ``spot``        float64[m], the underlying's true price
    ``level``       float64[m], the level of volatility, a year
    ``smile``       float64[n], each contract's volatility is ``level * smile``
    """

    ts: NDArray[np.int64]
    spot: NDArray[np.float64]
    level: NDArray[np.float64]
    smile: NDArray[np.float64]

    def at(self, ts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """True spot and level at the instants ``ts``, a change at an instant included."""
        row = np.maximum(np.searchsorted(self.ts, ts, side="right") - 1, 0)
        return self.spot[row], self.level[row]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tape:
    """A market as columns of one length, ordered by ``ts``. Prices are micros, sizes are lots.

    ``ts``        int64, the venue's instant, ns since the epoch
    ``received``  int64, the recorder's instant; equal to ``ts`` where none was recorded
    ``instrument`` int32, ``UNDERLYING`` or contract number + 1
    ``kind``      int8, ``QUOTE``, ``TRADE``, ``DEPTH``, ``ADD``, ``REDUCE`` or ``EXECUTE``
    ``bid ask``   int64, the best prices; meaningless where the size of the side is 0, which is a missing side
    ``bid_size ask_size`` int64, lots
    ``price size`` int64, of a trade, a level or an order; 0 on a quote
    ``side``      int8: of a trade who came to the book, +1 a buyer, -1 a seller, 0 where it is not told; of a level or
    an order where it stands, +1 bid, -1 ask; 0 on a quote
    ``order``     int64, which order, 1 or more, of a full order feed; else 0
    ``underlying`` its name; ``currency`` what its prices are counted in, and the options' unless the chain's settlement
    says that they are in coin; ``lot`` the contracts in one lot
    ``unit``      units of the underlying in one contract of it: 50 of an ES future, 1 of a share or a coin
    ``signed``    whether the underlying may cost 0 or less, as a future or a spread may: then nothing is priced
    ``rate dividend`` continuously compounded, a year: the underlying's forward where the options do not tell it
    ``source``    where the tape comes from, in one line
    ``resolution`` ns: the tape cannot tell two instants closer than this apart (a minute for minute bars)
    ``carry``     float64[n], a year: each contract's ``ln(forward / spot) / time to expiry`` where the venue states its
    forward; None where it does not, and then it is ``rate - dividend``
    ``hours``     opening and closing of each session as a calendar states them, ns; empty where none does
    ``settled``   float64[n], currency: the underlying's price on which the venue has settled each contract, NaN where
    it states none
    ``session_gap`` ns without a row of a market after which its session has ended, where no hours are stated: its
    quotes end there
    ``problem``   by which problem a generated market prices its contracts; empty where their style says it
    ``latent``    the generator's truth; None on a recorded tape
    """

    chain: Chain
    underlying: str
    currency: str
    ts: NDArray[np.int64]
    received: NDArray[np.int64]
    instrument: NDArray[np.int32]
    kind: NDArray[np.int8]
    bid: NDArray[np.int64]
    ask: NDArray[np.int64]
    bid_size: NDArray[np.int64]
    ask_size: NDArray[np.int64]
    price: NDArray[np.int64]
    size: NDArray[np.int64]
    source: str
    side: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    order: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    lot: float = 1.0
    unit: int = 1
    rate: float = 0.0
    dividend: float = 0.0
    resolution: int = 1
    session_gap: int = SESSION_GAP
    hours: Hours = ()
    signed: bool = False
    problem: str = ""
    carry: NDArray[np.float64] | None = None
    settled: NDArray[np.float64] | None = None
    latent: Latent | None = None

    def __post_init__(self) -> None:
        for name in ("side", "order"):
            given = getattr(self, name)
            if not len(given):
                object.__setattr__(self, name, np.zeros(len(self.ts), given.dtype))

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def start(self) -> int:
        """Instant of the first row, ns."""
        return int(self.ts[0])

    @property
    def end(self) -> int:
        """Instant of the last row, ns."""
        return int(self.ts[-1])

    @property
    def gap(self) -> int:
        """Ns without a row that end a session: as stated, but on bars at least two of them."""
        return max(self.session_gap, 2 * self.resolution)

    @cached_property
    def sessions(self) -> NDArray[np.int64]:
        """First and last instant of each session, int64[k, 2], ns: whatever is reported of underlying or options."""
        return sessions_of(self.ts, self.gap, self.hours)

    @cached_property
    def hash(self) -> str:
        """Identifies the tape by its content: 16 hexadecimal digits. The price of a missing side is no content."""
        digest = hashlib.blake2b(digest_size=8)
        for column in self._content():
            digest.update(np.ascontiguousarray(column).tobytes())
        terms: list[object] = [self.underlying, self.currency, self.chain.name, str(self.chain.settlement)]
        terms += [self.lot, self.rate, self.dividend, self.resolution, *filter(None, [self.problem])]
        terms += [{"unit": self.unit}] if self.unit != 1 else []
        terms += [{"session_gap": self.session_gap}] if self.session_gap != SESSION_GAP else []
        terms += [{"hours": self.hours}] if self.hours else []
        terms += [{"signed": True}] if self.signed else []
        terms += [{"settled": True}] if self.settled is not None else []
        digest.update(json.dumps(terms).encode())
        return digest.hexdigest()

    def _content(self) -> list[NDArray[np.generic]]:
        chain = self.chain
        bid, ask = np.where(self.bid_size != 0, self.bid, 0), np.where(self.ask_size != 0, self.ask, 0)
        columns: list[NDArray[np.generic]] = [
            *(self.ts, self.received, self.instrument, self.kind, bid, ask),
            *(self.bid_size, self.ask_size, self.price, self.size),
            *(chain.strike, chain.expiry, chain.right, chain.style, chain.multiplier),
        ]
        columns += [column for column in (self.side, self.order) if column.any()]
        columns += [column for column in (chain.morning,) if column.any()]
        columns += [column for column in (self.carry, self.settled) if column is not None]
        if self.latent is not None:
            columns += [self.latent.ts, self.latent.spot, self.latent.level, self.latent.smile]
        return columns


def between(tape: Tape, start: int, end: int) -> Tape:
    """The rows of ``tape`` from ``start`` on and before ``end`` (ns), its truth and all that is said once kept.

    What stood at ``start`` is not repeated: an instrument has no quote until its first row there.
    """
    first, last = np.searchsorted(tape.ts, [start, end])
    return rows_of(tape, slice(int(first), int(last)))


def rows_of(tape: Tape, index: slice | NDArray[np.bool_]) -> Tape:
    """The rows of ``tape`` at ``index``, in their order; all that is said once is kept."""
    return replace(tape, **{name: getattr(tape, name)[index] for name in ROW_COLUMNS})


def mids(tape: Tape) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each instant at which the underlying's quotes leave two sides, uncrossed, and their mid in currency.

    Of several such quotes at one instant the last counts: they are one event.
    """
    quoted = (tape.instrument == UNDERLYING) & (tape.kind == QUOTE)
    two_sided = quoted & (tape.bid_size > 0) & (tape.ask_size > 0) & (tape.bid <= tape.ask)
    rows = np.flatnonzero(two_sided)
    rows = rows[np.append(np.diff(tape.ts[rows]) != 0, True)] if len(rows) else rows
    return tape.ts[rows], (tape.bid[rows] + tape.ask[rows]) / (2 * MICROS)


def problem_of(tape: Tape) -> str:
    """The name of the problem that the tape's contracts are: as it was generated, else by their style.

    Where some are American and some European it is ``american``, which prices each by its own.
    """
    return tape.problem or ("american" if bool((tape.chain.style == AMERICAN).any()) else "european")
