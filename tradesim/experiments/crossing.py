"""Where money that falls with latency comes to nothing."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from tradesim.pricing.problem import Floats

NEVER = -np.inf
"""No latency is short enough."""
ALWAYS = np.inf
"""None that was tried is too long."""


def crossing(latencies: NDArray[np.int64], money: Floats) -> float:
    """The longest latency, ns, at which ``money`` is not below zero; ``NEVER``, or ``ALWAYS``.

    ``latencies`` int64[n], ns, ascending from 0; ``money`` float64[n], means over seeds, which fall with latency only
    on average: they are first put in falling order by least squares (isotonic regression; Barlow et al., Statistical
    Inference under Order Restrictions, 1972, chapter 1), then joined by straight lines over :func:`places`.

    >>> crossing(np.array([0, 1_000, 10_000]), np.array([3.0, 2.0, -2.0])).__round__()
    3318
    """
    falling = isotonic_regression(money, increasing=False).x
    above = int(np.count_nonzero(falling >= 0.0))
    if above in {0, len(falling)}:
        return ALWAYS if above else NEVER
    at = places(latencies, latencies)
    share = falling[above - 1] / (falling[above - 1] - falling[above])
    return float(unit_of(latencies) * np.sinh(at[above - 1] + share * (at[above] - at[above - 1])))


def places(latencies: NDArray[np.int64], tried: NDArray[np.int64]) -> Floats:
    """Where ``latencies`` lie on an axis that is logarithmic above the shortest of ``tried``, straight below it."""
    return np.asarray(np.arcsinh(latencies / unit_of(tried)))


def unit_of(latencies: NDArray[np.int64]) -> float:
    """The shortest latency above zero, ns."""
    return float(latencies[latencies > 0].min())


def between(latencies: NDArray[np.int64], root: float, count: int) -> list[int]:
    """At most ``count`` latencies more, evenly over :func:`places`, between the two neighbours of ``root``; ns."""
    if not np.isfinite(root):
        return []
    right = min(int(np.searchsorted(latencies, root, side="right")), len(latencies) - 1)
    first, last = places(latencies[[right - 1, right]], latencies)
    inner = np.rint(unit_of(latencies) * np.sinh(np.linspace(first, last, count + 2)[1:-1])).astype(np.int64)
    return sorted(set(inner.tolist()) - set(latencies.tolist()))
