"""What a desk's time goes to: several CPUs, pauses, deadlines, sending, and what it records of them."""

import numpy as np
from probes import START, Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.pricing import PROBLEMS
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import Fixed, Stage
from tradesim.simulation.orders import AT_MARKET
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Custom, Policy, Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.simulation.wires import PerAction, Wires

TICKS = tape_of(
    Quote(at=0, bid=100, ask=101), underlying(0), underlying(10, 101), underlying(20, 102), underlying(100, 103)
)


class SlowFirst:
    """Computes 100 ns at first, then 10 ns."""

    def __init__(self) -> None:
        self._asked = 0

    def work(self, stage, tag, draw, elapsed, key):
        if stage is not Stage.PRICE:
            return 0
        self._asked += 1
        return 100 if self._asked == 1 else 10

    def update(self, draw):
        return 0


def nothing(screen):
    return np.empty((0, 4), dtype=np.int64)


def buy_one(screen):
    return np.array([[0, 1, 1, AT_MARKET]], dtype=np.int64)


def decisions(strategy, tape=TICKS, feed=0, **seat):
    (result,) = run_probe(session_of(tape, feed=feed), seat_of(strategy, **seat))
    return result.decisions


def test_two_cpus_think_at_once():
    strategy = Strategy(rule=Custom(function=nothing), trigger=EveryQuote(), policy=Policy.QUEUE, cpus=2)
    found = decisions(strategy, compute=30)
    assert (found["start"] - START).to_list() == [0, 10, 30, 100]
    assert (found["decided"] - START).to_list() == [30, 40, 60, 130]


def test_the_backlog_and_the_age_of_what_was_seen_are_recorded():
    strategy = Strategy(rule=Custom(function=nothing), trigger=EveryQuote(), policy=Policy.QUEUE)
    found = decisions(strategy, feed=5, compute=30)
    assert (found["start"] - START).to_list() == [5, 35, 65, 105]
    assert found["backlog"].to_list() == [0, 1, 0, 0]
    assert (found["newest"] - START).to_list() == [0, 10, 20, 100]


def test_a_decision_after_its_deadline_sends_nothing():
    strategy = Strategy(rule=Custom(function=buy_one), trigger=EveryQuote(), policy=Policy.QUEUE, deadline=45)
    found = decisions(strategy, compute=30)
    assert found["outcome"].to_list() == ["prompt", "late", "late", "prompt"]
    assert found["orders"].to_list() == [1, 0, 0, 1]


def test_work_stands_still_in_a_pause():
    """The process runs 15 ns, or a part of it at first, and pauses for 100, again and again."""
    strategy = Strategy(rule=Custom(function=nothing), trigger=EveryQuote())
    hiccups = Hiccups(every=Fixed(15), pause=Fixed(100))
    found = decisions(strategy, compute=30, hiccups=hiccups)
    first = found.row(0, named=True)
    assert first["paused"] in {100, 200, 300}
    assert first["decided"] - first["start"] == 30 + first["paused"]


def test_messages_leave_one_after_another_and_keep_the_cpu():
    tape = tape_of(
        *(Quote(at=0, instrument=i, bid=100, ask=101) for i in (1, 2)), underlying(0), underlying(10, 101), contracts=2
    )
    wires = Wires(
        feed=Fixed(0),
        entry=Fixed(5),
        response=Fixed(0),
        send=PerAction(place=Fixed(40), cancel=Fixed(1), replace=Fixed(1)),
    )
    session = open_session(tape, PROBLEMS["european"], Setting(wires=wires, horizon=0), seed=1)
    both = np.array([[0, 1, 1, AT_MARKET], [1, 1, 1, AT_MARKET]], dtype=np.int64)
    rule = Custom(function=lambda screen: both[~screen.in_flight & (screen.position == 0)])
    (result,) = run_probe(session, seat_of(Strategy(rule=rule, trigger=EveryQuote()), compute=7))
    assert (result.orders["decided"] - START).to_list() == [47, 87]
    assert (result.orders["venue"] - START).to_list() == [52, 92]
    assert (result.decisions["start"] - START).to_list() == [0, 87]


def test_on_two_cpus_what_is_sent_first_arrives_first():
    """The first decision takes 100 ns, the second 10: it sends first, and is not held up by what leaves after it."""
    tape = tape_of(*(Quote(at=0, instrument=i, bid=100, ask=101) for i in (1, 2)), underlying(0), underlying(10, 101),
                   contracts=2)  # fmt: skip
    rule = Custom(function=lambda screen: np.array([[screen.now - START > 0, 1, 1, AT_MARKET]], dtype=np.int64))
    strategy = Strategy(rule=rule, trigger=EveryQuote(), policy=Policy.QUEUE, cpus=2)
    (result,) = run_probe(session_of(tape, entry=5), seat_of(strategy, compute=SlowFirst()))
    assert (result.orders["decided"] - START).to_list() == [100, 20]
    assert (result.orders["venue"] - START).to_list() == [105, 25]
