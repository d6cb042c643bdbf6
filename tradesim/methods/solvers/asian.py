"""The Asian program: the law of the sum to come is found in ``update``; a price is then a polynomial in ln(spot).

With ``asset`` and ``cash`` the present values of the expected average to come and of what it is compared with, ``v``
the deviation of the lognormal with the sum's mean and variance::

    price = max(right (asset - cash), 0) + cash h(x),    x = ln(asset / cash) / v

``h`` is analytic on either side of zero and dies out far from it. It is found at Chebyshev nodes of panels that are one
``v`` wide, and kept as a polynomial a panel. Nothing else depends on the spot.
"""

import math
from abc import abstractmethod
from functools import cache
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods.method import Fast
from tradesim.methods.solvers.solver import Solver
from tradesim.pricing.asian_mixture import above, is_faithful, mixture_of, mixture_values
from tradesim.pricing.asian_simulation import PATHS, dimensions_of, normals, paths_of, simulated_above, simulated_value
from tradesim.pricing.averaging import FIXED, FIXINGS, Future, future_of, mean_and_deviation
from tradesim.pricing.elementary import log
from tradesim.pricing.problem import Floats

LOWEST: Final = -11.0
PANELS: Final = 19
"""Panels of ``x``: from -11, where calls have died out, to 8, where puts have."""
RIGHT_OF_ROW: Final = 0
ASSET: Final = 1
CASH: Final = 2
LOG_LEVEL: Final = 3
PACE: Final = 4
FIRST_PANEL: Final = 5
"""Columns of a row: present value of ``A`` in the average, cash, ln(spot) at which ``x`` is zero, 1 / v, polynomials.
"""


class AsianSolver(Solver):
    """A program that knows ``E[(spot A - level)+]`` at any spot, once the slow inputs are in."""

    terms: int
    """Coefficients of a panel's polynomial."""

    def check(self, slow: Floats) -> None:
        """Refuse a contract of which no fixing remains."""
        done = ~((slow[:, FIXED] >= 0.0) & (slow[:, FIXED] < slow[:, FIXINGS]))
        if done.any():
            i = int(np.argmax(done))
            raise ProblemError(
                f"contract {i} has {slow[i, FIXED]:g} of {slow[i, FIXINGS]:g} fixings taken: one must remain; "
                "settle it and leave it out"
            )

    def rows(self, slow: Floats) -> Floats:
        """The polynomials of each contract."""
        self.check(slow)
        rows = np.zeros((len(slow), FIRST_PANEL + PANELS * self.terms))
        self._write(np.ascontiguousarray(slow), panel_nodes(self.terms), powers_at_nodes(self.terms), rows)
        return rows

    @abstractmethod
    def _write(self, slow: Floats, nodes: Floats, fit: Floats, rows: Floats) -> None:
        """Write the rows of ``slow``."""

    def values(self, fast: Fast, rows: Floats, out: Floats) -> None:
        """One polynomial a contract."""
        asian_row_values(fast, rows, out)


class SimulatedAsianSolver(AsianSolver):
    """Quasi Monte Carlo with a control from the geometric average: see :mod:`tradesim.pricing.asian_simulation`.

    All prices come from one scramble of ``paths`` points: they are smooth in every input, and repeat.
    """

    terms = 8

    def __init__(self, paths: int = PATHS) -> None:
        self._paths = paths
        self._points = normals(paths, 11, 0)
        self.nbytes = self._points.nbytes

    def _points_for(self, slow: Floats) -> Floats:
        dimensions = dimensions_of(slow)
        return self._points if dimensions <= self._points.shape[1] else normals(self._paths, dimensions, 0)

    def _write(self, slow: Floats, nodes: Floats, fit: Floats, rows: Floats) -> None:
        simulated_rows(slow, self._points_for(slow), nodes, fit, rows)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """Paths and prices anew."""
        simulated_full_values(fast, np.ascontiguousarray(slow), self._points_for(slow), out)


class ExactAsianSolver(AsianSolver):
    """The recursion that is the reference: see :mod:`tradesim.pricing.asian_mixture`."""

    terms = 11

    def _write(self, slow: Floats, nodes: Floats, fit: Floats, rows: Floats) -> None:
        exact_rows(slow, nodes, fit, rows)

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """The law of the sum, and the prices, anew."""
        mixture_values(np.column_stack([np.full(len(slow), fast), slow]), out)


class WorkingAsianSolver(ExactAsianSolver):
    """What methods compute with: simulated where the price is asked for whole, by the recursion where it is split.

    A split simulation would take some ten times the recursion's update, and be less exact.
    """

    def __init__(self) -> None:
        self._whole = SimulatedAsianSolver()
        self.nbytes = self._whole.nbytes

    def full_values(self, fast: Fast, slow: Floats, out: Floats) -> None:
        """Paths and prices anew."""
        self._whole.full_values(fast, slow, out)


