from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from probes import START, Quote, Row, book_trade, feed_row, level, run_probe, seat_of, session_of, tape_of, underlying

from tradesim.errors import ArgumentError
from tradesim.market.tape import EXECUTE, QUOTE, TRADE
from tradesim.simulation.book import quote_rows
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import (
    AnyOf,
    EveryNth,
    EveryQuote,
    OptionQuoted,
    SpotMoved,
    Timer,
    Traded,
    firings,
)
from tradesim.units import MICROS

TAPE = tape_of(
    underlying(0, 100.00),
    Quote(at=5, bid=1, ask=2),
    underlying(10, 100.00),
    underlying(20, 100.02),
    underlying(30, 100.05),
    underlying(30, 100.10),
    Quote(at=40, instrument=0, bid=100.0),
)


def firings_on(trigger, tape, delay: int = 0):
    return firings(trigger, quote_rows(tape), tape.ts + delay, tape.chain.strike)


def fired(trigger, delay: int = 0) -> list[int]:
    return (firings_on(trigger, TAPE, delay).arrival - START).tolist()


def test_every_quote_of_the_underlying_wakes_once_an_instant_and_one_sided_ones_do_not():
    assert fired(EveryQuote()) == [0, 10, 20, 30]


def test_a_move_is_measured_from_the_last_firing():
    assert fired(SpotMoved()) == [0, 20, 30]
    assert fired(SpotMoved(by=0.03)) == [0, 30]


def test_the_last_row_of_an_instant_is_the_one_answered():
    assert firings_on(EveryQuote(), TAPE).row.tolist() == [0, 2, 3, 5]


def test_every_nth_counts_quotes():
    assert fired(EveryNth(n=2)) == [10, 30]


def test_a_timer_ticks_on_the_desks_clock():
    assert fired(Timer(period=15), delay=100) == [100, 115, 130]


def test_feed_delay_moves_every_firing():
    assert fired(SpotMoved(), delay=7) == [7, 27, 37]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SpotMoved(by=-1),
        lambda: EveryNth(n=0),
        lambda: Timer(period=0),
        lambda: OptionQuoted(by=-0.1),
        lambda: OptionQuoted(by=float("nan")),
        lambda: Traded(n=0),
        lambda: Traded(near=-0.01),
        lambda: OptionQuoted(near=float("inf")),
        lambda: OptionQuoted(contracts=()),
        lambda: Traded(contracts=3),
        lambda: Traded(contracts=(0.5,)),
        lambda: firings_on(OptionQuoted(contracts=(1,)), TAPE),
        lambda: firings_on(OptionQuoted(contracts=(-1,)), TAPE),
        lambda: firings_on(Traded(contracts=(-2,)), TAPE),
    ],
)
def test_a_trigger_outside_its_rule_is_refused(make):
    with pytest.raises(ArgumentError):
        make()


def test_no_quote_no_firing():
    silent = tape_of(Quote(at=0, bid=1, ask=2))
    assert len(firings_on(EveryQuote(), silent)) == 0
    assert np.array_equal(firings_on(SpotMoved(), silent).row, [])


# --- Options ---


STRIKES = np.array([95.0, 100.0, 110.0])
MID = st.sampled_from([4.0, 4.5, 5.0, 6.0])
INSTRUMENT = st.integers(0, 3)


