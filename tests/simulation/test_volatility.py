"""The volatility service: what it recovers, what it falls back to, and when it looks."""

from dataclasses import replace

import numpy as np
import pytest
from probes import START, Quote, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.errors import ArgumentError, TapeError
from tradesim.market.chain import CALL, EUROPEAN, PUT, Chain, Settlement
from tradesim.market.synthetic import TICK, SyntheticMarket, generate
from tradesim.market.tape import Tape
from tradesim.methods.method import State, price_chain
from tradesim.methods.reference import Reference
from tradesim.pricing import PROBLEMS
from tradesim.pricing.european import price
from tradesim.pricing.implied import european_vega
from tradesim.simulation.book import quote_rows
from tradesim.simulation.latency import FREE, LogNormal
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.volatility import Schedule, VolatilityService, snapshot_instants
from tradesim.simulation.wires import Wires
from tradesim.units import DAY, MICROS, MICROSECOND, MILLISECOND, SECOND

MINUTE = 60 * SECOND
FEED = 20 * MICROSECOND

Contract = tuple[float, int, int]
"""Strike, days to expiry, right."""


def chain_of(*contracts: Contract, settlement: Settlement = Settlement.QUOTE) -> Chain:
    strikes, days, rights = zip(*contracts, strict=True)
    return Chain(
        name=tuple(f"C{i}" for i in range(len(contracts))),
        strike=np.array(strikes, dtype=np.float64),
        expiry=START + DAY * np.array(days, dtype=np.int64),
        right=np.array(rights, dtype=np.int8),
        style=np.full(len(contracts), EUROPEAN, dtype=np.int8),
        multiplier=np.ones(len(contracts), dtype=np.int64),
        settlement=settlement,
    )


def value_of(contract: Contract, volatility: float, *, spot: float = 100.0, dividend: float = 0.0) -> float:
    strike, days, right = contract
    columns = (spot, strike, days / 365, volatility, 0.0, dividend)
    return float(price(*(np.array([x]) for x in columns), np.array([right], dtype=np.int8))[0])


def quoted(at: int, number: int, value: float) -> Quote:
    """Contract ``number`` quoted around ``value``, half a cent to each side."""
    return Quote(at=at, instrument=number + 1, bid=value - 0.005, ask=value + 0.005)


def tape_on(chain: Chain, *quotes: Quote, **terms: object) -> Tape:
    return replace(tape_of(*quotes, contracts=len(chain)), chain=chain, **terms)


def states_of(tape: Tape, problem: str = "european", **schedule: object) -> tuple[State, ...]:
    service = VolatilityService(
        tape=tape, problem=PROBLEMS[problem], rows=quote_rows(tape), clock=tape.ts, schedule=Schedule(**schedule)
    )
    return service.states()


def test_the_generators_volatilities_are_recovered_within_the_rounding_of_quotes():
    """A middle is within half a tick of the value, so a forward is within one: a tick and a half in all."""
    tape = generate(SyntheticMarket(duration=20 * SECOND), seed=4)
    states = open_session(tape, PROBLEMS["american"], Setting(), seed=4).states
    chain, checked = tape.chain, 0
    for before, state in zip((None, *states[:-1]), states, strict=True):
        if before is not None and np.array_equal(state.volatility, before.volatility):
            continue
        checked += 1
        _, level = tape.latent.at(np.array([state.instant - FEED - 1]))
        truth = level[0] * tape.latent.smile
        inputs = (np.full(len(chain), state.spot), chain.strike, state.expiry, truth, state.rate, np.zeros(len(chain)))
        vega = np.array([european_vega(*row) for row in zip(*inputs, strict=True)])
        known = state.own & (vega > 0.5)
        assert known.sum() > len(chain) / 2
        assert np.abs((state.volatility - truth) * vega)[known].max() < 1.5 * TICK / MICROS
    assert checked > 5


