"""Where quotes end: at a close, at an expiry, and only there."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tape_samples import START, chain, quote, raw, trade

from tradesim.errors import TapeError
from tradesim.market.ends import closed_hours, with_ends
from tradesim.market.ingest import ingest
from tradesim.market.validation import validated
from tradesim.units import SECOND

HOUR = 3_600_000
"""Ms."""


def ended(*rows, **fields):
    """Milliseconds after the start, and instrument, of each row that was added."""
    tape, _ = validated(raw([*rows], **fields))
    told = {(row["ts"], row["instrument"]) for row in rows}
    gone = zip(
        tape.ts.tolist(), tape.instrument.tolist(), (tape.bid_size + tape.ask_size + tape.size).tolist(), strict=True
    )
    return [((ts - START) / 1e6, i) for ts, i, lots in gone if not lots and (ts, i) not in told]


def test_quotes_end_behind_the_last_row_before_a_night():
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(2, 2, 1, 2), quote(20 * HOUR, 0, 99, 101))
    assert ended(*rows) == [(0.000001, 0), (2.000001, 1), (2.000001, 2)]


def test_a_quote_that_was_gone_does_not_end_again():
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(2, 1, None, None), quote(20 * HOUR, 0, 99, 101))
    assert ended(*rows, quote(20 * HOUR, 1, 10, 11)) == [(0.000001, 0)]


def test_options_may_close_before_their_underlying():
    stock = [quote(minute * 60_000, 0, 99, 101) for minute in range(300)]
    rows = sorted([*stock, quote(0, 1, 10, 11), quote(60_000, 2, 3, 4)], key=lambda row: row["ts"])
    assert ended(*rows) == [(60_000.000001, 1), (60_000.000001, 2)]


def test_an_expiry_ends_the_quote_of_its_contract_alone():
    contracts = replace(chain(), expiry=np.array([START + 5 * SECOND, START + 10**15]))
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(1, 2, 1, 2), quote(6_000, 0, 99, 101))
    assert ended(*rows, chain=contracts) == [(5_000.0, 1)]
    report = validated(raw([*rows], chain=contracts))[1]
    assert (report.ends.expired, report.ends.closed) == (1, 0)
    assert "quotes ended: 1 at expiry" in str(report)


def test_the_gap_that_ends_a_session_can_be_stated_and_bars_are_at_least_half_of_it():
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(600_000, 0, 99, 101))
    assert ended(*rows) == []
    terms = replace(raw().terms, session_gap=300 * SECOND)
    assert len(ended(*rows, terms=terms)) == 2
    assert ended(*rows, terms=replace(terms, resolution=400 * SECOND)) == []


def test_a_market_is_closed_between_its_sessions_and_for_good_where_the_other_goes_on():
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(20 * HOUR, 1, 10, 11), quote(40 * HOUR, 0, 99, 101))
    tape, _ = validated(raw([*rows]))
    options = (closed_hours(tape, options=True) - START) / 1e6
    assert options[0].tolist() == [1.000001, 20 * HOUR]
    assert options[1, 0] == 20 * HOUR + 0.000001


HOURS = tuple((START + opens * 10**6, START + closes * 10**6) for opens, closes in ((0, 600_000), (620_000, HOUR)))


def test_quotes_end_as_the_calendar_closes_the_market():
    """Twenty seconds of a break, which no gap would tell."""
    terms = replace(raw().terms, hours=HOURS)
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(600_000, 2, 1, 2), quote(630_000, 0, 99, 101))
    assert ended(*rows, terms=terms) == [(600_000, 0), (600_000.000001, 1), (600_000.000001, 2)]
    tape, report = validated(raw([*rows], terms=terms))
    assert with_ends(tape)[0] is tape
    assert (report.ends.sessions, str(report.ends)) == (2, "2 sessions by the calendar, quotes ended: 3 at a close")
    closed = (closed_hours(tape, options=True) - START) / 1e6
    assert closed[:, 0].tolist() == [600_000.000001]


def test_a_quiet_session_is_one():
    """Hours in which nothing is quoted end nothing where the market is open by its calendar."""
    terms = replace(raw().terms, hours=((START, START + 9 * HOUR * 10**6),))
    rows = (quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(8 * HOUR, 0, 99, 101))
    assert ended(*rows, terms=terms) == []
    assert len(ended(*rows)) == 2


@pytest.mark.parametrize("hours", [((5, 5),), ((0, 9), (8, 12)), ((0, 9), (9, 12)), ((3,),)])
def test_hours_are_openings_and_closings_in_order(hours):
    with pytest.raises(TapeError, match="openings and closings in order"):
        validated(raw(terms=replace(raw().terms, hours=hours)))


@pytest.mark.parametrize("hours", [(), HOURS, ((START, START + 10**18),)])
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([1, 1_000, 2 * HOUR]), st.booleans()), min_size=1, max_size=30
    )
)
def test_ends_are_told_once_and_move_no_other_row(hours, events):
    now, rows = 0, [quote(0, 0, 99, 101)]
    for instrument, later, is_trade in events:
        now += later
        rows.append(trade(now, instrument % 3, 5, 1) if is_trade else quote(now, instrument % 3, 10, 11))
    tape, _ = validated(raw(rows, terms=replace(raw().terms, hours=hours)))
    again, ends = with_ends(tape)
    assert again is tape
    assert (ends.closed, ends.expired) == (0, 0)
    kept = (tape.bid_size > 0) | (tape.size > 0)
    assert tape.ts[kept].tolist() == [row["ts"] for row in rows]


READER = """
import polars as pl


def read(path):
    return pl.read_parquet(path).with_columns(underlying=pl.lit("XYZ"))
"""


@pytest.mark.parametrize("ts", [0, -1, 1_709_280_000, 1_709_280_000_000])
def test_a_stamp_before_1990_is_refused_by_a_rule(tmp_path, ts):
    (tmp_path / "own.py").write_text(READER)
    times = [1_709_280_000 * SECOND, ts, 1_709_280_001 * SECOND]
    pl.DataFrame({"ts": sorted(times), "bid": 99.0, "ask": 101.0}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(TapeError, match="rule 'early': a ts of a recording is not before 1990"):
        ingest(f"{tmp_path / 'own.py'}:read", [tmp_path / "rows.parquet"])
    tape, report = ingest(f"{tmp_path / 'own.py'}:read", [tmp_path / "rows.parquet"], on_bad_row="drop")
    assert (report.dropped, len(tape)) == ({"early": 1}, 2)


def test_a_late_row_takes_no_close_away():
    """One option is quoted half a minute behind the closing, and the underlying for a quarter of an hour."""
    terms = replace(draft_hours(), session_gap=HOUR * 10**6)
    late = [quote(630_000, 1, 10, 11), *(quote(600_000 + minute * 60_000, 0, 99, 101) for minute in range(15))]
    rows = sorted([quote(0, 0, 99, 101), quote(1, 1, 10, 11), quote(2, 2, 1, 2), *late], key=lambda row: row["ts"])
    assert sorted(ended(*rows, terms=terms)) == [(630_000.000001, 1), (630_000.000001, 2)]


def draft_hours():
    return replace(raw().terms, hours=((START, START + 600_000 * 10**6),))
