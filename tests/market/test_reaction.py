"""The reaction of makers, found again on tapes whose makers' delays are known."""

import dataclasses
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import TapeError
from tradesim.market.chain import AMERICAN, CALL, Chain
from tradesim.market.facts import facts_of
from tradesim.market.ingest import ingest
from tradesim.market.reaction import Delay, Reactions, reaction_curve, reactions_of
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import QUOTE, UNDERLYING, Tape, rows_of
from tradesim.units import HOUR, MICROSECOND, MILLISECOND, SECOND

MARKET = SyntheticMarket(duration=600 * SECOND)


def delayed(fixed: float, median: float, sigma: float, **changes) -> SyntheticMarket:
    """The market whose makers have this delay, in us."""
    fixed, median = round(fixed * MICROSECOND), round(median * MICROSECOND)
    return dataclasses.replace(MARKET, delay_fixed=fixed, delay_median=median, delay_sigma=sigma, **changes)


BUSY = {"base": 100.0, "tick_probability": 0.2, "duration": 120 * SECOND}
NOISY = {"noise_rate": 400.0, "maker_size": 5}


@pytest.mark.parametrize(
    ("market", "seed"),
    [
        (delayed(50, 100, 1.3), 1),
        (delayed(0, 10, 1.3), 2),
        (delayed(200, 300, 0.5), 3),
        (delayed(50, 1_000, 1.3), 4),
        (delayed(1_000, 5_000, 0.8), 5),
        (delayed(50, 20_000, 1.3), 6),
        (delayed(50, 1_000, 1.3, **BUSY), 7),
        (delayed(50, 100, 1.3, **NOISY), 8),
    ],
)
def test_the_delay_of_the_makers_is_found_again(market, seed):
    seen = reactions_of(generate(market, seed=seed))
    fixed, median, sigma = market.delay_fixed, market.delay_median, market.delay_sigma
    assert seen.quantile(0.5) == pytest.approx(fixed + median, rel=0.1)
    for share, z in ((0.1, -1.2816), (0.9, 1.2816)):
        assert seen.quantile(share) == pytest.approx(fixed + median * math.exp(sigma * z), rel=0.1)
    assert seen.fitted.fixed + seen.fitted.median == pytest.approx(fixed + median, rel=0.1)
    assert seen.fitted.sigma == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("median", [60_000, 200_000, 500_000])
def test_makers_who_answer_later_than_moves_follow_each_other_are_not_identified(median):
    with pytest.raises(TapeError, match="still answer a move"):
        reactions_of(generate(delayed(50, median, 1.3), seed=1))


@pytest.fixture(scope="module")
def tape():
    return generate(MARKET, seed=1)


def test_it_is_found_by_large_moves_alone_too(tape):
    large, every = reactions_of(tape, ticks=3), reactions_of(tape)
    assert len(large.followed) < 0.5 * len(every.followed)
    assert large.answering > every.answering
    assert large.quantile(0.5) == pytest.approx(150 * MICROSECOND, rel=0.1)


def test_without_its_background_the_reaction_of_a_noisy_tape_is_another():
    noisy = reactions_of(generate(delayed(50, 2_000, 1.3, **NOISY), seed=8))
    raw = dataclasses.replace(noisy, background=0.0)
    assert noisy.quantile(0.9) == pytest.approx((50 + 2_000 * math.exp(1.3 * 1.2816)) * MICROSECOND, rel=0.1)
    assert raw.quantile(0.9) > 1.5 * noisy.quantile(0.9)


def test_what_is_below_the_resolution_is_not_reported():
    def stamped(market):
        made = generate(market, seed=1)
        ts = made.ts // MILLISECOND * MILLISECOND
        return dataclasses.replace(made, ts=ts, received=ts, resolution=MILLISECOND)

    assert reactions_of(stamped(MARKET)).quantile(0.5) is None
    assert reactions_of(stamped(MARKET)).fitted is None
    slow = reactions_of(stamped(delayed(0, 10_000, 1.3)))
    assert slow.quantile(0.5) == pytest.approx(10 * MILLISECOND, rel=0.1)


@given(
    delays=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    followed=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=8),
)
def test_the_curve_is_the_product_of_what_stays_at_each_delay(delays, followed):
    moves = sorted(followed)
    seen = Reactions(
        delays=np.sort(delays),
        followed=np.array([ns for ns, _ in moves]),
        silent=np.array([count for _, count in moves]),
        background=0.0,
        resolution=1,
    )
    survival = variance = None
    for row in seen.curve.iter_rows(named=True):
        at_risk = sum(delay >= row["delay"] for delay in delays)
        at_risk += sum(count for ns, count in moves if ns >= row["delay"])
        hit = delays.count(row["delay"])
        assert (row["at_risk"], row["requotes"]) == (at_risk, hit)
        survival = (1.0 if survival is None else survival) * (1.0 - hit / at_risk)
        assert row["survival"] == pytest.approx(survival, abs=1e-12)
        if at_risk > hit:
            variance = (variance or 0.0) + hit / (at_risk * (at_risk - hit))
            assert row["standard_error"] == pytest.approx(survival * math.sqrt(variance), abs=1e-12)


def test_the_standard_error_is_the_spread_over_samples():
    rng = np.random.default_rng(1)
    read = []
    for _ in range(300):
        delay, censored = rng.exponential(100.0, 400), rng.exponential(200.0, 400)
        seen = Reactions(
            delays=np.sort(delay[delay <= censored]).astype(np.int64),
            followed=np.sort(censored[delay > censored]).astype(np.int64),
            silent=np.ones(np.count_nonzero(delay > censored), np.int64),
            background=0.0,
            resolution=1,
        )
        read.append(seen.curve.filter(pl.col("delay") <= 150).select("survival", "standard_error").row(-1))
    survival, error = np.array(read).T
    assert survival.mean() == pytest.approx(math.exp(-1.5), abs=0.01)
    assert error.mean() == pytest.approx(survival.std(ddof=1), rel=0.15)