@pytest.mark.parametrize("dividend", [0.0, 0.03, 0.08])
def test_the_forward_by_parity_tells_the_dividend_yield(dividend):
    """American quotes: the premium of early exercise is taken off before parity is."""
    tape = generate(SyntheticMarket(duration=SECOND, dividend=dividend), seed=2)
    blind = replace(tape, dividend=0.0)
    first = states_of(blind, "american")[0]
    tick_in_yield = TICK / MICROS / (first.spot * first.expiry)
    assert np.all(np.abs(first.dividend - dividend) < 1.2 * tick_in_yield)


@pytest.mark.parametrize("carry", [None, np.array([-0.004, -0.006])])
def test_noise_at_a_negative_rate_gives_american_options_no_two_boundaries(carry):
    """At a rate of -1 % calls have two boundaries at yields between it and zero, puts at yields below it."""
    chain = chain_of((100.0, 30, CALL), (100.0, 30, PUT))
    for noise in (-0.9, -0.01, 0.0, 0.02, 0.9):
        tape = tape_on(
            chain, underlying(0), quoted(0, 0, 4.0 + noise), quoted(0, 1, 4.0), rate=-0.01, dividend=0.0, carry=carry
        )
        (state,) = states_of(tape, "american")
        reference = Reference(PROBLEMS["american"])
        reference.bind(chain)
        reference.update(state)
        assert np.isfinite(price_chain(reference, state.spot, len(chain))).all()


CALLS: tuple[Contract, ...] = ((100.0, 30, CALL), (110.0, 30, CALL), (130.0, 30, CALL), (104.0, 90, CALL))


def test_a_contract_that_is_not_quoted_has_the_volatility_of_its_nearest_neighbour():
    """The nearest strike of its expiry; where its expiry has none, the nearest strike there is."""
    tape = tape_on(
        chain_of(*CALLS), underlying(0), quoted(0, 0, value_of(CALLS[0], 0.2)), quoted(0, 1, value_of(CALLS[1], 0.4))
    )
    (state,) = states_of(tape)
    assert state.volatility == pytest.approx([0.2, 0.4, 0.4, 0.2], abs=1e-5)
    assert state.own.tolist() == [True, True, False, False]


def test_where_nothing_is_quoted_the_default_volatility_stands():
    tape = tape_on(chain_of(*CALLS), underlying(0), Quote(at=0, bid=3.0))
    (state,) = states_of(tape, default_volatility=0.7)
    assert state.volatility.tolist() == [0.7] * 4
    assert not state.own.any()


PAIR: tuple[Contract, ...] = ((100.0, 30, CALL), (100.0, 30, PUT), (105.0, 30, CALL))


def at_yield(at: int, dividend: float, volatility: float, numbers: tuple[int, ...]) -> list[Quote]:
    return [quoted(at, i, value_of(PAIR[i], volatility, dividend=dividend)) for i in numbers]


def test_a_contract_that_loses_a_side_keeps_its_volatility_and_the_dividend_it_was_implied_with():
    tape = tape_on(
        chain_of(*PAIR),
        underlying(0),
        *at_yield(0, 0.05, 0.3, (0, 1, 2)),
        Quote(at=500 * MILLISECOND, instrument=3, bid=1.0),
        *at_yield(500 * MILLISECOND, 0.01, 0.6, (0, 1)),
        underlying(SECOND),
    )
    before, after = states_of(tape)
    assert before.dividend == pytest.approx([0.05] * 3, abs=1e-6)
    assert after.dividend == pytest.approx([0.01, 0.01, 0.05], abs=1e-6)
    assert after.volatility == pytest.approx([0.6, 0.6, 0.3], abs=1e-5)
    assert after.own.all()


def test_a_contract_never_quoted_on_both_sides_is_priced_but_not_traded():
    """Its ask looks cheap from the first instant on; it is taken once its other side has been seen by an update."""
    value = value_of((100.0, 30, CALL), 0.4)
    tape = tape_of(
        underlying(0),
        Quote(at=0, ask=value),
        underlying(1, 101),
        Quote(at=500 * MILLISECOND, bid=value - 0.02, ask=value),
        underlying(2 * SECOND, 102),
    )
    (result,) = run_probe(session_of(tape), seat_of(Strategy(rule=TakeRule())))
    assert result.decisions["orders"].to_list() == [0, 0, 1]
    assert result.decisions["error_rms"].to_list() == [None, None, 0.0]


