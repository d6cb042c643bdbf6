"""Benchmarks run once as tests; ``pytest tests/benchmarks -n 0 --benchmark-enable --benchmark-only`` prints figures.

What a benchmark says of itself (``extra_info``: a rate, QuantLib's time for the same work) is printed after its table.
Nothing asserts a time.
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from tradesim.methods.method import Method
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.columns import Points
from tradesim.pricing.problem import Domain, Floats

collect_ignore = ["tapes"]
FIGURES = pytest.StashKey[list[str]]()
QUANTLIB_ROUNDS = 15


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.fixture
def figure(benchmark, request: pytest.FixtureRequest) -> Callable[[str, Callable[[float], str]], None]:
    """Add to what the benchmark says of itself: ``figure(name, of)``, where ``of`` makes it from the median seconds."""

    def add(name: str, of: Callable[[float], str]) -> None:
        if not benchmark.enabled:
            return
        said = of(benchmark.stats.stats.median)
        benchmark.extra_info[name] = said
        request.config.stash.setdefault(FIGURES, []).append(f"{request.node.name}: {name} {said}")

    return add


@pytest.fixture
def beside_quantlib(benchmark, figure) -> Callable[[Callable[[], Floats], Callable[[], Floats], int], None]:
    """Time ``ours`` and, in the same run, ``theirs``: what each takes for one of ``count`` options; both must agree."""

    def compare(ours: Callable[[], Floats], theirs: Callable[[], Floats], count: int) -> None:
        mine = benchmark(ours).copy()
        assert mine == pytest.approx(theirs(), abs=1e-2)
        if not benchmark.enabled:
            return
        taken = float(np.median([_seconds(theirs) for _ in range(QUANTLIB_ROUNDS)]))
        figure("us an option", lambda median: f"{1e6 * median / count:.3g}")
        figure("QuantLib us an option", lambda _: f"{1e6 * taken / count:.3g}")
        figure("QuantLib / tradesim", lambda median: f"{taken / median:.3g}")

    return compare


def _seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began


@pytest.fixture(scope="session")
def whole_days() -> Callable[[Domain, int], Points]:
    """Points of a domain whose expiries are whole days, as QuantLib's calendar has them."""

    def sample(domain: Domain, count: int) -> Points:
        points = Points.of(domain.sample(count, seed=1))
        columns = dict(zip(Points.__dataclass_fields__, points.columns(), strict=True))
        return Points(**{**columns, "expiry": np.maximum(np.rint(365 * points.expiry), 1) / 365})

    return sample


@pytest.fixture(scope="session")
def quantlib() -> Callable[..., Callable[[], Floats]]:
    """``quantlib(points, style, scheme)``: prices them anew at each call; everything but the pricing is done before."""
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    counter = ql.Actual365Fixed()

    def flat(level: float):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, float(level), counter))

    def option(style, scheme, spot, strike, expiry, volatility, rate, dividend, right):
        surface = ql.BlackConstantVol(today, ql.NullCalendar(), float(volatility), counter)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(float(spot))),
            flat(dividend),
            flat(rate),
            ql.BlackVolTermStructureHandle(surface),
        )
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, float(strike))
        last = today + round(365 * expiry)
        if style == "european":
            made, engine = ql.VanillaOption(payoff, ql.EuropeanExercise(last)), ql.AnalyticEuropeanEngine(process)
        else:
            made = ql.VanillaOption(payoff, ql.AmericanExercise(today, last))
            engine = ql.QdFpAmericanEngine(process, getattr(ql.QdFpAmericanEngine, f"{scheme}Scheme")())
        made.setPricingEngine(engine)
        return made

    def pricer(points: Points, style: str, scheme: str = "accurate") -> Callable[[], Floats]:
        options = [option(style, scheme, *row) for row in zip(*points.columns(), strict=True)]
        out = np.empty(len(options))

        def price() -> Floats:
            for i, each in enumerate(options):
                each.recalculate()
                out[i] = each.NPV()
            return out

        return price

    return pricer


@pytest.fixture(scope="session")
def method(home: Path) -> Callable[[str, str], Method]:
    """A method by its name and its problem's, built at its default size where it is missing."""
    return lambda name, problem: make_method(name, PROBLEMS[problem], home)
