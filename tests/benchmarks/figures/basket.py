"""The curse of dimension: what a basket of d assets costs to compute, to tabulate and to learn, at stated errors.

All errors are on a strike of 100, over the domain, on the same points for each d.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import QuantLib as ql  # noqa: N813
from figure import Figure, seconds_of
from scipy.interpolate import RegularGridInterpolator

from tradesim.methods.lightgbm.method import ForestMethod
from tradesim.methods.lightgbm.store import ForestSpec
from tradesim.methods.lightgbm.training import build_forest
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import BASE, SCALE, compose
from tradesim.methods.solvers.basket import BasketSolver
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS
from tradesim.pricing.basket import proxy, values
from tradesim.pricing.basket_grids import FINEST, REFERENCE, WORKING
from tradesim.pricing.problem import Floats, Problem

POINTS = 2_000
FINER = 1e-8
TABULATED = (2, 3, 4)
"""Dimensions whose table is filled; for the others its nodes are counted."""
FOREST = ForestSpec(points=20_000, checked=500)


def figures() -> Iterable[Figure]:
    """By dimension: the program, a table, a forest; then the program beside QuantLib's."""
    for d in FINEST:
        yield _computed(d)
    for d in FINEST:
        yield _tabulated(d)
    for d in FINEST:
        yield _learned(d)
    for d in (2, 3, 4, 5):
        yield _beside_quantlib(d)


def _rmse(off: Floats) -> float:
    return float(np.sqrt(np.mean(off**2)))


def _computed(d: int) -> Figure:
    problem = PROBLEMS[f"basket-{d}"]
    inputs = problem.domain.sample(POINTS // 10, seed=1)
    solver, spots = BasketSolver(d, WORKING), np.full(d, 100.0)
    slow = inputs[:, d:].copy()
    rows, out = solver.rows(slow), np.empty(len(slow))
    reference, full, price = seconds_of(
        lambda: values(inputs, d, REFERENCE),
        lambda: solver.full_values(spots, slow, out),
        lambda: solver.values(spots, rows, out),
        rounds=5,
    )
    truth = values(inputs, d, FINER)
    return Figure(
        what=f"basket-{d}, computed",
        measured=f"reference {reference / len(slow) * 1e6:,.1f} us at rmse {_rmse(values(inputs, d) - truth):.0e}; "
        f"full {full / len(slow) * 1e6:,.1f} us, slice {price / len(slow) * 1e6:,.1f} us "
        f"at rmse {_rmse(values(inputs, d, WORKING) - truth):.0e}; grids {solver.nbytes / 1024:,.0f} KiB",
    )


def _tabulated(d: int) -> Figure:
    """A multilinear table of the scaling's value: 17 x 5 each gap x 9 x 9 nodes."""
    counts = (17, *([5] * (d - 1)), 9, 9)
    nodes = math.prod(counts)
    what, size = f"basket-{d}, tabulated", f"{nodes:,} nodes, {nodes * 8 / 2**20:,.1f} MiB"
    if d not in TABULATED:
        return Figure(what=what, measured=f"{size}, not filled")
    problem = PROBLEMS[f"basket-{d}"]
    inputs = problem.domain.sample(POINTS, seed=2)
    return Figure(what=what, measured=f"{size} at rmse {_rmse(_table_errors(problem, counts, inputs)):.4f}")


def _table_errors(problem: Problem, counts: tuple[int, ...], inputs: Floats) -> Floats:
    """What the prices of a multilinear table are off by."""
    scaling, domain = scaling_of(problem), problem.domain
    low, high = (np.array([getattr(each, end) for each in scaling.coordinates]) for end in ("low", "high"))
    axes = [np.linspace(*ends) for ends in zip(low, high, counts, strict=True)]
    axes[domain.fast] = np.linspace(math.sqrt(low[domain.fast]), math.sqrt(high[domain.fast]), counts[-2]) ** 2
    nodes = _inputs_of(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(counts)), domain.fast)
    _, terms = scaling.features_and_terms(domain, nodes)
    held = (problem.reference(nodes) - terms[:, BASE]) / terms[:, SCALE]
    features, terms = scaling.features_and_terms(domain, inputs)
    found = RegularGridInterpolator(axes, held.reshape(counts))(np.clip(features[:, : len(counts)], low, high))
    prices = np.empty(len(inputs))
    compose(terms, found, prices)
    return prices - problem.reference(inputs)


