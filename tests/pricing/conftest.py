"""QuantLib as the oracle of prices."""

from collections.abc import Callable

import numpy as np
import pytest

from tradesim.pricing.columns import Points
from tradesim.pricing.problem import Domain, Floats

Oracle = Callable[[Points], Floats]


@pytest.fixture(scope="session")
def whole_days() -> Callable[..., Points]:
    """Points of a domain whose expiries are whole days, so that QuantLib's calendar has exactly the same ones."""

    def sample(domain: Domain, count: int, *, seed: int) -> Points:
        points = Points.of(domain.sample(count, seed=seed))
        days = np.maximum(np.rint(365 * points.expiry), 1)
        columns = dict(zip(Points.__dataclass_fields__, points.columns(), strict=True))
        return Points(**{**columns, "expiry": days / 365})

    return sample


def _price(option) -> float:
    return option.NPV()


def _greeks(option) -> tuple[float, float, float, float]:
    return option.delta(), option.gamma(), option.vega(), option.theta()


def _oracle(style: str, read: Callable = _price) -> Oracle:
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    counter = ql.Actual365Fixed()

    def value(spot, strike, expiry, volatility, rate, dividend, right):
        def flat(level):
            return ql.YieldTermStructureHandle(ql.FlatForward(today, float(level), counter))

        surface = ql.BlackConstantVol(today, ql.NullCalendar(), float(volatility), counter)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(float(spot))),
            flat(dividend),
            flat(rate),
            ql.BlackVolTermStructureHandle(surface),
        )
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, float(strike))
        last = today + round(365 * expiry)
        if style == "american":
            option = ql.VanillaOption(payoff, ql.AmericanExercise(today, last))
            engine = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme())
        else:
            option = ql.VanillaOption(payoff, ql.EuropeanExercise(last))
            engine = ql.AnalyticEuropeanEngine(process)
        option.setPricingEngine(engine)
        return read(option)

    return lambda points: np.array([value(*row) for row in zip(*points.columns(), strict=True)])


@pytest.fixture(scope="session")
def european_oracle() -> Oracle:
    return _oracle("european")


@pytest.fixture(scope="session")
def european_greeks_oracle() -> Oracle:
    """Delta, gamma, vega and theta, float64[n, 4]."""
    return _oracle("european", _greeks)


@pytest.fixture(scope="session")
def american_oracle() -> Oracle:
    return _oracle("american")