def test_a_snapshot_just_after_a_move_of_the_spot_keeps_the_volatilities():
    """Snapshots at 0, 1 s and 2 s; the spot moves 10 ms before the second."""
    contract = (100.0, 30, CALL)
    tape = tape_on(
        chain_of(contract),
        underlying(0),
        quoted(0, 0, value_of(contract, 0.3)),
        underlying(SECOND - 10 * MILLISECOND, 101.0),
        quoted(2 * SECOND - 1, 0, value_of(contract, 0.5, spot=101.0)),
        underlying(2 * SECOND, 101.0),
    )
    first, moving, settled = states_of(tape)
    assert moving.spot == settled.spot == 101.0
    assert moving.volatility.tolist() == first.volatility.tolist()
    assert moving.expiry[0] < first.expiry[0]
    assert settled.volatility == pytest.approx([0.5], abs=1e-5)


def test_a_bar_is_of_one_instant_so_its_spot_need_not_settle():
    contract = (100.0, 30, CALL)
    tape = tape_on(
        chain_of(contract),
        underlying(0),
        quoted(0, 0, value_of(contract, 0.3)),
        underlying(MINUTE, 101.0),
        quoted(MINUTE, 0, value_of(contract, 0.5, spot=101.0)),
        resolution=MINUTE,
    )
    assert states_of(tape)[-1].volatility == pytest.approx([0.5], abs=1e-5)


def gaps(tape: Tape, **schedule: object) -> np.ndarray:
    return np.diff(snapshot_instants(tape, tape.ts, Schedule(**schedule)))


