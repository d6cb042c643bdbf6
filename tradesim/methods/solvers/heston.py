"""The Heston program: a sum over the transform, or, once that is done for every spot at once, a short polynomial.

Given the slow inputs a price has one argument, ``k = ln(asset / cash)``. Its time value ``t(k)`` is smooth on either
side of zero, and nil beyond a reach that the moments of the spot bound. A row holds it whole: each side is cut into
cells that are even in ``asinh(k / length)``, narrow near zero and wide in the tails, and on each cell ``t`` is a
polynomial through Chebyshev points. So a row is good at any spot: beyond its last cell the time value is below 1e-13 of
``sqrt(asset cash)``. A row whose polynomials have not converged (in one extreme corner of the domain, and outside) says
so, and its price is the whole program's.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.polynomial import chebyshev

from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.heston import dynamics, heston_value, refuse_parameters
from tradesim.pricing.heston_transform import (
    MOST_STEPS,
    TOLERANCE,
    Dynamics,
    exponentials,
    reach,
    total_variance,
    transform,
)
from tradesim.pricing.problem import Floats

REVERSION: Final = 6
LONG_VOLATILITY: Final = 7
VOL_OF_VOL: Final = 8
CORRELATION: Final = 9
"""Columns of the slow inputs behind those of every option."""

RIGHT_OF_ROW: Final = 0
LOG_CASH: Final = 1
CASH: Final = 2
ASSET_DISCOUNT: Final = 3
ROOT_ASSET_CASH: Final = 4
PER_LENGTH: Final = 5
CELLS_BELOW: Final = 6
CELLS_ABOVE: Final = 7
CONVERGED: Final = 8
SLOW: Final = 9
HEADER: Final = 24
"""Columns of a row. ``LOG_CASH`` is that of the cash over the asset discount; the cells of the two sides are those in a
unit of the inverse hyperbolic sine; ``SLOW`` begins the slow inputs, ``HEADER`` the coefficients, on a cache line."""

CELLS: Final = 6
"""On each side of zero."""
TERMS: Final = 16
"""Of a cell's polynomial, highest power first."""
POINTS: Final = 2 * CELLS * TERMS
WIDTH: Final = HEADER + POINTS
NODES: Final = np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)
"""Chebyshev points."""
LENGTH: Final = 2.0
"""The length of the cells' scale, in units of the ``1 / u`` at which the transform has fallen to ``FALLEN``."""
FALLEN: Final = 0.3
ENOUGH: Final = 5e-11
"""The most that a converged polynomial's last two Chebyshev coefficients come to: five times its error or more."""


def _fit() -> Floats:
    """From a value at each node (row) to coefficients, highest power first: float64[TERMS, TERMS]."""
    values_of = chebyshev.chebvander(NODES, TERMS - 1)
    powers_of = np.zeros((TERMS, TERMS))
    for degree in range(TERMS):
        powers = chebyshev.cheb2poly(np.eye(TERMS)[degree])
        powers_of[: len(powers), degree] = powers
    return np.ascontiguousarray((powers_of @ np.linalg.inv(values_of))[::-1].T)


FIT: Final = _fit()


class HestonSolver(Solver):
    """One transform a contract, or one for neighbours in the chain that differ in nothing but strike and right."""

    def check(self, slow: Floats) -> None:
        """Refuse parameters with which the variance cannot move."""
        refuse_parameters(slow[:, REVERSION:])

    def rows(self, slow: Floats) -> Floats:
        """The time value of each contract at every spot."""
        self.check(slow)
        rows = np.empty((len(slow), WIDTH))
        heston_rows(slow, rows)
        return rows

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """One polynomial a contract."""
        heston_row_values(fast, rows, out)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The whole sum."""
        heston_full_values(fast, slow, out)


@njit(cache=True, error_model="numpy")
def slow_dynamics(slow: Floats) -> Dynamics:
    """The dynamics of one contract's slow inputs."""
    return dynamics(
        slow[EXPIRY],
        slow[VOLATILITY],
        slow[REVERSION],
        slow[LONG_VOLATILITY],
        slow[VOL_OF_VOL],
        slow[CORRELATION],
    )


