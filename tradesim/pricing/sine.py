"""The sine over one turn: a problem with one input, to see compute, remember and learn side by side on a curve.

Nothing about it is slow, so a slice has nothing to prepare, and nothing is money.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError
from tradesim.pricing.columns import check_column
from tradesim.pricing.problem import Domain, Floats, Input, Problem

DOMAIN: Final = Domain(inputs=(Input(name="x", low=0.0, high=2.0 * math.pi),))
"""One turn, in radians."""


@njit(cache=True, error_model="numpy")
def sine_values(x: Floats, out: Floats) -> None:
    """Write the sine of each ``x``."""
    for i in range(len(out)):
        out[i] = math.sin(x[i])


def values(inputs: Floats) -> Floats:
    """The sine of inputs float64[n, 1].

    >>> values(np.array([[0.0], [0.5 * np.pi]])).tolist()
    [0.0, 1.0]
    """
    table = np.asarray(inputs, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 1:
        raise ArgumentError(f"inputs of shape {table.shape}: give one point a row, and x alone in it")
    check_column("x", table[:, 0], not_negative=False)
    out = np.empty(len(table))
    sine_values(table[:, 0], out)
    return out


def greeks(inputs: Floats) -> Floats:
    """Delta is the cosine and gamma minus the sine; vega and theta are zero: there is no volatility and no time."""
    x = np.asarray(inputs)[:, 0]
    return np.stack([np.cos(x), -np.sin(x), np.zeros_like(x), np.zeros_like(x)], axis=1)


SINE_PROBLEM: Final = Problem(name="sine", version=1, domain=DOMAIN, reference=values, greeks=greeks)
