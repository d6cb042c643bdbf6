import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradesim.errors import ArgumentError, TradesimError
from tradesim.market.chain import AMERICAN, CALL, PUT
from tradesim.market.makers import quotes_around, theoretical_values
from tradesim.market.synthetic import TICK, SyntheticMarket, generate
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.tape_file import read_tape, write_tape
from tradesim.market.validation import check_tape
from tradesim.pricing import PROBLEMS
from tradesim.pricing.american import price as american_price
from tradesim.units import DAY, MICROS, MICROSECOND, MILLISECOND, SECOND

SHORT = SyntheticMarket(duration=20 * SECOND)


@pytest.fixture(scope="module")
def tape():
    return generate(SHORT, seed=3)


def quotes_of(tape, instrument):
    return np.flatnonzero((tape.instrument == instrument) & (tape.kind == QUOTE))


def fair_values(tape, market):
    """The price of each contract in each latent state, by the reference: float64[states, contracts]."""
    latent, chain = tape.latent, tape.chain
    years = np.stack([chain.years_to_expiry(instant) for instant in latent.ts])

    def column(values):
        return np.broadcast_to(values, years.shape).ravel()

    prices = american_price(
        column(latent.spot[:, None]),
        column(chain.strike),
        column(years),
        column(latent.level[:, None] * latent.smile),
        column(market.rate),
        column(market.dividend),
        column(chain.right),
    )
    return prices.reshape(years.shape)


def makers_values(tape, market):
    """What the makers think each contract is worth in each latent state: float64[states, contracts]."""
    steps = np.flatnonzero((tape.latent.ts - market.start) % market.level_interval == 0)
    terms = {"rate": market.rate, "dividend": market.dividend, "problem": PROBLEMS["american"]}
    return theoretical_values(tape.latent, tape.chain, steps, **terms)


def test_same_market_and_seed_give_the_same_tape(tape):
    assert generate(SHORT, seed=3).hash == tape.hash
    assert generate(SHORT, seed=4).hash != tape.hash


def test_the_default_tape_is_valid_and_survives_the_disk(tmp_path):
    tape = generate(SyntheticMarket(), seed=1)
    assert 10_000 < len(tape) < 300_000
    assert 200 < len(np.flatnonzero(np.diff(tape.latent.spot))) < 2000
    assert read_tape(write_tape(tape, tmp_path / "tape.parquet")).hash == tape.hash


def test_sources_of_randomness_do_not_share_draws(tape):
    quiet = generate(dataclasses.replace(SHORT, noise_rate=0.0), seed=3)
    assert np.array_equal(quiet.latent.spot, tape.latent.spot)
    assert not (quiet.kind == TRADE).any()
    slow = generate(dataclasses.replace(SHORT, delay_median=MILLISECOND), seed=3)
    assert np.array_equal(slow.latent.level, tape.latent.level)
    assert (slow.kind == TRADE).sum() == pytest.approx((tape.kind == TRADE).sum(), abs=2)


def test_rows_are_ordered_by_instant_and_then_the_underlying_first(tape):
    assert (np.diff(tape.ts) >= 0).all()
    together = np.diff(tape.ts) == 0
    assert (np.diff(tape.instrument)[together] >= 0).all()
    assert tape.start == SHORT.start
    assert tape.end < SHORT.start + SHORT.duration
    assert np.array_equal(tape.received, tape.ts)


def test_every_instrument_has_a_quote_at_the_start_and_the_underlying_first(tape):
    opening = tape.ts == tape.start
    assert tape.instrument[opening].tolist() == list(range(len(tape.chain) + 1))
    assert (tape.kind[opening] == QUOTE).all()


def test_the_tape_says_what_it_is(tape):
    assert tape.source == "synthetic, seed 3"
    assert (tape.currency, tape.lot, tape.resolution) == ("USD", 1.0, 1)
    assert (tape.rate, tape.dividend) == (SHORT.rate, SHORT.dividend)
    assert {column.dtype for column in (tape.ts, tape.received, tape.bid, tape.ask, tape.price, tape.size)} == {
        np.dtype(np.int64)
    }
    assert (tape.instrument.dtype, tape.kind.dtype) == (np.int32, np.int8)


