"""Common random numbers: one uniform per (seed, stream, desk, tick, contract), never in draw order.

Two runs that differ in one thing (a method, a latency) meet the same draw at the same tick, so that their difference
is the effect of that thing alone. The hash is the finalizer of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable
pseudorandom number generators", figure 17), chained over the key.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

FEED: Final = 1
COMPUTE: Final = 2
ENTRY: Final = 3
RESPONSE: Final = 4
UPDATE: Final = 5
TIE: Final = 6
REJECT: Final = 7
HICCUP: Final = 8
SEND: Final = 9
"""Streams: what a uniform is for."""


@njit(cache=True)
def _mix(word: np.uint64) -> np.uint64:
    z = word + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def _key(seed: int, stream: int, desk: int, tick: int, contract: int) -> np.uint64:
    word = _mix(np.uint64(seed))
    word = _mix(word ^ np.uint64(stream))
    word = _mix(word ^ np.uint64(desk))
    word = _mix(word ^ np.uint64(tick))
    return _mix(word ^ np.uint64(contract))


@njit(cache=True)
def uniform(seed: int, stream: int, desk: int, tick: int, contract: int) -> float:
    """The uniform of this key, inside the open interval (0, 1).

    >>> uniform(1, 2, 0, 7, 3) == uniform(1, 2, 0, 7, 3)
    True
    """
    return (np.float64(_key(seed, stream, desk, tick, contract) >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(cache=True)
def uniforms(seed: int, stream: int, desk: int, count: int) -> NDArray[np.float64]:
    """The uniforms of the ticks 0 to ``count`` - 1 of one desk and stream, float64[count]."""
    out = np.empty(count)
    for tick in range(count):
        out[tick] = uniform(seed, stream, desk, tick, 0)
    return out


@njit(cache=True)
def tie_break(seed: int, desk: int, instant: int) -> int:
    """A 31-bit key that orders desks at one ``instant``, whatever their index; a desk has one key for all of it."""
    return int(_key(seed, TIE, desk, instant, 0) >> np.uint64(33))
