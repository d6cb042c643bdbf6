"""Grids of the american problem, all inputs new at each decision: 60 ns an option, and what memory costs.

Accuracy is over the whole domain (calls and puts, dividends, four dimensionless numbers), on points of this script's
own. Speed is that of ``price`` for a chain of 40 called from Python, and of the same kernel in bulk.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns

import numpy as np
from figure import Figure, seconds_of
from scipy.interpolate import RegularGridInterpolator

from tradesim.experiments.timing import FLUSH_BYTES
from tradesim.methods.grid.method import Grid
from tradesim.methods.registry import make_method
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.units import formatted_memory

AMERICAN = PROBLEMS["american"]
CHAIN = 40
BUDGETS = ("16KiB", "64KiB", "256KiB", "1MiB", "4MiB")
BARRED = "grid-linear@256KiB"
"""The grid that is held against the bar; the others show what more or less memory, and cubics, are worth."""


def figures() -> Iterable[Figure]:
    """The bar, the flushed caches, scipy's table, and every budget."""
    inputs = AMERICAN.domain.sample(20_000, seed=1)
    reference = AMERICAN.reference(inputs)
    with TemporaryDirectory() as folder:
        for name in ("grid-linear", "grid"):
            for budget in BUDGETS:
                method = made(f"{name}@{budget}", Path(folder))
                yield budget_figure(method, inputs, reference)
        yield scipy_figure(made("grid-linear@64KiB", Path(folder)), inputs, reference)


def made(name: str, home: Path) -> Grid:
    """The grid, built if it is missing."""
    method = make_method(name, AMERICAN, home)
    assert isinstance(method, Grid)
    method.open()
    return method


def rmse_of(prices: Floats, reference: Floats) -> float:
    """On a strike of 100."""
    return float(np.sqrt(np.mean((prices - reference) ** 2)))


def budget_figure(method: Grid, inputs: Floats, reference: Floats) -> Figure:
    """Error, and nanoseconds an option: in a chain, in bulk, and with caches flushed."""
    rmse = rmse_of(prices_at(method, inputs), reference)
    chain, bulk = slow_at(inputs, CHAIN), slow_at(inputs, len(inputs))
    noted, all_noted = method.prepare(chain, 100.0), method.prepare(bulk, 100.0)
    out, all_out = np.empty(CHAIN), np.empty(len(bulk))
    by_chain, by_bulk = seconds_of(
        lambda: method.evaluate(100.0, noted, out), lambda: method.evaluate(100.0, all_noted, all_out)
    )
    flushed, flushed_p99 = flushed_ns(lambda: method.evaluate(100.0, noted, out))
    held = method.grid.nodes.nbytes
    barred = method.name == BARRED
    return Figure(
        what=f"american full, {method.name}, chain of {CHAIN}",
        measured=(
            f"rmse {rmse:.1e}, {by_chain / CHAIN * 1e9:.0f} ns an option from Python, "
            f"{by_bulk / len(bulk) * 1e9:.0f} in bulk; caches flushed {flushed / CHAIN:.0f}, "
            f"p99 {flushed_p99 / CHAIN:.0f}; table {formatted_memory(held)}, all told {method.nbytes} B"
        ),
        bar="60 ns, 1 MiB, rmse 0.004" if barred else "",
        reached=(by_chain / CHAIN <= 60e-9 and held <= 2**20 and rmse <= 0.004) if barred else None,
    )


def slow_at(inputs: Floats, count: int) -> Floats:
    """Slow inputs of the first ``count`` points, their strikes scaled so that the spot is 100."""
    slow = inputs[:count, 1:].copy()
    slow[:, 0] *= 100.0 / inputs[:count, 0]
    return slow


def flushed_ns(call: Callable[[], object], rounds: int = 400) -> tuple[float, float]:
    """Median and 99th percentile of a call after :data:`FLUSH_BYTES` were written."""
    other, readings = np.zeros(FLUSH_BYTES // 8), []
    for _ in range(rounds):
        other += 1.0
        began = perf_counter_ns()
        call()
        readings.append(perf_counter_ns() - began)
    return median(readings), float(np.quantile(readings, 0.99))


def scipy_figure(method: Grid, inputs: Floats, reference: Floats) -> Figure:
    """Scipy's interpolator called per option, on the four numbers that an option comes to, which it is given.

    Its table holds prices of puts over the strike, at as many nodes as a MiB holds.
    """
    axes = [np.linspace(low, high, nodes) for (low, high), nodes in zip(BOX, (13, 13, 20, 39), strict=True)]
    mesh = np.meshgrid(*axes, indexing="ij")
    moneyness, deviation, rate, dividend = (each.ravel() for each in mesh)
    ones = np.ones(len(moneyness))
    spot = 100.0 * np.exp(moneyness)
    table = AMERICAN.reference(np.stack([spot, 100.0 * ones, ones, deviation, rate, dividend, -ones], axis=1)) / 100.0
    interpolator = RegularGridInterpolator(axes, table.reshape(mesh[0].shape), bounds_error=False, fill_value=None)
    points = put_numbers(inputs)
    cash = np.where(inputs[:, 6] > 0.0, inputs[:, 0], inputs[:, 1])
    rmse = rmse_of(interpolator(points) * cash, reference)
    chain, out = method.prepare(slow_at(inputs, CHAIN), 100.0), np.empty(CHAIN)
    one = points[:1]
    ours, theirs = seconds_of(lambda: method.evaluate(100.0, chain, out), lambda: interpolator(one))
    ratio = theirs / (ours / CHAIN)
    return Figure(
        what="grid-linear@64KiB beside scipy's RegularGridInterpolator, one call an option",
        measured=(
            f"{ours / CHAIN * 1e9:.0f} ns at rmse {rmse_of(prices_at(method, inputs), reference):.1e} against "
            f"{theirs * 1e9:.0f} ns at rmse {rmse:.1e} (1 MiB of prices): {ratio:.0f}x"
        ),
        bar="200x",
        reached=ratio >= 200.0,
    )


BOX = ((-0.5, 0.5), (0.005, 0.8), (0.0, 0.08), (-0.08, 0.08))


def put_numbers(inputs: Floats) -> Floats:
    """Moneyness, deviation, rate x expiry and dividend x expiry of each option as a put."""
    spot, strike, expiry, volatility, rate, dividend, right = inputs.T
    call = right > 0.0
    moneyness = np.where(call, np.log(strike / spot), np.log(spot / strike))
    earned, paid = np.where(call, dividend, rate), np.where(call, rate, dividend)
    return np.stack([moneyness, volatility * np.sqrt(expiry), np.maximum(earned, 0.0) * expiry, paid * expiry], axis=1)
