import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tradesim.errors import ArgumentError
from tradesim.market import hybrid as room
from tradesim.market.chain import AMERICAN, EUROPEAN, Chain, Settlement
from tradesim.market.hybrid import HybridMarket, hybrid
from tradesim.market.surface import Expiry, Surface
from tradesim.market.svi import Smile
from tradesim.market.tape import DEPTH, QUOTE, ROW_COLUMNS, TRADE, UNDERLYING, Tape, between, mids
from tradesim.market.tape_file import read_tape, write_tape
from tradesim.market.validation import check_tape
from tradesim.pricing.american import price as american_price
from tradesim.pricing.european import price as european_price
from tradesim.simulation.fair import fair_of
from tradesim.units import DAY, MICROS, MILLISECOND, SECOND, YEAR

START = 1_381_152_600 * SECOND
CENT = 10_000


def expiry(days, *, carry=0.03, styles=(AMERICAN,), least=0.0002, share=0.01):
    smile = Smile(a=0.0001 * days, b=0.01 * math.sqrt(days / 30), rho=-0.3, m=0.0, sigma=0.1)
    strikes = (0.9, 0.97, 1.0, 1.03, 1.1)
    return Expiry(
        life=days * DAY,
        carry=carry,
        smile=smile,
        strikes=strikes,
        styles=styles,
        spread_least=least,
        spread_share=share,
    )


AMERICAN_SURFACE = Surface(
    expiries=(expiry(7), expiry(30, carry=0.02)),
    rate=0.04,
    settlement=Settlement.QUOTE,
    multiplier=100,
    tick=CENT,
    source="a chain of the test's own",
)
COIN_SURFACE = dataclasses.replace(
    AMERICAN_SURFACE,
    expiries=(expiry(7, styles=(EUROPEAN,)), expiry(30, carry=0.02, styles=(EUROPEAN,))),
    settlement=Settlement.INVERSE,
    multiplier=1,
    tick=100,
)


def ticks(seconds=30, *, seed=7, tick=CENT, spot=18_200, resolution=MILLISECOND):
    """A stock's ticks as real feeds have them: one side first, bursts, locked quotes, trades, depth, a late feed."""
    rng = np.random.default_rng(seed)
    ts = START + np.sort(rng.integers(0, seconds * 1000, 20 * seconds)) * MILLISECOND
    count = len(ts)
    mid = spot + np.cumsum(rng.choice([-2, -1, 0, 0, 0, 0, 1, 2], count))
    width = rng.choice([0, 1, 1, 2, 5], count)
    kind = rng.choice([QUOTE, TRADE, DEPTH], count, p=[0.85, 0.1, 0.05])
    kind[:5] = QUOTE
    quote = kind == QUOTE
    bid_size, ask_size = rng.integers(1, 900, (2, count)) * (rng.random((2, count)) > 0.05) * quote
    bid_size[:3] = 0
    other = ~quote
    return Tape(
        chain=Chain.empty(),
        underlying="IBM",
        currency="USD",
        ts=ts,
        received=ts + rng.integers(100, 5_000, count),
        instrument=np.zeros(count, np.int32),
        kind=kind.astype(np.int8),
        bid=np.where(bid_size > 0, (mid - width) * tick, 0),
        ask=np.where(ask_size > 0, (mid + width) * tick, 0),
        bid_size=bid_size,
        ask_size=ask_size,
        price=np.where(other, mid * tick, 0),
        size=np.where(other, rng.integers(1, 300, count), 0),
        side=np.where(kind == DEPTH, rng.choice([-1, 1], count), 0).astype(np.int8),
        source="ticks of the test's own",
        resolution=resolution,
    )


MARKET = HybridMarket(surface=AMERICAN_SURFACE)


@pytest.fixture(scope="module")
def real():
    return ticks()


@pytest.fixture(scope="module")
def tape(real):
    return hybrid(real, MARKET, seed=1)


def of_underlying(tape):
    return {name: getattr(tape, name)[tape.instrument == UNDERLYING] for name in ROW_COLUMNS}


def test_the_rows_of_the_underlying_are_the_real_ones_bit_for_bit(real, tape):
    first = mids(real)[0][0]
    assert (tape.kind[tape.instrument == UNDERLYING] == DEPTH).any()
    for name, column in of_underlying(tape).items():
        wanted = getattr(real, name)[real.ts >= first]
        assert column.dtype == wanted.dtype
        assert np.array_equal(column, wanted), name