@njit(cache=True, error_model="numpy")
def heston_full_value(spot: float, a: Floats) -> float:
    """The value of a contract with slow inputs ``a``, its sum anew."""
    return heston_value(spot, a[STRIKE], a[EXPIRY], a[RATE], a[DIVIDEND], a[RIGHT], slow_dynamics(a))


@njit(cache=True, error_model="numpy")
def heston_full_values(spot: float, slow: Floats, out: Floats) -> None:
    """Write the values of a chain, each sum anew."""
    for i in range(len(slow)):
        out[i] = heston_full_value(spot, slow[i])


@njit(cache=True, error_model="numpy")
def scale_of(d: Dynamics) -> float:
    """The length on which ``t`` bends: ``LENGTH`` over the ``u`` at which the transform has fallen."""
    u = 0.5 / math.sqrt(total_variance(d))
    floor = math.log(FALLEN)
    for _ in range(100):
        log_h, _ = transform(u, d)
        if not log_h.real > floor:
            break
        u *= 1.25
    return LENGTH / u


@njit(cache=True, error_model="numpy")
def write_places(below: float, above: float, length: float, row: Floats, place: Floats) -> None:
    """Write the ``k`` of every node of every cell, and into the row how cells are found."""
    row[PER_LENGTH] = 1.0 / length
    row[CELLS_BELOW] = CELLS / math.asinh(below / length)
    row[CELLS_ABOVE] = CELLS / math.asinh(above / length)
    for cell in range(CELLS):
        for j in range(TERMS):
            at = cell + 0.5 + 0.5 * NODES[j]
            place[cell * TERMS + j] = -length * math.sinh(at / row[CELLS_BELOW])
            place[(CELLS + cell) * TERMS + j] = length * math.sinh(at / row[CELLS_ABOVE])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_time_values(place: Floats, period: float, d: Dynamics, wave: Floats, out: Floats) -> bool:
    """Write ``t`` at every place: one pass over the transform, each place's wave turned by a step at a time.

    ``wave`` is float64[4, places], workspace. False where the transform has not faded.
    """
    step, image = 2.0 * math.pi / period, 1.0 / math.expm1(0.5 * period)
    cosine, sine, turn_cosine, turn_sine = wave[0], wave[1], wave[2], wave[3]
    for i in range(len(place)):
        cosine[i], sine[i] = 1.0, 0.0
        turn_cosine[i], turn_sine[i] = math.cos(step * place[i]), math.sin(step * place[i])
        out[i] = exponentials(place[i], image)
    for j in range(MOST_STEPS):
        u = j * step
        log_h, _ = transform(u, d)
        weight = math.exp(log_h.real) / (u * u + 0.25)
        share = weight * step / math.pi * (1.0 if j else 0.5)
        real, imag = share * math.cos(log_h.imag), share * math.sin(log_h.imag)
        for i in range(len(place)):
            out[i] -= real * cosine[i] - imag * sine[i]
            turned = cosine[i] * turn_cosine[i] - sine[i] * turn_sine[i]
            sine[i] = sine[i] * turn_cosine[i] + cosine[i] * turn_sine[i]
            cosine[i] = turned
        if not weight * u > TOLERANCE and j:
            return not math.isnan(weight)
    return False


@njit(cache=True, error_model="numpy")
def write_coefficients(values: Floats, row: Floats) -> bool:
    """Write each cell's polynomial; false where one has not converged."""
    worst = 0.0
    for cell in range(2 * CELLS):
        first = cell * TERMS
        coefficient = row[HEADER + first : HEADER + first + TERMS]
        coefficient[:] = 0.0
        for j in range(TERMS):
            for power in range(TERMS):
                coefficient[power] += FIT[j, power] * values[first + j]
        last = abs(coefficient[0]) / 2.0 ** (TERMS - 2) + abs(coefficient[1]) / 2.0 ** (TERMS - 3)
        worst = max(worst, last)
    return worst <= ENOUGH


