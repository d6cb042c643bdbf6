"""Where money that falls with latency, or with error, comes to nothing."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from tradesim.pricing.problem import Floats

Amounts = NDArray[np.int64] | NDArray[np.float64]

NEVER = -np.inf
"""No latency is short enough."""
ALWAYS = np.inf
"""None that was tried is too long."""


def crossing(latencies: Amounts, money: Floats) -> float:
    """The longest latency at which ``money`` is not below zero; ``NEVER``, or ``ALWAYS``. Of errors likewise.

    ``latencies`` [n], ascending from 0; ``money`` float64[n], means over seeds, which fall with latency only on
    average: they are first put in :func:`falling` order, then joined by straight lines over :func:`places`.

    >>> round(crossing(np.array([0, 1_000, 10_000]), np.array([3.0, 2.0, -2.0])))
    3407
    """
    fitted = falling(money)
    return _between(latencies, fitted, int(np.count_nonzero(fitted >= 0.0)))


def reaching(latencies: Amounts, money: Floats) -> float:
    """The shortest latency at which ``money`` is not above zero; else as :func:`crossing`.

    >>> reaching(np.array([0, 1_000, 10_000]), np.array([3.0, 0.0, 0.0]))
    1000.0
    """
    fitted = falling(money)
    return 0.0 if fitted[0] == 0.0 else _between(latencies, fitted, int(np.count_nonzero(fitted > 0.0)))


def _between(latencies: Amounts, fitted: Floats, above: int) -> float:
    """Where ``fitted`` is zero after its first ``above`` amounts."""
    if above in {0, len(fitted)}:
        return ALWAYS if above else NEVER
    at = places(latencies, latencies)
    share = fitted[above - 1] / (fitted[above - 1] - fitted[above])
    return float(unit_of(latencies) * np.sinh(at[above - 1] + share * (at[above] - at[above - 1])))


def falling(money: Floats) -> Floats:
    """The falling sequence nearest to ``money`` in least squares.

    Isotonic regression: Barlow et al., Statistical Inference under Order Restrictions, 1972, chapter 1.
    """
    return np.asarray(isotonic_regression(money, increasing=False).x)


def places(latencies: Amounts, tried: Amounts) -> Floats:
    """Where ``latencies`` lie on an axis that is logarithmic above the shortest of ``tried``, straight below it."""
    return np.asarray(np.arcsinh(latencies / unit_of(tried)))


def unit_of(latencies: Amounts) -> float:
    """The shortest latency above zero."""
    return float(latencies[latencies > 0].min())


def between(latencies: NDArray[np.int64], root: float, count: int) -> list[int]:
    """At most ``count`` latencies more, evenly over :func:`places`, between the two neighbours of ``root``; ns."""
    if not np.isfinite(root):
        return []
    right = min(int(np.searchsorted(latencies, root, side="right")), len(latencies) - 1)
    first, last = places(latencies[[right - 1, right]], latencies)
    inner = np.rint(unit_of(latencies) * np.sinh(np.linspace(first, last, count + 2)[1:-1])).astype(np.int64)
    return sorted(set(inner.tolist()) - set(latencies.tolist()))
