"""Between computing and remembering: slices sampled along the spot, expansions around it, and a memo.

The chain is forty options around a spot of 100, expiries 7 to 180 days. Errors are root mean squares over spots within
1 % of the update's, against the same problem at reference accuracy, or against QuantLib's high-precision scheme.
"""

from collections.abc import Callable, Iterator

import numpy as np
import QuantLib as ql  # noqa: N813
from figure import Figure, seconds_of

from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.curve import Curve
from tradesim.methods.memo.method import Memo
from tradesim.methods.reference import Reference
from tradesim.methods.staged import Staged
from tradesim.methods.taylor.method import Taylor
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats, Problem
from tradesim.units import SECOND, YEAR

COUNT = 40
STRIKE = np.repeat(np.linspace(85.0, 115.0, 20), 2)
DAYS = np.tile([7, 7, 30, 30, 90, 90, 180, 180], 5)
RIGHT = np.where(np.arange(COUNT) % 2 == 0, 1.0, -1.0)
VOLATILITY, RATE, DIVIDEND = 0.3, 0.045, 0.01
SLOW = np.stack([STRIKE, DAYS / 365, *(np.full(COUNT, x) for x in (VOLATILITY, RATE, DIVIDEND)), RIGHT], axis=1)
SPOTS = np.linspace(99.0, 101.0, 11)
TICKS = 100
"""Prices an update at which amortised times are told."""


def figures() -> Iterator[Figure]:
    """Slices, expansions, memo."""
    yield from _beside_quantlib()
    for name in ("european", "american"):
        yield from _beside_the_solver(PROBLEMS[name])
    yield from _staleness(PROBLEMS["american"])
    yield from _hit_rates(PROBLEMS["american"])


def _prices(method: Staged, prepared: object, spots: Floats = SPOTS) -> Floats:
    out = np.empty((len(spots), COUNT))
    for row, spot in zip(out, spots, strict=True):
        method.evaluate(float(spot), prepared, row)
    return out


def _rmse(prices: Floats, truth: Floats) -> float:
    return float(np.sqrt(np.mean((prices - truth) ** 2)))


def _beside_quantlib() -> Iterator[Figure]:
    problem = PROBLEMS["american"]
    truth, theirs = (_quantlib(scheme) for scheme in ("highPrecision", "accurate"))
    exact = np.array([truth(float(spot)) for spot in SPOTS])
    their_error = _rmse(np.array([theirs(float(spot)) for spot in SPOTS]), exact)
    for method in (AnalyticSlice(problem), Curve(AnalyticSlice(problem), name="curve")):
        prepared, out = method.prepare(SLOW, 100.0), np.empty(COUNT)
        price, update, other = seconds_of(
            lambda m=method, p=prepared, out=out: m.evaluate(100.3, p, out),
            lambda m=method: m.prepare(SLOW, 100.0),
            lambda: theirs(100.3),
            rounds=9,
        )
        error = _rmse(_prices(method, prepared), exact)
        yield Figure(
            what=f"american chain on a spot tick, {method.name}",
            measured=(
                f"{1e9 * price / COUNT:.1f} ns an option, QuantLib accurateScheme {1e6 * other / COUNT:.0f} us, "
                f"ratio {other / price:,.0f}; rmse {error:.1e}, theirs {their_error:.1e}; "
                f"update {1e6 * update:.0f} us, amortised at {TICKS} ticks "
                f"{1e9 * (price + update / TICKS) / COUNT:.0f} ns an option"
            ),
            bar="ratio >= 100 at equal or better rmse",
            reached=bool(other / price >= 100 and error <= their_error),
        )


def _quantlib(scheme: str) -> Callable[[float], Floats]:
    """The chain's prices at a spot by QuantLib, everything but the pricing done before."""
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    counter, quote = ql.Actual365Fixed(), ql.SimpleQuote(100.0)
    dividend, rate = (ql.YieldTermStructureHandle(ql.FlatForward(today, x, counter)) for x in (DIVIDEND, RATE))
    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), VOLATILITY, counter))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(quote), dividend, rate, surface)
    engine = ql.QdFpAmericanEngine(process, getattr(ql.QdFpAmericanEngine, f"{scheme}Scheme")())
    options = []
    for strike, days, right in zip(STRIKE, DAYS, RIGHT, strict=True):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, float(strike))
        option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + int(days)))
        option.setPricingEngine(engine)
        options.append(option)

    def prices(spot: float) -> Floats:
        quote.setValue(spot)
        out = np.empty(COUNT)
        for i, option in enumerate(options):
            option.recalculate()
            out[i] = option.NPV()
        return out

    return prices


