"""Latency models: each is a quantile function from a uniform, and an instant, to whole nanoseconds."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from numbers import Integral
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from tradesim.errors import ArgumentError

Ints = NDArray[np.int64]

LONGEST: Final = 10**15
"""The longest delay that a model draws above its floor, ns: eleven days."""

_LARGEST_EXPONENT: Final = 600.0
"""Of e: beyond every delay that is drawn, and below what overflows."""


class LatencyModel(Protocol):
    """A distribution of delays."""

    def sample(self, uniform: float, at: int = 0) -> int:
        """The delay in ns at this quantile, 0 < ``uniform`` < 1, of what begins at the instant ``at``."""
        ...

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The delays in ns at these quantiles and instants."""
        ...


@dataclass(frozen=True)
class Fixed:
    """delay = ``ns``."""

    ns: int

    def __post_init__(self) -> None:
        if not isinstance(self.ns, Integral) or self.ns < 0:
            raise ArgumentError(f"fixed latency of {self.ns} ns: a latency is a whole number of ns, at least 0")

    def sample(self, uniform: float, at: int = 0) -> int:
        """The constant."""
        return self.ns

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The constant, once for each uniform."""
        return np.full(len(uniforms), self.ns, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class LogNormal:
    """delay = ``floor`` + ``median`` exp(``sigma`` z), z standard normal; ns."""

    median: int
    sigma: float
    floor: int = 0

    def __post_init__(self) -> None:
        whole = isinstance(self.median, Integral) and isinstance(self.floor, Integral)
        if not whole or self.median <= 0 or not 0 <= self.sigma < math.inf or self.floor < 0:
            raise ArgumentError(
                f"lognormal latency of median {self.median} ns, sigma {self.sigma}, floor {self.floor} ns: "
                "both are whole numbers of ns, the median must be above 0, floor and sigma at least 0"
            )

    def sample(self, uniform: float, at: int = 0) -> int:
        """The quantile at ``uniform``."""
        return self.floor + _whole(self.median * np.exp(min(self.sigma * ndtri(uniform), _LARGEST_EXPONENT)))

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The quantiles at ``uniforms``."""
        exponents = np.minimum(self.sigma * ndtri(uniforms), _LARGEST_EXPONENT)
        return self.floor + _all_whole(self.median * np.exp(exponents))


@dataclass(frozen=True, kw_only=True)
class Gamma:
    """delay = ``floor`` + ``scale`` P^-1(``shape``, u), P the regularised incomplete gamma function (DLMF 8.2.4); ns.

    Above the floor its mean is ``shape * scale`` and its variance ``shape * scale**2``; ``shape`` 1 is the exponential.
    A floor and a gamma is what was found of delays on the Internet (Mukherjee 1994, "On the dynamics and significance
    of low frequency components of Internet load").
    """

    shape: float
    scale: int
    floor: int = 0

    def __post_init__(self) -> None:
        whole = isinstance(self.scale, Integral) and isinstance(self.floor, Integral)
        if not whole or self.scale <= 0 or not 0 < self.shape < math.inf or self.floor < 0:
            raise ArgumentError(
                f"gamma latency of shape {self.shape}, scale {self.scale} ns, floor {self.floor} ns: scale and floor "
                "are whole numbers of ns, shape and scale must be above 0, the floor at least 0"
            )

    def sample(self, uniform: float, at: int = 0) -> int:
        """The quantile at ``uniform``."""
        return self.floor + _whole(self.scale * gammaincinv(self.shape, uniform))

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The quantiles at ``uniforms``."""
        return self.floor + _all_whole(self.scale * gammaincinv(self.shape, uniforms))


@dataclass(frozen=True, eq=False)
class Empirical:
    """delay = the measurement at rank floor(u n) of ``measurements`` (int64[n], ns): what was measured, no more.

    ``source`` is the name of the file that they are from, if any.
    """

    measurements: Ints
    source: str = ""
    _sorted: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.measurements) == 0 or int(np.min(self.measurements)) < 0:
            raise ArgumentError(
                f"empirical latency of {len(self.measurements)} measurements: at least one is needed and none below 0"
            )
        object.__setattr__(self, "_sorted", np.sort(self.measurements).tolist())

    def sample(self, uniform: float, at: int = 0) -> int:
        """The measurement at this quantile."""
        return self._sorted[int(uniform * len(self._sorted))]

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The measurements at these quantiles."""
        ranked = np.asarray(self._sorted, dtype=np.int64)
        return ranked[(uniforms * len(ranked)).astype(np.int64)]


