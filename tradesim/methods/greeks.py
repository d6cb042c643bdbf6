"""Greeks of any method and of any problem, by differences of its own prices.

The columns are delta, gamma, vega and theta, as :class:`~tradesim.pricing.problem.Problem` has them: by the spot, twice
by the spot, by the input ``volatility``, and by calendar time in years (minus the derivative by ``expiry``). A problem
without one of these inputs has zero there. Several spots are moved together, each by the same currency: delta is the
sum of the deltas.

A derivative is that of the polynomial through five prices. Steps are a twentieth of a deviation ``v S`` in the spot (a
thousandth of the box where there is no deviation), a fiftieth of themselves in volatility and expiry: what the
polynomial leaves out is then about 1e-6 of a European option's Greeks, and what it makes of rounding less than 1e-2
of them for a price of seven digits, a table's in single precision. Where steps would leave the domain's box, or pass
zero, all of them are to the inner side: at the edge of its box a method's own prices are differentiated, and not its
fallback's beyond.
"""

from dataclasses import dataclass
from functools import cache
from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.methods.staged import PreparedT, Staged, deviations, prices_at
from tradesim.pricing.problem import Domain, Floats, Pricer, Problem

DELTA: Final = 0
GAMMA: Final = 1
VEGA: Final = 2
THETA: Final = 3

SPOT_STEP: Final = 0.05
LEAST_SPOT_STEP: Final = 1e-4
BOX_STEP: Final = 1e-3
"""Of a deviation; of the spot, if that is more; and of the box's width where options have no deviation."""

SLOW_STEP: Final = 0.02
LEAST_SLOW_STEP: Final = {"volatility": 1e-4, "expiry": 1e-6}
"""Relative, and the least, a year."""

COLUMN: Final = {"volatility": (VEGA, 1.0), "expiry": (THETA, -1.0)}

REACH: Final = 2
POINTS: Final = 2 * REACH + 1
"""Steps to each side, and prices of a difference."""

ROUNDING: Final = 1e-12
"""Relative distance beyond the end of the box that counts as on it."""


def greeks_of(method: Staged[PreparedT], inputs: Floats) -> Floats:
    """Delta, gamma, vega and theta of many options by a method's own prices, float64[n, 4], in currency."""
    return differences(lambda points: prices_at(method, points), method.problem.domain, inputs)


def reference_greeks(problem: Problem, inputs: Floats) -> Floats:
    """The true ones, float64[n, 4]: the problem's own, else differences of its reference."""
    return differences(problem.reference, problem.domain, inputs) if problem.greeks is None else problem.greeks(inputs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stencil:
    """Where prices are taken to differentiate by an input, or by several that move together.

    ``columns``  of the inputs that move
    ``step``     float64[n]
    ``shift``    int64[n], by how many steps all of them are moved to stay inside the box
    """

    columns: slice
    step: Floats
    shift: NDArray[np.int64]

    def points(self, inputs: Floats) -> Floats:
        """The inputs of all its prices, float64[5, n, inputs]."""
        points = np.repeat(inputs[None], POINTS, axis=0)
        for number in range(len(points)):
            points[number, :, self.columns] += ((number - REACH + self.shift) * self.step)[:, None]
        return points

    def derivative(self, prices: Floats, order: int) -> Floats:
        """The derivative of ``order`` from prices float64[5, n]."""
        weights = np.array([_weights(shift, order) for shift in range(-REACH, REACH + 1)])
        return np.asarray(np.einsum("nk,kn->n", weights[self.shift + REACH], prices) / self.step**order)


def differences(pricer: Pricer, domain: Domain, inputs: Floats) -> Floats:
    """Delta, gamma, vega and theta, float64[n, 4], of the prices that one call of ``pricer`` gives."""
    spot = _stencil(domain, inputs, slice(0, domain.fast), _spot_step(domain, inputs))
    slow = {
        name: _stencil(domain, inputs, slice(column, column + 1), _slow_step(name, inputs[:, column]))
        for name, column in ((name, domain.column(name)) for name in LEAST_SLOW_STEP if name in domain.names)
    }
    points = [stencil.points(inputs) for stencil in (spot, *slow.values())]
    by_spot, *by_slow = pricer(np.concatenate(points).reshape(-1, inputs.shape[1])).reshape(-1, POINTS, len(inputs))
    greeks = np.zeros((len(inputs), 4))
    greeks[:, DELTA] = spot.derivative(by_spot, 1)
    greeks[:, GAMMA] = spot.derivative(by_spot, 2)
    for (name, stencil), prices in zip(slow.items(), by_slow, strict=True):
        column, sign = COLUMN[name]
        greeks[:, column] = sign * stencil.derivative(prices, 1)
    return greeks


def _spot_step(domain: Domain, inputs: Floats) -> Floats:
    spot = inputs[:, : domain.fast].mean(axis=1)
    if not set(LEAST_SLOW_STEP) <= set(domain.names):
        first = domain.inputs[0]
        return BOX_STEP * (first.high - first.low) / domain.in_units(inputs)
    deviation = deviations(domain, inputs[:, domain.fast :])
    return np.asarray(spot * np.maximum(SPOT_STEP * deviation, LEAST_SPOT_STEP))


def _slow_step(name: str, values: Floats) -> Floats:
    return np.asarray(np.maximum(SLOW_STEP * np.abs(values), LEAST_SLOW_STEP[name]))


def _stencil(domain: Domain, inputs: Floats, columns: slice, step: Floats) -> Stencil:
    """Moved to the inner side of the box by as many steps as needed; beyond the box, only to stay above zero."""
    up, down = np.zeros(len(inputs)), np.zeros(len(inputs))
    for column in range(columns.start, columns.stop):
        each, value = domain.inputs[column], inputs[:, column]
        unit = domain.in_units(inputs) if each.money else 1.0
        slack = ROUNDING * np.abs(value)
        least = 0.0 if domain.unit is not None else -np.inf
        low = np.where(value >= each.low / unit - slack, each.low / unit, least)
        high = np.where(value <= each.high / unit + slack, each.high / unit, np.inf)
        up = np.maximum(up, np.ceil(REACH - (value - low) / step - ROUNDING))
        down = np.maximum(down, np.ceil(REACH - (high - value) / step - ROUNDING))
    shift = np.clip(up, 0, REACH) - np.clip(down, 0, REACH)
    return Stencil(columns=columns, step=step, shift=np.nan_to_num(shift).astype(np.int64))


@cache
def _weights(shift: int, order: int) -> tuple[float, ...]:
    """Of prices at whole steps around ``shift``, for the derivative at zero: exact for a polynomial through them."""
    offsets = np.arange(-REACH, REACH + 1.0) + shift
    target = np.zeros(len(offsets))
    target[order] = factorial(order)
    return tuple(np.linalg.solve(np.vander(offsets, increasing=True).T, target))
