"""How a latency is taken: as decisions happen, methods in turn, readings by stage, tag and block."""

import gc
from dataclasses import replace
from itertools import cycle
from time import sleep

import numpy as np
import pytest
from probes import Quote, session_of, tape_of, underlying

import tradesim
from tradesim import compare
from tradesim.errors import ArgumentError
from tradesim.experiments.between import Between, Neighbour, parse_between
from tradesim.experiments.measure import Blocks, Measurement, Readings, measure_in_turn
from tradesim.experiments.profiles import profile_frame, with_readings
from tradesim.experiments.rehearsal import WARM, Rehearsal
from tradesim.experiments.timing import Disturbance, Timing
from tradesim.market.chain import Chain
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.method import Method, State
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.latency import Stage
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote, OwnTraded
from tradesim.units import MICROSECOND, MILLISECOND, SECOND

BRIEF = Blocks(count=4, decisions=6, ns=SECOND, hot=2, cold=1)
SPOTS = (100.0, 101.0, 102.0)
LIVE, HOT, COLD = Timing


class Sleeper(Method):
    """A millisecond to price at the first spot, two elsewhere; three to update. It logs its calls."""

    problem = PROBLEMS["american"]

    def __init__(self, name: str = "sleeper", log: list[str] | None = None) -> None:
        self.name = name
        self.log = [] if log is None else log

    def bind(self, chain: Chain) -> None:
        self.log.append(f"{self.name} bind")

    def update(self, state: State) -> None:
        sleep(0.003)

    def price(self, spot: float, out: Floats) -> str:
        self.log.append(self.name)
        out[:] = 0.0
        sleep(0.001 if spot == SPOTS[0] else 0.002)
        return "same" if spot == SPOTS[0] else "moved"

    @property
    def nbytes(self) -> int:
        return 0


def ticking() -> Session:
    ticks = (underlying(i * SECOND, SPOTS[i % 3]) for i in range(6))
    return session_of(tape_of(Quote(at=0, bid=4.9, ask=5.1), *ticks))


def slow_rule(screen):
    sleep(0.002)
    return np.empty((0, 4), dtype=np.int64)


WAITING = Strategy(rule=Custom(function=slow_rule), trigger=EveryQuote())


@pytest.fixture(scope="module")
def slept() -> tuple[list[str], Measurement]:
    log: list[str] = []
    methods = {name: Sleeper(name, log) for name in ("one", "two")}
    measured, _ = measure_in_turn(methods, ticking(), dict.fromkeys(methods, WAITING), blocks=BRIEF)
    return log, measured["one"]


def least(measurement: Measurement, *key: str) -> float:
    return float(measurement.readings[key].ns.min()) / MILLISECOND


def test_each_stage_is_timed_and_prices_by_their_tag(slept):
    _, measurement = slept
    assert least(measurement, LIVE, "price", "same") >= 0.9
    assert least(measurement, LIVE, "price", "moved") >= 1.8
    assert least(measurement, LIVE, "decide", "quiet") >= 1.8
    assert least(measurement, LIVE, "update", "update") >= 2.7
    assert least(measurement, LIVE, "feed", "any") >= 0
    assert {key[:2] for key in measurement.readings} >= {(HOT, "price"), (COLD, "price")}


