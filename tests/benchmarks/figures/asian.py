"""Asian options on a spot tick, beside QuantLib's Monte Carlo."""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from figure import Figure, seconds_of

from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.reference import Reference
from tradesim.pricing.asian import ASIAN_PROBLEM
from tradesim.pricing.asian_simulation import PATHS, normals
from tradesim.pricing.averaging import future_of, geometric_law, time_value

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from asian_oracle import AsianOracle, monte_carlo

SAMPLES = 16_384
CONTROLLED = 65_536
SPOT = 103.0
TICKS = (1, 100, 10_000)


def chain(fixed):
    """Twenty calls and puts on a monthly average over a year, ``fixed`` of its twelve fixings taken."""
    month = np.round(365 / 12) / 365
    strike = np.tile(np.linspace(80.0, 125.0, 10), 2)
    right = np.repeat([1.0, -1.0], 10)
    columns = (SPOT, strike, (12 - fixed) * month, 0.35, 0.04, 0.01, right, 12.0, fixed, 97.0, month)
    return np.stack(np.broadcast_arrays(*columns), axis=1).astype(float)


def figures() -> Iterable[Figure]:
    """Before the first fixing and after the fifth: a tick, an update, and the whole program."""
    for fixed, when in ((0, "before the first fixing"), (5, "after the fifth")):
        yield from _figures(chain(fixed), when)


def _figures(inputs, when):
    slow, count = np.ascontiguousarray(inputs[:, 1:]), len(inputs)
    truth, found = ASIAN_PROBLEM.reference(inputs), np.empty(count)
    oracle = AsianOracle(engine=monte_carlo(samples=SAMPLES, seed=7))
    option = oracle.option(inputs[5])
    theirs = np.sqrt(np.mean((oracle(inputs) - truth) ** 2))
    for method in (AnalyticSlice(ASIAN_PROBLEM), Reference(ASIAN_PROBLEM)):
        prepared = method.prepare(slow, SPOT)
        method.evaluate(SPOT, prepared, found)
        ours = np.sqrt(np.mean((found - truth) ** 2))
        tick, update, sample = (
            seconds / each
            for seconds, each in zip(
                seconds_of(
                    lambda method=method, prepared=prepared: method.evaluate(SPOT, prepared, found),
                    lambda method=method: method.prepare(slow, SPOT),
                    option.recalculate,
                    rounds=5,
                ),
                (count, count, 1),
                strict=True,
            )
        )
        amortised = ", ".join(f"{sample / (tick + update / each):,.1f}x at {each:,}" for each in TICKS)
        yield Figure(
            what=f"asian, chain of {count}, spot tick, {when}: {method.name} against MCDiscreteArithmeticAPEngine",
            measured=(
                f"{sample / tick:,.0f}x ({tick * 1e9:.1f} ns against {sample * 1e3:.1f} ms an option of {SAMPLES:,} "
                f"samples), rmse {ours:.1e} against {theirs:.1e}; update {update * 1e3:.2f} ms an option; "
                f"amortised over ticks an update: {amortised}"
            ),
            bar=">= 1,000x at equal or lower error",
            reached=bool(sample / tick >= 1_000.0 and ours <= theirs),
        )
    yield from _whole(inputs, when, theirs, option)


def _whole(inputs, when, theirs, option):
    """Every input new: the program beside QuantLib's, and beside the geometric payoff as a control."""
    slow, count = np.ascontiguousarray(inputs[:, 1:]), len(inputs)
    truth, found = ASIAN_PROBLEM.reference(inputs), np.empty(count)
    whole = Analytic(ASIAN_PROBLEM)
    noted = whole.prepare(slow, SPOT)
    whole.evaluate(SPOT, noted, found)
    ours = np.sqrt(np.mean((found - truth) ** 2))
    row, control = inputs[5], np.array([payoff_control(row) for row in inputs])
    full, sample, plain = seconds_of(
        lambda: whole.evaluate(SPOT, noted, found), option.recalculate, lambda: payoff_control(row), rounds=5
    )
    yield Figure(
        what=f"asian, all inputs new, {when}: analytic against MCDiscreteArithmeticAPEngine",
        measured=f"{sample * count / full:,.0f}x ({full / count * 1e6:.0f} us an option), rmse {ours:.1e} against "
        f"{theirs:.1e}; {PATHS} paths against {CONTROLLED:,} beside the geometric payoff: "
        f"{plain * count / full:,.0f}x, rmse {ours:.1e} against {np.sqrt(np.mean((control - truth) ** 2)):.1e}",
    )


def payoff_control(row):
    """The same price by quasi Monte Carlo whose control is the geometric payoff, its weight from the same paths."""
    right = row[6]
    future = future_of(row[1:])
    times = future.first + future.step * np.arange(future.remaining)
    covariance = future.volatility**2 * np.minimum.outer(times, times)
    spread, axes = np.linalg.eigh(covariance)
    loadings = (axes * np.sqrt(np.maximum(spread, 0.0)))[:, ::-1]
    drift = (future.drift - 0.5 * future.volatility**2) * times
    logs = normals(CONTROLLED, len(times), 0) @ loadings.T + drift
    sums, geometric = np.exp(logs).sum(axis=1), len(times) * np.exp(logs.mean(axis=1))
    paid, control = (np.maximum(right * (row[0] * each - future.level), 0.0) for each in (sums, geometric))
    mean, deviation = geometric_law(future)
    asset = row[0] * len(times) * np.exp(mean + 0.5 * deviation**2)
    known = max(right * (asset - future.level), 0.0) + time_value(asset, future.level, deviation)
    weight = np.cov(paid, control)[0, 1] / control.var(ddof=1)
    return future.factor * (paid.mean() - weight * (control.mean() - known))
