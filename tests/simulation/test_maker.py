"""A maker quotes around its theory, moves when it moves, is picked off when it is slow, and hedges."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from probes import START, Quote, book_trade, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.errors import ArgumentError
from tradesim.market.chain import Settlement
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.reference import Reference
from tradesim.pricing import PROBLEMS
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.latency import Fixed, fixed_compute
from tradesim.simulation.maker import MakeRule
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.trigger import AnyOf, OwnTraded, SpotMoved
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.venue_rules import VenueRules
from tradesim.simulation.wires import Link, Wires
from tradesim.units import MICROS, SECOND

WAKES = AnyOf((SpotMoved(), OwnTraded()))
WIDE = Quote(at=0, bid=2, ask=8)


def quotes_of(rule, *rows, value=5.0, **session):
    (result,) = run_probe(session_of(tape_of(WIDE, underlying(0), *rows), **session), seat_of(
        Strategy(rule=rule, trigger=WAKES), value=value
    ))  # fmt: skip
    return result


def told(result):
    return [
        (
            row["kind"],
            row["direction"],
            row["lots"],
            None if row["limit_price"] is None else row["limit_price"] / MICROS,
        )
        for row in result.orders.iter_rows(named=True)
    ]


def test_it_quotes_both_sides_around_its_value_rounded_away_from_it():
    """The grid of the tape is 2; 5 -+ 0.4 is rounded to 4 and 6, inside the best of others at 2 and 8."""
    result = quotes_of(MakeRule(half_spread=0.4, share=0.0, improve=5))
    assert told(result) == [("post_only", 1, 5, 4.0), ("post_only", -1, 5, 6.0)]


def test_it_betters_others_by_no_more_than_it_may():
    result = quotes_of(MakeRule(half_spread=0.4, share=0.0, improve=0))
    assert told(result) == [("post_only", 1, 5, 2.0), ("post_only", -1, 5, 8.0)]


def test_a_coarser_grid_than_the_tapes_is_kept():
    """The tape's prices are 2 and 8, the venue's tick is 1.5: the bid of 3.5 is put at 3, the ask of 6.5 at 7.5."""
    venue = VenueRules(tick=1.5)
    session = open_session(
        tape_of(WIDE, underlying(0)), PROBLEMS["european"], Setting(wires=Wires(), venue=venue, horizon=0), seed=1
    )
    rule = MakeRule(half_spread=0.4, share=0.0, improve=1)
    (result,) = run_probe(session, seat_of(Strategy(rule=rule, trigger=WAKES), value=5.0))
    assert told(result) == [("post_only", 1, 5, 3.0), ("post_only", -1, 5, 7.5)]
    assert set(result.orders["outcome"]) == {"resting"}


def test_a_position_skews_both_quotes_and_a_cap_pulls_one():
    """It buys 5 of a seller, wakes by its own trade, wants less, and is at its cap: no bid; the ask comes down."""
    rule = MakeRule(half_spread=0.4, share=0.0, improve=5, skew=0.5, cap=5)
    result = quotes_of(rule, book_trade(10, 2, 5, -1))
    assert result.positions["position"].to_list() == [5]
    assert told(result)[2:] == [("replace", -1, 5, 4.0)]
    assert result.decisions["tick"].to_list() == [1, None]


def test_it_learns_of_a_trade_one_response_later():
    result = quotes_of(MakeRule(half_spread=0.4, share=0.0, improve=5), book_trade(10, 2, 2, -1), response=7)
    fill = result.fills.row(0, named=True)
    assert (fill["venue"] - START, fill["known"] - START, fill["liquidity"]) == (10, 17, "maker")
    assert result.decisions["start"].to_list()[-1] - START == 17


def run_maker(compute_ns: int, hedge=None, seed=1, wires=None):
    session = open_session(
        generate(SyntheticMarket(duration=30 * SECOND), seed=seed),
        PROBLEMS["american"],
        Setting(wires=wires or Wires()),
        seed=seed,
    )
    reference = Reference(PROBLEMS["american"])
    reference.bind(session.tape.chain)
    pricing = Pricing(prices=reference, clock=reference, reference=reference)
    strategy = Strategy(rule=MakeRule(half_spread=0.005), trigger=WAKES, hedge=hedge)
    return run_one(session, Seat(strategy=strategy, pricing=pricing, compute=fixed_compute(compute_ns)))


def edge(result) -> int:
    fills = result.fills
    return int(((fills["fair"] - fills["price"]) * fills["quantity"] * fills["multiplier"]).sum())


def test_a_slow_maker_is_picked_off_and_a_fast_one_is_not():
    fast, slow = run_maker(0), run_maker(1_000_000)
    assert edge(fast) > 0 > edge(slow)
    assert len(slow.fills) > 2 * len(fast.fills)
    marked = slow.markouts.filter(horizon=1_000_000).join(slow.fills, on="fill")
    adverse = ((marked["value"] - marked["price"]) * marked["quantity"]).sum()
    assert adverse < 0


def test_money_of_a_maker_adds_up():
    result = run_maker(200_000, hedge=DeltaHedge(band=500.0))
    fills = result.fills
    assert {-1} < set(fills["contract"].to_list())
    spent = (fills["quantity"] * fills["multiplier"] * fills["price"]).sum() + fills["fee"].sum()
    assert result.cash == -spent
    held = fills.group_by("contract").agg(pl.col("quantity").sum())
    kept = {c: p for c, p in held.iter_rows() if p}
    assert kept == dict(result.positions.select("contract", "position").iter_rows())


def test_a_hedge_brings_delta_back_within_the_band_with_a_latency_and_a_cost_of_its_own():
    slow_link = Link(entry=Fixed(5_000_000), response=Fixed(1))
    result = run_maker(200_000, hedge=DeltaHedge(band=500.0), wires=Wires(hedge=slow_link))
    hedges = result.orders.filter(contract=-1)
    assert len(hedges) > 3
    assert ((hedges["venue"] - hedges["decided"]) == 5_000_000).all()
    others = result.orders.filter(pl.col("contract") >= 0)
    assert (others["venue"] - others["decided"]).max() < 5_000_000
    paid = result.fills.filter(contract=-1)
    assert ((paid["fair"] - paid["price"]) * paid["quantity"]).sum() < 0
    assert (paid["multiplier"] == 1).all()


def test_options_in_coin_are_not_hedged():
    tape = tape_of(WIDE, underlying(0))
    inverse = replace(tape, chain=replace(tape.chain, settlement=Settlement.INVERSE))
    with pytest.raises(ArgumentError, match="no tradable underlying"):
        run_probe(session_of(inverse), seat_of(Strategy(hedge=DeltaHedge())))


@pytest.mark.parametrize(("delta", "held", "order"), [
    ([0.5, -0.2], 0, (-1, 30)),
    ([0.5, -0.2], -25, None),
    ([0.5, np.nan], 0, (-1, 50)),
    ([-0.5, -0.2], 10, (1, 60)),
])  # fmt: skip
def test_a_hedge_asks_for_what_offsets_the_delta(delta, held, order):
    request = DeltaHedge(band=10.0).request(np.array([100, 100]), np.array(delta), held)
    assert (None if not len(request) else tuple(request[0, 1:3].tolist())) == order
