"""Building a subspace: principal components of surfaces, and splines from slow coordinates to their coefficients.

Source of the idea: D. Holden, B. C. Duong, S. Datta, D. Nowrouzezahrai (2019), "Subspace neural physics", SCA '19: the
state of many vertices is a few coefficients of principal components, and what moves them is learned in those alone.
"""

from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline, CubicSpline
from scipy.sparse.linalg import cg

from tradesim.methods.built import error_of
from tradesim.methods.method import BuildCost
from tradesim.methods.scalings import scaling_of
from tradesim.methods.subspace.kernel import AXES, REACHED, Subspace
from tradesim.methods.subspace.lanes import LANES
from tradesim.methods.subspace.store import BuiltSubspace, SubspaceSpec, save_subspace, subspace_prices
from tradesim.methods.subspace.surfaces import LEVELS, Surfaces, surfaces
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress, silent

DEGREE: Final = REACHED - 1
SMOOTHNESS: Final = 1e-6
"""Weight of the splines' second differences: it decides where no state is."""


def build_subspace(problem: Problem, path: Path, spec: SubspaceSpec, progress: Progress = silent) -> None:
    """Learn a subspace from surfaces, try it on held-out points, write it to ``path`` whole or not at all.

    Deterministic: the same spec gives the same tables.
    """
    scaling = scaling_of(problem)
    fast, *slow = scaling.coordinates
    compiled = problem.domain.sample(1, seed=spec.seed)
    problem.reference(compiled)
    scaling.features_and_terms(problem.domain, compiled)
    began = perf_counter()
    knots = np.linspace(*spec.along(problem, fast), spec.cells + 1)
    states = spec.sampled(problem, len(slow))
    if problem.evaluations is not None:
        states = min(states, problem.evaluations // len(knots))
    learned = surfaces(problem, scaling, knots, states, spec.seed, progress)
    progress(0, 1, "fitting the subspace")
    subspace = fitted(learned, knots, spec.shape(problem, len(slow)), problem.name in LEVELS)
    cost = BuildCost(seconds=perf_counter() - began, evaluations=learned.evaluations)
    held_out = problem.domain.sample(spec.checked, seed=spec.seed + 1)
    prices = subspace_prices(scaling, problem.domain, subspace, held_out)
    error = error_of(prices, problem.reference(held_out), problem.domain.in_units(held_out))
    save_subspace(path, problem, scaling, BuiltSubspace(subspace=subspace, cost=cost, error=error))


def fitted(learned: Surfaces, knots: Floats, shape: tuple[int, ...], has_level: bool) -> Subspace:
    """The subspace of surfaces: components by a weighted singular value decomposition, then the splines."""
    weighted = learned.values * learned.weights[:, None]
    components = np.linalg.svd(weighted, full_matrices=False)[2][: LANES - 1]
    targets = np.zeros((len(learned.slow), LANES))
    targets[:, 0] = 1.0 / (1.0 - learned.levels)
    targets[:, 1 : 1 + len(components)] = learned.values @ components.T
    low, high = learned.slow.min(axis=0), learned.slow.max(axis=0)
    positions = (learned.slow - low) / (high - low)
    nodes = _spline_nodes(positions, targets, learned.weights, shape)
    scale = (np.array(shape) - DEGREE) / (high - low)
    present = len(shape)
    absent = AXES - present
    strides = LANES * np.array([int(np.prod(shape[i + 1 :])) for i in range(present)], dtype=np.int64)
    return Subspace(
        nodes=nodes.astype(np.float32).ravel(),
        shape=np.concatenate([np.full(absent, REACHED), shape]).astype(np.int64),
        strides=np.concatenate([np.zeros(absent), strides]).astype(np.int64),
        columns=np.concatenate([np.zeros(absent), np.arange(1, present + 1)]).astype(np.int64),
        low=np.concatenate([np.zeros(absent), low]),
        scale=np.concatenate([np.zeros(absent), scale]),
        components=_cells(knots, components),
        first=float(knots[0]),
        pace=float((len(knots) - 1) / (knots[-1] - knots[0])),
        nil_below=0.0 if has_level else -np.inf,
    )


def _cells(knots: Floats, components: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Each cell's cubic in its own position, float32[cells x 4 x 8], flat."""
    spline = CubicSpline(knots, components.T)
    step = knots[1] - knots[0]
    cells = np.zeros((len(knots) - 1, 4, LANES), dtype=np.float32)
    for power in range(4):
        cells[:, power, 1 : 1 + len(components)] = spline.c[power] * step ** (3 - power)
    return cells.ravel()


def _spline_nodes(positions: Floats, targets: Floats, weights: Floats, shape: tuple[int, ...]) -> Floats:
    """Least squares of quadratic tensor splines on scattered states, smoothed where there are none."""
    design = _design(positions, shape)
    scaled = sparse.diags_array(weights / np.sqrt(np.mean(weights**2))) @ design
    share = np.prod(shape) / len(positions)
    normal = (scaled.T @ scaled) * share + SMOOTHNESS * _roughness(shape)
    right = scaled.T @ (targets * (weights / np.sqrt(np.mean(weights**2)))[:, None]) * share
    by_diagonal = sparse.diags_array(1.0 / normal.diagonal())
    solved = [cg(normal, column, rtol=1e-7, maxiter=5_000, M=by_diagonal)[0] for column in right.T]
    return np.stack(solved, axis=1)


def _design(positions: Floats, shape: tuple[int, ...]) -> sparse.csr_array:
    """Which nodes, and with which weights, make the spline at each position in the unit box."""
    count = len(positions)
    nodes, weights = np.zeros((count, 1), dtype=np.int64), np.ones((count, 1))
    for axis, many in enumerate(shape):
        knots = (np.arange(many + DEGREE + 1) - DEGREE) / (many - DEGREE)
        basis = BSpline.design_matrix(np.minimum(positions[:, axis], 1.0 - 1e-12), knots, DEGREE)
        along = basis.indices.reshape(count, REACHED)
        nodes = (nodes[:, :, None] * many + along[:, None, :]).reshape(count, -1)
        weights = (weights[:, :, None] * basis.data.reshape(count, REACHED)[:, None, :]).reshape(count, -1)
    starts = np.arange(count + 1) * nodes.shape[1]
    return sparse.csr_array((weights.ravel(), nodes.ravel(), starts), shape=(count, int(np.prod(shape))))


def _roughness(shape: tuple[int, ...]) -> sparse.csr_array:
    """The sum over axes of squared second differences."""
    total = sparse.csr_array((int(np.prod(shape)), int(np.prod(shape))))
    for axis, many in enumerate(shape):
        second = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(many - 2, many), dtype=np.float64)
        before, after = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
        whole = sparse.kron(sparse.kron(sparse.eye_array(before), second), sparse.eye_array(after), format="csr")
        total = total + whole.T @ whole
    return total
