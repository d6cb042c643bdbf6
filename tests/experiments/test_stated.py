import pickle
from dataclasses import replace

import numpy as np
import pytest

from tradesim.errors import TradesimError
from tradesim.experiments.latency_spec import Stored, parse_hiccups, parse_latency, parse_wires
from tradesim.experiments.manifest import fingerprint, plain
from tradesim.experiments.plan import Plan
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import Fixed, Gamma, LogNormal, Measured, Stage
from tradesim.simulation.orders import Action
from tradesim.simulation.wires import Link, PerAction, Recorded, Wires


@pytest.fixture
def delays(tmp_path):
    path = tmp_path / "delays.csv"
    path.write_text("ns,other\n30,1\n10,2\n20,3\n")
    return path


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("req_ts,exch_ts,resp_ts\n1000,1010,1050\n2000,0,2090\n3000,3030,3040\n")
    return path


def test_what_is_not_stated_is_as_usual():
    assert parse_wires() == Wires()
    assert parse_wires(entry="1ms") == Wires(entry=Fixed(1_000_000))


def test_a_feed_may_be_what_was_recorded():
    wires = parse_wires(feed="recorded", entry="fixed:40us", response="lognormal:30us:0.5")
    assert wires == Wires(feed=Recorded(), entry=Fixed(40_000), response=LogNormal(median=30_000, sigma=0.5))


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("40us", Fixed(40_000)),
        ("fixed:40us", Fixed(40_000)),
        ("lognormal:1ms:0", LogNormal(median=1_000_000, sigma=0.0)),
        ("gamma:0.5:30us", Gamma(shape=0.5, scale=30_000)),
        ("gamma:2:10us:20us", Gamma(shape=2.0, scale=10_000, floor=20_000)),
    ],
)
def test_a_model_is_stated_alike_everywhere(text, model):
    assert parse_latency(text).price_by_tag == {"any": model}
    assert parse_wires(feed=text, entry=text, response=text) == Wires(feed=model, entry=model, response=model)
    assert parse_hiccups(f"every={text},pause={text}") == Hiccups(every=model, pause=model)


def test_measurements_come_from_a_file(delays):
    assert parse_latency(f"file:{delays}").price_by_tag["any"].measurements.tolist() == [30, 10, 20]
    assert parse_wires(feed=f"file:{delays}#other").feed.measurements.tolist() == [1, 2, 3]


def test_a_file_may_have_any_name(tmp_path):
    path = tmp_path / "a,cancel=1:#2.txt"
    path.write_text("7\n")
    assert parse_wires(entry=f"file:{path}").entry.sample(0.5) == 7


def test_compute_latencies_that_are_no_model():
    assert parse_latency("empirical") is None
    assert isinstance(parse_latency("measured"), Measured)
    assert parse_latency("profile:abc") == Stored("abc")


def test_each_action_may_have_its_own():
    entry = parse_wires(entry="place=30us,cancel=gamma:1:20us:1us,replace=lognormal:30us:0.4").entry
    assert entry == PerAction(
        place=Fixed(30_000),
        cancel=Gamma(shape=1.0, scale=20_000, floor=1_000),
        replace=LogNormal(median=30_000, sigma=0.4),
    )


def test_an_action_that_is_not_named_is_as_place():
    response = parse_wires(response="cancel=5us,place=30us").response
    assert response == PerAction(place=Fixed(30_000), cancel=Fixed(5_000), replace=Fixed(30_000))


def test_a_recorded_entry_brings_its_response_unless_one_is_stated(orders):
    both = parse_wires(entry=f"recorded:{orders}").options
    assert both.entry_delay(Action.PLACE, 0.5, 1000) == 10
    assert both.response_delay(Action.PLACE, 0.5, 1010) == 40
    assert both.rejects(Action.PLACE, 0.5, 1500)
    one = parse_wires(entry=f"recorded:{orders}", response="5us").options
    assert one.response_delay(Action.PLACE, 0.5, 1010) == 5000
    other = parse_wires(response=f"recorded:{orders}").options
    assert other.entry == Wires().entry
    assert not other.rejects(Action.PLACE, 0.5, 1500)


def test_a_hedge_differs_from_the_options_in_what_is_stated(orders):
    assert parse_wires(entry="1us", rejections=0.5).hedge is None
    wires = parse_wires(entry="1us", response="2us", rejections=0.5, hedge_response="3us")
    assert wires.options == Link(entry=Fixed(1000), response=Fixed(2000), rejections=0.5)
    assert wires.underlying == Link(entry=Fixed(1000), response=Fixed(3000), rejections=0.5)
    recorded = parse_wires(hedge_entry=f"recorded:{orders}").underlying
    assert recorded.response_delay(Action.PLACE, 0.5, 1010) == 40


