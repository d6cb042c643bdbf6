"""Who is first: desks that race for one lot, again and again.

Every round a new quote of one lot appears. Each desk sees it at once, thinks for a while, and sends an order that takes
it; the first at the venue has it.
"""

from collections.abc import Sequence

import numpy as np
from findings import Finding
from probes import run_probe, seat_of
from scipy.integrate import quad
from scipy.stats import norm
from tapes import quotes, spots, tape_of_columns

from tradesim.pricing import PROBLEMS
from tradesim.simulation.latency import ZERO, ComputeLatency, Gamma, LatencyModel, LogNormal, Profile
from tradesim.simulation.orders import AT_MARKET
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.simulation.wires import Wires
from tradesim.units import MICROS, MICROSECOND, MILLISECOND

ROUND = 10 * MILLISECOND
"""Long after which all orders of a round have arrived."""

MEDIAN = 30 * MICROSECOND
SIGMA = 0.3
THOUGHTS = (30 * MICROSECOND, 40 * MICROSECOND)


def buy_one(_):
    return np.array([[0, 1, 1, AT_MARKET]], dtype=np.int64)


def wins(thoughts: Sequence[ComputeLatency | int], *, entry: LatencyModel = ZERO, rounds: int, seed: int) -> np.ndarray:
    """How many of ``rounds`` each desk wins; ``thoughts`` is the compute latency of each."""
    at = np.arange(rounds) * ROUND
    asks = np.where(np.arange(rounds) % 2, 102, 101) * MICROS
    tape = tape_of_columns(quotes(at, 100 * MICROS, asks, size=1), spots(at, np.full(rounds, 100 * MICROS)))
    wires = Wires(feed=ZERO, entry=entry, response=ZERO)
    session = open_session(tape, PROBLEMS["european"], Setting(wires=wires, horizon=0), seed=seed)
    strategy = Strategy(rule=Custom(function=buy_one), trigger=EveryQuote())
    results = run_probe(session, *[seat_of(strategy, compute=thought) for thought in thoughts])
    assert all(len(result.orders) == rounds for result in results), "every desk asks for every lot"
    won = np.array([len(result.fills) for result in results])
    assert won.sum() == rounds, "every lot is taken once"
    return won


def chance_of_lognormal_wires() -> float:
    """P(a + X < b + Y), X and Y lognormal and alike, by quadrature over X."""
    (a, b), m, s = THOUGHTS, MEDIAN, SIGMA

    def ahead(z: float) -> float:
        return norm.pdf(z) * norm.cdf(np.log((b - a + m * np.exp(s * z)) / m) / s)

    return float(quad(ahead, -9.0, 9.0)[0])


def lognormal_race(*, rounds: int, seed: int) -> Finding:
    """Compute latencies of 30 and 40 us, the same lognormal law of entry latency for both."""
    entry = LogNormal(median=MEDIAN, sigma=SIGMA)
    won = wins(THOUGHTS, entry=entry, rounds=rounds, seed=seed)
    return _share(
        "lognormal wires, by quadrature",
        "compute 30 and 40 us, entry lognormal (median 30 us, sigma 0.3)",
        chance_of_lognormal_wires(),
        won,
        seed,
    )


def exponential_race(ratio: int, *, rounds: int, seed: int) -> Finding:
    """Exponential compute latencies, one ``ratio`` times as fast: the least of two is the first's with r / (1 + r)."""
    thoughts = [_exponential(20 * MICROSECOND), _exponential(ratio * 20 * MICROSECOND)]
    won = wins(thoughts, rounds=rounds, seed=seed)
    return _share("exponential delays", f"rates {ratio} : 1", ratio / (1 + ratio), won, seed)


def equal_race(desks: int, *, rounds: int, seed: int) -> Finding:
    """Desks alike: each wins as often as any other. The first desk's share stands for all."""
    won = wins([_exponential(20 * MICROSECOND) for _ in range(desks)], rounds=rounds, seed=seed)
    return _share("equal desks", f"{desks} desks", 1 / desks, won, seed)


def tied_race(desks: int, *, rounds: int, seed: int) -> np.ndarray:
    """How often each desk wins where all orders arrive at the same nanosecond."""
    return wins([20 * MICROSECOND] * desks, rounds=rounds, seed=seed)


def _exponential(mean: int) -> Profile:
    return Profile(price_by_tag={"any": Gamma(shape=1.0, scale=mean)})


def _share(theory: str, setting: str, expected: float, won: np.ndarray, seed: int) -> Finding:
    rounds = int(won.sum())
    error = float(np.sqrt(expected * (1.0 - expected) / rounds))
    return Finding(
        theory=theory,
        setting=f"{setting}; {rounds:,} rounds, seed {seed}",
        quantity="share won by the first",
        expected=expected,
        simulated=float(won[0] / rounds),
        error=error,
        allowed=3.0 * error,
    )
