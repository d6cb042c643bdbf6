"""The American grid: a table of the exercise boundary, and one of the premium beyond it."""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.methods.grid_model import Axes, Axis, GridModel, Tables, shape_of
from tradesim.methods.interpolation import Interpolation, cubic_3, cubic_4, linear_3, linear_4
from tradesim.methods.similarities.american import (
    AMPLITUDE,
    BEND,
    BENT_DRIFT,
    BOUNDARY,
    DEVIATION,
    EXPIRED,
    KIND,
    NODES_PER_LOG,
    ROOT_DEVIATION,
    ROOT_RATE,
    WIDTH,
    WITH_PREMIUM,
    american_row,
    american_rows,
    compose,
    european_put,
    log_moneyness,
    unit_put,
    write_amplitude,
)
from tradesim.methods.staged import DIVIDEND, RATE, VOLATILITY
from tradesim.pricing import collocation
from tradesim.pricing.american import LOG_EXERCISE, boundary_row, slice_value
from tradesim.pricing.collocation import HIGH, tables_of
from tradesim.pricing.problem import Floats

POSITIONS: Final = slice(ROOT_DEVIATION, BENT_DRIFT + 1)
"""Columns that hold the slow coordinates, and positions on their axes once a row is placed."""

LEAST_REACH: Final = 1e-3
"""A boundary is kept as ``1 / (1 - ln b / v)``: 1 at the strike, 0 infinitely far below; this is the least."""


class AmericanGrid(GridModel):
    """The slow axes are the coordinates of :mod:`~tradesim.methods.similarities.american`, the fast one the distance.

    Levels are the boundary. Both tables have the same slow nodes, so that a boundary between nodes is one to which the
    premium between nodes belongs: their errors cancel in part.
    """

    problem = "american"
    axes = (
        Axis(name="root_deviation", low=math.sqrt(0.005), high=math.sqrt(0.8), nodes=8),
        Axis(name="root_rate", low=math.sqrt(0.0005), high=math.sqrt(0.8), nodes=12),
        Axis(name="bent_drift", low=math.asinh(-0.6 / BEND), high=math.asinh(1.0 / BEND), nodes=22),
        Axis(name="distance", low=0.0, high=5.0, nodes=12),
    )

    def fill(self, axes: Axes, slow_nodes: Floats, levels: Floats, values: Floats) -> None:
        """Solve each slow node's boundary at reference accuracy, and price along the distance from it."""
        fill_nodes(unit_put(slow_nodes), axes[-1].points, tables_of(HIGH), HIGH.row_width, levels, values)

    def empty_levels(self, axes: Axes) -> Floats:
        """One boundary for each combination of slow nodes."""
        return np.empty(shape_of(axes[:-1]))

    def place(self, slow: Floats, axes: Axes) -> Floats:
        """Rows whose slow coordinates are positions on the axes."""
        rows = np.empty((len(slow), WIDTH))
        american_rows(slow, rows)
        for column, axis in zip(range(ROOT_DEVIATION, BENT_DRIFT + 1), axes[:-1], strict=True):
            rows[:, column] = axis.position(rows[:, column])
        return rows

    def slow_positions(self, rows: Floats) -> Floats:
        """The placed columns."""
        return rows[:, POSITIONS]

    def levels(self, rows: Floats, tables: Tables, interpolation: Interpolation) -> Floats:
        """The boundary of each row."""
        out = np.empty(len(rows))
        blend = cubic_boundaries if interpolation is Interpolation.CUBIC else linear_boundaries
        blend(rows, tables.levels, out)
        return out

    def settle(self, rows: Floats, levels: Floats, axes: Axes) -> None:
        """Boundary, amplitude and the scale of the distance."""
        settle_rows(rows, levels, axes[-1].step)

    def retire(self, rows: Floats, contracts: NDArray[np.int64]) -> None:
        """As if expired."""
        rows[contracts, KIND] = EXPIRED
        rows[contracts, NODES_PER_LOG] = 0.0

    def prices(self, spot: float, rows: Floats, tables: Tables, interpolation: Interpolation, out: Floats) -> None:
        """European price and premium of each contract."""
        if interpolation is Interpolation.CUBIC:
            cubic_prices(spot, rows, tables.values, out)
        else:
            linear_prices(spot, rows, tables.values, out)

    def fast_positions(self, spot: float, rows: Floats, axes: Axes) -> Floats:
        """Distances from the boundary, in nodes."""
        out = np.empty(len(rows))
        distances(spot, rows, out)
        out[(out <= 0.0) | (out >= axes[-1].nodes - 1.0)] = np.nan
        return out

    def compose(self, spot: float, rows: Floats, excess: Floats, out: Floats) -> None:
        """European price, and premium from ``excess``."""
        compose_rows(spot, rows, excess, out)