def planted(moves: list[int], requotes: list[tuple[int, int]], *, expiry: int = 10**15) -> Tape:
    """A tape in us: the underlying's mid changes at ``moves``, and contract ``i`` changes its bid at (i, instant)."""
    count = 1 + max(contract for contract, _ in requotes)
    rows = [(0, instrument, 100) for instrument in range(count + 1)]
    rows += [(ts, UNDERLYING, 101 + i) for i, ts in enumerate(moves)]
    rows += [(ts, contract + 1, 101 + i) for i, (contract, ts) in enumerate(requotes)]
    ts, instrument, price = np.array(sorted(rows, key=lambda row: row[0]), dtype=np.int64).T
    ones = np.ones(len(ts), np.int64)
    nothing = np.zeros(len(ts), np.int64)
    return Tape(
        chain=Chain(
            name=tuple(f"C{i}" for i in range(count)),
            strike=np.full(count, 100.0),
            expiry=np.full(count, expiry * MICROSECOND),
            right=np.full(count, CALL, np.int8),
            style=np.full(count, AMERICAN, np.int8),
            multiplier=np.ones(count, np.int64),
        ),
        underlying="X",
        currency="USD",
        ts=ts * MICROSECOND,
        received=ts * MICROSECOND,
        instrument=instrument.astype(np.int32),
        kind=np.full(len(ts), QUOTE, np.int8),
        bid=price * 1_000,
        ask=(price + 10) * 1_000,
        bid_size=ones,
        ask_size=ones,
        price=nothing,
        size=nothing,
        source="planted",
    )


MOVES = [1_000 * i for i in range(1, 101)]


def test_on_a_planted_tape_each_requote_is_timed_from_its_move_and_the_rest_is_censored():
    answers = [(0, ts + 10) for ts in MOVES] + [(1, ts + 20) for ts in MOVES[::2]] + [(1, ts + 30) for ts in MOVES[::2]]
    seen = reactions_of(planted([*MOVES, 101_500], [*answers, (2, 5)], expiry=50_500))
    assert set(seen.delays.tolist()) == {10_000, 20_000}
    curve = seen.curve
    assert curve["requotes"].to_list()[1] == pytest.approx(curve["requotes"].to_list()[0] / 2, abs=1)


def test_after_its_expiry_a_contract_is_not_at_risk():
    answers = [(0, ts + 10) for ts in MOVES]
    lasting, ended = (reactions_of(planted(MOVES, [*answers, (1, 5)], expiry=e)) for e in (10**9, 50_500))
    assert ended.silent.sum() < lasting.silent.sum()


def test_what_is_quoted_on_the_next_day_answers_no_move_of_the_evening():
    """The second contract answers on the first day alone; in the morning all are quoted anew, and the mid has moved."""
    night, day = 10 * HOUR // MICROSECOND, MOVES[-1] + 1_000
    morning = [day + night + ts for ts in (0, *MOVES)]
    answers = [(0, ts + 10) for ts in (*MOVES, *morning)] + [(1, ts + 10) for ts in MOVES]
    one = reactions_of(planted([*MOVES, day], answers[:100] + answers[201:], expiry=10**12))
    two = reactions_of(planted([*MOVES, day, *morning], answers, expiry=10**12))
    assert len(two.followed) == len(one.followed) + 100
    assert set(two.delays.tolist()) == {10_000}
    assert two.followed.max() == 1_000_000
    assert two.silent.sum() == one.silent.sum()
    assert two.background == one.background == 0.0


def test_the_facts_say_the_parameters_of_the_makers(tape):
    facts = facts_of(tape)
    assert facts["options: reaction, 50% within (us)"] == pytest.approx(150.0, rel=0.1)
    assert facts["options: delay_fixed (us)"] == pytest.approx(50.0, rel=0.1)
    assert facts["options: delay_median (us)"] == pytest.approx(100.0, rel=0.1)
    assert facts["options: delay_sigma"] == pytest.approx(1.3, rel=0.1)
    assert facts["options: moves followed"] > 500
    assert facts["options: quotes censored"] > 0


def test_a_tape_without_options_or_of_bars_identifies_no_reaction(tape):
    for other, why in (
        (rows_of(tape, tape.instrument == UNDERLYING), "0 requotes"),
        (dataclasses.replace(tape, resolution=60 * SECOND), "its resolution is 60 s"),
        (rows_of(tape, slice(0, 500)), "30 are the fewest"),
    ):
        with pytest.raises(TapeError, match=why):
            reaction_curve(other)
        assert {facts_of(other)[name] for name in facts_of(tape) if "reaction" in name or "delay" in name} == {None}


def test_minute_bars_of_goog_identify_no_reaction(shared_data):
    folder = shared_data / "lean_goog_20151224"
    day, _ = ingest("lean", [folder / "20151224_quote_american.zip", folder / "equity_20151224_quote.zip"])
    with pytest.raises(TapeError, match="not identified"):
        reaction_curve(day)


@given(st.floats(0.0, 1e6), st.floats(1.0, 1e6), st.floats(0.0, 3.0))
def test_half_of_a_delay_is_below_its_fixed_part_and_its_median(fixed, median, sigma):
    delay = Delay(fixed=fixed, median=median, sigma=sigma)
    shares = delay.share(np.array([fixed, fixed + 0.999 * median, fixed + 1.001 * median, math.inf]))
    assert shares[0] == 0.0
    assert shares[1] <= 0.5 <= shares[2]
    assert shares[3] == 1.0