def test_the_true_spot_is_the_mid_of_the_last_two_sided_quote(real, tape):
    spot, latent = None, {}
    for row in range(len(real)):
        two_sided = real.kind[row] == QUOTE and real.bid_size[row] and real.ask_size[row]
        if two_sided and real.bid[row] <= real.ask[row]:
            spot = (int(real.bid[row]) + int(real.ask[row])) / 2 / MICROS
        latent[int(real.ts[row])] = spot
    at = np.array([ts for ts, spot in latent.items() if spot is not None])
    assert np.array_equal(tape.latent.at(at)[0], [latent[ts] for ts in at.tolist()])


def test_a_crossed_quote_does_not_move_the_true_spot(real):
    crossed = dataclasses.replace(real, bid=real.bid.copy(), ask=real.ask.copy())
    row = int(np.flatnonzero((real.kind == QUOTE) & (real.bid_size > 0) & (real.ask_size > 0))[40])
    crossed.bid[row], crossed.ask[row] = 400 * MICROS, 1 * MICROS
    assert hybrid(crossed, MARKET, seed=1).latent.spot.max() < 200.0


def years(tape, contract, at):
    """Years to expiry since the last step of the level."""
    start = tape.latent.ts[0]
    stepped = start + (at - start) // MARKET.level_interval * MARKET.level_interval
    return (tape.chain.expiry[contract] - stepped) / YEAR


@pytest.mark.parametrize("contract", range(0, 20, 3))
def test_the_fair_value_is_the_reference_at_the_real_mid(tape, contract):
    at = tape.start + (tape.end - tape.start) * np.arange(50) // 49
    spot, level = tape.latent.at(at)
    count = len(at)
    carry = AMERICAN_SURFACE.expiries[contract // 10].carry
    value = american_price(
        spot,
        np.full(count, tape.chain.strike[contract]),
        years(tape, contract, at),
        level * tape.latent.smile[contract],
        np.full(count, 0.04),
        np.full(count, 0.04 - carry),
        np.full(count, tape.chain.right[contract]),
    )
    fair = fair_of(tape, horizon=SECOND).values(np.full(count, contract), at)
    assert np.array_equal(fair, np.rint(value * MICROS))


def test_in_coin_the_fair_value_is_that_of_black_on_the_forward(real):
    tape = hybrid(real, dataclasses.replace(MARKET, surface=COIN_SURFACE), seed=1)
    check_tape(tape)
    at = tape.start + (tape.end - tape.start) * np.arange(50) // 49
    spot, level = tape.latent.at(at)
    for contract in (0, 5, 14, 19):
        left, carry = years(tape, contract, at), COIN_SURFACE.expiries[contract // 10].carry
        forward, deviation = spot * np.exp(carry * left), level * tape.latent.smile[contract] * np.sqrt(left)
        strike, sign = tape.chain.strike[contract], tape.chain.right[contract]
        d1 = np.log(forward / strike) / deviation + 0.5 * deviation
        black = sign * (forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - deviation)))
        coins = np.exp(-0.04 * left) * black / spot
        fair = fair_of(tape, horizon=SECOND).values(np.full(len(at), contract), at)
        assert fair == pytest.approx(np.rint(coins * MICROS), abs=1)