@st.composite
def tapes(draw):
    """Quotes of both sides or one, trades, levels and executions, of the underlying and three options."""
    rows, at = [], 0
    for _ in range(draw(st.integers(1, 40))):
        at, instrument = at + draw(st.integers(0, 3)), draw(INSTRUMENT)
        middle = draw(st.sampled_from([94.0, 100.0, 105.0])) if instrument == 0 else draw(MID)
        match draw(st.sampled_from(["quote", "quote", "bid", "none", "trade", "level", "execute"])):
            case "quote":
                rows.append(Quote(at=at, instrument=instrument, bid=middle - 0.5, ask=middle + 0.5))
            case "bid":
                rows.append(Quote(at=at, instrument=instrument, bid=middle - 0.5))
            case "none":
                rows.append(Quote(at=at, instrument=instrument))
            case "trade":
                rows.append(replace(book_trade(at, middle, 1, 1), instrument=instrument))
            case "level":
                rows.append(replace(level(at, 1, middle, 1), instrument=instrument))
            case "execute":
                rows.append(replace(feed_row(at, "execute", 1, 1, middle, 1), instrument=instrument))
    tape = tape_of(*rows, contracts=3)
    return replace(tape, chain=replace(tape.chain, strike=STRIKES))


watch = {
    "n": st.integers(1, 3),
    "near": st.sampled_from([None, 0.0, 0.03, 0.06, 0.2]),
    "contracts": st.sampled_from([None, (0,), (1, 2), (2, 0)]),
}
quoted = st.builds(OptionQuoted, **watch, by=st.sampled_from([None, 0.0, 0.5, 1.0, 1e300]))
traded = st.builds(Traded, **watch | {"contracts": st.sampled_from([None, (-1,), (1,), (0, 2, -1)])})


def counted_rows(trigger, tape):
    """A plain walk through the tape, row by row."""
    spot, last = None, {}
    for row in range(len(tape)):
        contract, kind = int(tape.instrument[row]) - 1, tape.kind[row]
        whole = kind == QUOTE and tape.bid_size[row] > 0 and tape.ask_size[row] > 0
        mid = (tape.bid[row] + tape.ask[row]) / 2 / MICROS
        if contract == -1 and whole:
            spot = mid
        quotes = isinstance(trigger, OptionQuoted)
        if quotes and (contract == -1 or kind != QUOTE):
            continue
        if not quotes and kind not in (TRADE, EXECUTE):
            continue
        if trigger.contracts is not None and contract not in trigger.contracts:
            continue
        far = spot is None or abs(tape.chain.strike[contract] - spot) > (trigger.near or 0.0) * spot
        if trigger.near is not None and contract >= 0 and far:
            continue
        if quotes and trigger.by is not None:
            if not whole or (contract in last and abs(mid - last[contract]) <= trigger.by):
                continue
            last[contract] = mid
        yield row


@given(tapes(), st.one_of(quoted, traded))
def test_options_fire_where_a_plain_walk_says(tape, trigger):
    rows = list(counted_rows(trigger, tape))[trigger.n - 1 :: trigger.n]
    last_of_instant = {int(tape.ts[row]): row for row in rows}
    found = firings_on(trigger, tape, delay=9)
    assert found.row.tolist() == list(last_of_instant.values())
    assert found.arrival.tolist() == [instant + 9 for instant in last_of_instant]


def test_any_of_merges_the_spot_and_its_options():
    assert fired(AnyOf((SpotMoved(by=0.03), OptionQuoted()))) == [0, 5, 30]


def test_a_desk_is_woken_by_an_option_and_sees_what_woke_it():
    seen = []

    def watching(screen):
        seen.append((screen.now - START, float(screen.book[1, 0]) / MICROS))
        return np.empty((0, 4), dtype=np.int64)

    rows = [underlying(0), Quote(at=0, bid=4.0, ask=5.0), underlying(10, 101.0), Quote(at=20, bid=4.2, ask=5.2)]
    trades = [Row(at=30, kind=TRADE, price=4.2, size=1, side=-1), Quote(at=40, bid=4.2, ask=5.2)]
    trigger = AnyOf((OptionQuoted(by=0.1), Traded()))
    session = session_of(tape_of(*rows, *trades), feed=3)
    (result,) = run_probe(session, seat_of(Strategy(rule=Custom(function=watching), trigger=trigger)))
    assert seen == [(3, 4.0), (23, 4.2), (33, 4.2)]
    assert result.decisions["tick"].to_list() == [1, 3, 4]
