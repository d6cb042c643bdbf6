"""The expansion of a price in several spots: gradient and all second derivatives at the last update's."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods.bounds import bounds_of, hold
from tradesim.methods.method import Fast
from tradesim.methods.solvers import solver_of
from tradesim.methods.staged import HIT, Prepared, Staged, deviations
from tradesim.methods.taylor.method import FAR, step_of
from tradesim.pricing.collocation import ACCURATE, Scheme
from tradesim.pricing.problem import Floats, Problem

REACH: Final = 0.1
"""Deviations that each spot may be from the anchor, relative to the anchor: less than with a third order."""

LEAST_ANCHOR: Final = 2.0**-1000
"""An asset worth less counts as this much: one worth nothing has then moved far from it, and the solver answers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quadratic(Prepared):
    """A quadratic form a contract around one point.

    ``rows``    float64[n, width], the solver's, for when a spot is out of reach
    ``anchor``  float64[d], the spots of the expansion
    ``terms``   float64[1 + d + d (d + 1) / 2, n]: value, first and second derivatives in relative moves, ordered as
                :func:`expand_many` has them
    ``reach``   float64[n], relative moves that are trusted; ``nearest`` is the least
    ``bounds``  float64[5, n], see :mod:`tradesim.methods.bounds`
    """

    anchor: Floats
    terms: Floats
    reach: Floats
    nearest: float
    bounds: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        return super().nbytes + self.anchor.nbytes + self.terms.nbytes + self.reach.nbytes + self.bounds.nbytes


class BasketTaylor(Staged[Quadratic]):
    """``taylor`` of a problem with several spots.

    An ``update`` asks the solver ``1 + d + d^2`` times, where a table with ``k`` nodes an axis asks ``k^d``
    times; what is left out is of third order. Beyond a tenth of a deviation in any spot the solver prices the contract,
    and the tag is ``far``.
    """

    name = "taylor"

    def __init__(self, problem: Problem, scheme: Scheme = ACCURATE) -> None:
        super().__init__()
        why = refuses(problem)
        if why is not None:
            raise ProblemError(f"method 'taylor' cannot price problem {problem.name!r}: {why}")
        self.problem = problem
        self._solver = solver_of(problem, scheme)

    def prepare(self, slow: Floats, anchor: Fast) -> Quadratic:
        """Solve, and take differences around the anchor."""
        deviation = deviations(self.problem.domain, slow)
        rows, anchor = self._solver.rows(slow), np.maximum(anchor, LEAST_ANCHOR)
        reach = np.where(np.isnan(deviation), np.inf, REACH * deviation)
        return Quadratic(
            rows=rows,
            anchor=anchor,
            terms=self._differences(rows, anchor, step_of(deviation)),
            reach=reach,
            nearest=float(reach.min(initial=np.inf)),
            bounds=bounds_of(self.problem, slow),
        )

    def _differences(self, rows: Floats, anchor: Floats, step: float) -> Floats:
        """The terms, by central differences of second order; mixed ones by ``f(++) + f(--) - f(+) - f(-) ...``."""

        def values(*moves: tuple[int, float]) -> Floats:
            spots, out = anchor.copy(), np.empty(len(rows))
            for asset, sign in moves:
                spots[asset] *= 1.0 + sign * step
            self._solver.values(spots, rows, out)
            return out

        assets, centre = range(len(anchor)), values()
        up, down = ([values((asset, sign)) for asset in assets] for sign in (1.0, -1.0))
        first = [(up[j] - down[j]) / (2.0 * step) for j in assets]
        squares = [(up[j] - 2.0 * centre + down[j]) / (2.0 * step**2) for j in assets]
        mixed = [
            (
                values((j, 1.0), (k, 1.0)) + values((j, -1.0), (k, -1.0))
                - up[j] - down[j] - up[k] - down[k] + 2.0 * centre
            ) / (2.0 * step**2)
            for j, k in combinations(assets, 2)
        ]  # fmt: skip
        return np.array([centre, *first, *squares, *mixed])

    def evaluate(self, fast: Fast, prepared: Quadratic, out: Floats) -> str:
        """The quadratic forms; the solver where they are out of reach."""
        moves = fast / prepared.anchor - 1.0
        expand_many(moves, prepared.terms, out)
        hold(float(np.mean(fast)), prepared.bounds, out)
        moved = float(np.abs(moves).max())
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


def refuses(problem: Problem) -> str | None:
    """Why a problem has no such expansion; None where it has one."""
    if {"volatility", "expiry"} <= set(problem.domain.names):
        return None
    return "it has no volatility and expiry to measure a reach by"


@njit(cache=True, error_model="numpy")
def expand_many(moves: Floats, terms: Floats, out: Floats) -> None:
    """Write the value of each form at relative ``moves``: the terms of 1, of each move, each square, each product."""
    assets = len(moves)
    out[:] = terms[0]
    mixed = 1 + 2 * assets
    for j in range(assets):
        for i in range(len(out)):
            out[i] += moves[j] * (terms[1 + j, i] + moves[j] * terms[1 + assets + j, i])
        for k in range(j + 1, assets):
            product = moves[j] * moves[k]
            for i in range(len(out)):
                out[i] += product * terms[mixed, i]
            mixed += 1