def _inputs_of(coordinates: Floats, d: int) -> Floats:
    """Options of a year, strike 100, no interest, that have the scaling's coordinates."""
    moneyness, gaps, deviation, correlation = np.split(coordinates, [1, d, d + 1], axis=1)
    spots = np.exp(-np.cumsum(np.hstack([np.zeros_like(moneyness), gaps]), axis=1))
    spots /= spots.mean(axis=1, keepdims=True)
    second = (spots**2).sum(axis=1, keepdims=True) / d**2
    together, alone = np.expm1(correlation * deviation**2), np.expm1(deviation**2)
    spots *= 100.0 * np.exp(moneyness * np.sqrt(np.log1p(together * (1.0 - second) + alone * second)))
    ones, zeros = np.ones_like(moneyness), np.zeros_like(moneyness)
    right = np.where(moneyness > 0.0, -1.0, 1.0)
    return np.hstack([spots, 100.0 * ones, ones, deviation, zeros, zeros, right, correlation])


def _learned(d: int) -> Figure:
    problem = PROBLEMS[f"basket-{d}"]
    inputs = problem.domain.sample(POINTS, seed=2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "forest.txt"
        build_forest(problem, path, FOREST)
        method = ForestMethod(problem, path)
        off = prices_at(method, inputs) - problem.reference(inputs)
        cost = method.build_cost
        return Figure(
            what=f"basket-{d}, learned",
            measured=f"forest of {method.built.forest.nbytes / 2**20:,.1f} MiB at rmse {_rmse(off):.4f}, "
            f"built in {cost.seconds:,.0f} s from {cost.evaluations:,} reference prices; "
            f"its proxy alone {_rmse(proxy(inputs, d) - problem.reference(inputs)):.4f}",
        )


def _beside_quantlib(d: int) -> Figure:
    inputs = PROBLEMS[f"basket-{d}"].domain.sample(40, seed=3)
    inputs[:, d + 1] = np.maximum(np.rint(365.0 * inputs[:, d + 1]), 1.0) / 365.0
    truth = values(inputs, d, FINER)
    options = [_choi(row, d) for row in inputs]

    def quantlib() -> list[float]:
        for option in options:
            option.recalculate()
        return [option.NPV() for option in options]

    ours, theirs = seconds_of(lambda: values(inputs, d, WORKING), quantlib, rounds=7)
    return Figure(
        what=f"basket-{d}, beside QuantLib's Choi engine (lambda 5)",
        measured=f"{theirs / ours:,.1f}x its speed: {ours / 40 * 1e6:,.1f} us at rmse "
        f"{_rmse(values(inputs, d, WORKING) - truth):.0e} against {theirs / 40 * 1e6:,.1f} us at rmse "
        f"{_rmse(np.array(quantlib()) - truth):.0e}",
    )


def _choi(row: Floats, d: int) -> ql.BasketOption:
    strike, expiry, volatility, rate, dividend, right, correlation = (float(each) for each in row[d:])
    today, counter = ql.Date(1, 1, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    carry, interest = (ql.YieldTermStructureHandle(ql.FlatForward(today, each, counter)) for each in (dividend, rate))
    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, counter))
    processes = [
        ql.GeneralizedBlackScholesProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), carry, interest, surface)
        for spot in row[:d].tolist()
    ]
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike)
    option = ql.BasketOption(
        ql.AverageBasketPayoff(payoff, [1.0 / d] * d), ql.EuropeanExercise(today + round(365 * expiry))
    )
    matrix = correlation + (1.0 - correlation) * np.eye(d)
    option.setPricingEngine(ql.ChoiBasketEngine(processes, ql.Matrix(matrix.tolist()), 5.0))
    return option
