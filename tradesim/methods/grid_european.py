"""The European grid: a table of the normalised time value."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.methods.grid_model import Axes, Axis, GridModel, Tables
from tradesim.methods.interpolation import Interpolation, cubic_2, linear_2
from tradesim.methods.similarities.european import (
    DEVIATION,
    NODES_PER_LOG,
    SLOW_COORDINATE,
    WIDTH,
    compose,
    distance,
    european_rows,
)
from tradesim.pricing.european import european_value
from tradesim.pricing.problem import Floats


class EuropeanGrid(GridModel):
    """Slow axis: the deviation at expiry. Fast: the distance of the forward from the strike in deviations."""

    problem = "european"
    axes = (
        Axis(name="deviation", low=0.005, high=0.8, nodes=33),
        Axis(name="distance", low=0.0, high=6.0, nodes=241),
    )

    def fill(self, axes: Axes, slow_nodes: Floats, levels: Floats, values: Floats) -> None:
        """Evaluate the formula; there are no levels."""
        fill_nodes(slow_nodes[:, 0].copy(), axes[-1].points, values)

    def place(self, slow: Floats, axes: Axes) -> Floats:
        """Rows whose slow coordinate is a position on its axis."""
        rows = np.empty((len(slow), WIDTH))
        european_rows(slow, rows)
        alive = rows[:, DEVIATION] > 0.0
        rows[alive, NODES_PER_LOG] = 1.0 / (rows[alive, DEVIATION] * axes[-1].step)
        rows[:, SLOW_COORDINATE] = axes[0].position(rows[:, SLOW_COORDINATE])
        return rows

    def slow_positions(self, rows: Floats) -> Floats:
        """The placed column."""
        return rows[:, SLOW_COORDINATE : SLOW_COORDINATE + 1]

    def retire(self, rows: Floats, contracts: NDArray[np.int64]) -> None:
        """As if expired."""
        rows[contracts, DEVIATION] = 0.0

    def prices(self, spot: float, rows: Floats, tables: Tables, interpolation: Interpolation, out: Floats) -> None:
        """Forward intrinsic value and time value of each contract."""
        if interpolation is Interpolation.CUBIC:
            cubic_prices(spot, rows, tables.values, out)
        else:
            linear_prices(spot, rows, tables.values, out)

    def fast_positions(self, spot: float, rows: Floats, axes: Axes) -> Floats:
        """Distances of the forward from the strike, in nodes."""
        out = np.empty(len(rows))
        distances(spot, rows, out)
        out[(out >= axes[-1].nodes - 1.0) | (rows[:, DEVIATION] <= 0.0)] = np.nan
        return out

    def compose(self, spot: float, rows: Floats, excess: Floats, out: Floats) -> None:
        """Forward intrinsic value, and time value from ``excess``."""
        compose_rows(spot, rows, excess, out)


@njit(cache=True, error_model="numpy")
def fill_nodes(deviation: Floats, distance: Floats, values: Floats) -> None:
    """Write the normalised time value at each node: that of a put out of the money."""
    for i in range(len(deviation)):
        for j in range(len(distance)):
            log_forward = distance[j] * deviation[i]
            put = european_value(math.exp(log_forward), 1.0, 1.0, deviation[i], 0.0, 0.0, -1)
            values[i, j] = put / (math.exp(0.5 * log_forward) * deviation[i])


@njit(cache=True, error_model="numpy")
def distances(spot: float, rows: Floats, out: Floats) -> None:
    """Write each row's distance of the forward from the strike, in nodes."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        out[i] = distance(log_spot, rows[i]) * rows[i, NODES_PER_LOG]


@njit(cache=True, error_model="numpy")
def cubic_prices(spot: float, rows: Floats, values: Floats, out: Floats) -> None:
    """Write the prices of a chain; beyond the table's end there is no time value."""
    log_spot, root_spot = math.log(spot), math.sqrt(spot)
    end = values.shape[1] - 1.0
    for i in range(len(rows)):
        at = distance(log_spot, rows[i]) * rows[i, NODES_PER_LOG]
        excess = cubic_2(values, rows[i, SLOW_COORDINATE], at) if at < end else 0.0
        out[i] = compose(spot, root_spot, rows[i], excess)


@njit(cache=True, error_model="numpy")
def linear_prices(spot: float, rows: Floats, values: Floats, out: Floats) -> None:
    """Write the prices of a chain, as :func:`cubic_prices` does."""
    log_spot, root_spot = math.log(spot), math.sqrt(spot)
    end = values.shape[1] - 1.0
    for i in range(len(rows)):
        at = distance(log_spot, rows[i]) * rows[i, NODES_PER_LOG]
        excess = linear_2(values, rows[i, SLOW_COORDINATE], at) if at < end else 0.0
        out[i] = compose(spot, root_spot, rows[i], excess)


@njit(cache=True, error_model="numpy")
def compose_rows(spot: float, rows: Floats, excess: Floats, out: Floats) -> None:
    """Write the prices of a chain that follow from each row's ``excess``."""
    root_spot = math.sqrt(spot)
    for i in range(len(rows)):
        out[i] = compose(spot, root_spot, rows[i], excess[i])