def test_methods_are_timed_in_turn_block_by_block(slept):
    log, measurement = slept
    turns = [name for name, before in zip(log, [None, *log], strict=False) if name != before and "bind" not in name]
    assert turns == ["one", "two"] * (1 + BRIEF.count // 2) + ["one"]
    blocks = measurement.readings[LIVE, "price", "moved"].block
    assert set(blocks) <= set(range(BRIEF.count))
    assert (np.diff(blocks) >= 0).all()


def test_a_method_is_bound_once_and_its_first_decisions_do_not_count(slept):
    log, measurement = slept
    assert log.count("one bind") == 1
    assert measurement.taken == BRIEF.count * BRIEF.decisions
    assert log.count("one") >= WARM + measurement.taken


def test_what_is_disturbed_is_dropped_and_counted(monkeypatch):
    monkeypatch.setattr(Disturbance, "happened", lambda self: True)
    measured, _ = measure_in_turn({"one": Sleeper()}, ticking(), {"one": WAITING}, blocks=BRIEF)
    assert measured["one"].disturbed == measured["one"].taken > 0


def test_a_disturbed_reading_is_used_only_where_there_is_no_other(monkeypatch):
    turns = cycle((True, False, False))
    monkeypatch.setattr(Disturbance, "happened", lambda self: next(turns))
    clean, _ = measure_in_turn({"one": Sleeper()}, ticking(), {"one": WAITING}, blocks=BRIEF)
    assert 0 < clean["one"].disturbed < clean["one"].taken
    assert len(clean["one"].readings[LIVE, "feed", "any"].ns) == clean["one"].taken - clean["one"].disturbed
    monkeypatch.setattr(Disturbance, "happened", lambda self: True)
    spoilt, _ = measure_in_turn({"one": Sleeper()}, ticking(), {"one": WAITING}, blocks=BRIEF)
    assert len(spoilt["one"].readings[LIVE, "feed", "any"].ns) == spoilt["one"].taken


@pytest.mark.parametrize(
    ("wall", "cpu", "stopped", "waited", "disturbed"),
    [
        (100_000, 99_000, 0, 0, False),
        (100_000, 99_000, 1, 0, True),
        (100_000, 50_000, 0, 0, True),
        (100_000, 50_000, 0, 1, False),
        (15_000, 1_000, 0, 0, False),
    ],
)
def test_what_stops_a_thread_disturbs_it_unless_it_waited_itself(monkeypatch, wall, cpu, stopped, waited, disturbed):
    clocks = {"perf_counter_ns": 0, "thread_time_ns": 0, "context_switches": (0, 0)}
    for name in list(clocks):
        monkeypatch.setattr(f"tradesim.experiments.timing.{name}", lambda name=name: clocks[name])
    disturbance = Disturbance()
    disturbance.watch()
    clocks |= {"perf_counter_ns": wall, "thread_time_ns": cpu, "context_switches": (stopped, waited)}
    assert disturbance.happened() is disturbed


def test_a_tape_that_causes_no_decision_still_has_its_pricing_timed():
    strategy = Strategy(trigger=OwnTraded())
    measured, service = measure_in_turn({"one": Sleeper()}, ticking(), {"one": strategy}, blocks=BRIEF)
    assert {key[0] for key in measured["one"].readings} == {HOT, COLD}
    profile = measured["one"].profile(service, LIVE, 2)
    assert profile.work(Stage.PRICE, "moved", 0.5, 0, 0) >= 0.9 * MILLISECOND


def test_a_replicate_draws_from_blocks_of_its_own():
    def of(*pairs: tuple[int, int]) -> Readings:
        return Readings(*(np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True)))

    readings = {
        (LIVE, "price", "hit"): of((10, 0), (20, 1), (30, 2), (40, 3)),
        (LIVE, "price", "fallback"): of(
            (90, 0),
        ),
        (HOT, "price", "hit"): of((1, 0), (2, 1), (3, 2), (4, 3)),
        (LIVE, "feed", "any"): of((5, 0), (6, 1)),
    }
    measured, service = Measurement(readings=readings), Measurement(readings={})

    def drawn(timing: Timing, replicate: int, stage: Stage = Stage.PRICE, tag: str = "hit") -> set[int]:
        profile = measured.profile(service, timing, 2).replicate(replicate)
        return {profile.work(stage, tag, u, 0, 0) for u in (0.1, 0.4, 0.6, 0.9)}

    assert [drawn(LIVE, replicate) for replicate in range(3)] == [{10, 30}, {20, 40}, {10, 30}]
    assert drawn(HOT, 1) == {2, 4}
    assert drawn(LIVE, 1, Stage.FEED) == {6}
    assert drawn(LIVE, 1, tag="fallback") == {90}
    assert drawn(LIVE, 0, Stage.SEND) == {0}


def test_a_profile_is_the_same_after_it_was_rows():
    methods = {"slice": AnalyticSlice(PROBLEMS["american"])}
    tape = generate(SyntheticMarket(duration=3 * SECOND), seed=1)
    session = open_session(tape, PROBLEMS["american"], Setting(), seed=1)
    measured, service = measure_in_turn(methods, session, {"slice": Strategy()}, blocks=BRIEF)
    rows = profile_frame(measured, service)
    again, of_service = with_readings(measured, rows, {"slice": {"decisions": 7, "disturbed": 3}})
    assert (again["slice"].taken, again["slice"].disturbed) == (7, 3)
    assert profile_frame(again, of_service).sort(rows.columns[:5]).equals(rows.sort(rows.columns[:5]))
    assert all(ns == sorted(ns) for ns in rows["measurements"].to_list())


def test_what_runs_between_two_decisions_can_be_stated():
    assert parse_between("desk") == Between()
    assert parse_between("nothing,spin=1ms") == Between(foreign=0, longest=MILLISECOND)
    assert parse_between("64KiB,sleep=50us") == Between(foreign=65536, longest=50 * MICROSECOND, sleeps=True)
    for wrong in ("desk,50us", "much", "2MiB,sleep=", "2MiB,sleep=1s", "2GiB"):
        with pytest.raises(ArgumentError) as caught:
            parse_between(wrong)
        assert "\n" not in str(caught.value)


