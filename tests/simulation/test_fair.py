"""What a fill was worth: the latent value of a generated tape, the markout of a recorded one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from probes import START, Quote, tape_of, underlying

from tradesim.errors import TapeError
from tradesim.market.chain import Settlement
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import Tape
from tradesim.pricing.american import price as american_price
from tradesim.simulation.fair import LatentFair, Markout, fair_of
from tradesim.units import MICROS, MILLISECOND, SECOND, YEAR


@cache
def tape() -> Tape:
    return generate(SyntheticMarket(duration=5 * SECOND), seed=6)


def some_fills(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Contracts and venue instants, spread over the chain and the tape."""
    rng = np.random.default_rng(1)
    return rng.integers(0, len(tape().chain), count), np.sort(rng.integers(tape().start, tape().end, count))


def latent() -> LatentFair:
    fair = fair_of(tape(), horizon=0)
    assert isinstance(fair, LatentFair)
    return fair


def by_hand(contract: np.ndarray, instant: np.ndarray, *, spot_bump: float = 0.0) -> np.ndarray:
    """The reference at the true spot and volatility; expiries count from the last step of the level."""
    chain, count = tape().chain, len(contract)
    spot, level = tape().latent.at(instant)
    stepped = tape().start + (instant - tape().start) // SECOND * SECOND
    return american_price(
        spot + spot_bump,
        chain.strike[contract],
        (chain.expiry[contract] - stepped) / YEAR,
        level * tape().latent.smile[contract],
        np.full(count, tape().rate),
        np.full(count, tape().dividend),
        chain.right[contract],
    )


def test_the_latent_value_is_the_reference_at_the_latent_state():
    contract, instant = some_fills()
    assert latent().kind == "latent"
    assert latent().values(contract, instant).tolist() == np.rint(by_hand(contract, instant) * MICROS).tolist()


def test_asking_again_gives_the_same_values_in_the_order_of_the_question():
    contract, instant = some_fills()
    fair = latent()
    first = fair.values(contract, instant)
    assert fair.values(contract[::-1], instant[::-1]).tolist() == first[::-1].tolist()


def test_a_delta_has_the_sign_of_its_right_and_is_the_slope_of_the_value():
    contract, instant = some_fills()
    deltas = latent().deltas(contract, instant)
    right = tape().chain.right[contract]
    assert (deltas * right >= 0).all()
    assert (np.abs(deltas) <= 1 + 1e-9).all()
    slope = (by_hand(contract, instant, spot_bump=0.02) - by_hand(contract, instant, spot_bump=-0.02)) / 0.04
    assert deltas == pytest.approx(slope, abs=1e-3)


def test_a_latent_value_in_coin_is_the_value_over_the_true_spot():
    contract, instant = some_fills()
    coin = replace(tape(), chain=replace(tape().chain, settlement=Settlement.INVERSE))
    spot, _ = tape().latent.at(instant)
    expected = by_hand(contract, instant) / spot * MICROS
    assert np.abs(fair_of(coin, horizon=0).values(contract, instant) - expected).max() <= 0.5 + 1e-6


def test_the_makers_of_a_generated_tape_quote_around_the_latent_value():
    """A quote that has stood for a while is fair: what a stale one loses is the latency's alone."""
    contract = np.arange(len(tape().chain))
    start = np.full(len(contract), tape().start)
    middle = Markout(tape=tape(), horizon=0).values(contract, start)
    two_sided = np.array([(tape().bid_size[(tape().instrument == c + 1)][0] > 0) for c in contract])
    assert np.abs(latent().values(contract, start) - middle)[two_sided].max() <= 5_000 + 1


# --- Markout ---


def markout(*quotes: Quote, horizon: int, at: int) -> int:
    """Micros that contract 0 is estimated to have been worth at ``at``."""
    fair = fair_of(tape_of(underlying(0), *quotes), horizon=horizon)
    assert fair.kind == "markout"
    return int(fair.values(np.array([0]), np.array([START + at]))[0])


FIVE = Quote(at=0, bid=4.9, ask=5.1)
SIX = Quote(at=10, bid=5.9, ask=6.1)


@pytest.mark.parametrize(
    ("horizon", "micros"), [(0, 5_000_000), (4, 5_000_000), (5, 6_000_000), (60 * SECOND, 6_000_000)]
)
def test_a_markout_is_the_middle_that_stands_a_horizon_later(horizon, micros):
    assert markout(FIVE, SIX, horizon=horizon, at=5) == micros


def test_a_quote_that_has_lost_a_side_by_then_gives_way_to_the_last_whole_one():
    assert markout(FIVE, Quote(at=8, ask=9.0), horizon=100, at=5) == 5_000_000


def test_a_contract_that_was_never_quoted_whole_is_worth_the_side_that_was():
    assert markout(Quote(at=0, bid=4.9), horizon=100, at=5) == 4_900_000
    assert markout(Quote(at=0, ask=5.1), Quote(at=50, ask=5.3), horizon=100, at=5) == 5_300_000


def test_a_contract_that_nobody_has_quoted_has_no_markout():
    with pytest.raises(TapeError, match="no quote"):
        markout(Quote(at=SECOND, bid=4.9, ask=5.1), horizon=MILLISECOND, at=5)


def test_a_markout_has_no_delta_and_knows_the_spot():
    fair = Markout(tape=tape_of(underlying(0), underlying(10, 103.0), FIVE), horizon=0)
    assert np.isnan(fair.deltas(np.array([0, 0]), np.array([START, START]))).all()
    assert fair.spots(np.array([START + 9, START + 10])).tolist() == [100_000_000, 103_000_000]


def test_a_future_may_be_worth_less_than_nothing():
    tape = replace(
        tape_of(underlying(0), FIVE, underlying(10, -37.63), Quote(at=20, instrument=0, bid=-40.0)), signed=True
    )
    fair = Markout(tape=tape, horizon=0)
    held = fair.values(np.full(3, -1), np.array([START, START + 10, START + 20]))
    assert held.tolist() == [100_000_000, -37_630_000, -37_630_000]


# --- Settlement ---


@pytest.mark.parametrize(
    ("morning", "stated", "price"),
    [(False, None, 103.0), (True, None, 108.0), (False, 105.5, 105.5), (True, 105.5, 105.5), (False, np.nan, 103.0)],
)
def test_a_contract_is_settled_on_the_stated_price_or_on_the_one_before_or_after_its_expiry(morning, stated, price):
    tape = tape_of(underlying(0), FIVE, underlying(20, 103.0), underlying(50, 108.0), underlying(90, 99.0))
    expiry = np.full(len(tape.chain), START + 30)
    chain = replace(tape.chain, expiry=expiry, morning=np.full(len(tape.chain), morning))
    settled = None if stated is None else np.full(len(chain), stated)
    fair = fair_of(replace(tape, chain=chain, settled=settled), horizon=0)
    value = fair.values(np.array([0]), np.array([START + 30]))[0]
    assert value == round(max(chain.right[0] * (price - chain.strike[0]), 0.0) * MICROS)


def test_one_that_is_settled_in_the_morning_is_settled_on_the_last_price_where_no_other_follows():
    tape = tape_of(underlying(0), FIVE, underlying(20, 103.0), replace(SIX, at=40))
    chain = replace(tape.chain, expiry=np.full(len(tape.chain), START + 30), morning=np.ones(len(tape.chain), np.bool_))
    fair = fair_of(replace(tape, chain=chain), horizon=0)
    assert fair.values(np.array([0]), np.array([START + 30]))[0] == round((103.0 - chain.strike[0]) * MICROS)