def test_the_chain_has_every_strike_expiry_and_right(tape):
    chain = tape.chain
    assert len(chain) >= 40
    terms = set(
        zip(chain.strike.tolist(), ((chain.expiry - tape.start) // DAY).tolist(), chain.right.tolist(), strict=True)
    )
    assert terms == {(k, d, r) for k in SHORT.strikes for d in SHORT.expiries for r in (CALL, PUT)}
    assert (chain.style == AMERICAN).all()
    assert (chain.multiplier == 100).all()
    assert chain.name[0] == "SYN260112C00085000"
    assert len(set(chain.name)) == len(chain)


def test_prices_are_on_the_tick_grid_and_nothing_is_crossed_or_negative(tape):
    for column in (tape.bid, tape.ask, tape.price):
        assert (column % TICK == 0).all()
        assert (column >= 0).all()
    both = (tape.kind == QUOTE) & (tape.bid_size > 0) & (tape.ask_size > 0)
    assert (tape.bid[both] < tape.ask[both]).all()
    for size in (tape.bid_size, tape.ask_size, tape.size):
        assert (size >= 0).all()
    assert (tape.bid[tape.bid_size > 0] > 0).all()
    options = tape.instrument != UNDERLYING
    assert tape.bid_size[options].max() <= SHORT.maker_size


def test_the_underlying_repeats_unchanged_prices_with_new_sizes(tape):
    rows = quotes_of(tape, UNDERLYING)
    moved = np.diff(tape.bid[rows]) != 0
    assert 0.01 < moved.mean() < 0.10
    resized = (np.diff(tape.bid_size[rows]) != 0) | (np.diff(tape.ask_size[rows]) != 0)
    assert resized[~moved].mean() > 0.99
    assert (np.diff(tape.ts[rows]) > 0).all()


def test_moves_are_ticks_and_jumps_in_their_proportions():
    market = SyntheticMarket(duration=600 * SECOND, strikes=(100.0,), expiries=(7,), delay_sigma=0.0)
    tape = generate(market, seed=1)
    ticks = np.abs(np.diff(tape.bid[quotes_of(tape, UNDERLYING)])) // TICK
    # A jump of an exponential size of 4.5 ticks rounds to one tick or less with probability 1 - exp(-1.5 / 4.5).
    small = 0.03 + 0.01 * (1.0 - np.exp(-1.5 / 4.5))
    assert np.mean(ticks == 1) == pytest.approx(small, rel=0.1)
    assert np.mean(ticks > 1) == pytest.approx(0.01 * np.exp(-1.5 / 4.5), rel=0.2)
    assert len(ticks) / 600 == pytest.approx(50.0, rel=0.05)


def test_latent_spot_is_the_mid_of_the_standing_quote(tape):
    rows = quotes_of(tape, UNDERLYING)
    spot, level = tape.latent.at(tape.ts[rows])
    assert np.allclose(spot, (tape.bid[rows] + tape.ask[rows]) / 2 / MICROS, atol=1e-12)
    assert level.min() > 0.0
    assert (np.diff(tape.latent.ts) > 0).all()


def test_the_level_is_constant_between_its_steps(tape):
    steps = np.flatnonzero(np.diff(tape.latent.level)) + 1
    assert ((tape.latent.ts[steps] - tape.start) % SHORT.level_interval == 0).all()
    assert len(steps) == SHORT.duration // SECOND - 1


def test_the_level_reverts_to_its_mean():
    market = SyntheticMarket(
        duration=4000 * SECOND,
        tick_probability=0.0,
        jump_probability=0.0,
        strikes=(100.0,),
        expiries=(7,),
        level_step=0.01,
        level_reversion=0.1,
    )
    logs = np.log(generate(market, seed=2).latent.level / market.level)
    assert logs.std() == pytest.approx(0.01 / np.sqrt(1.0 - np.exp(-0.2)), rel=0.1)
    assert abs(logs.mean()) < 0.01


def test_makers_price_the_american_option_as_the_reference_does(tape):
    assert np.abs(makers_values(tape, SHORT) - fair_values(tape, SHORT)).max() < 1e-5


def test_makers_quote_every_state_in_order_and_never_before_their_delay():
    market = dataclasses.replace(SHORT, noise_rate=0.0)
    tape = generate(market, seed=3)
    bids, asks = quotes_around(
        makers_values(tape, market), tick=0.01, least=market.half_spread_least, share=market.half_spread_share
    )
    for contract in range(len(tape.chain)):
        rows = quotes_of(tape, contract + 1)
        wanted = np.stack([bids[:, contract], asks[:, contract]], axis=1)
        new = np.any(np.diff(wanted, axis=0, prepend=-1) != 0, axis=1)
        causes, wanted = tape.latent.ts[new][: len(rows)], wanted[new][: len(rows)]
        assert np.array_equal(np.stack([tape.bid[rows], tape.ask[rows]], axis=1), wanted * TICK)
        assert (tape.ts[rows[1:]] >= causes[1:] + market.delay_fixed).all()
        assert (np.diff(tape.ts[rows]) > 0).all()


def test_fair_value_is_inside_the_quote_once_the_makers_have_settled(tape):
    values = fair_values(tape, SHORT)
    settled = np.flatnonzero(np.diff(tape.latent.ts) > 200 * MILLISECOND)
    assert len(settled) > 10
    for contract in range(len(tape.chain)):
        rows = quotes_of(tape, contract + 1)
        standing = rows[np.searchsorted(tape.ts[rows], tape.latent.ts[settled + 1]) - 1]
        fair = values[settled, contract] * MICROS
        assert (tape.bid[standing] * (tape.bid_size[standing] > 0) <= fair).all()
        assert (tape.ask[standing] * (tape.ask_size[standing] > 0) + 1e9 * (tape.ask_size[standing] == 0) >= fair).all()


def test_fewer_quotes_are_stale_the_longer_one_waits():
    market = SyntheticMarket(duration=60 * SECOND, jump_probability=0.02)
    tape = generate(market, seed=5)
    fair = fair_values(tape, market) * MICROS
    stale = [stale_count(tape, fair, wait) for wait in (0, 100 * MICROSECOND, 300 * MICROSECOND, MILLISECOND)]
    assert stale[0] > 1.1 * stale[1] > 2 * stale[2] > 4 * stale[3] > 0


def stale_count(tape, fair, wait):
    """Sides of quotes that do not bracket the value of the last change, ``wait`` ns after it."""
    alone = np.flatnonzero(np.diff(tape.latent.ts, append=tape.end) > MILLISECOND)
    count = 0
    for contract in range(len(tape.chain)):
        rows = quotes_of(tape, contract + 1)
        standing = rows[np.searchsorted(tape.ts[rows], tape.latent.ts[alone] + wait, side="right") - 1]
        dear = (tape.bid_size[standing] > 0) & (tape.bid[standing] > fair[alone, contract])
        cheap = (tape.ask_size[standing] > 0) & (tape.ask[standing] < fair[alone, contract])
        count += int(dear.sum() + cheap.sum())
    return count


def test_noise_trades_print_at_the_standing_quote_and_take_from_it(tape):
    trades = np.flatnonzero(tape.kind == TRADE)
    assert len(trades) == pytest.approx(40, abs=20)
    for row in trades:
        rows = quotes_of(tape, tape.instrument[row])
        after = rows[np.searchsorted(rows, row)]
        before = rows[np.searchsorted(rows, row) - 1]
        assert tape.ts[after] == tape.ts[row]
        price, size = (tape.bid, tape.bid_size) if tape.bid[before] == tape.price[row] else (tape.ask, tape.ask_size)
        assert price[before] == tape.price[row]
        assert size[before] - size[after] == tape.size[row] > 0


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    duration=st.integers(1, 3 * SECOND),
    level=st.floats(0.1, 1.0),
    rate=st.floats(0.0, 0.08),
    noise_rate=st.floats(0.0, 200.0),
    delay_sigma=st.floats(0.0, 5.0),
)
def test_every_market_gives_a_lawful_tape(seed, **parameters):
    check_tape(generate(SyntheticMarket(strikes=(80.0, 100.0), expiries=(2, 90), **parameters), seed=seed))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base", 0.0),
        ("base", float("nan")),
        ("decay", -1.0),
        ("branching", 1.0),
        ("tick_probability", 1.5),
        ("jump_probability", -0.1),
        ("jump_probability", 0.99),
        ("jump_mean", 0.0),
        ("spot", 100.005),
        ("spot", 0.01),
        ("level", 0.0),
        ("level_interval", 0),
        ("level_reversion", -1.0),
        ("level_step", float("inf")),
        ("skew", 20.0),
        ("curvature", float("nan")),
        ("strikes", ()),
        ("strikes", (100.0, 90.0)),
        ("strikes", 100.0),
        ("expiries", (7.5,)),
        ("expiries", (30, 7)),
        ("multiplier", 0),
        ("rate", float("nan")),
        ("dividend", float("inf")),
        ("start", -1),
        ("duration", 1.5),
        ("duration", 7 * DAY),
        ("delay_fixed", -1),
        ("delay_median", 0.5),
        ("delay_sigma", -1.0),
        ("delay_sigma", 20.0),
        ("half_spread_least", -0.01),
        ("half_spread_share", 1.0),
        ("maker_size", 0),
        ("noise_rate", -1.0),
        ("noise_size", 0),
        ("refill_delay", -1),
    ],
)
def test_a_parameter_outside_its_rule_is_named(name, value):
    with pytest.raises(ArgumentError, match=rf"{name}.* is .*must") as caught:
        SyntheticMarket(**{name: value})
    assert "\n" not in str(caught.value)


