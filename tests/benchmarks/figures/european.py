"""Black-Scholes in a batch, beside the same formula in numpy and scipy."""

from collections.abc import Iterable

import numpy as np
from figure import Figure, seconds_of
from llvmlite.binding import get_host_cpu_features
from scipy.special import ndtr

from tradesim.methods.solvers.european import EuropeanSolver
from tradesim.pricing.columns import Points
from tradesim.pricing.european import EUROPEAN_PROBLEM, european_values, write_european_greeks

BATCH = 4096
CHAIN = 40


class NumpyFormula:
    """The formula as a careful user of numpy writes it: each step in place, in arrays made before."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._sign = points.right.astype(np.float64)
        self._work = [np.empty(len(points)) for _ in range(5)]

    def __call__(self):
        spot, strike, expiry, volatility, rate, dividend, _ = self._points.columns()
        asset, cash, deviation, upper, lower = self._work
        np.exp(np.multiply(np.negative(dividend, out=asset), expiry, out=asset), out=asset)
        asset *= spot
        np.exp(np.multiply(np.negative(rate, out=cash), expiry, out=cash), out=cash)
        cash *= strike
        np.multiply(np.sqrt(expiry, out=deviation), volatility, out=deviation)
        np.log(np.divide(asset, cash, out=upper), out=upper)
        upper /= deviation
        upper += np.multiply(deviation, 0.5, out=lower)
        np.subtract(upper, deviation, out=lower)
        upper *= self._sign
        lower *= self._sign
        asset *= ndtr(upper, out=upper)
        cash *= ndtr(lower, out=lower)
        asset -= cash
        asset *= self._sign
        return asset


def bar_of_this_machine() -> tuple[float | None, str]:
    """The ratio to reach with the vectors that this machine has."""
    features = get_host_cpu_features()
    if features.get("avx512f"):
        return 3.5, ">= 3.5x with AVX-512, error <= 1e-12 of max(S, K)"
    if features.get("avx2"):
        return 2.5, ">= 2.5x with AVX2, error <= 1e-12 of max(S, K)"
    return None, ""


def batch() -> Figure:
    """All inputs new for each option."""
    points = Points.of(EUROPEAN_PROBLEM.domain.sample(BATCH, seed=1))
    columns, out, formula = points.columns(), np.empty(BATCH), NumpyFormula(points)

    def ours():
        european_values(*columns, out)
        return out

    apart = (np.abs(ours() - formula()) / np.maximum(points.spot, points.strike)).max()
    mine, theirs = seconds_of(ours, formula, rounds=301, least=1e-4)
    least, bar = bar_of_this_machine()
    return Figure(
        what=f"Black-Scholes, a batch of {BATCH}, one thread",
        measured=f"{1e9 * mine / BATCH:.3g} ns an option, numpy and scipy {1e9 * theirs / BATCH:.3g} ns: "
        f"{theirs / mine:.3g}x; they differ by at most {apart:.1e} of max(S, K)",
        bar=bar,
        reached=None if least is None else bool(theirs / mine >= least and apart <= 1e-12),
    )


def chain() -> Figure:
    """What a method calls at each decision: a chain at one spot, from Python."""
    slow = EUROPEAN_PROBLEM.domain.sample(CHAIN, seed=2)[:, 1:].copy()
    solver, out = EuropeanSolver(), np.empty(CHAIN)
    rows = solver.rows(slow)
    sliced, full = seconds_of(
        lambda: solver.values(100.0, rows, out),
        lambda: solver.full_values(100.0, slow, out),
        rounds=301,
        least=1e-4,
    )
    return Figure(
        what=f"european, a chain of {CHAIN} on a spot tick, called from Python",
        measured=f"slice {1e9 * sliced:.0f} ns, full {1e9 * full:.0f} ns",
    )


def greeks() -> Figure:
    """Four Greeks in one pass."""
    columns, out = Points.of(EUROPEAN_PROBLEM.domain.sample(BATCH, seed=1)).columns(), np.empty((4, BATCH)).T
    (taken,) = seconds_of(lambda: write_european_greeks(*columns, out), rounds=301, least=1e-4)
    return Figure(
        what=f"european, delta gamma vega theta of {BATCH}", measured=f"{1e9 * taken / BATCH:.3g} ns an option"
    )


def figures() -> Iterable[Figure]:
    """Batch, chain, Greeks."""
    yield batch()
    yield chain()
    yield greeks()
