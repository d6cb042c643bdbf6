"""What a method takes to price a chain of forty, and to take new slow inputs in."""

import numpy as np
import pytest

from tradesim.market.chain import AMERICAN, Chain
from tradesim.methods.method import State
from tradesim.units import DAY

COUNT = 40
QUICK_TO_MAKE = [
    "proxy",
    "analytic",
    "analytic-slice",
    "reference",
    "curve",
    "taylor",
    "grid",
    "grid-linear",
    "grid-sql",
]
TRAINED = [pytest.param(name, marks=pytest.mark.slow) for name in ("lightgbm", "lightgbm-plain")]


def chain_and_state() -> tuple[Chain, State]:
    expiry = np.tile([7, 7, 30, 30, 90, 90, 180, 180], 5).astype(np.int64) * DAY
    strike = np.repeat(np.linspace(85.0, 115.0, 20), 2)
    chain = Chain(
        name=tuple(f"C{i}" for i in range(COUNT)),
        strike=strike,
        expiry=expiry,
        right=np.where(np.arange(COUNT) % 2 == 0, 1, -1).astype(np.int8),
        style=np.full(COUNT, AMERICAN, dtype=np.int8),
        multiplier=np.full(COUNT, 100, dtype=np.int64),
    )
    state = State(
        index=0,
        instant=0,
        spot=100.0,
        expiry=chain.years_to_expiry(0),
        volatility=0.3 + 0.2 * np.abs(np.log(strike / 100.0)),
        rate=np.full(COUNT, 0.045),
        dividend=np.full(COUNT, 0.01),
    )
    return chain, state


@pytest.mark.parametrize("name", QUICK_TO_MAKE + TRAINED)
@pytest.mark.slow
def test_bench_price(benchmark, figure, method, name):
    chain, state = chain_and_state()
    made, out = method(name, "american"), np.empty(COUNT)
    made.bind(chain)
    made.update(state)
    spots = iter(np.tile(np.linspace(99.0, 101.0, 200), 100_000))
    tag = benchmark(lambda: made.price(next(spots), out))
    figure("ns a contract", lambda median: f"{1e9 * median / COUNT:.0f}")
    figure("footprint", lambda _: f"{made.nbytes / 2**20:.3g} MiB")
    assert tag == "hit"
    assert np.isfinite(out).all()


@pytest.mark.parametrize("name", [name for name in QUICK_TO_MAKE if name != "reference"] + TRAINED)
def test_bench_update(benchmark, method, name):
    """Not of ``reference``, which keeps what it has made of a state."""
    chain, state = chain_and_state()
    made = method(name, "american")
    made.bind(chain)
    benchmark(made.update, state)
    assert made.fallbacks == 0
