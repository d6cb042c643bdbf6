"""Which contracts of a chain are outside a problem's domain, and between which fast inputs the others stay inside."""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.methods.method import Fast
from tradesim.methods.staged import expires
from tradesim.pricing.problem import Domain, Floats

LOW: Final = 0
HIGH: Final = 1
SCALED: Final = 2
"""Columns of a box: the ends of an input's interval, and 1 where these are for a unit (a strike) at its own low end."""

UNIT: Final = 0
EXPIRY: Final = 1
UNIT_LOW: Final = 2
"""Columns of its last row: in which slow columns unit and expiry are, -1 where there is none; the unit's low end."""


def box_of(domain: Domain, *, bounded: bool = True, settles: bool = True) -> Floats:
    """The box of ``domain``, float64[inputs + 1, 3]; not ``bounded``: its fast inputs may be any.

    Where the method ``settles`` what has expired, that is not outside.

    Money gives way by the 1e-12 of :meth:`~tradesim.pricing.problem.Domain.contains`; ends of fast inputs are a
    strike's share.
    """
    box = np.empty((len(domain.inputs) + 1, 3))
    unit = -1 if domain.unit is None else domain.column(domain.unit)
    unit_low = 1.0 if domain.unit is None else domain.inputs[unit].low
    for row, each in zip(box, domain.inputs, strict=False):
        slack = 1e-12 * (abs(each.low) + abs(each.high)) if each.money else 0.0
        row[:] = each.low - slack, each.high + slack, each.money and domain.unit is not None
    for row, each in zip(box, domain.inputs[: domain.fast], strict=False):
        ends = (each.low / unit_low, each.high / unit_low) if bounded else (-np.inf, np.inf)
        row[:] = *ends, bounded and domain.unit is not None
    can_expire = settles and expires(domain)
    box[-1] = max(unit - domain.fast, -1), domain.column("expiry") - domain.fast if can_expire else -1, unit_low
    return box


@njit(cache=True, error_model="numpy")
def enclose(box: Floats, fast: Fast, slow: Floats, lowest: Floats, highest: Floats) -> int:
    """How many contracts are outside ``box``; write between which fast inputs the others that are alive stay inside.

    ``slow``  float64[n, slow columns]; ``lowest highest`` float64[fast inputs]
    """
    lowest[:] = fast
    outside = outside_at(box, lowest, slow)
    unit, expiry = int(box[-1, UNIT]), int(box[-1, EXPIRY])
    lowest[:], highest[:] = -np.inf, np.inf
    for i in range(len(slow)):
        if outside[i] or (expiry >= 0 and not slow[i, expiry] > 0.0):
            continue
        for k in range(len(lowest)):
            size = slow[i, unit] if box[k, SCALED] > 0.0 else 1.0
            lowest[k], highest[k] = max(lowest[k], size * box[k, LOW]), min(highest[k], size * box[k, HIGH])
    return int(outside.sum())


@njit(cache=True, error_model="numpy")
def outside_at(box: Floats, fast: Floats, slow: Floats) -> NDArray[np.bool_]:
    """Which contracts have an input outside ``box``; expired ones, worth their exercise, where they are not settled.

    ``fast`` float64[fast inputs]. A slow input that is not a number is outside.
    """
    outside, scale = np.zeros(len(slow), dtype=np.bool_), np.ones(len(slow))
    unit, expiry = int(box[-1, UNIT]), int(box[-1, EXPIRY])
    for i in range(len(slow) if unit >= 0 else 0):
        scale[i] = box[-1, UNIT_LOW] / slow[i, unit]
    for k in range(len(fast)):
        for i in range(len(slow)):
            size = slow[i, unit] if box[k, SCALED] > 0.0 else 1.0
            outside[i] |= (size * box[k, LOW] > fast[k]) | (size * box[k, HIGH] < fast[k])
    for k in range(len(fast), len(box) - 1):
        low, high, scaled = box[k, LOW], box[k, HIGH], box[k, SCALED] > 0.0
        for i in range(len(slow)):
            value = slow[i, k - len(fast)] * (scale[i] if scaled else 1.0)
            outside[i] |= not (low <= value) & (value <= high)
    for i in range(len(slow) if expiry >= 0 else 0):
        outside[i] &= slow[i, expiry] > 0.0
    return outside
