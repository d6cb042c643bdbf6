"""American options beside QuantLib's engine of the same method (Andersen, Lake and Offengenden 2016).

Truth is QuantLib's ``highPrecision`` scheme. QuantLib is called from Python, two calls an option, as its users do.
Errors are for a strike of 100.
"""

from collections.abc import Callable, Iterable

import numpy as np
import QuantLib as ql  # noqa: N813
from figure import Figure, seconds_of

from tradesim.methods.solvers import solver_of
from tradesim.pricing import PROBLEMS
from tradesim.pricing.american import american_values, greeks
from tradesim.pricing.collocation import ACCURATE, FAST, HIGH, Scheme, tables_of
from tradesim.pricing.columns import Points
from tradesim.pricing.problem import Floats

SPOT = 100.0
COUNT = 400
CHAIN = 40
TICKS = 100
"""Ticks an update is spread over in the amortised figure."""

AMERICAN = PROBLEMS["american"]
TODAY = ql.Date(1, 1, 2024)
COUNTER = ql.Actual365Fixed()


def points_at_one_spot() -> Points:
    """Points of the domain in whole days, as QuantLib's calendar has them, in a currency in which the spot is 100."""
    points = Points.of(AMERICAN.domain.sample(COUNT, seed=5))
    return Points(
        spot=np.full(COUNT, SPOT),
        strike=points.strike * SPOT / points.spot,
        expiry=np.maximum(np.rint(365 * points.expiry), 1) / 365,
        volatility=points.volatility,
        rate=points.rate,
        dividend=points.dividend,
        right=points.right,
    )


def first(points: Points, count: int) -> Points:
    """The first ``count`` of ``points``."""
    return Points.of(points.inputs()[:count])


def _flat(level: float) -> ql.YieldTermStructureHandle:
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, float(level), COUNTER))


def quantlib(points: Points, scheme: str) -> Callable[[], Floats]:
    """Prices ``points`` anew at each call; all but the pricing is done before."""
    ql.Settings.instance().evaluationDate = TODAY
    options, out = [], np.empty(len(points))
    for spot, strike, expiry, volatility, rate, dividend, right in zip(*points.columns(), strict=True):
        surface = ql.BlackConstantVol(TODAY, ql.NullCalendar(), float(volatility), COUNTER)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(float(spot))),
            _flat(dividend),
            _flat(rate),
            ql.BlackVolTermStructureHandle(surface),
        )
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, float(strike))
        option = ql.VanillaOption(payoff, ql.AmericanExercise(TODAY, TODAY + round(365 * expiry)))
        option.setPricingEngine(ql.QdFpAmericanEngine(process, getattr(ql.QdFpAmericanEngine, f"{scheme}Scheme")()))
        options.append(option)

    def price() -> Floats:
        for i, option in enumerate(options):
            option.recalculate()
            out[i] = option.NPV()
        return out

    return price


def rmse(values: Floats, truth: Floats, points: Points) -> float:
    """Root mean square error for a strike of 100."""
    return float(np.sqrt(np.mean(((values - truth) * 100.0 / points.strike) ** 2)))


def cold(points: Points, truth: Floats, scheme: Scheme, name: str, theirs_name: str, bar: str) -> Figure:
    """A single price with all inputs new: boundary, premium, value."""
    columns, tables, out = points.columns(), tables_of(scheme), np.empty(len(points))
    other = quantlib(points, theirs_name)

    def ours() -> Floats:
        american_values(*columns, tables, out)
        return out

    error, other_error = rmse(ours(), truth, points), rmse(other(), truth, points)
    mine, theirs = seconds_of(ours, other, rounds=15)
    return Figure(
        what=f"american, cold, {name} beside QuantLib's {theirs_name}Scheme",
        measured=f"{1e6 * mine / len(points):.3g} us at rmse {error:.1e}, "
        f"QuantLib {1e6 * theirs / len(points):.3g} us at {other_error:.1e}: {theirs / mine:.3g}x",
        bar=bar,
        reached=bool(mine <= theirs and error <= other_error) if bar else None,
    )


def tick(points: Points, truth: Floats) -> Iterable[Figure]:
    """A chain repriced when the spot moves, its boundaries known: ``price`` alone, and with its share of an update."""
    solver = solver_of(AMERICAN, ACCURATE)
    values, some = np.empty(len(points)), first(points, CHAIN)
    solver.values(SPOT, solver.rows(points.inputs()[:, 1:].copy()), values)
    slow, out = some.inputs()[:, 1:].copy(), np.empty(CHAIN)
    rows, other = solver.rows(slow), quantlib(some, "accurate")
    error, other_error = rmse(values, truth, points), rmse(quantlib(points, "accurate")(), truth, points)
    price, update, theirs = seconds_of(
        lambda: solver.values(SPOT, rows, out), lambda: solver.rows(slow), other, rounds=31, least=1e-4
    )
    each = [1e9 * seconds / CHAIN for seconds in (price, update, theirs)]
    accurate = f"rmse {error:.1e}, QuantLib {other_error:.1e}"
    yield Figure(
        what=f"american, a chain of {CHAIN} on a spot tick (slice), price beside QuantLib's accurateScheme",
        measured=f"{each[0]:.0f} ns an option, QuantLib {each[2] / 1e3:.0f} us: {each[2] / each[0]:.0f}x; {accurate}",
        bar=">= 100x at equal or better rmse",
        reached=bool(each[2] >= 100.0 * each[0] and error <= other_error),
    )
    amortised = each[1] / TICKS + each[0]
    yield Figure(
        what=f"the same, amortised at {TICKS} ticks an update",
        measured=f"{amortised:.0f} ns an option (an update takes {each[1] / 1e3:.3g} us): {each[2] / amortised:.0f}x",
    )


def four_greeks(points: Points) -> Figure:
    """Delta and gamma of the slice, vega and theta by differences."""
    columns = points.columns()
    (taken,) = seconds_of(lambda: greeks(*columns), rounds=5)
    return Figure(
        what="american, delta gamma vega theta at the reference's precision",
        measured=f"{1e6 * taken / len(points):.3g} us an option",
    )


def figures() -> Iterable[Figure]:
    """Cold prices at three accuracies, a chain on a tick, Greeks."""
    points = points_at_one_spot()
    truth = quantlib(points, "highPrecision")().copy()
    yield cold(points, truth, FAST, "FAST", "fast", "at least as fast at equal or better rmse")
    yield cold(points, truth, ACCURATE, "ACCURATE", "accurate", "")
    yield cold(points, truth, HIGH, "HIGH", "highPrecision", "")
    yield from tick(points, truth)
    yield four_greeks(points)
