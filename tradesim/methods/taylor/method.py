"""An anchor with Greeks, refreshed in the background: a price is a polynomial in how far the spot has moved since."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods.bounds import bounds_of, held
from tradesim.methods.curve import refuses as refuses_slices
from tradesim.methods.method import Fast
from tradesim.methods.solvers import solver_of
from tradesim.methods.staged import HIT, Prepared, Staged, alive, deviations
from tradesim.pricing.collocation import ACCURATE, Scheme
from tradesim.pricing.problem import Floats, Problem

FAR: Final = "far"
"""Tag of a pricing in which the solver answered for contracts whose anchor the spot has left too far behind."""

REACH: Final = 0.25
"""Deviations that the spot may be from the anchor, relative to the anchor."""
NOWHERE: Final = -1.0

STEP: Final = 0.05
LEAST_STEP: Final = 1e-4
LARGEST_STEP: Final = 1e-3
"""Spot step of the differences: this part of the chain's least deviation, between these parts of the spot."""

DIFFERENCES: Final = np.array(
    [
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [1.0, -8.0, 0.0, 8.0, -1.0],
        [-1.0, 16.0, -30.0, 16.0, -1.0],
        [-1.0, 2.0, 0.0, -2.0, 1.0],
    ]
) / np.array([[1.0], [12.0], [24.0], [12.0]])
"""Five values a step apart to a polynomial's coefficients in steps: errors of fourth order, the cubic's of second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Expanded(Prepared):
    """A cubic a contract around one spot.

    ``rows``    float64[n, width], the solver's, for when the spot is out of reach
    ``anchor``  the spot of the expansion
    ``cubic``   float64[4 + 5, n], value, delta, gamma / 2 and speed / 6, and below them the bounds
                (:mod:`tradesim.methods.bounds`)
    ``reach``   float64[n], currency that the spot may move from the anchor, :data:`NOWHERE` where there is no cubic;
                ``nearest`` is the least
    """

    anchor: float
    cubic: Floats
    reach: Floats
    nearest: float

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        return super().nbytes + self.cubic.nbytes + self.reach.nbytes


class Taylor(Staged[Expanded]):
    """``taylor``: value, delta, gamma and speed at the spot of the ``update``, by differences of the solver.

    What the expansion leaves out at ``u`` deviations from the anchor is at most ``S v u^4 / 60`` for a European option
    of small deviation ``v`` (``max|f''''| = 0.4 / (S v)^3``), and ``1 + 2 v + 2 v^2`` of that for any. Beyond a quarter
    of a deviation the solver prices the contract from what ``update`` solved, and the tag is ``far``.

    An expansion knows nothing of the exercise boundary: beyond it an American option is wrong by half the jump of its
    gamma there times the square of the way beyond.
    """

    name = "taylor"

    def __init__(self, problem: Problem, scheme: Scheme = ACCURATE) -> None:
        super().__init__()
        why = refuses_slices(problem)
        if why is not None:
            raise ProblemError(f"method 'taylor' cannot price problem {problem.name!r}: {why}")
        self.problem = problem
        self._solver = solver_of(problem, scheme)

    def prepare(self, slow: Floats, anchor: Fast) -> Expanded:
        """Solve, and take differences of five values around the anchor."""
        domain = self.problem.domain
        deviation = deviations(domain, slow)
        step = anchor * step_of(deviation)
        rows = self._solver.rows(slow)
        values = np.empty((5, len(slow)))
        for number, out in enumerate(values):
            self._solver.values(anchor + (number - 2) * step, rows, out)
        bounds = bounds_of(self.problem, slow)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            cubic = DIFFERENCES @ values / step ** np.arange(4.0)[:, None]
        reach = np.where(np.isnan(deviation), np.inf, REACH * anchor * deviation)
        settled = ~alive(domain, slow) & np.isfinite(bounds).all(axis=0)
        cubic[:, settled], reach[settled] = 0.0, np.inf
        reach[~np.isfinite(cubic).all(axis=0)] = NOWHERE
        return Expanded(
            rows=rows,
            anchor=anchor,
            cubic=np.concatenate([cubic, bounds]),
            reach=reach,
            nearest=float(reach.min(initial=np.inf)),
        )

    def evaluate(self, fast: Fast, prepared: Expanded, out: Floats) -> str:
        """The cubics, held to their bounds; the solver where they are out of reach."""
        expand(fast, prepared.anchor, prepared.cubic, out)
        moved = abs(fast - prepared.anchor)
        if moved <= prepared.nearest:
            return HIT
        far = np.flatnonzero(~(moved <= prepared.reach))
        values = np.empty(len(far))
        self._solver.values(fast, prepared.rows[far], values)
        out[far] = values
        return FAR

    @property
    def nbytes(self) -> int:
        """Bytes of the solver's tables and of the workspace."""
        return super().nbytes + self._solver.nbytes


def step_of(deviation: Floats) -> float:
    """The step of differences, relative to the spot."""
    least = deviation.min(where=deviation > 0.0, initial=np.inf)
    return float(np.clip(STEP * least, LEAST_STEP, LARGEST_STEP))


@njit(cache=True, error_model="numpy")
def expand(spot: float, anchor: float, cubic: Floats, out: Floats) -> None:
    """Write the value of each cubic at ``spot``, within its bounds."""
    move, bounds = spot - anchor, cubic[4:]
    for i in range(len(out)):
        price = cubic[0, i] + move * (cubic[1, i] + move * (cubic[2, i] + move * cubic[3, i]))
        out[i] = held(price, spot, bounds, i)
