"""When a strategy wakes, as data: a trigger is turned once into the tape rows, or instants, that fire it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.tape import EXECUTE, QUOTE, TRADE, UNDERLYING
from tradesim.simulation.book import underlying_path
from tradesim.simulation.orders import UNDERLYING as UNDERLYING_CONTRACT
from tradesim.units import MICROS, micros

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_FIRINGS: Final = 10**8
"""Firings of a timer on one tape."""

_FARTHEST: Final = 2**62
"""A move that no price makes, micros."""


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
    """Wake every ``period`` ns on the desk's own clock, from the first arrival of each session to its last."""

    period: int

    def __post_init__(self) -> None:
        if self.period < 1:
            raise ArgumentError(f"Timer(period={self.period}): the period must be at least 1 ns")


@dataclass(frozen=True)
class OwnTraded:
    """Wake when the desk learns that a standing order of its own has traded."""


@dataclass(frozen=True, kw_only=True)
class _Watch:
    """What a trigger on options watches, and how often it fires.

    ``n``         fire at every n-th
    ``near``      only contracts whose strike is at most this share of the spot away from it, as of the row; None: all
    ``contracts`` only these, by number; None: all
    """

    n: int = 1
    near: float | None = None
    contracts: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ArgumentError(f"{self}: n must be at least 1")
        if self.near is not None and not 0 <= self.near < math.inf:
            raise ArgumentError(f"{self}: near is a share of the spot, finite and at least 0; or None, for all")
        named = self.contracts
        if named is not None and not (
            isinstance(named, tuple) and named and all(isinstance(c, Integral) for c in named)
        ):
            raise ArgumentError(f"{self}: contracts is a tuple of one or more whole numbers; or None, for all")


@dataclass(frozen=True, kw_only=True)
class OptionQuoted(_Watch):
    """Wake on every ``n``-th quote of the options that it watches, changed or not, one-sided ones too.

    With ``by`` (currency) only two-sided quotes count, whose mid is more than ``by`` away from where that contract's
    was when it last counted; its first counts.
    """

    by: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by is not None and not 0 <= self.by < math.inf:
            raise ArgumentError(f"{self}: by, the move, must be finite and at least 0; or None, for every quote")


@dataclass(frozen=True, kw_only=True)
class Traded(_Watch):
    """Wake on every ``n``-th trade on the tape of what it watches: the options, and the underlying as contract -1."""


@dataclass(frozen=True)
class AnyOf:
    """Wake when any of ``triggers`` fires; firings at one instant are one."""

    triggers: tuple["EveryQuote | SpotMoved | EveryNth | Timer | OwnTraded | OptionQuoted | Traded", ...]

    def __post_init__(self) -> None:
        if not self.triggers:
            raise ArgumentError("AnyOf(()): give at least one trigger")


Trigger = EveryQuote | SpotMoved | EveryNth | Timer | OwnTraded | OptionQuoted | Traded | AnyOf


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


def firings(trigger: Trigger, rows: Ints, clock: Ints, strike: Floats, opens: Sequence[int] | Ints = (0,)) -> Firings:
    """Where ``trigger`` fires in ``rows`` seen by ``clock``; firings at one instant are one, the last.

    ``rows`` are :func:`~tradesim.simulation.book.quote_rows`, ``strike`` float64[n] the chain's, in currency, ``opens``
    the numbers of the rows that are the first of a session. What only a run can know (:class:`OwnTraded`) is not among
    the firings.

    Raises :class:`~tradesim.errors.ArgumentError` for a contract that the chain does not have.
    """
    if isinstance(trigger, OwnTraded):
        return Firings(row=np.empty(0, np.int64), arrival=np.empty(0, np.int64))
    if isinstance(trigger, AnyOf):
        return _merged([firings(one, rows, clock, strike, opens) for one in trigger.triggers])
    if isinstance(trigger, Timer):
        first = np.asarray(opens)
        begins, ends = clock[first], clock[np.append(first[1:], len(clock)) - 1]
        if int((ends - begins).sum()) // trigger.period >= MOST_FIRINGS:
            raise ArgumentError(f"Timer(period={trigger.period}): it fires over {MOST_FIRINGS:,} times; make it longer")
        each = [np.arange(begin, end + 1, trigger.period) for begin, end in zip(begins, ends, strict=True)]
        arrival = np.concatenate(each, dtype=np.int64)
        return Firings(row=np.searchsorted(clock, arrival, side="right").astype(np.int64) - 1, arrival=arrival)
    row = _firing_rows(trigger, rows, strike)
    arrival = clock[row]
    last_of_instant = np.append(arrival[1:] != arrival[:-1], True) if len(row) else np.zeros(0, dtype=np.bool_)
    return Firings(row=row[last_of_instant], arrival=arrival[last_of_instant])