@njit(cache=True, error_model="numpy")
def write_cells(d: Dynamics, row: Floats, place: Floats, values: Floats, wave: Floats) -> None:
    """Write what of a row the dynamics alone decide."""
    row[:] = 0.0
    row[PER_LENGTH], row[CELLS_BELOW], row[CELLS_ABOVE], row[CONVERGED] = np.inf, 1.0, 1.0, 1.0
    below, above = reach(d)
    if below + above == 0.0:
        return
    write_places(below, above, scale_of(d), row, place)
    faded = write_time_values(place, below + above, d, wave, values)
    row[CONVERGED] = 1.0 if faded and write_coefficients(values, row) else 0.0


@njit(cache=True, error_model="numpy")
def same_dynamics(a: Floats, b: Floats) -> bool:
    """Whether two contracts' slow inputs differ in strike, rate, dividend and right at most."""
    same: bool = a[EXPIRY] == b[EXPIRY] and a[VOLATILITY] == b[VOLATILITY]
    for column in range(REVERSION, CORRELATION + 1):
        same = same and a[column] == b[column]
    return same


@njit(cache=True, error_model="numpy")
def heston_rows(slow: Floats, rows: Floats) -> None:
    """Write the row of each contract."""
    place, values, wave = np.empty(POINTS), np.empty(POINTS), np.empty((4, POINTS))
    for i in range(len(slow)):
        a, row = slow[i], rows[i]
        if i and same_dynamics(a, slow[i - 1]):
            row[:] = rows[i - 1]
        else:
            write_cells(slow_dynamics(a), row, place, values, wave)
        row[SLOW : SLOW + len(a)] = a
        row[RIGHT_OF_ROW] = a[RIGHT]
        row[LOG_CASH] = math.log(a[STRIKE]) + (a[DIVIDEND] - a[RATE]) * a[EXPIRY]
        row[CASH] = a[STRIKE] * math.exp(-a[RATE] * a[EXPIRY])
        row[ASSET_DISCOUNT] = math.exp(-a[DIVIDEND] * a[EXPIRY])
        row[ROOT_ASSET_CASH] = math.sqrt(row[CASH] * row[ASSET_DISCOUNT])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def row_time_value(k: float, row: Floats) -> float:
    """``t(k)`` from a converged row; zero beyond its cells."""
    scaled = abs(k) * row[PER_LENGTH]
    per_unit, first = (row[CELLS_ABOVE], CELLS) if k > 0.0 else (row[CELLS_BELOW], 0)
    at = math.log(scaled + math.sqrt(1.0 + scaled * scaled)) * per_unit
    if not at < CELLS:
        return 0.0
    cell = int(at)
    x = 2.0 * (at - cell) - 1.0
    start = HEADER + (first + cell) * TERMS
    total: float = row[start]
    for power in range(1, TERMS):
        total = total * x + row[start + power]
    return max(total, 0.0)


@njit(cache=True, error_model="numpy")
def heston_row_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write the values of a chain at ``spot``, from rows."""
    log_spot, root_spot = math.log(spot), math.sqrt(spot)
    for i in range(len(rows)):
        row = rows[i]
        if row[CONVERGED] == 1.0:
            certain = max(row[RIGHT_OF_ROW] * (spot * row[ASSET_DISCOUNT] - row[CASH]), 0.0)
            excess = row_time_value(log_spot - row[LOG_CASH], row)
            out[i] = certain + root_spot * row[ROOT_ASSET_CASH] * excess
        else:
            out[i] = heston_full_value(spot, row[SLOW:HEADER])
