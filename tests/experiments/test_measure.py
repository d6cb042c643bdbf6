"""How a latency is taken: readings by stage and tag, from the method and the session themselves."""

from time import perf_counter_ns, sleep

import numpy as np
import pytest
from probes import Quote, session_of, tape_of, underlying

from tradesim import compare
from tradesim.errors import ArgumentError
from tradesim.experiments.measure import Measurement, measure, measure_service
from tradesim.experiments.timing import Cache, Effort
from tradesim.market.chain import Chain
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.method import Method, State
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.simulation.latency import Fixed
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.units import MILLISECOND, SECOND

QUICK = Effort(calls=400, seconds=0.2, least=8, warm=4, states=4)


@pytest.fixture(scope="module")
def session() -> Session:
    tape = generate(SyntheticMarket(duration=5 * SECOND), seed=1)
    return open_session(tape, PROBLEMS["american"], Setting(), seed=1)


class Sleeper(Method):
    """A millisecond to price, two where the spot is not what it was at the first call; three to update."""

    name = "sleeper"
    problem = PROBLEMS["american"]

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.spots: list[float] = []

    def bind(self, chain: Chain) -> None:
        self.seen.append("bind")

    def update(self, state: State) -> None:
        self.seen.append("update")
        sleep(0.003)

    def price(self, spot: float, out: Floats) -> str:
        self.seen.append("price")
        self.spots.append(spot)
        if spot == self.spots[0]:
            sleep(0.001)
            return "same"
        sleep(0.002)
        return "moved"

    @property
    def nbytes(self) -> int:
        return 0


SPOTS = (100.0, 101.0, 102.0)


@pytest.fixture(scope="module")
def slept() -> tuple[Sleeper, Measurement]:
    ticks = (underlying(i * SECOND, SPOTS[i % 3]) for i in range(6))
    session = session_of(tape_of(Quote(at=0, bid=4.9, ask=5.1), *ticks))
    method = Sleeper()
    return method, measure(method, session, effort=Effort(calls=40, seconds=5.0, least=40, warm=4, states=4))


def test_each_stage_is_timed_and_prices_by_their_tag(slept):
    _, measurement = slept
    assert set(measurement.readings) == {("bind", "bind"), ("update", "update"), ("price", "same"), ("price", "moved")}
    for key, least in ((("price", "same"), 1), (("price", "moved"), 2), (("update", "update"), 3)):
        assert measurement.readings[key].min() >= 0.9 * least * MILLISECOND


def test_a_method_is_bound_once_and_updated_before_it_prices(slept):
    method, _ = slept
    assert method.seen[:2] == ["bind", "update"]
    assert method.seen.count("bind") == 1


def test_the_first_calls_are_warm_up_and_do_not_count(slept):
    method, measurement = slept
    counted = sum(len(ns) for (stage, _), ns in measurement.readings.items() if stage == "price")
    assert counted == 40
    assert method.seen.count("price") == 40 + 4 * 4


def test_the_spots_are_those_of_the_tape_in_turn(slept):
    method, _ = slept
    assert tuple(method.spots[:4]) == (*SPOTS, SPOTS[0])
    assert set(method.spots) == set(SPOTS)


def test_a_profile_charges_an_update_its_snapshot_too(slept):
    _, measurement = slept
    profile = measurement.profile(Fixed(10 * MILLISECOND))
    assert profile.update(0.5) >= 12 * MILLISECOND
    assert profile.price("same", 0.5, 0) in measurement.readings["price", "same"]
    assert profile.price("never seen", 0.5, 0) >= 1.8 * MILLISECOND


@pytest.mark.parametrize("cache", Cache)
def test_readings_are_whole_ascending_and_not_negative(session, cache):
    measurement = measure(AnalyticSlice(PROBLEMS["american"]), session, cache=cache, effort=QUICK)
    assert {stage for stage, _ in measurement.readings} == {"bind", "update", "price"}
    for ns in measurement.readings.values():
        assert ns.dtype == np.int64
        assert ns[0] >= 0
        assert (np.diff(ns) >= 0).all()
    assert len(measurement.readings["price", "hit"]) >= QUICK.least
    assert 0 < max(measurement.rss_before, measurement.rss_bound) <= measurement.rss_peak


def test_the_service_is_timed_on_the_sessions_own_books(session):
    began = perf_counter_ns()
    ns = measure_service(session, effort=QUICK)
    assert len(ns) >= QUICK.least
    assert ns[0] >= 0
    assert (np.diff(ns) >= 0).all()
    assert ns.sum() <= perf_counter_ns() - began


def test_the_garbage_collector_is_left_as_it_was(session):
    import gc

    for switch, expected in ((gc.disable, False), (gc.enable, True)):
        switch()
        measure(Sleeper(), session, effort=Effort(calls=1, seconds=0.01, least=1, warm=0, states=1))
        assert gc.isenabled() is expected


@pytest.mark.parametrize("bad", [{"calls": 0}, {"least": 0}, {"states": 0}, {"warm": -1}, {"seconds": 0.0}])
def test_an_effort_that_measures_nothing_is_refused(bad):
    with pytest.raises(ArgumentError):
        Effort(**bad)


def test_an_unknown_cache_is_told_the_ones_there_are(home):
    with pytest.raises(ArgumentError, match="hot, cold"):
        compare(cache="warm", db=home / "never.duckdb")
    assert not (home / "never.duckdb").exists()
