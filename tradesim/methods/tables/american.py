"""The American table: the exercise boundary and the premium beyond it, as one page for three slow coordinates.

The coordinates are those of :mod:`~tradesim.methods.scalings.american`, stretched to fill their box: where the
deviation ``v`` is large ``r T / v`` cannot be, in a domain of rates, so that it is multiplied by ``v + SOFT / v``::

    sqrt(v),   sqrt(r T pace),   asinh((r - q) T pace / BEND),   pace = 1 + SOFT / v^2

A page holds the reach of the boundary and the coefficients of a polynomial in the distance from it, highest power
first::

    reach = 1 / (1 - ln b / v)        premium = cash amplitude polynomial(2 (x - ln b) / (v end) - 1)
    amplitude = (1 - b) - European(b)

so that one blend of neighbouring pages gives a contract's whole curve along the spot, and the kink of the price's
curvature stays on the boundary. Further than ``end`` deviations from it there is no premium; nearer than nothing, the
option is exercised. A premium so told, of ``x`` all that there is, is known for every spot.
"""

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.methods.method import Fast
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.methods.tables.american_kernels import (
    BEND,
    INPUTS,
    LANES,
    LEAST_REACH,
    SCRATCH,
    SOFT,
    american_finish,
    american_places,
    american_prices,
    european_put,
    write_blocks,
    write_unit_put,
)
from tradesim.methods.tables.table import Nodes, Table, Trend, Worked
from tradesim.pricing import collocation
from tradesim.pricing.american import LOG_EXERCISE, boundary_row, slice_value
from tradesim.pricing.collocation import HIGH, tables_of
from tradesim.pricing.problem import Floats, Problem

LEAST_ROOT_RATE: Final = 0.01
"""Below this coordinate of the rate the premium is nil to 1e-5 of the strike."""

LONG_PAGES: Final = 2**20
"""Bytes from which a page is long. Shorter tables put their memory into nodes."""
SHORT, LONG = 8, 16
SPAN: Final = {SHORT: 4.0, LONG: 5.0}
"""How many deviations from the boundary the polynomial of a page reaches, by the numbers in a page."""

TREND: Final = Trend(size=(16.0**3, 26.0**3, 40.0**3), order=(3.0, 3.0, 3.0))
"""Nodes are best spread 16 : 26 : 40 over the axes, found by trial; sizes are in no unit."""


class AmericanTable(Table):
    """A page is a contract's curve along the spot; the spot may be any."""

    names = ("root_deviation", "root_rate", "bent_drift")
    bounded = False

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        least, most = (
            np.array([getattr(problem.domain.inputs[problem.domain.column(name)], end) for name in SLOW])
            for end in ("low", "high")
        )
        deviation = least[1] * np.sqrt(least[0]), most[1] * np.sqrt(most[0])
        time = most[0] + SOFT / least[1] ** 2
        drift = max(most[2] - least[3], most[3] - least[2])
        bent = np.arcsinh(drift * time / BEND)
        self.low = np.array([np.sqrt(deviation[0]), LEAST_ROOT_RATE, -bent])
        self.high = np.array([np.sqrt(deviation[1]), np.sqrt(max(most[2], most[3]) * time), bent])

    def width(self, budget: int) -> int:
        """Longer polynomials where there is memory for the nodes that deserve them."""
        return SHORT if budget < LONG_PAGES else LONG

    def trend(self) -> Trend:
        """As found."""
        return TREND

    def fill(self, points: Floats, pages: Floats) -> None:
        """Solve each point's boundary at reference accuracy, and fit the premium along the distance from it."""
        degree = pages.shape[1] - 2
        node = np.polynomial.chebyshev.chebpts1(degree + 1)
        fit = np.asarray(np.linalg.inv(np.vander(node, degree + 1)), dtype=np.float64)
        distance = 0.5 * SPAN[pages.shape[1]] * (node + 1.0)
        fill_pages(points, distance, fit, tables_of(HIGH), HIGH.row_width, pages)

    def work(self, count: int) -> tuple[NDArray[Any], ...]:
        """The inputs in blocks, and the kernels' scratch array."""
        return np.zeros((-(-count // LANES), INPUTS * LANES)), np.empty(SCRATCH)

    def lay_out(self, slow: Floats, work: tuple[NDArray[Any], ...]) -> None:
        """Write the blocks."""
        write_blocks(slow, work[0])

    def workspace(self, nodes: Nodes) -> tuple[NDArray[Any], ...]:
        """The kernel's plan, and the pages of a block of contracts."""
        width = nodes.pages.shape[1]
        plan = np.concatenate([nodes.shape, nodes.low, nodes.per, [nodes.reach, SPAN[width]]])
        return plan, np.empty((LANES, width), dtype=np.float32)

    def look_up(self, fast: Fast, prepared: Worked, nodes: Nodes, out: Floats) -> None:
        """The fused kernel."""
        blocks, scratch = prepared.work
        plan, page = nodes.work
        american_prices(fast, blocks, nodes.pages, plan, scratch, page, out)

    def place(self, fast: Fast, prepared: Worked) -> Floats:
        """The slow coordinates."""
        blocks, scratch = prepared.work
        out = np.empty((len(prepared.slow), len(self.names)))
        american_places(blocks, scratch, out)
        return out

    def finish(self, fast: Fast, prepared: Worked, pages: Floats, out: Floats) -> None:
        """European price and premium."""
        blocks, scratch = prepared.work
        american_finish(fast, blocks, pages, SPAN[pages.shape[1]], scratch, out)


SLOW: Final = ("expiry", "volatility", "rate", "dividend")


@njit(cache=True, error_model="numpy")
def fill_pages(
    points: Floats, distance: Floats, fit: Floats, tables: collocation.Tables, width: int, pages: Floats
) -> None:
    """Write the page of each point: ``fit`` turns shares of the amplitude at each ``distance`` into coefficients."""
    solved, put, share = np.empty(width), np.empty(INPUTS), np.empty(len(distance))
    put[STRIKE], put[EXPIRY], put[RIGHT] = 1.0, 1.0, -1.0
    for i in range(len(points)):
        write_unit_put(points[i], put)
        v, rate, dividend = put[VOLATILITY], put[RATE], put[DIVIDEND]
        boundary_row(1.0, 1.0, v, rate, dividend, -1, tables, solved)
        reach = min(max(1.0 / (1.0 - solved[LOG_EXERCISE] / v), LEAST_REACH), 1.0)
        boundary = v * (1.0 - 1.0 / reach)
        discount, yielded = np.exp(-rate), np.exp(-dividend)
        level = np.exp(boundary)
        amplitude = 1.0 - level - european_put(discount, level * yielded, (boundary + rate - dividend) / v, v)
        for j in range(len(distance)):
            moneyness = boundary + distance[j] * v
            asset = np.exp(moneyness)
            european = european_put(discount, asset * yielded, (moneyness + rate - dividend) / v, v)
            premium = slice_value(asset, solved) - european
            share[j] = min(max(premium / amplitude, 0.0), 1.0) if amplitude > 0.0 else 0.0
        pages[i, 0] = reach
        for k in range(len(distance)):
            total = 0.0
            for j in range(len(distance)):
                total += fit[k, j] * share[j]
            pages[i, k + 1] = total
