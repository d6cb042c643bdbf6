"""When a strategy wakes, as data: a trigger is turned once into the tape rows, or instants, that fire it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.book import underlying_path
from tradesim.units import micros

Ints = NDArray[np.int64]

MOST_FIRINGS: Final = 10**8
"""Firings of a timer on one tape."""


@dataclass(frozen=True)
class EveryQuote:
    """Wake on every two-sided quote of the underlying, changed or not."""


@dataclass(frozen=True, kw_only=True)
class SpotMoved:
    """Wake when the underlying's mid is more than ``by`` (currency) away from where it was at the last firing."""

    by: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.by < math.inf:
            raise ArgumentError(f"SpotMoved(by={self.by}): the move must be finite and at least 0")


@dataclass(frozen=True, kw_only=True)
class EveryNth:
    """Wake on every ``n``-th two-sided quote of the underlying."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ArgumentError(f"EveryNth(n={self.n}): n must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Timer:
    """Wake every ``period`` ns on the desk's own clock, from the tape's first arrival to its last."""

    period: int

    def __post_init__(self) -> None:
        if self.period < 1:
            raise ArgumentError(f"Timer(period={self.period}): the period must be at least 1 ns")


@dataclass(frozen=True)
class OwnTraded:
    """Wake when the desk learns that a standing order of its own has traded."""


@dataclass(frozen=True)
class AnyOf:
    """Wake when any of ``triggers`` fires; firings at one instant are one."""

    triggers: tuple["EveryQuote | SpotMoved | EveryNth | Timer | OwnTraded", ...]

    def __post_init__(self) -> None:
        if not self.triggers:
            raise ArgumentError("AnyOf(()): give at least one trigger")


Trigger = EveryQuote | SpotMoved | EveryNth | Timer | OwnTraded | AnyOf


def wakes_on_own(trigger: Trigger) -> bool:
    """Whether trades of the desk's own standing orders wake it."""
    return OwnTraded() in trigger.triggers if isinstance(trigger, AnyOf) else isinstance(trigger, OwnTraded)


@dataclass(frozen=True, kw_only=True, eq=False)
class Firings:
    """The instants at which a trigger fires on a desk's clock, strictly increasing.

    ``row``     int64[k], the last tape row that has arrived by then
    ``arrival`` int64[k], ns
    """

    row: Ints
    arrival: Ints

    def __len__(self) -> int:
        return len(self.row)


def firings(trigger: Trigger, rows: Ints, clock: Ints) -> Firings:
    """Where ``trigger`` fires in ``rows`` seen by ``clock``; firings at one instant are one, the last.

    What only a run can know (:class:`OwnTraded`) is not among them.
    """
    if isinstance(trigger, OwnTraded):
        return Firings(row=np.empty(0, np.int64), arrival=np.empty(0, np.int64))
    if isinstance(trigger, AnyOf):
        return _merged([firings(one, rows, clock) for one in trigger.triggers])
    if isinstance(trigger, Timer):
        if int(clock[-1] - clock[0]) // trigger.period >= MOST_FIRINGS:
            raise ArgumentError(f"Timer(period={trigger.period}): it fires over {MOST_FIRINGS:,} times; make it longer")
        arrival = np.arange(clock[0], clock[-1] + 1, trigger.period, dtype=np.int64)
        return Firings(row=np.searchsorted(clock, arrival, side="right").astype(np.int64) - 1, arrival=arrival)
    row = _firing_rows(trigger, rows)
    arrival = clock[row]
    last_of_instant = np.append(arrival[1:] != arrival[:-1], True) if len(row) else np.zeros(0, dtype=np.bool_)
    return Firings(row=row[last_of_instant], arrival=arrival[last_of_instant])


def _merged(parts: list[Firings]) -> Firings:
    arrival, row = (np.concatenate([getattr(part, name) for part in parts]) for name in ("arrival", "row"))
    order = np.lexsort((row, arrival))
    arrival, row = arrival[order], row[order]
    last = np.append(arrival[1:] != arrival[:-1], True) if len(row) else np.zeros(0, dtype=np.bool_)
    return Firings(row=row[last], arrival=arrival[last])


def _firing_rows(trigger: EveryQuote | SpotMoved | EveryNth, rows: Ints) -> Ints:
    index, twice_mid = underlying_path(rows)
    match trigger:
        case EveryQuote():
            return index
        case EveryNth(n=n):
            return index[n - 1 :: n]
        case SpotMoved(by=by):
            return index[_moved(twice_mid, 2 * micros(by))]


@njit(cache=True)
def _moved(twice_mid: Ints, threshold: int) -> Ints:
    """Positions at which the path is more than ``threshold`` from its value at the position found before."""
    found = np.empty(len(twice_mid), dtype=np.int64)
    count = 0
    anchor = np.int64(-1)
    for j in range(len(twice_mid)):
        if anchor < 0 or abs(twice_mid[j] - anchor) > threshold:
            anchor = twice_mid[j]
            found[count] = j
            count += 1
    return found[:count].copy()
