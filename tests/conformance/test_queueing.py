"""A desk under policy ``queue`` is a server: Poisson ticks make it M/D/1 for a fixed compute time, M/G/1 for any other.

The mean wait is rate E[S^2] / (2 (1 - rho)) (Pollaczek 1930, Khinchine 1932; Kleinrock 1975, volume 1, eq. 5.73), which
is rho D / (2 (1 - rho)) for a fixed time D. Long runs use the recursions of Lindley (1952), and of Kiefer and Wolfowitz
(1955) for several CPUs, which are first shown to be what the engine does.
"""

import numpy as np
import pytest
from numba import njit
from probes import Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.simulation.latency import Empirical, LogNormal, Profile
from tradesim.simulation.strategy import Policy, Strategy, TakeRule
from tradesim.simulation.trigger import EveryQuote

COMPUTE = 100_000


@njit
def lindley(arrivals: np.ndarray, service: int) -> np.ndarray:
    """Waits in ns of a single server that takes ``service`` ns for each of ``arrivals``, in order."""
    waits = np.zeros(len(arrivals), dtype=np.int64)
    for i in range(1, len(arrivals)):
        waits[i] = max(0, waits[i - 1] + service - (arrivals[i] - arrivals[i - 1]))
    return waits


def poisson(load: float, count: int, seed: int) -> np.ndarray:
    gaps = np.random.default_rng(seed).exponential(COMPUTE / load, count)
    return np.cumsum(np.maximum(1, np.rint(gaps))).astype(np.int64)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9, 1.5])
def test_the_engine_queues_as_lindley_says(load):
    arrivals = poisson(load, 400, seed=11)
    tape = tape_of(
        Quote(at=0, bid=100, ask=101),
        underlying(0),
        *(underlying(int(at), 100 + i % 2) for i, at in enumerate(arrivals)),
    )
    strategy = Strategy(rule=TakeRule(edge=1e9), trigger=EveryQuote(), policy=Policy.QUEUE)
    (result,) = run_probe(session_of(tape), seat_of(strategy, compute=COMPUTE))
    waits = (result.decisions["start"] - result.decisions["arrival"]).to_numpy()
    assert np.array_equal(waits, lindley(np.append(0, arrivals), COMPUTE))


@njit
def kiefer_wolfowitz(arrivals: np.ndarray, services: np.ndarray, servers: int) -> np.ndarray:
    """Waits in ns of each of ``arrivals``, in order, at the first of ``servers`` to be free."""
    free = np.zeros(servers, dtype=np.int64)
    waits = np.empty(len(arrivals), dtype=np.int64)
    for i in range(len(arrivals)):
        server = np.argmin(free)
        start = max(arrivals[i], free[server])
        waits[i] = start - arrivals[i]
        free[server] = start + services[i]
    return waits


GENERAL = {
    "lognormal": LogNormal(median=80_000, sigma=0.7),
    "two paths": Empirical(np.array([50_000] * 9 + [300_000])),
}


def services_of(model, count: int, seed: int) -> np.ndarray:
    return model.samples(np.random.default_rng(seed).random(count), np.zeros(count, dtype=np.int64))


@pytest.mark.parametrize("cpus", [1, 2, 3])
@pytest.mark.parametrize("model", GENERAL.values(), ids=GENERAL)
def test_the_engine_queues_as_kiefer_and_wolfowitz_say(model, cpus):
    arrivals = poisson(1.2 * cpus, 400, seed=3)
    tape = tape_of(
        Quote(at=0, bid=100, ask=101),
        underlying(0),
        *(underlying(int(at), 100 + i % 2) for i, at in enumerate(arrivals)),
    )
    strategy = Strategy(rule=TakeRule(edge=1e9), trigger=EveryQuote(), policy=Policy.QUEUE, cpus=cpus)
    (result,) = run_probe(session_of(tape), seat_of(strategy, compute=Profile(price_by_tag={"any": model})))
    found = result.decisions
    services = (found["decided"] - found["start"]).to_numpy()
    assert len(np.unique(services)) > 1
    waits = (found["start"] - found["arrival"]).to_numpy()
    assert np.array_equal(waits, kiefer_wolfowitz(np.append(0, arrivals), services, cpus))


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("model", GENERAL.values(), ids=GENERAL)
def test_the_mean_wait_is_that_of_pollaczek_and_khinchine(model, load):
    """Moments of the compute time are exact, from its own quantiles."""
    quantiles = (np.arange(1_000_000) + 0.5) / 1_000_000
    exact = model.samples(quantiles, np.zeros(len(quantiles), dtype=np.int64)).astype(np.float64)
    rate = load / exact.mean()
    count = 20_000_000
    gaps = np.random.default_rng(8).exponential(1.0 / rate, count)
    arrivals = np.cumsum(np.maximum(1, np.rint(gaps))).astype(np.int64)
    waits = kiefer_wolfowitz(arrivals, services_of(model, count, seed=9), 1)
    theory = rate * (exact**2).mean() / (2.0 * (1.0 - load))
    assert waits.mean() == pytest.approx(theory, rel=0.01)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_the_mean_wait_is_that_of_m_d_1(load):
    waits = lindley(poisson(load, 20_000_000, seed=5), COMPUTE)
    theory = load * COMPUTE / (2 * (1 - load))
    assert waits.mean() == pytest.approx(theory, rel=0.01)


def test_latest_answers_the_newest_and_skips_the_rest():
    """Ticks at 0, 10, 20 and 200 with 50 ns of thought: the one at 20 is answered at 50, the one at 10 never."""
    tape = tape_of(
        Quote(at=0, bid=100, ask=101), underlying(0), underlying(10, 101), underlying(20, 102), underlying(200, 103)
    )
    decisions = _decisions(tape, Policy.LATEST)
    assert [(d["arrival"], d["start"], d["decided"], d["skipped"], d["spot"]) for d in decisions] == [
        (0, 0, 50, 0, 100.0),
        (20, 50, 100, 1, 102.0),
        (200, 200, 250, 0, 103.0),
    ]


def test_queue_answers_all_in_turn_on_what_it_saw_then():
    tape = tape_of(Quote(at=0, bid=100, ask=101), underlying(0), underlying(10, 101), underlying(20, 102))
    decisions = _decisions(tape, Policy.QUEUE)
    assert [(d["arrival"], d["start"], d["spot"]) for d in decisions] == [
        (0, 0, 100.0),
        (10, 50, 101.0),
        (20, 100, 102.0),
    ]


def test_drop_loses_what_fires_while_it_thinks():
    tape = tape_of(
        Quote(at=0, bid=100, ask=101), underlying(0), underlying(10, 101), underlying(50, 102), underlying(60, 103)
    )
    decisions = _decisions(tape, Policy.DROP)
    assert [(d["arrival"], d["start"], d["skipped"]) for d in decisions] == [(0, 0, 0), (50, 50, 1)]


def _decisions(tape, policy) -> list[dict]:
    strategy = Strategy(rule=TakeRule(edge=1e9), trigger=EveryQuote(), policy=policy)
    (result,) = run_probe(session_of(tape), seat_of(strategy, compute=50))
    start = tape.start
    return [
        {name: value - start if name in {"arrival", "start", "decided"} else value for name, value in row.items()}
        for row in result.decisions.iter_rows(named=True)
    ]
