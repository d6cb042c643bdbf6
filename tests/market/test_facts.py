"""Facts of processes whose facts are known, and of tapes."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradesim.market.facts import (
    Facts,
    arrivals_in,
    autocorrelation,
    branching_ratio,
    facts_of,
    fano,
    gap_correlation,
    kurtosis,
    log_returns,
    realised_volatility,
    weighted_quantiles,
)
from tradesim.market.hawkes import hawkes_arrivals
from tradesim.market.ingest import ingest
from tradesim.market.row_filter import OnBadRow
from tradesim.market.sessions import SESSION_GAP
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import QUOTE, ROW_COLUMNS, TRADE, UNDERLYING, Tape, between, rows_of
from tradesim.units import DAY, HOUR, MILLISECOND, SECOND

MINUTE = 60 * SECOND


def rng(seed=1):
    return np.random.default_rng(seed)


def arrivals(seconds):
    return (np.asarray(seconds) * SECOND).astype(np.int64)


def test_poisson_arrivals_have_fano_factor_one_and_no_memory():
    ts = arrivals(np.sort(rng().uniform(0.0, 2000.0, 100_000)))
    for window in (100 * MILLISECOND, SECOND, 10 * SECOND):
        assert fano(arrivals_in(ts, window)) == pytest.approx(1.0, abs=0.25 if window > SECOND else 0.1)
    assert gap_correlation(ts) == pytest.approx(0.0, abs=0.02)
    assert branching_ratio(fano(arrivals_in(ts, SECOND))) < 0.06


@pytest.mark.parametrize("branching", [0.3, 0.6, 0.8])
def test_the_branching_ratio_of_a_hawkes_process_is_recovered(branching):
    seconds = hawkes_arrivals(base=20.0, branching=branching, decay=50.0, duration=3000.0, rng=rng())
    assert branching_ratio(fano(arrivals_in(arrivals(seconds), 10 * SECOND))) == pytest.approx(branching, abs=0.05)
    assert gap_correlation(arrivals(seconds)) > 0.02


def test_clock_like_arrivals_have_fano_factor_zero_and_no_branching():
    ts = np.arange(100_000) * 10 * MILLISECOND
    assert fano(arrivals_in(ts, SECOND)) == pytest.approx(0.0, abs=1e-9)
    assert branching_ratio(0.0) == branching_ratio(0.5) == 0.0


def brownian(volatility, seconds=4 * 3600, step=100 * MILLISECOND):
    """Log-prices on a lattice; ``volatility`` a root second."""
    count = seconds * SECOND // step
    moves = volatility * math.sqrt(step / SECOND) * rng().standard_normal(count)
    return np.arange(count) * step, np.cumsum(moves)


def test_brownian_motion_has_normal_tails_and_a_flat_signature():
    ts, log = brownian(1e-4)
    for horizon in (100 * MILLISECOND, SECOND, 10 * SECOND):
        returns = log_returns(ts, np.exp(log), horizon)
        assert kurtosis(returns) == pytest.approx(3.0, abs=0.4)
        assert realised_volatility(returns, horizon) == pytest.approx(1e-4, rel=0.05)
        assert autocorrelation(np.abs(returns)) == pytest.approx(0.0, abs=0.05)


def test_a_bounce_between_bid_and_ask_makes_the_signature_fall_and_returns_negative():
    """Roll's model: each return gains the difference of two coin tosses, of variance c^2 / 2 each side."""
    ts, log = brownian(1e-4)
    half = 2e-4
    price = np.exp(log + half * rng(2).choice([-1.0, 1.0], len(log)))
    seen = []
    for horizon in (100 * MILLISECOND, SECOND, 10 * SECOND, MINUTE):
        returns = log_returns(ts, price, horizon)
        expected = math.sqrt(1e-8 + 2.0 * half**2 / (horizon / SECOND))
        assert realised_volatility(returns, horizon) == pytest.approx(expected, rel=0.1)
        seen.append(realised_volatility(returns, horizon))
    assert seen == sorted(seen, reverse=True)
    assert autocorrelation(log_returns(ts, price, SECOND)) < -0.3


def test_volatility_that_clusters_shows_in_absolute_returns_alone():
    level = np.exp(np.repeat(rng().standard_normal(500), 20))
    returns = level * rng(2).standard_normal(len(level))
    assert autocorrelation(np.abs(returns)) > 0.3
    assert abs(autocorrelation(returns)) < 0.1
    assert kurtosis(returns) > 5.0


