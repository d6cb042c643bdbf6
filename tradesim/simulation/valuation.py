"""What a desk thinks that its contracts are worth, and the truth that this is held against."""

from dataclasses import dataclass
from math import isnan
from time import perf_counter_ns
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.market.chain import Settlement
from tradesim.market.tape import Tape
from tradesim.methods.method import Method, State
from tradesim.pricing.problem import Floats
from tradesim.units import NEVER


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """How a desk gets its prices, and for which it is charged.

    ``prices``     the method whose prices it trades on
    ``clock``      the method whose work is charged: the same, unless a run gives one method's prices another's speed
    ``reference``  the truth that its prices are held against
    """

    prices: Method
    clock: Method
    reference: Method


NO_SPOT: Final = "no spot"
"""The tag of a decision that priced nothing: a side of the underlying was missing, or the options were closed."""


class Valuation:
    """The prices of the whole chain, in the tape's currency: float64[n] each, NaN where there is none.

    ``theo``   by the method whose prices are traded on
    ``truth``  by the reference
    ``delta``  change of ``theo`` with the underlying as of the last state, where a ``bump`` (relative) is given
    """

    def __init__(self, tape: Tape, pricing: Pricing, *, bump: float | None) -> None:
        count = len(tape.chain)
        self.theo, self.truth, self.delta = (np.full(count, np.nan) for _ in range(3))
        self._scratch = np.empty(count)
        self._pricing, self._bump = pricing, bump
        self._methods: tuple[Method, ...] = tuple(
            {id(method): method for method in (pricing.prices, pricing.clock, pricing.reference)}.values()
        )
        self._in_coin = tape.chain.settlement is Settlement.INVERSE
        self._unknown: NDArray[np.bool_] | None = None
        self._hidden: NDArray[np.bool_] | None = None
        self._expiry = tape.chain.expiry
        self._next_expiry = int(self._expiry.min())

    @property
    def fallbacks(self) -> int:
        """How many contracts the method that is charged leaves to its fallback."""
        return self._pricing.clock.fallbacks

    @property
    def error(self) -> tuple[float, float]:
        """Root mean square and largest absolute difference of ``theo`` from ``truth``."""
        return pricing_error(self.theo, self.truth)

    def take(self, state: State) -> int:
        """Price with the slow inputs of ``state`` from now on; the ns that the update just took which is charged."""
        clock = self._pricing.clock
        began = perf_counter_ns()
        clock.update(state)
        took = perf_counter_ns() - began
        for method in self._methods:
            if method is not clock:
                method.update(state)
        known = state.own is None or bool(state.own.all())
        self._unknown = None if known or state.own is None else ~state.own
        if self._bump is not None:
            self._find_deltas(state.spot, self._bump * state.spot)
        self._hide(state.instant)
        return took

    def allow(self, ns: int) -> None:
        """Tell the methods how long the next prices may take."""
        for method in self._methods:
            method.within(ns)

    def price(self, spot: float, now: int) -> tuple[str, int]:
        """Price the chain; return the work tag of the method that is charged, and the ns that its call just took.

        Without a spot (NaN) nothing has a value, and the tag is ``NO_SPOT``.
        """
        if isnan(spot):
            self.theo[:] = self.truth[:] = np.nan
            return NO_SPOT, 0
        if now >= self._next_expiry:
            self._hide(now)
        prices, clock, reference = self._pricing.prices, self._pricing.clock, self._pricing.reference
        if clock is not prices:
            prices.price(spot, self.theo)
        out = self.theo if clock is prices else self._scratch
        began = perf_counter_ns()
        tag = clock.price(spot, out)
        elapsed = perf_counter_ns() - began
        if reference is prices:
            self.truth[:] = self.theo
        else:
            reference.price(spot, self.truth)
        if self._in_coin:
            self.theo /= spot
            self.truth /= spot
        if self._hidden is not None:
            self.theo[self._hidden] = np.nan
            self.truth[self._hidden] = np.nan
        return tag, elapsed

    def _hide(self, now: int) -> None:
        """Note which contracts have no value that a desk would trade on from ``now`` on.

        Those that have expired, and those whose volatility was never implied from their own quote.
        """
        expired = self._expiry <= now
        self._next_expiry = int(self._expiry[~expired].min(initial=NEVER))
        hidden = expired if self._unknown is None else expired | self._unknown
        self._hidden = hidden if hidden.any() else None
        self.delta[expired] = np.nan

    def _find_deltas(self, spot: float, step: float) -> None:
        """Central differences of the desk's own prices around the state's spot."""
        prices = self._pricing.prices
        prices.price(spot + step, self.delta)
        prices.price(spot - step, self._scratch)
        self.delta -= self._scratch
        self.delta /= 2.0 * step


@njit(cache=True)
def pricing_error(theo: Floats, truth: Floats) -> tuple[float, float]:
    """Root mean square and largest absolute difference over the contracts that have both; NaN where none has."""
    total, worst, count = 0.0, 0.0, 0
    for i in range(len(theo)):
        gap = abs(theo[i] - truth[i])
        if not np.isnan(gap):
            total += gap * gap
            worst = max(worst, gap)
            count += 1
    if count == 0:
        return np.nan, np.nan
    return np.sqrt(total / count), worst
