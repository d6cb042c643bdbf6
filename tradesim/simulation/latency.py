"""Latency models: each is a quantile function from a uniform, and an instant, to whole nanoseconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from statistics import NormalDist
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tradesim.errors import ArgumentError

_NORMAL = NormalDist()

LONGEST: Final = 10**15
"""The longest delay that a lognormal draws, ns: eleven days."""


class LatencyModel(Protocol):
    """A distribution of delays."""

    def sample(self, uniform: float, at: int = 0) -> int:
        """The delay in ns at this quantile, 0 < ``uniform`` < 1, of what begins at the instant ``at``."""
        ...

    def samples(self, uniforms: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
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

    def samples(self, uniforms: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
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
        return self.floor + round(min(self.median * math.exp(self.sigma * _NORMAL.inv_cdf(uniform)), LONGEST))

    def samples(self, uniforms: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The quantiles at ``uniforms``."""
        delays: NDArray[np.int64] = np.rint(
            np.minimum(self.median * np.exp(self.sigma * ndtri(uniforms)), LONGEST)
        ).astype(np.int64)
        return self.floor + delays


@dataclass(frozen=True, eq=False)
class Empirical:
    """delay = the measurement at rank floor(u n) of ``measurements`` (int64[n], ns): what was measured, no more."""

    measurements: NDArray[np.int64]
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

    def samples(self, uniforms: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The measurements at these quantiles."""
        ranked = np.asarray(self._sorted, dtype=np.int64)
        return ranked[(uniforms * len(ranked)).astype(np.int64)]


@dataclass(frozen=True)
class Sum:
    """delay = the delays of ``parts``, one after the other, all at the same quantile."""

    parts: tuple["LatencyModel", ...]

    def sample(self, uniform: float, at: int = 0) -> int:
        """The sum of the parts at this quantile."""
        return sum(part.sample(uniform, at) for part in self.parts)

    def samples(self, uniforms: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sums of the parts at these quantiles."""
        total = np.zeros(len(uniforms), dtype=np.int64)
        for part in self.parts:
            total += part.samples(uniforms, at)
        return total


ZERO = Fixed(0)


class ComputeLatency(Protocol):
    """How long a desk's CPUs are busy, in ns."""

    def price(self, tag: str, uniform: float, elapsed: int) -> int:
        """One pricing of the chain by the path ``tag``; ``elapsed`` is what the call just took on this machine."""
        ...

    def update(self, uniform: float) -> int:
        """One volatility snapshot and the method's ``update``, on the second CPU."""
        ...


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Compute latency drawn from models: one for each work tag of ``price``, one for ``update``.

    A tag that was never measured is charged as the slowest that was: an unknown path is not a free one.
    """

    price_by_tag: Mapping[str, LatencyModel]
    update_model: LatencyModel = ZERO

    def price(self, tag: str, uniform: float, elapsed: int) -> int:
        """The tag's model at ``uniform``."""
        model = self.price_by_tag.get(tag)
        if model is None:
            return max(other.sample(uniform) for other in self.price_by_tag.values())
        return model.sample(uniform)

    def update(self, uniform: float) -> int:
        """The update model at ``uniform``."""
        return self.update_model.sample(uniform)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Live: the time that the call itself took, as the replay runs. Not repeatable; ``update`` comes from a model."""

    update_model: LatencyModel = ZERO

    def price(self, tag: str, uniform: float, elapsed: int) -> int:
        """What the call took."""
        return elapsed

    def update(self, uniform: float) -> int:
        """The update model at ``uniform``."""
        return self.update_model.sample(uniform)


def fixed_compute(ns: int) -> Profile:
    """A compute latency of ``ns`` for every pricing and none for updates.

    >>> fixed_compute(400).price("hit", 0.5, 0)
    400
    """
    return Profile(price_by_tag={"any": Fixed(ns)})


FREE = fixed_compute(0)
"""Zero compute latency, of ``price`` and of ``update``."""
