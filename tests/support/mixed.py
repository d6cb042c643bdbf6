"""A chain of both exercise styles, and what QuantLib says that its contracts are worth."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from probes import START, Quote, tape_of

from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain
from tradesim.market.tape import Tape
from tradesim.pricing.problem import Floats
from tradesim.units import DAY, SECOND

TERMS = [
    (strike, days, style, right)
    for days, styles in ((45, (EUROPEAN,)), (180, (EUROPEAN, AMERICAN)), (300, (AMERICAN,)))
    for strike in (85.0, 95.0, 105.0, 120.0)
    for style in styles
    for right in (PUT, CALL)
]


def mixed_chain() -> Chain:
    """European month-ends, American quarterlies, and one expiry that has both."""
    strike, days, style, right = zip(*TERMS, strict=True)
    return Chain(
        name=tuple(f"C{i}" for i in range(len(TERMS))),
        strike=np.array(strike),
        expiry=START + DAY * np.array(days, dtype=np.int64),
        right=np.array(right, dtype=np.int8),
        style=np.array(style, dtype=np.int8),
        multiplier=np.full(len(TERMS), 100, dtype=np.int64),
    )


@cache
def quantlib_values(
    spot: float, *, volatility: float, rate: float, dividend: float, american: bool | None = None
) -> Floats:
    """The value of each contract by its own style, or of all by one."""
    ql = pytest.importorskip("QuantLib")
    today, count = ql.Date(1, 3, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    curves = [ql.YieldTermStructureHandle(ql.FlatForward(today, each, count)) for each in (dividend, rate)]
    noise = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), *curves, noise)
    early = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme())
    at_expiry = ql.AnalyticEuropeanEngine(process)
    values = []
    for strike, days, style, right in TERMS:
        exercised_early = style == AMERICAN if american is None else american
        exercise = ql.AmericanExercise(today, today + days) if exercised_early else ql.EuropeanExercise(today + days)
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right == CALL else ql.Option.Put, strike)
        option = ql.VanillaOption(payoff, exercise)
        option.setPricingEngine(early if exercised_early else at_expiry)
        values.append(option.NPV())
    return np.array(values)


def mixed_tape(
    *spots: float, volatility: float = 0.2, rate: float = 0.05, dividend: float = 0.0, half: float = 0.02
) -> Tape:
    """Every contract quoted around its value, at one spot after the other, five seconds apart."""
    rows = []
    for number, spot in enumerate(spots):
        at = 5 * SECOND * number
        rows.append(Quote(at=at, instrument=0, bid=spot - 0.01, ask=spot + 0.01))
        values = quantlib_values(spot, volatility=volatility, rate=rate, dividend=dividend)
        width = np.minimum(half, 0.5 * values)
        sides = zip(values - width, values + width, strict=True)
        rows += [Quote(at=at, instrument=i + 1, bid=bid, ask=ask) for i, (bid, ask) in enumerate(sides)]
    return replace(tape_of(*rows, contracts=len(TERMS)), chain=mixed_chain(), rate=rate)