def test_rates_with_two_exercise_boundaries_are_refused():
    with pytest.raises(ArgumentError, match=r"dividend .* must not be negative"):
        SyntheticMarket(rate=-0.01, dividend=-0.02)
    assert len(generate(SyntheticMarket(rate=-0.01, dividend=0.02, duration=SECOND), seed=1)) > 40


def test_a_negative_seed_is_refused():
    with pytest.raises(ArgumentError, match="seed is -1"):
        generate(SHORT, seed=-1)


def test_a_path_that_reaches_zero_is_refused():
    with pytest.raises(TradesimError, match="path must stay above"):
        generate(SyntheticMarket(spot=0.02, tick_probability=1.0, jump_probability=0.0, strikes=(0.02,)), seed=1)


def test_makers_of_european_options_quote_european_values() -> None:
    """The early exercise premium of a deep put is in the American market's quotes, and not in the European's."""
    quoted = {}
    for style in ("american", "european"):
        tape = generate(SyntheticMarket(duration=SECOND, strikes=(100.0, 140.0), problem=style), seed=1)
        put = 1 + int(np.flatnonzero((tape.chain.strike == 140.0) & (tape.chain.right == PUT))[-1])
        quoted[style] = int(tape.ask[np.argmax(tape.instrument == put)])
    assert quoted["american"] > quoted["european"] + 100_000


def test_the_sample_is_what_its_command_generates() -> None:
    """``tradesim generate data/sample/synthetic.parquet --market teaching --seed 1``.

    Prices are whole ticks, so any processor agrees.
    """
    sample = read_tape(Path(__file__).parents[2] / "data" / "sample" / "synthetic.parquet")
    made = generate(SyntheticMarket(), seed=1)
    for column in ("ts", "instrument", "kind", "bid", "ask", "bid_size", "ask_size", "price", "size"):
        assert np.array_equal(getattr(sample, column), getattr(made, column))
