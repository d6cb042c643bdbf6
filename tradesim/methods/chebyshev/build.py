"""The making of a Chebyshev series: as many degrees as a memory budget deserves, tried on held-out points."""

from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from tradesim.errors import ProblemError
from tradesim.methods.built import error_of, stem
from tradesim.methods.chebyshev.method import Chebyshev
from tradesim.methods.chebyshev.series import Series, run_lengths, tensor_coefficients, tensor_points, thinned
from tradesim.methods.chebyshev.store import LAYOUT, BuiltSeries, save_series
from tradesim.methods.method import BuildCost
from tradesim.methods.staged import prices_at
from tradesim.methods.tables import table_of
from tradesim.methods.tables.table import Table, mesh
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress, silent
from tradesim.units import formatted_memory

DEFAULT_BYTES: Final = 2**14
MOST_POINTS: Final = 2**16
"""Evaluations of the reference for one tensor, at most."""
FIRST_COUNT, MOST_COUNT = 5, 256
"""Points on an axis at the beginning, and at the end at most."""
GROWTH: Final = 1.4
"""By how much the axis with the largest tail grows."""
LEAST_THRESHOLD: Final = 1e-15
CHUNK: Final = 4096


@dataclass(frozen=True, kw_only=True)
class SeriesSpec:
    """What to build: a series of at most ``budget`` bytes, tried on ``checked`` points drawn by ``seed``."""

    budget: int = DEFAULT_BYTES
    checked: int = 10_000
    seed: int = 20_240_607


def refusal(problem: Problem) -> str | None:
    """Why no series is made for ``problem``; None where one is."""
    try:
        dimension = len(table_of(problem).names)
    except ProblemError as error:
        return str(error)
    if FIRST_COUNT**dimension <= MOST_POINTS:
        return None
    return (
        f"a tensor over its {dimension} coordinates takes {FIRST_COUNT} points on each, "
        f"{formatted_memory(8 * FIRST_COUNT**dimension)}, more than {MOST_POINTS} evaluations of the reference"
    )


def series_path(home: Path, problem: Problem, spec: SeriesSpec) -> Path:
    """Where in the data home the series of ``spec`` is kept."""
    return home / "series" / f"{stem(problem, [LAYOUT, asdict(spec)])}.npz"


def build_series(problem: Problem, path: Path, spec: SeriesSpec, progress: Progress = silent) -> None:
    """Fit, try on held-out points, write to ``path`` whole or not at all. Deterministic."""
    table = table_of(problem)
    table.fill(table.low[None], np.empty((1, table.width(0))))
    began = perf_counter()
    series, evaluations = fitted(table, spec.budget, progress)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=evaluations)
    progress(1.0, 1.0, f"checking the {problem.name} series")
    inputs = problem.domain.sample(spec.checked, seed=spec.seed)
    reference, unit = problem.reference(inputs), problem.domain.in_units(inputs)
    built = BuiltSeries(series=series, cost=cost, error=error_of(reference, reference, unit))
    prices = prices_at(Chebyshev.of(problem, path, built), inputs)
    save_series(path, problem, replace(built, error=error_of(prices, reference, unit)))


def fitted(table: Table, budget: int, progress: Progress = silent) -> tuple[Series, int]:
    """The series of at most ``budget`` bytes, and how many evaluations it took.

    The tensor grows along the axis with the largest coefficients at its end, until these are less than what the budget
    leaves out anyway.
    """
    counts = [FIRST_COUNT] * len(table.names)
    evaluations = 0
    while True:
        progress(evaluations, MOST_POINTS, f"building the {table.problem.name} series")
        coefficients = interpolated(table, tuple(counts), table.width(budget))
        evaluations += prod(counts)
        threshold = threshold_within(coefficients, budget)
        tails = [_tail(coefficients, axis) if counts[axis] < MOST_COUNT else 0.0 for axis in range(len(counts))]
        axis = int(np.argmax(tails))
        grown = min(int(np.ceil(counts[axis] * GROWTH)), MOST_COUNT)
        if tails[axis] <= max(threshold, LEAST_THRESHOLD) or prod(counts) // counts[axis] * grown > MOST_POINTS:
            return thinned(coefficients, table.low, table.high, threshold), evaluations
        counts[axis] = grown


def interpolated(table: Table, counts: tuple[int, ...], width: int) -> Floats:
    """Coefficients of the tensor interpolant with ``counts`` points, float64[counts..., width]."""
    points = mesh(tensor_points(table.low, table.high, counts))
    values = np.empty((len(points), width))
    for first in range(0, len(points), CHUNK):
        table.fill(points[first : first + CHUNK], values[first : first + CHUNK])
    return tensor_coefficients(values.reshape(*counts, width), len(counts))


def threshold_within(coefficients: Floats, budget: int) -> float:
    """The least threshold at which a thinned series takes at most ``budget`` bytes."""
    *counts, last, width = coefficients.shape
    sizes = np.abs(coefficients.reshape(-1, last, width)).max(axis=2)
    box = 8 * (2 * len(counts) + 3)

    def takes(threshold: float) -> int:
        length = run_lengths(sizes, threshold)
        return int(box + 8 * width * length.sum() + (len(counts) + 8) * np.count_nonzero(length))

    levels = np.concatenate([[0.0], np.unique(sizes)])
    least, most = 0, len(levels) - 1
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if takes(float(levels[middle])) <= budget else (middle + 1, most)
    return float(levels[most])


def _tail(coefficients: Floats, axis: int) -> float:
    """The largest of the last two coefficients along ``axis``: two, for a function may be even."""
    return float(np.abs(np.moveaxis(coefficients, axis, 0)[-2:]).max())
