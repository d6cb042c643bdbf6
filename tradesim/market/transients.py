"""Transient moves: the quoted mid of the underlying leaves the efficient price for a while, and comes back."""

import numpy as np
from numpy.typing import NDArray

from tradesim.market.parameters import SyntheticMarket

Integers = NDArray[np.int64]


def displaced(
    market: SyntheticMarket, ts: Integers, mid: Integers, rng: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """The quotes with transient moves: instants int64[k], quoted mids in ticks, and which of ``ts`` stands at each.

    ``ts mid``  int64[m], the arrivals, strictly increasing, and the efficient mid after each, ticks

    A transient begins with an arrival that is not the first, and its end is a quote of its own, unless another one is
    of that instant already.
    """
    begins = np.flatnonzero(rng.random(len(ts)) < market.transient_probability)
    begins = begins[begins > 0]
    sign = np.where(rng.random(len(begins)) < 0.5, -1, 1)
    ticks = np.rint(rng.exponential(market.transient_mean / market.tick, len(begins)))
    size = sign * np.maximum(ticks, 1).astype(np.int64)
    ends = ts[begins] + 1 + rng.exponential(market.transient_life, len(begins)).astype(np.int64)
    instants = np.union1d(ts, ends)
    change = np.zeros(len(instants), dtype=np.int64)
    np.add.at(change, np.searchsorted(instants, ts[begins]), size)
    np.add.at(change, np.searchsorted(instants, ends), -size)
    standing = np.searchsorted(ts, instants, side="right") - 1
    return instants, mid[standing] + np.cumsum(change), standing