@dataclass(frozen=True, eq=False)
class Interpolated:
    """delay = linear in time between recorded ``delays`` (int64[n], ns) that began at ``instants`` (int64[n], ns).

    Before the first and after the last instant it is the nearest delay. ``refused`` (bool[n], or None) marks messages
    that the venue refused: what begins between two recorded messages is refused where either was. ``source`` is the
    name of the file that it is from, if any. As hftbacktest's ``IntpOrderLatency`` has it, to the nanosecond. The
    uniform has no part in it.
    """

    instants: Ints
    delays: Ints
    refused: NDArray[np.bool_] | None = None
    source: str = ""
    _listed: tuple[list[int], list[int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = len(self.instants)
        if count == 0 or len(self.delays) != count or (self.refused is not None and len(self.refused) != count):
            raise ArgumentError(
                f"interpolated latency of {count} instants and {len(self.delays)} delays: "
                "each instant has one delay, and there is at least one"
            )
        if int(np.min(self.delays)) < 0 or np.any(self.instants[1:] < self.instants[:-1]):
            raise ArgumentError("interpolated latency: no delay is below 0 and no instant before the one it follows")
        object.__setattr__(self, "_listed", (self.instants.tolist(), self.delays.tolist()))

    def sample(self, uniform: float, at: int = 0) -> int:
        """The delay at ``at``."""
        before, after = self._around(at)
        instants, delays = self._listed
        began, delay = instants[before], delays[before]
        gap = instants[after] - began
        slope = (delays[after] - delay) / max(gap, 1)
        return delay + int(slope * min(max(at - began, 0), gap))

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The delays at ``at``."""
        following = np.searchsorted(self.instants, at, side="right")
        before, after = np.maximum(following - 1, 0), np.minimum(following, len(self.instants) - 1)
        began, delay = self.instants[before], self.delays[before]
        gap = self.instants[after] - began
        slope = (self.delays[after] - delay) / np.maximum(gap, 1)
        change: Ints = (slope * np.clip(at - began, 0, gap)).astype(np.int64)
        return delay + change

    def refuses(self, at: int) -> bool:
        """Whether the venue refuses what begins at ``at``."""
        if self.refused is None:
            return False
        before, after = self._around(at)
        return bool(self.refused[before] or self.refused[after])

    def _around(self, at: int) -> tuple[int, int]:
        """The recorded messages before and after ``at``; twice the nearest where there are not both."""
        after = bisect_right(self._listed[0], at)
        return max(after - 1, 0), min(after, len(self.instants) - 1)


@dataclass(frozen=True)
class Sum:
    """delay = the delays of ``parts``, one after the other, all at the same quantile."""

    parts: tuple["LatencyModel", ...]

    def sample(self, uniform: float, at: int = 0) -> int:
        """The sum of the parts at this quantile."""
        return sum(part.sample(uniform, at) for part in self.parts)

    def samples(self, uniforms: NDArray[np.float64], at: Ints) -> Ints:
        """The sums of the parts at these quantiles."""
        total = np.zeros(len(uniforms), dtype=np.int64)
        for part in self.parts:
            total += part.samples(uniforms, at)
        return total


ZERO = Fixed(0)


def _whole(delay: float) -> int:
    return round(min(float(delay), LONGEST))


def _all_whole(delays: NDArray[np.float64]) -> Ints:
    whole: Ints = np.rint(np.minimum(delays, LONGEST)).astype(np.int64)
    return whole


class Stage(StrEnum):
    """A part of a decision's work on the desk's CPU, in the order in which they are done."""

    FEED = "feed"
    """Taking in what has arrived."""
    PRICE = "price"
    """Pricing the chain."""
    DECIDE = "decide"
    """The rule, and the hedge."""
    SEND = "send"
    """Building one message and handing it to the wire."""


class ComputeLatency(Protocol):
    """How long a desk's CPUs are busy, in ns."""

    def work(self, stage: Stage, tag: str, uniform: float, elapsed: int, key: int) -> int:
        """One ``stage`` of the decision ``key``, by the path ``tag``; ``elapsed`` is what it just took on this machine.

        The tag of ``price`` is the method's work tag, that of ``decide`` is ``quiet`` or ``orders``.
        """
        ...

    def update(self, uniform: float) -> int:
        """One volatility snapshot and the method's ``update``, on the second CPU."""
        ...

    def updating(self, model: LatencyModel) -> "ComputeLatency":
        """The same, its updates taking what ``model`` says."""
        ...

    def replicate(self, index: int) -> "ComputeLatency":
        """What replicate ``index`` of a study draws from: of measured latencies each has readings of its own."""
        ...


DELTA: Final = "delta of an update"
"""Tag of each of the two prices that an update takes for a desk's deltas: charged as the slowest path."""

QUIET: Final = "quiet"
ORDERS: Final = "orders"
"""Tags of ``decide``: whether the rule asked for anything."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Compute latency drawn from models: one for each work tag of ``price`` and ``decide``, one for the other stages.

    All stages of a decision are at one quantile: a machine that is slow is slow in all of them. A tag that was never
    measured is charged as the slowest that was: an unknown path is not a free one. By default all but ``price`` is
    instant, as under a stated latency. ``groups`` are the profiles of which each replicate has one, in turn; without
    them all replicates draw from this one.
    """

    price_by_tag: Mapping[str, LatencyModel]
    update_model: LatencyModel = ZERO
    feed: LatencyModel = ZERO
    decide_by_tag: Mapping[str, LatencyModel] = field(default_factory=lambda: {QUIET: ZERO})
    send: LatencyModel = ZERO
    groups: tuple["Profile", ...] = ()

    def work(self, stage: Stage, tag: str, uniform: float, elapsed: int, key: int) -> int:
        """The model of the stage and tag at ``uniform``."""
        match stage:
            case Stage.FEED:
                return self.feed.sample(uniform)
            case Stage.SEND:
                return self.send.sample(uniform)
            case Stage.PRICE:
                return _of_tag(self.price_by_tag, tag, uniform)
        return _of_tag(self.decide_by_tag, tag, uniform)

    def update(self, uniform: float) -> int:
        """The update model at ``uniform``."""
        return self.update_model.sample(uniform)

    def replicate(self, index: int) -> "Profile":
        """One of ``groups``, in turn."""
        return self.groups[index % len(self.groups)] if self.groups else self

    def updating(self, model: LatencyModel) -> "Profile":
        """The same, its updates taking what ``model`` says."""
        groups = tuple(group.updating(model) for group in self.groups)
        return replace(self, update_model=model, groups=groups)


def _of_tag(models: Mapping[str, LatencyModel], tag: str, uniform: float) -> int:
    model = models.get(tag)
    if model is None:
        return max(other.sample(uniform) for other in models.values())
    return model.sample(uniform)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Live: the time that the work itself took, as the replay runs. Not repeatable.

    Work is timed once for each wake-up: runs that share this object, which differ in prices alone, are charged for the
    same wake-up what the first of them took. Pricing takes ``pricing`` ns where that is given. Updates, and the prices
    for deltas in them, are drawn from what was measured ``beforehand``.
    """

    beforehand: Profile = field(default_factory=lambda: FREE)
    pricing: int | None = None
    _taken: dict[tuple[Stage, int], int] = field(default_factory=dict, repr=False, compare=False)

    def work(self, stage: Stage, tag: str, uniform: float, elapsed: int, key: int) -> int:
        """What the stage took when the wake-up ``key`` was met first."""
        if tag == DELTA:
            return self.beforehand.work(stage, tag, uniform, elapsed, key)
        if stage is Stage.PRICE and self.pricing is not None:
            return self.pricing
        return self._taken.setdefault((stage, key), elapsed)

    def update(self, uniform: float) -> int:
        """The update that was measured beforehand, at ``uniform``."""
        return self.beforehand.update(uniform)

    def replicate(self, index: int) -> "Measured":
        """A clean one: another tape has other wake-ups."""
        return Measured(beforehand=self.beforehand.replicate(index))

    def updating(self, model: LatencyModel) -> "Measured":
        """A clean one whose updates take what ``model`` says."""
        return Measured(beforehand=self.beforehand.updating(model))


def fixed_compute(ns: int) -> Profile:
    """A compute latency of ``ns`` for every pricing and none for all else.

    >>> fixed_compute(400).work(Stage.PRICE, "hit", 0.5, 0, 0)
    400
    """
    return Profile(price_by_tag={"any": Fixed(ns)})


FREE: Profile = fixed_compute(0)
"""Zero compute latency, of all stages and of ``update``."""