def test_snapshots_are_at_most_a_minute_apart_even_on_coarse_bars():
    bars = replace(tape_of(*(underlying(i * SECOND // 2) for i in range(7200))), resolution=300 * SECOND)
    assert set(gaps(bars)) == {MINUTE}
    assert set(gaps(replace(bars, resolution=1))) == {SECOND}
    with pytest.raises(ArgumentError, match="minute"):
        Schedule(every=MINUTE + 1)


def test_snapshots_are_never_finer_than_the_tapes_resolution():
    bars = replace(tape_of(*(underlying(i * SECOND) for i in range(600))), resolution=5 * SECOND)
    assert set(gaps(bars)) == {5 * SECOND}


def test_snapshots_come_closer_as_an_expiry_nears_but_not_without_bound():
    dying = replace(chain_of((100.0, 30, CALL)), expiry=np.array([START + 100 * SECOND], dtype=np.int64))
    tape = tape_on(dying, *(underlying(i * 10 * MILLISECOND) for i in range(9_900)))
    apart = gaps(tape, every=MINUTE, near=0.01, fastest=100 * MILLISECOND)
    assert apart[0] == SECOND
    assert (np.diff(apart) <= 0).all()
    assert apart[-1] == 100 * MILLISECOND


def test_no_look_is_taken_while_nothing_arrives():
    """Two minutes of quotes, a weekend, and two minutes more."""
    monday = 65 * 3600 * SECOND
    times = [*range(0, 120 * SECOND, SECOND), *range(monday, monday + 120 * SECOND, SECOND)]
    assert len(gaps(tape_of(*(underlying(at) for at in times)))) == 239


def test_after_the_last_expiry_the_schedule_goes_on():
    dead = replace(chain_of((100.0, 30, CALL)), expiry=np.array([START + 5 * SECOND], dtype=np.int64))
    tape = tape_on(dead, *(underlying(i * SECOND) for i in range(61)))
    states = states_of(tape, every=10 * SECOND)
    assert states[-1].instant > START + 40 * SECOND
    assert states[-1].expiry.tolist() == [0.0]


def test_a_stated_forward_is_used_where_no_pair_of_quotes_tells_one():
    """Carry 0.02 of the first expiry and -0.03 of the second, at a rate of 0.05."""
    chain = chain_of((100.0, 30, CALL), (100.0, 90, CALL))
    tape = tape_on(chain, underlying(0), rate=0.05, dividend=0.5, carry=np.array([0.02, -0.03]))
    (state,) = states_of(tape)
    assert state.dividend == pytest.approx([0.03, 0.08])
    assert states_of(replace(tape, carry=None))[0].dividend.tolist() == [0.5, 0.5]


def coin_tape(volatility: float) -> Tape:
    """A call worth what it is at ``volatility``, quoted in coin of 100; later the coin rises and the quote falls."""
    contract = (100.0, 30, CALL)
    coins = value_of(contract, volatility) / 100.0
    return tape_on(
        chain_of(contract, settlement=Settlement.INVERSE),
        underlying(0),
        Quote(at=0, bid=coins - 0.0001, ask=coins + 0.0001),
        Quote(at=SECOND // 2, bid=coins - 0.02, ask=coins - 0.01),
        underlying(SECOND // 2, 110.0),
    )


def test_prices_in_coin_are_turned_into_currency_before_they_are_inverted():
    (state,) = states_of(coin_tape(0.4))
    assert state.volatility == pytest.approx([0.4], abs=1e-3)


def test_a_desk_on_a_coin_tape_holds_its_value_in_coin_against_the_quote():
    tape = coin_tape(0.4)
    session = open_session(tape, PROBLEMS["european"], Setting(horizon=0), seed=1)
    reference = Reference(PROBLEMS["european"])
    reference.bind(tape.chain)
    pricing = Pricing(prices=reference, clock=reference, reference=reference)
    orders = run_one(session, Seat(strategy=Strategy(rule=TakeRule(edge=0.005)), pricing=pricing, compute=FREE)).orders
    (order,) = orders.iter_rows(named=True)
    volatility = session.states[0].volatility[0]
    assert order["theo"] == pytest.approx(value_of((100.0, 30, CALL), volatility, spot=110.0) / 110.0, abs=1e-9)
    assert order["theo"] == order["reference"]


def test_an_underlying_that_is_never_quoted_on_both_sides_is_refused():
    with pytest.raises(TapeError, match="never quoted on both sides"):
        states_of(tape_of(Quote(at=0, instrument=0, bid=100.0), Quote(at=0, bid=1.0, ask=2.0)))


def test_an_underlying_that_loses_a_side_keeps_its_last_spot():
    tape = tape_of(underlying(0), Quote(at=SECOND // 2, instrument=0, bid=105.0), underlying(SECOND, 107.0))
    assert [state.spot for state in states_of(tape, every=700 * MILLISECOND)] == [100.0, 100.0]


def test_the_first_snapshot_waits_until_both_sides_are_seen_at_once():
    """A side that is lost again before any of it has arrived was never there to be seen."""
    tape = tape_of(underlying(0), Quote(at=5, instrument=0, bid=99.0), underlying(20, 101.0))
    clock = START + np.array([10, 10, 30])
    service = VolatilityService(
        tape=tape, problem=PROBLEMS["european"], rows=quote_rows(tape), clock=clock, schedule=Schedule()
    )
    assert [(state.instant - START, state.spot) for state in service.states()] == [(30, 101.0)]


def test_each_desk_has_the_states_of_its_own_feed():
    tape = tape_of(*(underlying(at * MILLISECOND, 100.0 + at) for at in range(0, 2_000, 7)))
    feed = LogNormal(median=20 * MILLISECOND, sigma=0.7)
    session = open_session(tape, PROBLEMS["european"], Setting(wires=Wires(feed=feed), horizon=0), seed=1)
    for desk in range(3):
        clock, states = session.clock_of(desk), session.states_of(desk)
        assert states[0].instant == clock[0]
        assert len(states) > 1
        for state in states:
            assert state.spot == 100.0 + 7 * int(np.sum(clock <= state.instant) - 1)
        assert session.states_of(desk) is states
    assert len({session.states_of(desk)[0].instant for desk in range(3)}) == 3


def test_desks_that_see_at_the_same_time_share_their_states():
    session = session_of(tape_of(underlying(0)), feed=10)
    assert session.states_of(3) is session.states
