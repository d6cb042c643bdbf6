"""How fast markets are generated, held to their rules and replayed."""

import pytest

from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.validation import check_tape
from tradesim.pricing import PROBLEMS
from tradesim.simulation.latency import fixed_compute
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.simulation.valuation import Pricing
from tradesim.units import SECOND

AMERICAN = PROBLEMS["american"]
MINUTES = SyntheticMarket(duration=120 * SECOND)
MILLION = SyntheticMarket(duration=9_000 * SECOND)


def per_second(count: int):
    return lambda median: f"{count / median:,.0f}"


@pytest.mark.parametrize("name", ["nothing", "analytic-slice"])
def test_bench_replay(benchmark, figure, method, name):
    """Every quote of the underlying is a decision on 42 contracts, by a method whose prices cost little."""
    session = open_session(generate(MINUTES, seed=1), AMERICAN, Setting(), seed=1)
    made = method(name, "american")
    made.bind(session.tape.chain)
    pricing = Pricing(prices=made, clock=made, reference=made)
    seat = Seat(strategy=Strategy(trigger=EveryQuote()), pricing=pricing, compute=fixed_compute(1_000))
    result = benchmark(run_one, session, seat)
    figure("decisions a second", per_second(len(result.decisions)))
    figure("rows a second", per_second(len(session.tape)))
    assert len(result.decisions) > 1_000


def test_bench_opening_a_session(benchmark, figure):
    """Mostly the volatility service: 42 American options inverted a snapshot, one a second."""
    tape = generate(MINUTES, seed=1)
    session = benchmark.pedantic(open_session, (tape, AMERICAN, Setting()), {"seed": 1}, rounds=3)
    figure("ms a state", lambda median: f"{1e3 * median / len(session.states):.3g}")
    assert len(session.states) > 100


def test_bench_generating_two_minutes(benchmark, figure):
    tape = benchmark(generate, MINUTES, seed=1)
    figure("rows a second", per_second(len(tape)))


@pytest.mark.slow
def test_bench_generating_a_million_rows(benchmark, figure):
    tape = benchmark.pedantic(generate, (MILLION,), {"seed": 1}, rounds=1)
    figure("rows a second", per_second(len(tape)))
    assert len(tape) > 1_000_000


def test_bench_validator(benchmark, figure):
    tape = generate(MINUTES, seed=1)
    benchmark(check_tape, tape)
    figure("rows a second", per_second(len(tape)))


@pytest.mark.slow
def test_bench_validating_a_million_rows(benchmark, figure):
    tape = generate(MILLION, seed=1)
    benchmark.pedantic(check_tape, (tape,), rounds=3)
    figure("rows a second", per_second(len(tape)))
