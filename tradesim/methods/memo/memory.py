"""A bounded memory of values by 64-bit keys, in arrays: sets of eight places, the second chance for who leaves.

A key belongs in one set. Within a set a hand goes round (Corbato 1968, the "clock"): a place that was asked for since
the hand last passed is spared once, the next that was not is taken.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.pricing.problem import Floats

Keys = NDArray[np.uint64]

WAYS: Final = 8
"""Places in a set: their keys are one cache line."""

SET_BYTES: Final = WAYS * (8 + 4) + 2

EMPTY: Final = np.uint64(0)
"""The key of nothing: never found, never kept."""


class Memory(NamedTuple):
    """What is remembered: arrays of one length, a set a row.

    ``keys``    uint64[sets, 8]; zero is an empty place
    ``values``  float32[sets, 8]
    ``spared``  uint8[sets], a bit for each place that was asked for since the hand passed
    ``hands``   uint8[sets], where the hand stands
    """

    keys: Keys
    values: NDArray[np.float32]
    spared: NDArray[np.uint8]
    hands: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self)

    @property
    def held(self) -> int:
        """How many values are remembered."""
        return int(np.count_nonzero(self.keys))


def memory_within(budget: int) -> Memory:
    """An empty memory of at most ``budget`` bytes; ``ArgumentError`` where that is not one set."""
    sets = budget // SET_BYTES
    if not 1 <= sets < 2**32:
        raise ArgumentError(f"a memory of {budget} bytes: a set of {WAYS} values takes {SET_BYTES}; give at least that")
    return Memory(
        keys=np.zeros((sets, WAYS), dtype=np.uint64),
        values=np.zeros((sets, WAYS), dtype=np.float32),
        spared=np.zeros(sets, dtype=np.uint8),
        hands=np.zeros(sets, dtype=np.uint8),
    )


@njit(cache=True, error_model="numpy", inline="always")
def mixed(key: np.uint64, word: np.uint64) -> np.uint64:
    """``key`` with one more 64-bit word in it: a step of MurmurHash3's finaliser (Appleby 2011)."""
    key = (key ^ word) * np.uint64(0xFF51AFD7ED558CCD)
    return key ^ (key >> np.uint64(32))


@njit(cache=True, error_model="numpy", inline="always")
def set_of(key: np.uint64, sets: int) -> np.int64:
    """The set that a key belongs in: its upper half as a part of the sets."""
    return np.int64(((key >> np.uint64(32)) * np.uint64(sets)) >> np.uint64(32))


@njit(cache=True, error_model="numpy")
def recall(keys: Keys, memory: Memory, values: Floats, missed: NDArray[np.int64]) -> int:
    """Write the value of each key that is remembered; list the others in ``missed`` and return how many.

    The empty key is not a number and not missed.
    """
    misses = 0
    for i in range(len(keys)):
        key = keys[i]
        values[i] = np.nan
        if key == EMPTY:
            continue
        row = set_of(key, len(memory.keys))
        found = -1
        for way in range(WAYS):
            if memory.keys[row, way] == key:
                found = way
        if found >= 0:
            values[i] = memory.values[row, found]
            memory.spared[row] |= np.uint8(1 << found)
        else:
            missed[misses] = i
            misses += 1
    return misses


@njit(cache=True, error_model="numpy")
def remember(keys: Keys, values: Floats, memory: Memory) -> None:
    """Keep values; in a full set the hand finds the place that is taken. A key that is kept already is left alone."""
    for i in range(len(keys)):
        row = set_of(keys[i], len(memory.keys))
        known = False
        for way in range(WAYS):
            known |= memory.keys[row, way] == keys[i]
        if known:
            continue
        hand, spared = memory.hands[row], memory.spared[row]
        while spared & np.uint8(1 << hand):
            spared &= np.uint8(~(1 << hand))
            hand = np.uint8((hand + 1) % WAYS)
        memory.keys[row, hand] = keys[i]
        memory.values[row, hand] = values[i]
        memory.spared[row] = spared
        memory.hands[row] = np.uint8((hand + 1) % WAYS)
