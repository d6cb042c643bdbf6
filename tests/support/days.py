"""A recorded tape of two days, some of whose contracts expire on the first: a generated one, its truth forgotten."""

from dataclasses import replace

import numpy as np

from tradesim.market.ends import with_ends
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import ROW_COLUMNS, Tape
from tradesim.simulation.book import ASK, ASK_LEFT, BID, BID_LEFT
from tradesim.simulation.orders import Kind
from tradesim.simulation.screen import NOTHING, STATE, Screen
from tradesim.units import SECOND

NIGHT = 15 * 3600 * SECOND


def two_days(*, seconds: int = 20, expired: int = 28, seed: int = 1) -> Tape:
    """The second half of a market comes a night later; ``expired`` contracts expire before the end of the first."""
    tape = generate(SyntheticMarket(duration=seconds * SECOND, noise_rate=8.0), seed=seed)
    half, expires = tape.start + seconds * SECOND // 2, tape.start + 2 * seconds * SECOND // 5
    ts = np.where(tape.ts < half, tape.ts, tape.ts + NIGHT)
    expiry = tape.chain.expiry.copy()
    expiry[:expired] = expires
    dead = np.isin(tape.instrument, np.arange(1, expired + 1)) & (ts > expires)
    rows = {name: getattr(tape, name)[~dead] for name in ROW_COLUMNS} | {"ts": ts[~dead], "received": ts[~dead]}
    recorded = replace(tape, chain=replace(tape.chain, expiry=expiry), latent=None, **rows)
    return with_ends(recorded)[0]


def buy_once(screen: Screen) -> np.ndarray:
    """A lot of every contract that is offered and not held."""
    ask, there = screen.book[1:, ASK], screen.book[1:, ASK_LEFT] > 0
    wanted = np.flatnonzero(there & (screen.position == 0) & ~screen.in_flight)
    return requests(wanted, ask[wanted], Kind.IOC)


def join_the_bid(screen: Screen) -> np.ndarray:
    """Two lots at the best bid of every contract in which no bid of its own stands."""
    bid, there = screen.book[1:, BID], screen.book[1:, BID_LEFT] > 0
    wanted = np.flatnonzero(there & (screen.working[:, 0, STATE] == NOTHING))
    return requests(wanted, bid[wanted], Kind.LIMIT)


def requests(contracts: np.ndarray, limits: np.ndarray, kind: Kind) -> np.ndarray:
    rows = [(c, 1, 2, limit, kind, -1) for c, limit in zip(contracts.tolist(), limits.tolist(), strict=True)]
    return np.array(rows, dtype=np.int64).reshape(-1, 6)