def test_returns_are_between_the_last_prices_known():
    ts = np.array([0, 1, 5, 25]) * SECOND
    price = np.array([1.0, math.e, math.e**3, math.e**2])
    assert log_returns(ts, price, 10 * SECOND).tolist() == pytest.approx([3.0, 0.0])
    assert len(log_returns(ts[:0], price[:0], SECOND)) == 0


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), min_size=1), st.floats(0.01, 0.99))
def test_weighted_quantiles_are_those_of_values_repeated(pairs, quantile):
    assume(abs(quantile * sum(weight for _, weight in pairs) % 1.0 - 0.5) < 0.499)
    values, weights = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    repeated = np.sort(np.repeat(values, weights.astype(int)))
    position = math.ceil(round(quantile * len(repeated), 9)) - 1
    assert weighted_quantiles(values, weights, (quantile,)) == [repeated[max(position, 0)]]


def test_too_little_tells_nothing():
    few = np.arange(20) * SECOND
    assert fano(arrivals_in(few, SECOND)) is None
    assert fano(arrivals_in(few[:0], SECOND)) is None
    assert gap_correlation(few) is None
    assert kurtosis(np.ones(20)) is None
    assert kurtosis(np.ones(50)) is None
    assert realised_volatility(np.ones(20), SECOND) is None


MARKET = SyntheticMarket(duration=400 * SECOND, level_step=0.0)


@pytest.fixture(scope="module")
def tape():
    return generate(MARKET, seed=1)


@pytest.fixture(scope="module")
def facts(tape) -> Facts:
    return facts_of(tape)


def test_the_generated_market_has_the_facts_that_its_parameters_say(facts):
    assert facts["quotes a second"] == pytest.approx(MARKET.base / (1.0 - MARKET.branching), rel=0.1)
    assert facts["branching ratio"] == pytest.approx(MARKET.branching, abs=0.12)
    assert facts["spread, 50% of the time (ticks)"] == facts["spread, 99% of the time (ticks)"] == 2.0
    jump = MARKET.jump_probability * 2.0 * MARKET.jump_mean**2 + MARKET.tick_probability * 0.01**2
    a_second = 1e4 * math.sqrt(MARKET.base / (1.0 - MARKET.branching) * jump) / MARKET.spot
    assert facts["volatility, every 1 s (bp / root s)"] == pytest.approx(a_second, rel=0.15)
    assert facts["kurtosis, 100 ms"] > facts["kurtosis, 1 s"] > 5.0
    assert facts["quotes a trade"] is None
    assert facts["smile: days to expiry"] == pytest.approx(30.0, abs=0.1)
    assert facts["implied volatility, +0 deviations (%)"] == pytest.approx(50.0, abs=0.3)


def test_the_underlying_alone_has_no_facts_of_options(tape, facts):
    alone = facts_of(rows_of(tape, tape.instrument == UNDERLYING))
    assert list(alone) == list(facts)
    for name, value in alone.items():
        if name.startswith(("options:", "smile:", "implied")):
            assert value is None
        elif name != "quotes a second":
            assert value == facts[name]


def test_bars_tell_no_arrivals_and_nothing_within_a_bar(tape, facts):
    bars = facts_of(dataclasses.replace(tape, resolution=10 * SECOND))
    unknown = {name for name, value in bars.items() if value is None} - {n for n, v in facts.items() if v is None}
    assert {"quotes a second", "branching ratio", "correlation of gaps", "options: quotes a trade"} <= unknown
    assert {"kurtosis, 100 ms", "kurtosis, 1 s", "correlation of returns, 1 s"} <= unknown
    assert bars["kurtosis, 10 s"] == facts["kurtosis, 10 s"]
    assert bars["spread, 50% of the time (bp)"] == facts["spread, 50% of the time (bp)"]


