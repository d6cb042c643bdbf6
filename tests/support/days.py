"""A recorded tape of two days, some of whose contracts expire on the first: a generated one, its truth forgotten."""

from dataclasses import replace

import numpy as np

from tradesim.market.ends import with_ends
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import ROW_COLUMNS, Tape
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