def _merged(parts: list[Firings]) -> Firings:
    arrival, row = (np.concatenate([getattr(part, name) for part in parts]) for name in ("arrival", "row"))
    order = np.lexsort((row, arrival))
    arrival, row = arrival[order], row[order]
    last = np.append(arrival[1:] != arrival[:-1], True) if len(row) else np.zeros(0, dtype=np.bool_)
    return Firings(row=row[last], arrival=arrival[last])


def _firing_rows(
    trigger: EveryQuote | SpotMoved | EveryNth | OptionQuoted | Traded, rows: Ints, strike: Floats
) -> Ints:
    match trigger:
        case OptionQuoted(by=by):
            watched = _watched(trigger, len(strike), least=0)
            return _observed(rows, watched, strike, _near(trigger), True, -1 if by is None else _doubled(by), trigger.n)
        case Traded():
            watched = _watched(trigger, len(strike), least=UNDERLYING_CONTRACT)
            return _observed(rows, watched, strike, _near(trigger), False, -1, trigger.n)
    index, twice_mid = underlying_path(rows)
    match trigger:
        case EveryQuote():
            return index
        case EveryNth(n=n):
            return index[n - 1 :: n]
        case SpotMoved(by=by):
            return index[_moved(twice_mid, _doubled(by))]


def _doubled(by: float) -> int:
    """A move in currency as one of twice the mid, micros."""
    return min(2 * micros(by), _FARTHEST)


def _near(trigger: OptionQuoted | Traded) -> float:
    return math.inf if trigger.near is None else trigger.near


def _watched(trigger: OptionQuoted | Traded, count: int, *, least: int) -> NDArray[np.bool_]:
    """By instrument whether it is watched, bool[n + 1]; contracts are numbered from ``least``."""
    watched = np.zeros(count + 1, dtype=np.bool_)
    contracts = range(least, count) if trigger.contracts is None else trigger.contracts
    for contract in contracts:
        if not least <= contract < count:
            raise ArgumentError(f"{trigger}: the tape has no contract {contract}; name some of {least} to {count - 1}")
        watched[contract + 1] = True
    return watched


@njit(cache=True)
def _moved(twice_mid: Ints, threshold: int) -> Ints:
    """Positions at which the path is more than ``threshold`` from its value at the position found before."""
    found = np.empty(len(twice_mid), dtype=np.int64)
    count = 0
    anchor = np.int64(0)
    for j in range(len(twice_mid)):
        if count == 0 or abs(twice_mid[j] - anchor) > threshold:
            anchor = twice_mid[j]
            found[count] = j
            count += 1
    return found[:count].copy()


@njit(cache=True)
def _observed(
    rows: Ints, watched: NDArray[np.bool_], strike: Floats, near: float, quotes: bool, threshold: int, n: int
) -> Ints:
    """Numbers of every ``n``-th of the rows that count: quotes or else trades, of what is watched and near.

    With a ``threshold`` of at least 0 a quote counts where twice its mid has moved by more since its contract's last.
    """
    found = np.empty(len(rows), dtype=np.int64)
    anchor = np.full(len(watched), -1, dtype=np.int64)
    twice_spot = np.int64(-1)
    fired = counted = 0
    for j in range(len(rows)):
        instrument, kind = rows[j, 0], rows[j, 1]
        two_sided = kind == QUOTE and rows[j, 3] > 0 and rows[j, 5] > 0
        twice_mid = rows[j, 2] + rows[j, 4]
        if instrument == UNDERLYING and two_sided:
            twice_spot = twice_mid
        if not watched[instrument] or not (kind == QUOTE if quotes else kind in (TRADE, EXECUTE)):
            continue
        if instrument != UNDERLYING and near < np.inf:
            distance = abs(2.0 * MICROS * strike[instrument - 1] - twice_spot)
            if twice_spot < 0 or distance > near * twice_spot:
                continue
        if threshold >= 0:
            if not two_sided or (anchor[instrument] >= 0 and abs(twice_mid - anchor[instrument]) <= threshold):
                continue
            anchor[instrument] = twice_mid
        counted += 1
        if counted % n == 0:
            found[fired] = j
            fired += 1
    return found[:fired].copy()