def test_a_desk_waits_as_long_as_the_tape_leaves_it_idle_but_no_longer_than_was_stated(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr("tradesim.experiments.between.time.sleep", slept.append)
    neighbour = Neighbour(Between(longest=MILLISECOND, sleeps=True), 0)
    desk = Rehearsal(Sleeper(), ticking(), WAITING, neighbour)
    desk.proceed(0, decisions=WARM + 4, ns=SECOND)
    assert set(slept[:WARM]) == {0.0}
    assert max(slept[WARM:]) == 0.001


def test_the_garbage_collector_is_left_as_it_was():
    for switch, expected in ((gc.disable, False), (gc.enable, True)):
        switch()
        measure_in_turn({"one": Sleeper()}, ticking(), {"one": WAITING}, blocks=Blocks(count=1, decisions=1))
        assert gc.isenabled() is expected


def test_an_unknown_timing_lists_the_ones_there_are(home):
    with pytest.raises(ArgumentError, match="live, hot, cold"):
        compare(timing="warm", db=home / "never.duckdb")
    assert not (home / "never.duckdb").exists()


def test_a_profile_file_makes_the_same_replay_anywhere(home, tmp_path):
    market = SyntheticMarket(duration=5 * SECOND)
    about = tradesim.measure(tmp_path / "profile.parquet", methods=("proxy", "analytic-slice"), market=market)
    assert about["methods"]["proxy"]["decisions"] > 0
    assert {"processor", "cpus"} <= set(about["host"])
    asked = {"market": market, "methods": ("proxy", "analytic-slice"), "seeds": (1, 2), "curve": (), "jobs": 1}
    made = [compare(latency=str(tmp_path / "profile.parquet"), db=tmp_path / f"{n}.duckdb", **asked) for n in range(2)]
    rows = [each.store.query("SELECT * EXCLUDE (run) FROM decisions ORDER BY ALL") for each in made]
    assert len(rows[0]) > 0
    assert rows[0].equals(rows[1])
    with pytest.raises(ArgumentError, match="no profile of 'analytic'; make a profile"):
        compare(
            latency=str(tmp_path / "profile.parquet"), db=tmp_path / "0.duckdb", **(asked | {"methods": ("analytic",)})
        )


def test_a_profile_of_another_chain_or_another_way_to_trade_is_not_taken_in_silence(home, tmp_path):
    market, path, db = SyntheticMarket(duration=3 * SECOND), tmp_path / "profile.parquet", tmp_path / "p.duckdb"
    tradesim.measure(path, methods=("proxy",), market=market)
    asked = {"methods": ("proxy",), "seeds": (1,), "curve": (), "jobs": 1, "db": db}
    with pytest.raises(ArgumentError, match=r"of a chain of 42 contracts, and this one has 4; make a profile"):
        compare(market=replace(market, strikes=(95.0, 105.0), expiries=market.expiries[:1]), latency=str(path), **asked)
    assert not db.exists()
    hedging = Strategy(hedge=DeltaHedge(), trigger=EveryQuote())
    first = compare(market=market, latency=str(path), strategy=hedging, **asked)
    live = compare(market=market, **asked)
    again = compare(market=market, latency=f"profile:{live.name}", strategy=hedging, **asked)
    for made in (first, again):
        told = [line for line in made.cautions if "was taken with another" in line]
        assert told == [
            "The latency profile was taken with another hedge and trigger: deciding may take another time here."
        ]
        assert made.table["readings"].item() > 0
        assert made.table["update_p50"].item() > 0
    stated = compare(market=market, latency="fixed:1us", update="1s", **asked)
    assert stated.table["update_p50"].item() is None


def test_what_runs_between_decisions_is_not_asked_of_latencies_that_are_not_taken():
    for latency in ("fixed:5us", "measured", "profile:earlier"):
        with pytest.raises(ArgumentError, match=r"between: latency .* is not measured beforehand"):
            compare(market=SyntheticMarket(duration=SECOND), latency=latency, between=Between(foreign=0))


@pytest.mark.parametrize("path", ["absent.parquet", "other.parquet"])
def test_a_file_that_is_no_profile_is_refused_in_one_line(home, tmp_path, path):
    (tmp_path / "other.parquet").write_bytes(b"PAR1")
    with pytest.raises(ArgumentError) as caught:
        compare(latency=str(tmp_path / path), methods=("proxy",), seeds=(1,), market=SyntheticMarket(duration=SECOND))
    assert "\n" not in str(caught.value)


def test_a_rule_that_does_the_pricing_itself_is_charged_for_it(home, tmp_path):
    made = compare(
        market=SyntheticMarket(duration=3 * SECOND),
        methods=("nothing",),
        seeds=(1,),
        strategy=Strategy(rule=Custom(function=slow_rule)),
        db=tmp_path / "own.duckdb",
        curve=(),
        jobs=1,
    )
    took = made.store.query("SELECT min(decided - priced) FROM decisions JOIN runs USING (run) WHERE role = 'own'")
    assert took.item() >= 1.8 * MILLISECOND