def _beside_the_solver(problem: Problem) -> Iterator[Figure]:
    reference, solver = Reference(problem), AnalyticSlice(problem)
    truth, placed = _prices(reference, reference.prepare(SLOW, 100.0)), solver.prepare(SLOW, 100.0)
    many, out, wide = np.tile(SLOW, (100, 1)), np.empty(COUNT), np.empty(100 * COUNT)
    for method in (Curve(AnalyticSlice(problem), name="curve"), Taylor(problem)):
        prepared, tiled = method.prepare(SLOW, 100.0), method.prepare(many, 100.0)
        price, other = seconds_of(
            lambda m=method, p=prepared: m.evaluate(100.3, p, out), lambda: solver.evaluate(100.3, placed, out)
        )
        (batch,) = seconds_of(lambda m=method, p=tiled: m.evaluate(100.3, p, wide))
        yield Figure(
            what=f"{problem.name} chain, {method.name} beside analytic-slice",
            measured=(
                f"{1e9 * price:.0f} ns against {1e9 * other:.0f} ns, {other / price:.1f}x; in a batch of 4,000 "
                f"{1e9 * batch / len(wide):.2f} ns an option; rmse {_rmse(_prices(method, prepared), truth):.1e} "
                f"against {_rmse(_prices(solver, placed), truth):.1e}"
            ),
        )


def _staleness(problem: Problem) -> Iterator[Figure]:
    taylor, solver = Taylor(problem), AnalyticSlice(problem)
    expanded, placed, out = taylor.prepare(SLOW, 100.0), solver.prepare(SLOW, 100.0), np.empty(COUNT)
    told = []
    for basis_points in (1, 10, 50, 100, 200, 500):
        spots = 100.0 * (1.0 + np.array([-1e-4, 1e-4]) * basis_points)
        error = np.abs(_prices(taylor, expanded, spots) - _prices(solver, placed, spots)).max()
        tag = taylor.evaluate(float(spots[1]), expanded, out)
        far = int((~(abs(spots[1] - 100.0) <= expanded.reach)).sum())
        told.append(f"{basis_points} bp {error:.0e} {tag}" + (f" ({far} of {COUNT})" if far else ""))
    yield Figure(what="taylor, largest error by how far the spot has moved since the update", measured=", ".join(told))


def _hit_rates(problem: Problem) -> Iterator[Figure]:
    """A spot that walks in half cents; an update a second, at which the volatilities walk too."""
    rng = np.random.default_rng(1)
    for ticks in (1, 100, 10_000):
        updates = max(3, 1_000 // ticks)
        memo, out = Memo(problem), np.empty(COUNT)
        spot, slow = 100.0, SLOW.copy()
        for _ in range(updates):
            slow[:, 1] -= SECOND / YEAR
            slow[:, 2] += 0.0006 * rng.standard_normal(COUNT)
            prepared = memo.prepare(slow.copy(), spot)
            for step in rng.choice([-0.005, 0.0, 0.005], size=ticks):
                spot += step
                memo.evaluate(spot, prepared, out)
        yield Figure(
            what=f"memo of 1 MiB, half-cent ticks, {ticks:,} an update", measured=f"{100 * memo.hit_rate:.1f} % hits"
        )
    memo, full, out = Memo(problem), Analytic(problem), np.empty(COUNT)
    prepared, asked = memo.prepare(SLOW, 100.0), full.prepare(SLOW, 100.0)
    memo.evaluate(100.3, prepared, out)
    hit, miss = seconds_of(
        lambda: memo.evaluate(100.3, prepared, out), lambda: full.evaluate(100.3, asked, out), rounds=9
    )
    yield Figure(
        what="memo, a chain of hits beside analytic",
        measured=f"{1e9 * hit / COUNT:.0f} ns an option, all inputs hashed, against {1e9 * miss / COUNT:,.0f} ns",
    )