@njit(cache=True, error_model="numpy")
def boundary_at(reach: float, deviation: float) -> float:
    """Logarithm of the boundary that is kept as ``reach``."""
    return deviation * (1.0 - 1.0 / min(max(reach, LEAST_REACH), 1.0))


@njit(cache=True, error_model="numpy")
def fill_nodes(
    puts: Floats, distance: Floats, tables: collocation.Tables, width: int, reach: Floats, excess: Floats
) -> None:
    """Write the boundary of each put, and the share of its premium there that is left at each distance."""
    solved, row = np.empty(width), np.empty(WIDTH)
    for i in range(len(puts)):
        put = puts[i]
        boundary_row(1.0, 1.0, put[VOLATILITY], put[RATE], put[DIVIDEND], -1, tables, solved)
        deviation = put[VOLATILITY]
        reach[i] = 1.0 / (1.0 - solved[LOG_EXERCISE] / deviation)
        american_row(put, row)
        write_amplitude(boundary_at(reach[i], deviation), row)
        for j in range(len(distance)):
            moneyness = row[BOUNDARY] + distance[j] * deviation
            asset = math.exp(moneyness)
            premium = slice_value(asset, solved) - european_put(1.0, asset, moneyness, row)
            excess[i, j] = min(max(premium / row[AMPLITUDE], 0.0), 1.0) if row[AMPLITUDE] > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def cubic_boundaries(rows: Floats, levels: Floats, out: Floats) -> None:
    """Write the reach of each row's boundary."""
    for i in range(len(rows)):
        out[i] = cubic_3(levels, rows[i, ROOT_DEVIATION], rows[i, ROOT_RATE], rows[i, BENT_DRIFT])


@njit(cache=True, error_model="numpy")
def linear_boundaries(rows: Floats, levels: Floats, out: Floats) -> None:
    """Write the reach of each row's boundary."""
    for i in range(len(rows)):
        out[i] = linear_3(levels, rows[i, ROOT_DEVIATION], rows[i, ROOT_RATE], rows[i, BENT_DRIFT])


@njit(cache=True, error_model="numpy")
def settle_rows(rows: Floats, reach: Floats, step: float) -> None:
    """Write boundary, amplitude and nodes per unit of log-spot into the rows that have a premium."""
    for i in range(len(rows)):
        row = rows[i]
        if row[KIND] == WITH_PREMIUM:
            write_amplitude(boundary_at(reach[i], row[DEVIATION]), row)
            row[NODES_PER_LOG] = 1.0 / (row[DEVIATION] * step)


@njit(cache=True, error_model="numpy")
def distances(spot: float, rows: Floats, out: Floats) -> None:
    """Write each row's distance from the boundary, in nodes; zero where there is no premium."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        out[i] = (log_moneyness(log_spot, rows[i]) - rows[i, BOUNDARY]) * rows[i, NODES_PER_LOG]


@njit(cache=True, error_model="numpy")
def cubic_prices(spot: float, rows: Floats, values: Floats, out: Floats) -> None:
    """Write the prices of a chain; in exercise, and beyond the table's end, the table adds nothing."""
    log_spot = math.log(spot)
    end = values.shape[3] - 1.0
    for i in range(len(rows)):
        row = rows[i]
        moneyness = log_moneyness(log_spot, row)
        at = (moneyness - row[BOUNDARY]) * row[NODES_PER_LOG]
        excess = 0.0
        if 0.0 < at < end:
            excess = cubic_4(values, row[ROOT_DEVIATION], row[ROOT_RATE], row[BENT_DRIFT], at)
        out[i] = compose(spot, moneyness, row, row[AMPLITUDE], excess)


@njit(cache=True, error_model="numpy")
def linear_prices(spot: float, rows: Floats, values: Floats, out: Floats) -> None:
    """Write the prices of a chain, as :func:`cubic_prices` does."""
    log_spot = math.log(spot)
    end = values.shape[3] - 1.0
    for i in range(len(rows)):
        row = rows[i]
        moneyness = log_moneyness(log_spot, row)
        at = (moneyness - row[BOUNDARY]) * row[NODES_PER_LOG]
        excess = 0.0
        if 0.0 < at < end:
            excess = linear_4(values, row[ROOT_DEVIATION], row[ROOT_RATE], row[BENT_DRIFT], at)
        out[i] = compose(spot, moneyness, row, row[AMPLITUDE], excess)


@njit(cache=True, error_model="numpy")
def compose_rows(spot: float, rows: Floats, excess: Floats, out: Floats) -> None:
    """Write the prices of a chain that follow from each row's ``excess``."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        out[i] = compose(spot, log_moneyness(log_spot, rows[i]), rows[i], rows[i, AMPLITUDE], excess[i])
