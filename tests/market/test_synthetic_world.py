"""Transient moves, leverage and the rival of a generated market; and that none of them moves a market without them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.market.gains import makers_gains
from tradesim.market.makers import book_rows
from tradesim.market.synthetic import SyntheticMarket, generate, noise_instants
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, mids
from tradesim.market.validation import check_tape
from tradesim.simulation.fair import LatentFair
from tradesim.units import MICROS, MILLISECOND, SECOND, YEAR

PLAIN = SyntheticMarket(duration=20 * SECOND)
WORLD = dataclasses.replace(
    PLAIN,
    transient_probability=0.03,
    transient_life=50 * MILLISECOND,
    leverage=3.0,
    rival_share=0.5,
    level_interval=SECOND,
)


@pytest.fixture(scope="module")
def tape():
    return generate(WORLD, seed=3)


def test_the_market_without_them_is_what_it_was():
    """Kept from before the rival and transient moves were: markets of old parameters do not change."""
    kept = {"american": "5a4313c5b13e43bf", "european": "8262f394092e366e", "heston": "e813a99f39b09a7b"}
    for problem, told in kept.items():
        assert generate(SyntheticMarket(problem=problem), seed=1).hash == told


def test_the_same_seed_gives_the_same_lawful_tape(tape):
    assert generate(WORLD, seed=3).hash == tape.hash
    check_tape(tape)


def test_what_is_new_leaves_the_draws_of_the_rest_alone(tape):
    plain = generate(PLAIN, seed=3)
    assert np.array_equal(plain.latent.spot, tape.latent.spot)
    assert np.array_equal(plain.latent.ts, tape.latent.ts)
    bare = generate(dataclasses.replace(WORLD, rival_share=0.0), seed=3)
    ours, theirs = ((t.instrument == UNDERLYING).nonzero()[0] for t in (tape, bare))
    assert np.array_equal(tape.bid[ours], bare.bid[theirs])


def test_transient_moves_displace_the_quotes_and_end(tape):
    ts, quoted = mids(tape)
    efficient = tape.latent.at(ts)[0]
    away = np.abs(quoted - efficient) > 1e-9
    assert 0.02 < away.mean() < 0.6
    begins = np.flatnonzero(np.diff(away.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(away.astype(int)) == -1)
    assert len(begins) > 5
    assert abs(len(begins) - len(ends)) <= 1


def test_without_transient_moves_the_efficient_price_is_the_quoted_mid():
    tape = generate(dataclasses.replace(WORLD, transient_probability=0.0), seed=3)
    ts, quoted = mids(tape)
    assert np.allclose(quoted, tape.latent.at(ts)[0], atol=1e-12)


def test_makers_see_through_transient_moves():
    """Only what an option is worth makes its maker requote."""
    calm = dataclasses.replace(
        PLAIN, tick_probability=0.0, jump_probability=0.0, level_step=0.0, noise_rate=0.0, transient_probability=0.05
    )
    tape = generate(calm, seed=1)
    assert len(np.unique(tape.bid[tape.instrument == UNDERLYING])) > 3
    assert ((tape.instrument != UNDERLYING) & (tape.ts > tape.start)).sum() < 50


def test_the_level_falls_where_the_spot_rises():
    latent = generate(dataclasses.replace(WORLD, level_step=0.0), seed=3).latent
    assert np.allclose(np.log(latent.level / latent.level[0]), -3.0 * np.log(latent.spot / latent.spot[0]), atol=1e-12)
    assert generate(PLAIN, seed=3).latent.level[0] == latent.level[0]


def test_makers_quote_the_value_at_the_level_of_the_same_instant(tape):
    """What the quotes bracket, once they have settled, is the fair value of a fill there."""
    fair = LatentFair(tape=tape, latent=tape.latent)
    calm = np.flatnonzero(np.diff(tape.latent.ts) > 200 * MILLISECOND)[:10]
    at = tape.latent.ts[calm + 1] - 1
    for contract in range(0, len(tape.chain), 5):
        rows = np.flatnonzero((tape.instrument == contract + 1) & (tape.kind == QUOTE))
        standing = rows[np.searchsorted(tape.ts[rows], at, side="right") - 1]
        value = fair.values(np.full(len(at), contract), at)
        both = (tape.bid_size[standing] > 0) & (tape.ask_size[standing] > 0)
        assert (tape.bid[standing] <= value)[both].all()
        assert (value <= tape.ask[standing])[both].all()


def test_fair_values_age_where_the_level_of_volatility_never_moves():
    """Makers quote at the time to expiry of the last step, of size zero too, and so are fills valued."""
    still = dataclasses.replace(
        PLAIN, duration=3600 * SECOND, level_step=0.0, level_interval=60 * SECOND, noise_rate=0.0, base=0.2
    )
    tape = generate(still, seed=1)
    fair = LatentFair(tape=tape, latent=tape.latent)
    begin, end = (np.array([fair.state(at).expiry[0]]) for at in (tape.start, tape.end))
    assert begin - end == pytest.approx(59 * 60 * SECOND / YEAR, rel=1e-3)


def test_gains_of_makers_are_those_of_the_fair_values_of_fills(tape):
    trades, gains = makers_gains(tape, tape.latent)
    assert len(trades) == ((tape.instrument != UNDERLYING) & (tape.kind == TRADE)).sum()
    worth = LatentFair(tape=tape, latent=tape.latent).values(
        tape.instrument[trades].astype(np.int64) - 1, tape.ts[trades]
    )
    expected = np.abs(tape.price[trades] - worth) / MICROS * tape.size[trades] * WORLD.multiplier
    assert np.allclose(np.abs(gains), expected, atol=1e-2)
    noise = np.isin(tape.ts[trades], noise_instants(WORLD, seed=3))
    assert gains[noise].sum() > 0.0 > gains[~noise].sum()
    assert (~noise).sum() > 10


REQUOTE = st.tuples(st.integers(0, 60), st.integers(90, 110))


@settings(max_examples=200)
@given(
    quotes=st.lists(REQUOTE, max_size=6),
    orders=st.lists(st.tuples(st.integers(1, 80), st.integers(85, 115)), max_size=6),
    edge=st.integers(0, 4),
)
def test_a_rival_takes_nothing_within_its_edge(quotes, orders, edge):
    """Nor a quote that its maker has moved first: what it trades at was standing, and off by the edge or more."""
    requotes = np.array([[0, 0, 99, 101], *([ts, 0, mid - 1, mid + 1] for ts, mid in sorted(quotes))])
    rivals = np.array([[ts, 0, value - edge, value + edge] for ts, value in orders], dtype=np.int64).reshape(-1, 4)
    rows = book_rows(requotes, np.empty((0, 4), np.int64), rivals, size=10, refill=7)
    standing = None
    for row in rows.tolist():
        if row[2] == QUOTE:
            standing = row
            continue
        assert row[7] in {standing[3], standing[4]}
        buys = row[7] == standing[4]
        mine = [value for ts, value in orders if ts == row[0]]
        assert any(value - row[7] >= edge if buys else row[7] - value >= edge for value in mine)
        assert row[8] == standing[6 if buys else 5] > 0


def test_a_requote_that_comes_first_saves_the_maker():
    rival = np.array([[10, 0, 103, 107]])
    stale, moved = (np.array([[0, 0, 99, 101], [at, 0, 104, 106]]) for at in (11, 10))
    noise = np.empty((0, 4), np.int64)
    taken = book_rows(stale, noise, rival, size=10, refill=20)
    assert taken[:3, [0, 2, 7, 8]].tolist() == [[0, QUOTE, 0, 0], [10, TRADE, 101, 10], [10, QUOTE, 0, 0]]
    assert not (book_rows(moved, noise, rival, size=10, refill=20)[:, 2] == TRADE).any()


def test_a_quote_that_a_rival_took_is_filled_again():
    rows = book_rows(
        np.array([[0, 0, 99, 101]]), np.empty((0, 4), np.int64), np.array([[5, 0, 101, 110]]), size=4, refill=9
    )
    assert rows[-1].tolist()[:7] == [14, 1, QUOTE, 99, 101, 4, 4]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transient_probability", 1.5),
        ("transient_mean", 0.0),
        ("transient_life", 0),
        ("leverage", -1.0),
        ("rival_share", 2.0),
        ("rival_edge", -0.1),
        ("rival_fixed", -1),
        ("rival_median", 0.5),
        ("rival_sigma", 9.0),
        ("tick", 0.0),
        ("option_tick", 1e-7),
        ("currency", ""),
    ],
)
def test_a_parameter_outside_its_rule_is_named(name, value):
    with pytest.raises(ArgumentError, match=rf"{name} is .*must"):
        SyntheticMarket(**{name: value})


def test_prices_lie_on_the_ticks_of_their_instruments():
    tape = generate(dataclasses.replace(WORLD, tick=0.05, option_tick=0.1, jump_mean=0.2), seed=1)
    underlying = tape.instrument == UNDERLYING
    assert (tape.bid[underlying] % 50_000 == 0).all()
    assert (tape.ask[~underlying] % 100_000 == 0).all()