def test_a_contract_begins_on_the_calibrated_smile_and_forward(tape):
    spot = tape.latent.spot[0]
    for contract, strike in enumerate(tape.chain.strike):
        listed = AMERICAN_SURFACE.expiries[contract // 10]
        wanted = listed.volatility(np.array([strike / spot]))[0]
        assert tape.latent.level[0] * tape.latent.smile[contract] == pytest.approx(wanted, rel=1e-12)
        assert tape.carry[contract] == listed.carry
        assert tape.chain.expiry[contract] - tape.start == listed.life
        assert strike == pytest.approx(listed.strikes[contract % 10 // 2] * spot, abs=0.051)


@pytest.mark.parametrize("surface", [AMERICAN_SURFACE, COIN_SURFACE])
@pytest.mark.parametrize("level_step", [0.0005, 0.0])
def test_settled_quotes_hold_the_theoretical_value(real, surface, level_step):
    """Once nothing has changed for longer than a maker takes; noise trades are left out."""
    calm = dataclasses.replace(MARKET, surface=surface, delay_sigma=0.0, noise_rate=0.0, level_step=level_step)
    tape = hybrid(real, calm, seed=2)
    settled = np.flatnonzero(np.diff(tape.latent.ts) > MILLISECOND)
    at = tape.latent.ts[settled + 1] - 1
    fair = fair_of(tape, horizon=SECOND)
    for contract in range(len(tape.chain)):
        rows = np.flatnonzero(tape.instrument == contract + 1)
        standing = rows[np.searchsorted(tape.ts[rows], at, side="right") - 1]
        value = fair.values(np.full(len(at), contract), at)
        held = (tape.bid[standing] <= value) & (value <= tape.ask[standing])
        assert held.all()
        listed = surface.expiries[contract // 10]
        unit = 1.0 if surface is COIN_SURFACE else tape.latent.spot[0]
        half = np.maximum(listed.spread_least * unit * MICROS, listed.spread_share * value)
        assert (tape.ask[standing] - value >= half - 2).all()
        assert (tape.ask[standing] - value <= half + surface.tick + 2).all()


def test_a_maker_requotes_only_what_changes_and_only_after_its_delay(real):
    quiet = dataclasses.replace(MARKET, noise_rate=0.0)
    tape = hybrid(real, quiet, seed=3)
    changes = tape.latent.ts
    for instrument in range(1, len(tape.chain) + 1):
        rows = np.flatnonzero(tape.instrument == instrument)
        state = np.stack([tape.bid[rows], tape.ask[rows], tape.bid_size[rows], tape.ask_size[rows]])
        assert (np.diff(state, axis=1) != 0).any(axis=0).all()
        later = tape.ts[rows[1:]]
        assert len(later) < len(changes)
        assert (later >= changes[1] + quiet.delay_fixed).all()


def test_wider_ticks_make_fewer_requotes(real):
    wide = dataclasses.replace(AMERICAN_SURFACE, tick=20 * CENT)
    counts = [len(hybrid(real, dataclasses.replace(MARKET, surface=s), seed=1)) for s in (wide, AMERICAN_SURFACE)]
    assert counts[0] < counts[1]


def test_the_size_of_a_block_does_not_show(real, tape, monkeypatch):
    monkeypatch.setattr(room, "VALUES_AT_ONCE", 1)
    assert hybrid(real, MARKET, seed=1).hash == tape.hash


def test_same_seed_same_tape_and_another_seed_the_same_underlying(real, tape):
    assert hybrid(real, MARKET, seed=1).hash == tape.hash
    other = hybrid(real, MARKET, seed=2)
    assert other.hash != tape.hash
    assert all(np.array_equal(a, b) for a, b in zip(*(of_underlying(t).values() for t in (tape, other)), strict=True))


def test_the_tape_is_valid_survives_the_disk_and_says_what_it_is(tape, tmp_path):
    check_tape(tape)
    assert read_tape(write_tape(tape, tmp_path / "hybrid.parquet")).hash == tape.hash
    assert tape.source == "hybrid of ticks of the test's own and the chain of a chain of the test's own, seed 1"
    assert (tape.resolution, tape.rate, tape.underlying) == (1, 0.04, "IBM")
    opening = tape.instrument[tape.ts == tape.start]
    assert set(opening.tolist()) == set(range(len(tape.chain) + 1))


def test_options_are_received_as_late_as_the_underlying(tape):
    lag = tape.received - tape.ts
    known = np.flatnonzero(tape.instrument == UNDERLYING)
    for row in np.flatnonzero(tape.instrument != UNDERLYING)[::50]:
        last = known[tape.ts[known] <= tape.ts[row]][-1]
        assert lag[row] == lag[last]


@given(st.integers(0, 20), st.integers(1, 9))
@settings(max_examples=8)
def test_a_part_is_the_real_rows_of_that_part(start, length):
    real = ticks()
    wanted = dataclasses.replace(
        MARKET, surface=COIN_SURFACE, start=START + start * SECOND, duration=length * SECOND, noise_rate=0.0
    )
    tape = hybrid(real, wanted, seed=1)
    part = between(real, tape.start, max(wanted.start, real.start) + wanted.duration)
    assert np.array_equal(of_underlying(tape)["ts"], part.ts)
    assert wanted.start <= tape.start <= tape.end <= part.end


def test_options_on_the_tape_of_the_underlying_are_left_out(tape):
    again = hybrid(tape, MARKET, seed=1)
    assert again.hash == tape.hash


def test_a_narrower_spread_is_narrower(real, tape):
    narrow = hybrid(real, dataclasses.replace(MARKET, spread=0.25), seed=1)

    def width(of):
        both = (of.instrument > 0) & (of.bid_size > 0) & (of.ask_size > 0)
        return np.mean(of.ask[both] - of.bid[both])

    assert width(narrow) < 0.5 * width(tape)


@pytest.mark.parametrize(
    ("underlying", "changes", "said"),
    [
        (ticks(), {"seed": -1}, "seed is -1"),
        (ticks(resolution=60 * SECOND), {}, "needs ticks"),
        (ticks(), {"start": START + DAY}, "state another part"),
        (dataclasses.replace(ticks(), ask_size=np.zeros(600, np.int64)), {}, "two sides"),
        (
            dataclasses.replace(ticks(), ts=ticks().ts * 1 + (np.arange(600) > 300) * 8 * DAY),
            {},
            "before the first expiry",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(underlying, changes, said):
    market = dataclasses.replace(MARKET, **{k: v for k, v in changes.items() if k != "seed"})
    with pytest.raises(ArgumentError, match=said) as told:
        hybrid(underlying, market, seed=changes.get("seed", 1))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "bad", [{"spread": -1.0}, {"spread": math.nan}, {"duration": 0}, {"delay_sigma": -1.0}, {"maker_size": 0}]
)
def test_parameters_outside_their_rules_are_refused(bad):
    with pytest.raises(ArgumentError):
        dataclasses.replace(MARKET, **bad)


def test_contracts_of_both_styles_are_quoted_around_the_values_of_their_own(real):
    """A month-end is European, and both styles are listed at the second expiry."""
    both = (EUROPEAN, AMERICAN)
    surface = dataclasses.replace(
        AMERICAN_SURFACE,
        expiries=(expiry(7, carry=0.0, styles=(EUROPEAN,)), expiry(200, carry=0.0, styles=both)),
        rate=0.08,
    )
    tape = hybrid(real, dataclasses.replace(MARKET, surface=surface), seed=1)
    chain = tape.chain
    assert len(set(chain.name)) == len(chain) == 10 + 20
    assert set(zip(chain.expiry.tolist(), chain.style.tolist(), strict=True)) == {
        (tape.start + days * DAY, style) for days, style in ((7, EUROPEAN), (200, EUROPEAN), (200, AMERICAN))
    }
    contracts, at = np.arange(len(chain)), np.full(len(chain), tape.end)
    fair = fair_of(tape, horizon=0).values(contracts, at) / MICROS
    columns = (
        *(np.full(len(chain), tape.latent.spot[-1]), chain.strike, chain.years_to_expiry(tape.start)),
        *(tape.latent.level[-1] * tape.latent.smile, np.full(len(chain), 0.08), np.full(len(chain), 0.08), chain.right),
    )
    by_style = np.where(chain.style == AMERICAN, american_price(*columns), european_price(*columns))
    assert fair == pytest.approx(by_style, abs=2e-3)
    twins = np.flatnonzero(chain.expiry > chain.expiry.min()).reshape(-1, 2, 2)
    assert (chain.style[twins] == [[EUROPEAN] * 2, [AMERICAN] * 2]).all()
    assert (fair[twins[:, 1]] - fair[twins[:, 0]]).max() > 0.1
    for contract in contracts:
        rows = np.flatnonzero((tape.instrument == contract + 1) & (tape.kind == QUOTE))
        last = rows[-1]
        if tape.bid_size[last] and tape.ask_size[last]:
            assert tape.bid[last] / MICROS - 0.1 < fair[contract] < tape.ask[last] / MICROS + 0.1


@pytest.mark.parametrize("styles", [(), (AMERICAN, EUROPEAN), (2,)])
def test_styles_outside_their_rule_are_refused(styles):
    with pytest.raises(ArgumentError, match="styles are"):
        expiry(7, styles=styles)


@pytest.mark.parametrize("bad", [{"expiries": ()}, {"expiries": (expiry(30), expiry(7))}, {"tick": 0}])
def test_surfaces_outside_their_rules_are_refused(bad):
    with pytest.raises(ArgumentError):
        dataclasses.replace(AMERICAN_SURFACE, **bad)
