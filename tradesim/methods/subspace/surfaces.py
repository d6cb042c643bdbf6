"""Surfaces to learn a subspace from: a problem's values along the fast coordinate, for states of the slow ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from tradesim.methods.scalings.scaling import BASE, SCALE, Scaling
from tradesim.methods.solvers import solver_of
from tradesim.pricing.american import LOG_EXERCISE
from tradesim.pricing.collocation import HIGH
from tradesim.pricing.problem import Domain, Floats, Problem
from tradesim.progress import Progress, silent

WIDEST: Final = 12.0
"""A spot is looked for within a factor of ``e^12`` of the middle of its interval."""
SCANNED: Final = 33
"""Fast inputs tried at a time in search of a coordinate."""
NARROWINGS: Final = 6
"""Times that the search for the least coordinate is narrowed, sixteen-fold each."""
CHUNK: Final = 500
"""States between two words of progress."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Surfaces:
    """Values along the fast coordinate of ``n`` states.

    ``slow``        float64[n, slow coordinates]
    ``levels``      float64[n], where each begins on the fast coordinate; zero where the problem has no level
    ``values``      float64[n, m], at level + knots
    ``weights``     float64[n], what a value is worth in the money of the domain
    ``evaluations`` of the reference that they took
    """

    slow: Floats
    levels: Floats
    values: Floats
    weights: Floats
    evaluations: int


def exercise_levels(solved: Floats, slow_coordinates: Floats) -> Floats:
    """American: the boundary, in deviations. Below it an option is exercised."""
    return np.asarray(solved[:, LOG_EXERCISE] / slow_coordinates[:, 0])


LEVELS: Final[dict[str, Callable[[Floats, Floats], Floats]]] = {"american": exercise_levels}
"""Levels by the problem's name, from rows of its solver and slow coordinates."""


def surfaces(
    problem: Problem, scaling: Scaling, knots: Floats, count: int, seed: int, progress: Progress = silent
) -> Surfaces:
    """Values at ``knots`` of ``count`` states of the domain.

    The spot is swept beyond the domain where the knots ask for it. A state in which the value has no say, or whose
    level no spot comes near, is left out.
    """
    domain = problem.domain
    inputs = _states(domain, count, seed)
    features, terms = scaling.features_and_terms(domain, inputs)
    kept = terms[:, SCALE] > 0.0
    inputs, weights = inputs[kept], (terms[:, SCALE] * domain.in_units(inputs))[kept]
    slow_coordinates = features[kept, 1 : len(scaling.coordinates)]
    solver = solver_of(problem, HIGH)
    solved = solver.rows(np.ascontiguousarray(inputs[:, 1:]))
    levels = LEVELS[problem.name](solved, slow_coordinates) if problem.name in LEVELS else np.zeros(len(inputs))
    values, price = np.full((len(inputs), len(knots)), np.nan), np.empty(1)
    for i, each in enumerate(inputs):
        if i % CHUNK == 0:
            progress(i, len(inputs), f"pricing {problem.name} surfaces")
        along, asked, known = _sweep(problem, scaling, each, levels[i] + knots)
        if len(asked) < len(knots) // 2:
            continue
        found = np.empty(len(asked))
        for j, fast in enumerate(asked):
            solver.values(fast, solved[i : i + 1], price)
            found[j] = (price[0] - known[j, BASE]) / known[j, SCALE]
        values[i] = CubicSpline(along, found)(levels[i] + knots)
    told = np.isfinite(values).all(axis=1)
    return Surfaces(
        slow=slow_coordinates[told],
        levels=levels[told],
        values=values[told],
        weights=weights[told],
        evaluations=int(told.sum()) * len(knots),
    )


def _states(domain: Domain, count: int, seed: int) -> Floats:
    """Inputs over the box, denser towards its faces as Chebyshev's nodes are: nothing is beyond them to learn from."""
    shares = 0.5 - 0.5 * np.cos(np.pi * np.random.default_rng(seed).random((count, len(domain.inputs))))
    return np.stack([each.at(shares[:, i]) for i, each in enumerate(domain.inputs)], axis=1)


def _sweep(problem: Problem, scaling: Scaling, inputs: Floats, wanted: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the fast coordinate of a state comes near ``wanted``: it there, the fast input, and the terms.

    Coordinates are affine in the log-spot or nearly, or folded at one point and so on each side of it.
    """
    fast = problem.domain.inputs[0]

    def at(places: Floats) -> tuple[Floats, Floats, Floats]:
        table = np.repeat(inputs[None], len(places), axis=0)
        table[:, 0] = np.exp(places) if fast.money else places
        features, terms = scaling.features_and_terms(problem.domain, table)
        return features[:, 0], table[:, 0], terms

    low, high = fast.low, fast.high
    if fast.money:
        middle = 0.5 * np.log(low * high)
        low, high = middle - WIDEST, middle + WIDEST
    bottom = _least(lambda places: at(places)[0], low, high)
    end = high if bottom - low <= high - bottom else low
    places = bottom + (end - bottom) * np.linspace(0.0, 1.0, SCANNED) ** 6
    for _ in range(3):
        coordinates = at(places)[0]
        order = np.argsort(coordinates, kind="stable")
        places = np.interp(wanted, coordinates[order], places[order])
    coordinates, asked, terms = at(places)
    _, distinct = np.unique(coordinates, return_index=True)
    return coordinates[distinct], asked[distinct], terms[distinct]


def _least(coordinate: Callable[[Floats], Floats], low: float, high: float) -> float:
    for _ in range(NARROWINGS):
        places = np.linspace(low, high, SCANNED)
        best = int(np.argmin(coordinate(places)))
        if best in {0, SCANNED - 1}:
            break
        low, high = float(places[best - 1]), float(places[best + 1])
    return float(places[best])