REFUSED = [
    ({"entry": "recorded"}, "entry latency 'recorded'"),
    ({"feed": "fast"}, "feed latency 'fast'"),
    ({"feed": ""}, "feed latency ''"),
    ({"feed": "place=1us"}, "feed latency 'place=1us'"),
    ({"feed": "recorded:x.csv"}, "feed latency 'recorded:x.csv'"),
    ({"response": "-1us"}, "response latency '-1us'"),
    ({"feed": "lognormal:1us"}, "it is one of DURATION"),
    ({"entry": "empirical"}, "entry latency 'empirical'"),
    ({"entry": "gamma:1"}, "gamma:SHAPE:SCALE[:FLOOR]"),
    ({"entry": "gamma:0:1us"}, "shape and scale must be above 0"),
    ({"entry": "gamma:nan:1us"}, "a number from 0 to 1000"),
    ({"entry": "gamma:1:1us:1us:1us"}, "it is one of"),
    ({"entry": "gamma:1:2h"}, "a number and ns, us, ms or s"),
    ({"entry": "cancel=1us"}, "place= is missing"),
    ({"entry": "place=1us,place=2us"}, "entry latency"),
    ({"entry": "place=1us,pull=2us"}, "duration"),
    ({"entry": "place=1us,cancel="}, "entry latency ''"),
    ({"hedge_entry": "soon"}, "hedge entry latency 'soon'"),
    ({"entry": "file:"}, "entry latency 'file:'"),
    ({"entry": "file:/nowhere.csv"}, "no such file"),
    ({"entry": "recorded:/nowhere.csv"}, "no such file"),
    ({"rejections": 1.5}, "rejections 1.5: a share of messages is from 0 to 1"),
    ({"rejections": float("nan")}, "a share of messages"),
]


@pytest.mark.parametrize(("stated", "rule"), REFUSED, ids=lambda part: str(part)[:40])
def test_a_wire_that_is_no_latency_is_refused_in_one_line(stated, rule):
    with pytest.raises(TradesimError) as caught:
        parse_wires(**stated)
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "100ms", "every=100ms", "pause=1ms", "every=1s,every=1s", "every=1s,pause=soon"])
def test_hiccups_need_both_parts(text):
    with pytest.raises(TradesimError, match=r"every=MODEL,pause=MODEL|pause latency 'soon'"):
        parse_hiccups(text)


def plan(latency, **wires):
    around = Plan(source=None, problem="european", methods=("proxy",), seeds=(1,), latency=latency)
    return replace(around, setting=replace(around.setting, wires=parse_wires(**wires)))


def test_a_manifest_holds_each_model_and_of_a_file_its_name_and_hash(delays, orders):
    entry = f"place=file:{delays},cancel=gamma:2:10us"
    told = plan(f"file:{delays}", entry=entry, hedge_entry=f"recorded:{orders}").configuration()
    assert str(delays.parent) not in str(told)
    measured = {
        "kind": "Empirical",
        "measurements": plain(np.array([30, 10, 20])),
        "source": "delays.csv",
    }
    assert told["latency"]["price_by_tag"]["any"] == measured
    wires = told["setting"]["wires"]
    assert wires["entry"]["place"] == measured
    assert wires["entry"]["cancel"] == {"kind": "Gamma", "shape": 2.0, "scale": 10_000, "floor": 0}
    assert wires["hedge"]["entry"]["source"] == "orders.csv"
    assert wires["hedge"]["response"]["kind"] == "Interpolated"


def test_a_plan_is_named_by_what_its_files_held_when_it_was_made(delays, tmp_path):
    before = plan(f"file:{delays}")
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    copy = elsewhere / delays.name
    copy.write_bytes(delays.read_bytes())
    assert fingerprint(plan(f"file:{copy}").configuration()) == fingerprint(before.configuration())
    delays.write_text("ns\n30\n10\n21\n")
    assert fingerprint(plan(f"file:{delays}").configuration()) != fingerprint(before.configuration())
    kept = pickle.loads(pickle.dumps(before))
    assert kept.compute.work(Stage.PRICE, "any", 0.9, 0, 0) == 30
    assert fingerprint(kept.configuration()) == fingerprint(before.configuration())


def test_what_a_plan_says_of_its_own_latency_is_what_was_stated():
    assert plan("empirical").configuration()["latency"] == "empirical"
    assert plan("profile:abc").configuration()["latency"] == {"kind": "Stored", "comparison": "abc"}


def test_sending_is_stated_by_action_and_never_recorded():
    sent = parse_wires(send="place=2us,cancel=500ns").send
    assert sent == PerAction(place=Fixed(2_000), cancel=Fixed(500), replace=Fixed(2_000))
    with pytest.raises(TradesimError, match="a recording is of the wires"):
        parse_wires(send="recorded:orders.npz")
