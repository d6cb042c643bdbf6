"""A comparison as data: how a latency is written, and what identifies a configuration."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tradesim.errors import ArgumentError
from tradesim.experiments.latency_spec import parse_latency
from tradesim.experiments.manifest import fingerprint
from tradesim.experiments.plan import Plan
from tradesim.market.synthetic import SyntheticMarket
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.latency import Fixed, LogNormal, Measured, Stage
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Policy, Strategy, TakeRule
from tradesim.simulation.trigger import EveryNth
from tradesim.simulation.venue_rules import Fees
from tradesim.simulation.volatility import Schedule
from tradesim.simulation.wires import Wires

PLAN = Plan(source=SyntheticMarket(), problem="american", methods=("analytic",), seeds=(1, 2))


@pytest.mark.parametrize(
    ("text", "ns"),
    [("fixed:0ns", 0), ("fixed:40us", 40_000), ("fixed:1.5ms", 1_500_000), ("fixed:2 s", 2_000_000_000)],
)
def test_a_fixed_latency_is_charged_whatever_the_path_and_the_call_took(text, ns):
    latency = parse_latency(text)
    assert latency is not None
    assert {latency.work(Stage.PRICE, tag, u, 77, 0) for tag in ("hit", "miss") for u in (0.01, 0.99)} == {ns}
    assert latency.update(0.5) == 0


def test_a_lognormal_latency_has_the_median_and_the_spread_that_are_stated():
    latency = parse_latency("lognormal:40us:0.5")
    assert latency is not None
    assert latency.work(Stage.PRICE, "hit", 0.5, 0, 0) == 40_000
    assert latency.work(Stage.PRICE, "hit", 0.8413447, 0, 0) == pytest.approx(40_000 * 1.6487, rel=1e-3)


def test_empirical_is_each_methods_own_and_measured_is_live():
    assert parse_latency("empirical") is None
    assert isinstance(parse_latency("measured"), Measured)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fast",
        "fixed",
        "fixed:",
        "fixed:40",
        "fixed:-40us",
        "fixed:40us:1",
        "fixed:nan us",
        "fixed:99999999s",
        "measured:40us",
        "empirical:1",
        "lognormal:40us",
        "lognormal:40us:wide",
        "lognormal:40us:-1",
        "lognormal:40us:nan",
        "lognormal:40us:999",
        "lognormal:0us:0.5",
    ],
)
def test_a_latency_outside_its_rule_is_refused_in_one_line_before_anything_is_done(text):
    with pytest.raises(ArgumentError) as told:
        replace(PLAN, latency=text)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 200


CHANGES = {
    "market": {"source": SyntheticMarket(jump_mean=0.05)},
    "tape": {"source": Path("some.parquet")},
    "problem": {"problem": "european"},
    "methods": {"methods": ("analytic", "proxy")},
    "order of methods": {"methods": ("proxy", "analytic")},
    "seeds": {"seeds": (1, 3)},
    "edge": {"trading": Strategy(rule=TakeRule(edge=0.01))},
    "trigger": {"trading": Strategy(trigger=EveryNth(n=2))},
    "policy": {"trading": Strategy(policy=Policy.QUEUE)},
    "hedge": {"trading": Strategy(hedge=DeltaHedge())},
    "cpus": {"trading": Strategy(cpus=2)},
    "deadline": {"trading": Strategy(deadline=5)},
    "fee": {"setting": Setting(fees=Fees(taker=0.001))},
    "feed": {"setting": Setting(wires=Wires(feed=Fixed(1)))},
    "kind of entry": {"setting": Setting(wires=Wires(entry=LogNormal(median=30_000, sigma=0.1)))},
    "schedule": {"setting": Setting(schedule=Schedule(settle=1))},
    "latency": {"latency": "fixed:1us"},
    "curve": {"curve": (0,)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_part_of_a_configuration_is_in_its_fingerprint(change):
    assert fingerprint(replace(PLAN, **change)) != fingerprint(PLAN)


def test_equal_configurations_have_equal_fingerprints():
    again = Plan(source=SyntheticMarket(), problem="american", methods=("analytic",), seeds=(1, 2))
    assert again is not PLAN
    assert fingerprint(again) == fingerprint(PLAN)
    assert len({fingerprint(replace(PLAN, **change)) for change in CHANGES.values()}) == len(CHANGES)


def test_a_manifest_is_strict_json_that_says_what_was_asked_and_what_it_ran_on():
    manifest = json.loads(json.dumps(PLAN.manifest(), allow_nan=False))
    configuration = manifest["configuration"]
    assert configuration["trading"]["rule"] == {"kind": "TakeRule", "edge": 0.0075, "cap": 50}
    assert configuration["source"]["kind"] == "SyntheticMarket"
    assert configuration["seeds"] == [1, 2]
    assert {"python", "tradesim", "numpy", "numba", "duckdb"} <= set(manifest["versions"])
    assert manifest["host"]["cpus"] > 0


@pytest.mark.parametrize(
    "change",
    [
        {"methods": ()},
        {"methods": ("analytic", "analytic")},
        {"methods": ("oracle",)},
        {"seeds": ()},
        {"seeds": (1, 1)},
        {"seeds": (-1,)},
    ],
)
def test_a_plan_outside_its_rule_is_refused(change):
    with pytest.raises(ArgumentError) as told:
        replace(PLAN, **change)
    assert "\n" not in str(told.value)


def test_an_unknown_method_is_told_the_names_there_are():
    with pytest.raises(ArgumentError, match="analytic-slice"):
        replace(PLAN, methods=("solver",))


def test_a_generated_source_has_a_tape_a_seed_and_the_same_one_again():
    plan = replace(PLAN, source=SyntheticMarket(duration=10**9))
    assert plan.tape(1).hash == plan.tape(1).hash != plan.tape(2).hash