def test_trades_of_the_underlying_have_a_signature_of_their_own(shared_data):
    """IBM's trades bounce between bid and ask, its mids do not."""
    folder = shared_data / "lean_ibm_20131007"
    day, _ = ingest("lean-tick", sorted(folder.glob("*.zip")), on_bad_row=OnBadRow.DROP)
    opening = int(np.datetime64("2013-10-07T13:30", "ns").astype(np.int64))
    facts = facts_of(between(day, opening, opening + 13 * HOUR // 2))
    fast, slow = (facts[f"volatility of trades, every {span} (bp / root s)"] for span in ("100 ms", "60 s"))
    assert fast > 1.5 * slow
    fast, slow = (facts[f"volatility, every {span} (bp / root s)"] for span in ("100 ms", "60 s"))
    assert fast == pytest.approx(slow, rel=0.2)
    trades = np.count_nonzero(between(day, opening, opening + 13 * HOUR // 2).kind == TRADE)
    assert trades > 10_000
    assert facts["correlation of absolute returns, 1 s"] > 0.1
    assert facts["branching ratio"] > 0.7


def days(tape: Tape, *closed: int) -> Tape:
    """The tape day after day, its market ``closed`` so long between; all that is known of it is its rows."""
    shifts = np.cumsum([0, *(tape.end - tape.start + ns for ns in closed)])
    columns = {name: np.tile(getattr(tape, name), len(shifts)) for name in ROW_COLUMNS}
    for name in ("ts", "received"):
        columns[name] = columns[name] + np.repeat(shifts, len(tape))
    chain = dataclasses.replace(tape.chain, expiry=tape.chain.expiry + int(shifts[-1]))
    return dataclasses.replace(tape, chain=chain, latent=None, **columns)


def of_rows(facts: Facts) -> Facts:
    """Those that do not depend on the time to expiry."""
    return {name: value for name, value in facts.items() if "smile" not in name and "implied" not in name}


def test_how_long_the_market_was_closed_makes_no_fact(tape):
    short, long = (of_rows(facts_of(days(tape, *closed))) for closed in ((2 * HOUR,) * 2, (65 * HOUR, 17 * HOUR)))
    assert short == long


def test_days_alike_have_the_facts_of_one(tape):
    one, three = of_rows(facts_of(dataclasses.replace(tape, latent=None))), of_rows(facts_of(days(tape, *[DAY] * 2)))
    counts = {"options: moves followed", "options: quotes that answered", "options: quotes censored"}
    assert {name: three[name] for name in counts} == {name: 3 * one[name] for name in counts}
    for name in one.keys() - counts:
        assert three[name] == (None if one[name] is None else pytest.approx(one[name], rel=0.02, abs=2e-3))


def test_an_overnight_move_is_no_return_and_no_trend(tape):
    """The second day opens half as dear again, at the first row of the underlying."""
    two = days(tape, DAY)
    dear = (two.ts > tape.end) & (two.instrument == UNDERLYING) & (two.kind == QUOTE)
    jumped = dataclasses.replace(
        two, bid=np.where(dear, two.bid * 3 // 2, two.bid), ask=np.where(dear, two.ask * 3 // 2, two.ask)
    )
    before, after = of_rows(facts_of(two)), of_rows(facts_of(jumped))
    for name in before:
        if not name.startswith("spread"):
            assert after[name] == (None if before[name] is None else pytest.approx(before[name], rel=0.02, abs=1e-3))


def test_a_pause_as_long_as_the_session_gap_is_trading_time(tape):
    quiet, closed = (facts_of(days(tape, ns)) for ns in (SESSION_GAP, SESSION_GAP + 1))
    name = "volatility, every 1 s (bp / root s)"
    assert closed[name] > 1.5 * quiet[name]


def test_a_smile_is_read_while_the_market_is_open_from_quotes_of_its_day(tape):
    two = days(tape, DAY)
    silent = (two.ts > tape.end) & (two.ts < two.end - 30 * SECOND) & (two.instrument != UNDERLYING)
    facts = facts_of(two)
    assert facts["implied volatility, +0 deviations (%)"] == pytest.approx(50.0, abs=1.0)
    late = facts_of(rows_of(two, ~silent))
    assert late["implied volatility, +0 deviations (%)"] is not None
    options = (two.ts <= tape.end) & (two.instrument != UNDERLYING) & (two.ts > tape.start + 30 * SECOND)
    assert facts_of(rows_of(two, ~options & ~silent))["smile: days to expiry"] is None


PARTS = {
    "options alone": lambda tape: tape.instrument != UNDERLYING,
    "the underlying alone": lambda tape: tape.instrument == UNDERLYING,
    "no trades": lambda tape: tape.kind != TRADE,
    "trades alone": lambda tape: tape.kind == TRADE,
    "one row": lambda tape: np.arange(len(tape)) == 0,
    "the last row": lambda tape: np.arange(len(tape)) == len(tape) - 1,
    "one trade": lambda tape: np.arange(len(tape)) == np.argmax(tape.kind == TRADE),
    "two rows": lambda tape: np.arange(len(tape)) < 2,
    "one instant": lambda tape: tape.ts == tape.ts[len(tape) // 2],
    "no bid of the underlying": lambda tape: (tape.instrument != UNDERLYING) | (tape.ts == tape.start),
    "a row an hour and more": lambda tape: np.arange(len(tape)) % 1000 == 0,
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("apart", [1, 3601])
def test_what_a_tape_cannot_tell_is_none_and_never_an_error(tape, facts, part, apart):
    rows = rows_of(tape, PARTS[part](tape))
    ts = rows.start + (rows.ts - rows.start) * apart
    told = facts_of(rows if apart == 1 else dataclasses.replace(rows, ts=ts, received=ts, latent=None))
    assert list(told) == list(facts)
    assert all(value is None or math.isfinite(value) for value in told.values())
    if part in {"options alone", "trades alone", "one row", "the last row", "one trade", "two rows", "one instant"}:
        assert {told[name] for name in told if not name.startswith("options: ")} == {None}
