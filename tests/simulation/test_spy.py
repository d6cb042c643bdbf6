"""At every wake-up, every field of the screen is what had really reached that desk by then, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probes import Quote, book_trade, tape_of, underlying
from spy import Log, Telling, Witness, logged
from test_desk_laws import FEES, RULES, SIZE, delay, desk, venue, world

from tradesim.pricing import PROBLEMS
from tradesim.simulation.latency import Profile
from tradesim.simulation.run import Seat, run
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Custom, Policy, Strategy
from tradesim.simulation.trigger import AnyOf, EveryQuote, OptionQuoted, OwnTraded, Traded
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.volatility import Schedule
from tradesim.simulation.wires import Recorded

SCHEDULE = Schedule(every=70, fastest=20, settle=5)

number = st.integers(1, 2)
option = st.tuples(
    st.just("quote"), number, st.sampled_from([4.0, 5.0, 6.0]), st.integers(1, 2), st.integers(0, 6), st.integers(0, 6)
)
trade = st.tuples(st.just("trade"), st.sampled_from([4.0, 5.0, 6.0, 7.0]), SIZE, st.sampled_from([1, -1]))
spot = st.tuples(st.just("spot"), st.sampled_from([99.0, 100.0, 101.0]))
one_sided = st.tuples(st.just("bid alone"), st.sampled_from([99.0, 100.0]))
tapes = st.lists(
    st.tuples(st.integers(0, 30), st.one_of(option, option, trade, spot, spot, one_sided)), min_size=5, max_size=30
)
wakes = st.sampled_from([EveryQuote(), EveryQuote(), OptionQuoted(), OptionQuoted(by=0.5, near=0.005), Traded(n=2)])
feeds = st.one_of(world, world.map(lambda wires: replace(wires, feed=Recorded())))
spied = st.tuples(desk, wakes, delay)


def tape(events):
    rows, at = [underlying(0), Quote(at=0, bid=5.0, ask=6.0)], 0
    for after, (what, *told) in events:
        at += after
        match what:
            case "quote":
                contract, best, wide, bid_size, ask_size = told
                rows.append(
                    Quote(
                        at=at,
                        instrument=contract,
                        bid=best if bid_size else None,
                        ask=best + wide if ask_size else None,
                        bid_size=bid_size,
                        ask_size=ask_size,
                    )
                )
            case "trade":
                rows.append(book_trade(at, *told))
            case "spot":
                rows.append(underlying(at, *told))
            case "bid alone":
                rows.append(Quote(at=at, instrument=0, bid=told[0]))
    made = tape_of(*rows, underlying(at + 40), contracts=2, multiplier=100)
    return replace(made, received=made.ts + np.arange(len(made)) * 29 % 37)


def watched(log, index, asked, wake, update):
    strategy = Strategy(
        rule=Custom(function=log.spying(index, RULES[asked["rule"]]().decide)),
        trigger=AnyOf((wake, OwnTraded())),
        policy=asked["policy"],
        cpus=asked["cpus"],
        deadline=asked["deadline"],
        hedge=asked["hedge"],
    )
    method = Telling(asked["value"])
    compute = Profile(price_by_tag={"any": asked["compute"]}, update_model=update)
    pricing = Pricing(prices=method, clock=method, reference=method)
    return Seat(strategy=strategy, pricing=pricing, compute=compute, hiccups=asked["hiccups"])


@pytest.mark.parametrize("policy", Policy)
@settings(max_examples=40)
@given(tapes, feeds, venue, st.lists(spied, min_size=1, max_size=3), st.integers(0, 2**20))
def test_every_field_of_every_screen_is_what_had_arrived(policy, events, wires, rules, desks, seed):
    setting = Setting(wires=wires, fees=FEES, venue=rules, schedule=SCHEDULE, horizon=0)
    session = open_session(tape(events), PROBLEMS["european"], setting, seed=seed)
    log = Log()
    seats = [watched(log, index, asked | {"policy": policy}, *more) for index, (asked, *more) in enumerate(desks)]
    with logged(log):
        results = run(session, seats)
    for index, (seat, result) in enumerate(zip(seats, results, strict=True)):
        Witness(session, index, seat, result, log).check()
