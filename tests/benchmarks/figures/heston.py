"""Heston chains on a spot tick, beside QuantLib's AnalyticHestonEngine as it comes (144 Gauss-Laguerre points).

Errors of both sides, on strike 100, are against its angled contour with an exponential-sinh quadrature at 1e-13.
"""

from collections.abc import Callable, Iterable
from itertools import cycle

import numpy as np
import QuantLib as ql  # noqa: N813
from figure import Figure, seconds_of

from tradesim.methods.solvers.heston import HestonSolver
from tradesim.pricing.heston import DOMAIN
from tradesim.pricing.problem import Floats

SPOT = 100.0
TICKED = 100.4
TICKS = (1, 100, 10_000)
Engine = Callable[[ql.HestonModel], ql.PricingEngine]


def usual(model: ql.HestonModel) -> ql.PricingEngine:
    """As it comes."""
    return ql.AnalyticHestonEngine(model)


def high_order(model: ql.HestonModel) -> ql.PricingEngine:
    """What errors are measured against: L. Andersen and M. Lake (2018), good to 1e-11 at the domain's corners too."""
    contour, quadrature = ql.AnalyticHestonEngine.AngledContour, ql.FourierIntegration.expSinh(1e-13)
    return ql.AnalyticHestonEngine(model, contour, quadrature)


def one_calibration() -> Floats:
    """40 contracts of five expiries under one set of parameters, as a desk calibrates them."""
    days, strike = np.repeat([7, 30, 90, 180, 365], 8), np.tile(np.linspace(80.0, 120.0, 8), 5)
    right = np.where(strike > SPOT, 1.0, -1.0)
    columns = (strike, days / 365, 0.2, 0.03, 0.01, right, 1.5, 0.25, 0.6, -0.7)
    return np.stack(np.broadcast_arrays(*columns), axis=1)


def all_different() -> Floats:
    """40 contracts from all over the domain, no two with the same parameters."""
    inputs = DOMAIN.sample(40, seed=5)
    slow = inputs[:, 1:] * np.where([each.money for each in DOMAIN.inputs[1:]], SPOT / inputs[:, :1], 1.0)
    slow[:, 1] = np.maximum(np.rint(365 * slow[:, 1]), 1) / 365
    return slow


def quantlib_chain(slow: Floats, engine: Engine) -> Callable[[float], Floats]:
    """The same chain in QuantLib: from a spot to prices. Contracts with the same parameters share a model."""
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    quote, engines = ql.SimpleQuote(SPOT), {}

    def flat(rate: float) -> ql.YieldTermStructureHandle:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, ql.Actual365Fixed()))

    def engine_of(volatility: float, rate: float, dividend: float, *parameters: float) -> ql.PricingEngine:
        key = (volatility, rate, dividend, *parameters)
        if key not in engines:
            kappa, long_volatility, xi, rho = parameters
            curves = flat(rate), flat(dividend), ql.QuoteHandle(quote)
            process = ql.HestonProcess(*curves, volatility**2, kappa, long_volatility**2, xi, rho)
            engines[key] = engine(ql.HestonModel(process))
        return engines[key]

    options = []
    for strike, expiry, volatility, rate, dividend, right, *parameters in slow.tolist():
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike)
        options.append(ql.VanillaOption(payoff, ql.EuropeanExercise(today + round(365 * expiry))))
        options[-1].setPricingEngine(engine_of(volatility, rate, dividend, *parameters))

    def prices(spot: float) -> Floats:
        quote.setValue(spot)
        return np.array([option.NPV() for option in options])

    return prices


def on_ticks(price: Callable[[float], object]) -> Callable[[], object]:
    """``price`` at a spot that is another one at each call, so that QuantLib remembers nothing."""
    spots = cycle((SPOT, TICKED))
    return lambda: price(next(spots))


def chain_figures(name: str, slow: Floats) -> Iterable[Figure]:
    """The slice, its amortised cost and the whole program on one chain."""
    solver, count = HestonSolver(), len(slow)
    rows, sliced, whole = solver.rows(slow), np.empty(count), np.empty(count)
    theirs = quantlib_chain(slow, usual)
    timed = seconds_of(
        on_ticks(theirs),
        on_ticks(lambda spot: solver.values(spot, rows, sliced)),
        on_ticks(lambda spot: solver.full_values(spot, slow, whole)),
        lambda: solver.rows(slow),
    )
    quantlib, price, full, update = (each / count for each in timed)
    truth, scale = quantlib_chain(slow, high_order)(TICKED), 100.0 / slow[:, 0]
    solver.values(TICKED, rows, sliced)
    solver.full_values(TICKED, slow, whole)
    errors = [float(np.abs((found - truth) * scale).max()) for found in (sliced, whole, theirs(TICKED))]
    yield Figure(
        what=f"heston, chain, spot tick (slice), {name}",
        measured=f"price {price * 1e9:.0f} ns an option, QuantLib {quantlib * 1e6:.1f} us: {quantlib / price:,.0f}x; "
        f"largest error {errors[0]:.0e}, QuantLib {errors[2]:.0e}",
        bar=">= 50x at an error <= 1e-8",
        reached=quantlib / price >= 50 and errors[0] <= 1e-8,
    )
    amortised = ", ".join(f"{quantlib / (price + update / n):,.1f}x at {n:,}" for n in TICKS)
    yield Figure(
        what=f"heston, the same with its update ({update * 1e6:.1f} us an option) spread over ticks, {name}",
        measured=f"{amortised} ticks an update",
    )
    yield Figure(
        what=f"heston, chain, all inputs new (full), {name}",
        measured=f"{full * 1e6:.2f} us an option: {quantlib / full:.1f}x; largest error {errors[1]:.0e}",
    )


def figures() -> Iterable[Figure]:
    """Both chains."""
    yield from chain_figures("one calibration", one_calibration())
    yield from chain_figures("all parameters different", all_different())