@cache
def panel_nodes(terms: int) -> Floats:
    """Chebyshev nodes of every panel, float64[PANELS, terms]."""
    return np.asarray(LOWEST + np.arange(PANELS)[:, None] + 0.5 * (1.0 + _chebyshev(terms)))


@cache
def powers_at_nodes(terms: int) -> Floats:
    """The matrix from values at a panel's nodes to coefficients of powers of ``u`` in [-1, 1], highest first."""
    return np.ascontiguousarray(np.linalg.inv(np.vander(_chebyshev(terms))))


def _chebyshev(terms: int) -> Floats:
    return np.cos(math.pi * (np.arange(terms) + 0.5) / terms)


@njit(cache=True, error_model="numpy")
def write_header(future: Future, row: Floats) -> tuple[float, float]:
    """Write all of a row but its polynomials; return the mean and deviation of ``A``, zero where there is no ``h``."""
    mean, deviation = mean_and_deviation(future)
    row[RIGHT_OF_ROW] = future.right
    row[ASSET] = future.factor * mean
    row[CASH] = future.factor * future.level if deviation >= 0.0 else math.nan
    if not (deviation > 0.0 and future.level > 0.0):
        return mean, 0.0
    row[LOG_LEVEL] = math.log(future.level / mean)
    row[PACE] = 1.0 / deviation
    return mean, deviation


@njit(cache=True, error_model="numpy", inline="always")
def excess(call: float, spot: float, mean: float) -> float:
    """``h`` from a call at a level of 1: what the option out of the money is worth."""
    return max(call - max(spot * mean - 1.0, 0.0), 0.0)


@njit(cache=True, error_model="numpy")
def write_panels(values: Floats, fit: Floats, row: Floats) -> None:
    """Write the polynomials through the values at every panel's nodes."""
    terms = values.shape[1]
    for panel in range(PANELS):
        for power in range(terms):
            row[FIRST_PANEL + panel * terms + power] = np.sum(fit[power] * values[panel])


@njit(cache=True, error_model="numpy")
def simulated_rows(slow: Floats, points: Floats, nodes: Floats, fit: Floats, rows: Floats) -> None:
    """Write the row of each contract from the same points."""
    values = np.empty_like(nodes)
    for i in range(len(slow)):
        future = future_of(slow[i])
        mean, deviation = write_header(future, rows[i])
        if not deviation > 0.0:
            continue
        paths = paths_of(future, points)
        for panel, number in np.ndindex(values.shape):
            spot = math.exp(nodes[panel, number] * deviation) / mean
            values[panel, number] = excess(simulated_above(spot, 1.0, paths), spot, mean)
        write_panels(values, fit, rows[i])


@njit(cache=True, error_model="numpy")
def exact_rows(slow: Floats, nodes: Floats, fit: Floats, rows: Floats) -> None:
    """Write the row of each contract from the law of its sum."""
    values = np.empty_like(nodes)
    for i in range(len(slow)):
        future = future_of(slow[i])
        mean, deviation = write_header(future, rows[i])
        if not deviation > 0.0:
            continue
        mixture = mixture_of(future)
        if not is_faithful(mixture, mean):
            rows[i, CASH] = math.nan
            continue
        for panel, number in np.ndindex(values.shape):
            spot = math.exp(nodes[panel, number] * deviation) / mean
            values[panel, number] = excess(above(spot, 1.0, mixture)[0], spot, mean)
        write_panels(values, fit, rows[i])


@njit(cache=True, error_model="numpy")
def asian_row_values(spot: float, rows: Floats, out: Floats) -> None:
    """Write the values of a chain at ``spot``, from rows."""
    log_spot = log(spot)
    terms = (rows.shape[1] - FIRST_PANEL) // PANELS
    for i in range(len(rows)):
        row = rows[i]
        way = (log_spot - row[LOG_LEVEL]) * row[PACE] - LOWEST
        place = min(max(way, 0.0), PANELS - 1e-9)
        panel = int(place)
        u = 2.0 * (place - panel) - 1.0
        begin = FIRST_PANEL + panel * terms
        time_value = row[begin]
        for power in range(begin + 1, begin + terms):
            time_value = time_value * u + row[power]
        asset, cash = spot * row[ASSET], row[CASH]
        out[i] = max(row[RIGHT_OF_ROW] * (asset - cash), 0.0)
        if not (cash <= 0.0 or way < 0.0 or way > PANELS):
            out[i] = min(out[i] + cash * max(time_value, 0.0), asset if row[RIGHT_OF_ROW] > 0.0 else cash)


@njit(cache=True, error_model="numpy")
def simulated_full_values(spot: float, slow: Floats, points: Floats, out: Floats) -> None:
    """Write the values of a chain, each contract simulated anew."""
    for i in range(len(out)):
        out[i] = simulated_value(spot, slow[i], points)
