"""What the pricing kernels take, QuantLib beside them on the same points in the same run."""

import numpy as np
import pytest

from tradesim.methods.solvers import solver_of
from tradesim.methods.solvers.european import EuropeanSolver
from tradesim.pricing import PROBLEMS
from tradesim.pricing.american import american_values
from tradesim.pricing.collocation import ACCURATE, FAST, HIGH, tables_of
from tradesim.pricing.columns import Points
from tradesim.pricing.european import european_values
from tradesim.pricing.implied import implied_volatilities

EUROPEAN, AMERICAN = PROBLEMS["european"], PROBLEMS["american"]
SCHEMES = {"fast": (FAST, "fast"), "accurate": (ACCURATE, "accurate"), "high": (HIGH, "highPrecision")}


def test_bench_european_batch(whole_days, quantlib, beside_quantlib):
    points = whole_days(EUROPEAN.domain, 1000)
    columns, out = points.columns(), np.empty(len(points))

    def ours():
        european_values(*columns, out)
        return out

    beside_quantlib(ours, quantlib(points, "european"), len(points))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bench_american_cold(scheme, benchmark, figure, whole_days, quantlib, beside_quantlib):
    """Boundary and price anew; QuantLib by the same method (Andersen, Lake and Offengenden) at its scheme of that name.

    Schemes of one name are not equally accurate, so the largest error of either is told, at a strike of 100.
    """
    mine, theirs = SCHEMES[scheme]
    points = whole_days(AMERICAN.domain, 200)
    columns, tables, out = points.columns(), tables_of(mine), np.empty(len(points))

    def ours():
        american_values(*columns, tables, out)
        return out

    other = quantlib(points, "american", theirs)
    beside_quantlib(ours, other, len(points))
    if benchmark.enabled:
        truth = quantlib(points, "american", "highPrecision")()
        figure("largest error", lambda _: f"{np.abs(out - truth).max():.1e}")
        figure("QuantLib largest error", lambda _: f"{np.abs(other() - truth).max():.1e}")


def chain_of_40(whole_days) -> Points:
    """Forty contracts of one underlying at 100."""
    points = whole_days(AMERICAN.domain, 40)
    return Points(
        spot=np.full(40, 100.0),
        strike=np.repeat(np.linspace(85.0, 115.0, 20), 2),
        expiry=np.tile([7, 7, 30, 30, 90, 90, 180, 180], 5) / 365,
        volatility=np.full(40, 0.3),
        rate=np.full(40, 0.045),
        dividend=np.full(40, 0.01),
        right=points.right,
    )


@pytest.mark.parametrize("problem", ["european", "american"])
def test_bench_slice_of_a_chain_of_40(problem, whole_days, quantlib, beside_quantlib):
    """A function of the spot alone, the boundaries known; the other side prices each contract anew."""
    points = chain_of_40(whole_days)
    solver, out = solver_of(PROBLEMS[problem], ACCURATE), np.empty(40)
    rows = solver.rows(points.inputs()[:, 1:])

    def ours():
        solver.values(100.0, rows, out)
        return out

    beside_quantlib(ours, quantlib(points, problem), 40)


def test_bench_boundaries_of_a_chain_of_40(benchmark, figure, whole_days):
    """The heavy half of a slice: what an update of the volatilities takes."""
    slow = chain_of_40(whole_days).inputs()[:, 1:]
    rows = benchmark(solver_of(AMERICAN, ACCURATE).rows, slow)
    figure("us a contract", lambda median: f"{1e6 * median / 40:.3g}")
    assert len(rows) == 40
    assert isinstance(solver_of(EUROPEAN, ACCURATE), EuropeanSolver)


@pytest.mark.parametrize("style", [0, 1], ids=["european", "american"])
def test_bench_implied_volatilities_of_a_chain_of_40(benchmark, figure, whole_days, style):
    """Each from a guess a tenth too high, as after a move."""
    points = chain_of_40(whole_days)
    spot, strike, expiry, volatility, rate, dividend, right = points.columns()
    price = (AMERICAN if style else EUROPEAN).reference(points.inputs())
    styles, found = np.full(40, style, dtype=np.int8), np.empty(40)
    benchmark(implied_volatilities, price, spot, strike, expiry, rate, dividend, right, styles, 1.1 * volatility, found)
    figure("us an option", lambda median: f"{1e6 * median / 40:.3g}")
    assert found[np.isfinite(found)] == pytest.approx(0.3, abs=1e-4)
