"""Ticks that depend on the price: which prices exist, how the venue holds orders to them, and what a tape tells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from probes import Quote, run_probe, seat_of, tape_of, underlying

from tradesim.errors import ArgumentError
from tradesim.experiments.latency_spec import parse_venue
from tradesim.market.tape import UNDERLYING
from tradesim.pricing import PROBLEMS
from tradesim.simulation.maker import MakeRule
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.ticks import (
    TickTable,
    one_tick,
    parse_ticks,
    rounded_down,
    rounded_up,
    tick_at,
    ticks_above,
    ticks_below,
)
from tradesim.simulation.trigger import SpotMoved
from tradesim.simulation.venue_rules import VenueRules, option_grid
from tradesim.simulation.wires import Wires
from tradesim.units import MICROS, micros

TWO = TickTable(levels=((0.0, 0.05), (3.0, 0.10)))
THREE = TickTable(levels=((0.0, 0.01), (1.0, 0.05), (5.0, 0.25)))
GRIDS = [table.grid for table in (TWO, THREE)] + [one_tick(20_000)]


def prices_up_to(grid, most):
    """All prices that exist, one after the other."""
    prices = [0]
    while prices[-1] < most:
        prices.append(prices[-1] + max((begin, tick) for begin, tick in grid.tolist() if begin <= prices[-1])[1])
    return np.array(prices)


@given(grid=st.sampled_from(GRIDS), price=st.integers(0, 9_000_000), count=st.integers(1, 60))
def test_rounding_and_steps_walk_along_the_prices_that_exist(grid, price, count):
    prices = prices_up_to(grid, 30_000_000)
    place = int(np.searchsorted(prices, price, side="right")) - 1
    low, high = int(prices[place]), int(prices[np.searchsorted(prices, price)])
    assert (rounded_down(float(price), grid), rounded_up(float(price), grid)) == (low, high)
    assert ticks_above(low, count, grid) == prices[place + count]
    if place >= count:
        assert ticks_below(low, count, grid) == prices[place - count]
    assert low % tick_at(low, grid) == 0


@given(price=st.integers(0, 10**9), count=st.integers(0, 10**9), tick=st.integers(1, 10**6))
def test_one_tick_is_plain_arithmetic(price, count, tick):
    grid = one_tick(tick)
    assert ticks_above(price, count, grid) == price + count * tick
    assert ticks_below(price, count, grid) == price - count * tick


def test_a_table_is_read_as_it_is_written():
    assert parse_ticks("0.05") == 0.05
    assert parse_ticks("0.05, 0.10@3") == TWO
    assert parse_ticks(str(THREE)) == THREE
    assert parse_venue(tick="0.05,0.10@3").tick == TWO
    assert parse_venue(usual=VenueRules(tick=0.5)).tick == 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write 0.05"),
        ("0.05,", "write 0.05"),
        ("0.05,0.10@", "write 0.05"),
        ("0.05,@3", "write 0.05"),
        ("0.05,0.10", "levels rise"),
        ("0.05,0.10@3,0.25@2", "levels rise"),
        ("0.05,0.10@3.05", "a level begins at a multiple"),
        ("0.07,0.10@3", "a level begins at a multiple"),
        ("0.05@1,0.10@3", "the first of them is from 0"),
        ("0,0.10@3", "a micro or more"),
        ("nan,0.10@3", "amounts of currency"),
        ("0.05,1e9@3", "at most 1,000,000"),
    ],
)
def test_what_is_no_table_is_refused(text, said):
    with pytest.raises(ArgumentError, match=said):
        parse_ticks(text)


def quotes_with(tick, bid, ask, value, **rule):
    tape = tape_of(Quote(at=0, bid=bid, ask=ask), underlying(0))
    setting = Setting(wires=Wires(), venue=VenueRules(tick=tick), horizon=0)
    session = open_session(tape, PROBLEMS["european"], setting, seed=1)
    maker = MakeRule(share=0.0, skew=0.0, **rule)
    (result,) = run_probe(session, seat_of(Strategy(rule=maker, trigger=SpotMoved()), value=value))
    return {row["direction"]: (row["limit_price"] / MICROS, row["outcome"]) for row in result.orders.to_dicts()}


@pytest.mark.parametrize(("value", "quoted"), [(5.0, (4.9, 5.1)), (3.0, (2.95, 3.1)), (2.99, (2.95, 3.1))])
def test_a_maker_quotes_prices_that_exist_and_is_not_refused(value, quoted):
    told = quotes_with(TWO, 2.0, 8.0, value, half_spread=0.04, improve=10**6)
    assert told == {1: (quoted[0], "resting"), -1: (quoted[1], "resting")}


@pytest.mark.parametrize(("improve", "quoted"), [(1, (2.95, 3.2)), (2, (3.0, 3.1))])
def test_a_maker_betters_others_by_ticks_of_the_level_that_it_comes_to(improve, quoted):
    told = quotes_with(TWO, 2.9, 3.3, 3.05, half_spread=0.0, improve=improve)
    assert (told[1][0], told[-1][0]) == quoted


def test_the_venue_refuses_a_price_between_the_ticks_of_its_level():
    tape = tape_of(Quote(at=0, bid=2.0, ask=8.0), underlying(0))
    venue = VenueRules(tick=TWO)
    grid = venue.enforced_ticks[1]
    assert venue.ticks(tape)[1].tolist() == grid.tolist() == TWO.grid.tolist()
    assert [micros(price) % tick_at(micros(price), grid) == 0 for price in (2.95, 3.0, 3.05, 3.1)] == [1, 1, 0, 1]


def grid_told_by(*prices, currency="USD"):
    from dataclasses import replace

    rows = [Quote(at=i, bid=price, ask=price + 3.0) for i, price in enumerate(prices)]
    tape = replace(tape_of(*rows, underlying(len(rows))), currency=currency)
    tape.ask_size[tape.instrument != UNDERLYING] = 0
    return option_grid(tape).tolist()


def test_two_ticks_are_inferred_only_where_the_quotes_tell():
    listed = [[0, 50_000], [3_000_000, 100_000]]
    assert grid_told_by(0.05, 1.55, 3.0, 5.4, 6.1, 13.4) == listed
    assert grid_told_by(0.01, 1.54, 3.05, 5.4, 6.1, 13.4) == [[0, 10_000], [3_000_000, 50_000]]
    assert grid_told_by(0.05, 1.55, 5.4, 6.1, 13.4) == [[0, 50_000]]
    assert grid_told_by(0.05, 1.55, 3.0, 5.4, 6.15, 13.4) == [[0, 50_000]]
    assert grid_told_by(0.05, 1.55, 3.0, 5.4, 6.1, 13.4, currency="EUR") == [[0, 50_000]]
    assert grid_told_by(0.1, 1.5, 3.0, 5.4, 6.1, 13.4) == [[0, 100_000]]
