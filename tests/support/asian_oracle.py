"""QuantLib's Asian options, on dates that are whole days apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True, kw_only=True)
class AsianOracle:
    """Prices Asian options with inputs float64[n, 11] by an engine that ``engine`` makes of a process."""

    engine: Callable[[object], object]
    geometric: bool = False

    def __call__(self, inputs):
        return np.array([self.option(row).NPV() for row in inputs])

    def option(self, row):
        ql = pytest.importorskip("QuantLib")
        spot, strike, expiry, volatility, rate, dividend, right, fixings, fixed, average, interval = map(float, row)
        today = ql.Date(1, 1, 2024)
        ql.Settings.instance().evaluationDate = today
        counter = ql.Actual365Fixed()

        def flat(level):
            return ql.YieldTermStructureHandle(ql.FlatForward(today, level, counter))

        surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, counter))
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(spot)), flat(dividend), flat(rate), surface
        )
        last, apart, count = round(365 * expiry), round(365 * interval), int(fixings - fixed)
        dates = [today + last - apart * (count - 1 - i) for i in range(count)]
        option = ql.DiscreteAveragingAsianOption(
            ql.Average.Geometric if self.geometric else ql.Average.Arithmetic,
            1.0 if self.geometric else average * fixed,
            int(fixed),
            dates,
            ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike),
            ql.EuropeanExercise(today + last),
        )
        option.setPricingEngine(self.engine(process))
        return option


def monte_carlo(*, samples, seed):
    """QuantLib's Monte Carlo beside the geometric average, with ``samples`` paths by Brownian bridges."""
    ql = pytest.importorskip("QuantLib")
    return lambda process: ql.MCDiscreteArithmeticAPEngine(
        process, "pseudorandom", brownianBridge=True, controlVariate=True, requiredSamples=samples, seed=seed
    )


def choi(*, precision):
    """QuantLib's sum of lognormals by J. Choi (2018), whose grid grows finer with ``precision``."""
    ql = pytest.importorskip("QuantLib")
    return lambda process: ql.ChoiAsianEngine(process, precision, 2**21)


def geometric(process):
    """QuantLib's closed form for the geometric average."""
    ql = pytest.importorskip("QuantLib")
    return ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process)


def whole_days(inputs):
    """The inputs with times that are whole days, and room for every fixing before expiry."""
    moved = inputs.copy()
    apart = np.maximum(np.rint(365 * inputs[:, 10]), 1)
    left = inputs[:, 7] - inputs[:, 8] - 1
    moved[:, 2] = np.maximum(np.rint(365 * inputs[:, 2]), left * apart + 1) / 365
    moved[:, 10] = apart / 365
    return moved
