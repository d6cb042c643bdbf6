"""The validator: every rule, its error, and what it drops."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import EXPIRY, ROWS, START, chain, latent, quote, raw, table, trade

from tradesim.errors import ArgumentError, TapeError
from tradesim.market.chain import Chain
from tradesim.market.row_filter import LOST, OnBadRow
from tradesim.market.rows import LATENT, raw_tape_of
from tradesim.market.tape import QUOTE, TRADE
from tradesim.market.validation import check_tape, validated
from tradesim.units import MICROS

AFTER = 10
"""A millisecond after the last of the legal rows."""

BAD_ROWS = {
    "missing ts": ("missing", "ts", quote(AFTER, 1, 10, 11, ts=None)),
    "missing kind": ("missing", "kind", quote(AFTER, 1, 10, 11, kind=None)),
    "missing instrument": ("missing", "instrument", quote(AFTER, None, 10, 11)),
    "unknown kind": ("kind", "kind", quote(AFTER, 1, 10, 11, kind=7)),
    "unknown instrument": ("instrument", "instrument", quote(AFTER, 3, 10, 11)),
    "negative instrument": ("instrument", "instrument", quote(AFTER, -1, 10, 11)),
    "a price that overflows": ("large", "ask", quote(AFTER, 1, 10, 2**31)),
    "a size that overflows": ("large", "bid_size", quote(AFTER, 1, 10, 11, bid_size=2**62)),
    "a time that overflows": ("large", "ts", quote(AFTER, 0, 99, 101, ts=2**62)),
    "a receive time that overflows": ("large", "received", quote(AFTER, 1, 10, 11, received=-(2**62))),
    "negative bid": ("negative", "bid", quote(AFTER, 1, -10, 11)),
    "negative ask": ("negative", "ask", quote(AFTER, 1, None, -11)),
    "negative bid size": ("negative", "bid_size", quote(AFTER, 1, 10, 11, bid_size=-1)),
    "negative ask size": ("negative", "ask_size", quote(AFTER, 1, 10, 11, ask_size=-1)),
    "negative trade price": ("negative", "price", trade(AFTER, 1, -1, 1)),
    "negative trade size": ("negative", "size", trade(AFTER, 1, 1, -1)),
    "bid of zero with a size": ("zero", "bid", quote(AFTER, 1, 0, 11)),
    "ask of zero with a size": ("zero", "ask", quote(AFTER, 1, None, 0)),
    "trade at zero": ("zero", "price", trade(AFTER, 1, 0, 1)),
    "price without size": ("half", "bid", quote(AFTER, 1, 10, 11, bid_size=None)),
    "size without price": ("half", "ask", quote(AFTER, 1, 10, None, ask_size=10)),
    "crossed": ("crossed", "bid", quote(AFTER, 1, 12, 11)),
    "trade without price and size": ("trade", "price", {**trade(AFTER, 1, 1, 1), "price": None, "size": None}),
    "trade of nothing": ("trade", "price", trade(AFTER, 1, 1, 0)),
    "trade with a bid": ("trade", "bid_size", trade(AFTER, 1, 1, 1, bid=MICROS, bid_size=1)),
    "trade with an ask": ("trade", "ask_size", trade(AFTER, 1, 1, 1, ask=MICROS, ask_size=1)),
    "quote with a trade's price": ("quote", "price", quote(AFTER, 1, 10, 11, price=MICROS, size=0)),
    "quote with a trade": ("quote", "price", quote(AFTER, 1, 10, 11, price=MICROS, size=1)),
    "after expiry": ("expired", "ts", quote(AFTER, 1, 10, 11, ts=EXPIRY + 1)),
    "out of order": ("order", "ts", quote(4, 1, 10, 11)),
    "duplicate": ("duplicate", "ts", ROWS[-1]),
}


@pytest.mark.parametrize(("rule", "column", "row"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_the_error_names_row_column_rule_and_value_in_one_line(rule, column, row):
    with pytest.raises(TapeError) as caught:
        validated(raw([*ROWS, row]))
    message = str(caught.value)
    assert "\n" not in message
    assert f"row {len(ROWS)} (" in message
    assert f"column {column}: {row.get(column)}" in message
    assert f"rule '{rule}'" in message
    assert "on_bad_row='drop'" in message


@pytest.mark.parametrize(("rule", "column", "row"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_drop_counts_the_bad_row_alone_and_ends_the_quote_that_it_would_have_replaced(rule, column, row):
    tape, report = validated(raw([*ROWS, row]), on_bad_row=OnBadRow.DROP)
    assert report.dropped == {rule: 1}
    assert report.rows == len(ROWS) + 1
    ended = row["kind"] == QUOTE and rule not in LOST and (rule, column) != ("large", "ts")
    assert report.unknown == ended
    kept = [*ROWS, *([quote(5 if rule == "order" else AFTER, row["instrument"], None, None)] if ended else [])]
    assert tape.hash == validated(raw(kept))[0].hash
    assert f"1 dropped ({rule} 1)" in str(report)
    assert ("unknown until the next" in str(report)) == ended


def test_a_time_that_overflows_does_not_move_the_bad_quote_below_it():
    rows = [*ROWS, quote(AFTER, 0, 99, 101, ts=2**62), quote(AFTER, 1, 12, 11)]
    tape, report = validated(raw(rows), on_bad_row=OnBadRow.DROP)
    assert (report.dropped, report.unknown) == ({"large": 1, "crossed": 1}, 1)
    assert tape.ts[-1] == quote(AFTER, 1, 12, 11)["ts"]


def test_legal_rows_are_all_kept():
    tape, report = validated(raw())
    assert len(tape) == len(ROWS)
    assert not report.dropped
    assert tape.bid_size[2] == 0
    assert (tape.bid[6], tape.ask[6]) == (2 * MICROS, 2 * MICROS)
    assert tape.received[0] == tape.ts[0]
    assert tape.received[-1] < tape.ts[-1]


def test_equal_trades_at_one_instant_are_two_trades():
    tape, _ = validated(raw([trade(0, 1, 5, 1), trade(0, 1, 5, 1)]))
    assert len(tape) == 2
    assert (tape.kind == TRADE).all()


def test_a_quote_that_goes_and_comes_back_at_one_instant_is_no_duplicate():
    tape, _ = validated(raw([quote(0, 1, 5, 6), quote(0, 1, 5, 7), quote(0, 1, 5, 6)]))
    assert len(tape) == 3


def test_size_zero_is_a_missing_side_whatever_its_price():
    tape, _ = validated(raw([quote(0, 1, 12, 11, bid_size=0)]))
    assert tape.bid_size[0] == 0


def test_rows_from_a_future_that_is_not_dropped_do_not_hide_the_first_that_is_out_of_order():
    with pytest.raises(TapeError, match=r"row 1 .*column ts: .*rule 'order'"):
        validated(raw([quote(5, 0, 99, 101), quote(4, 0, 99, 101), quote(6, 0, 99, 101)]))


def test_a_dropped_row_has_no_say_in_the_order_of_the_others():
    far = quote(AFTER, 9, 10, 11, ts=EXPIRY + 1)
    _, report = validated(raw([far, *ROWS]), on_bad_row=OnBadRow.DROP)
    assert report.dropped == {"instrument": 1}


def test_what_to_do_with_a_bad_row_may_be_said_by_name_and_no_other():
    rows = [*ROWS, quote(AFTER, 1, 12, 11)]
    with pytest.raises(TapeError, match="crossed"):
        validated(raw(rows), on_bad_row="raise")
    assert validated(raw(rows), on_bad_row="drop")[1].dropped == {"crossed": 1}
    with pytest.raises(ArgumentError, match="on_bad_row is 'skip': it must be one of raise, drop"):
        validated(raw(rows), on_bad_row="skip")


def test_each_dropped_row_counts_under_one_rule():
    rows = [*ROWS, quote(AFTER, 1, -12, -13), quote(AFTER, 1, 12, 11), quote(AFTER, 1, 14, 11)]
    _, report = validated(raw(rows), on_bad_row=OnBadRow.DROP)
    assert report.dropped == {"negative": 1, "crossed": 2}


@pytest.mark.parametrize(
    ("value", "rule"), [(np.nan, "finite"), (np.inf, "finite"), (-np.inf, "finite"), (0.5, "whole")]
)
@pytest.mark.parametrize("column", ["instrument", "kind", "bid", "ask_size", "price"])
def test_numbers_that_a_tool_has_stored_as_floats_are_checked(column, value, rule):
    rows = table().with_columns(pl.col(column).cast(pl.Float64))
    assert len(validated(raw(rows))[0]) == len(ROWS)
    rows = rows.with_columns(pl.when(pl.int_range(pl.len()) == 3).then(value).otherwise(pl.col(column)).alias(column))
    with pytest.raises(TapeError, match=rf"row 3 .*column {column}: {value}.*rule '{rule}'"):
        validated(raw(rows))
    _, report = validated(raw(rows), on_bad_row=OnBadRow.DROP)
    assert report.dropped == {rule: 1}


@pytest.mark.parametrize("column", ["ts", "received", "instrument", "kind", "bid", "ask_size", "size"])
def test_a_missing_column_and_a_wrong_type_are_named(column):
    with pytest.raises(TapeError, match=f"column {column} is missing"):
        validated(raw(table().drop(column)))
    with pytest.raises(TapeError, match=f"column {column} is String"):
        validated(raw(table().with_columns(pl.col(column).cast(pl.String))))
    with pytest.raises(TapeError, match=f"column {column} is UInt64"):
        validated(raw(table().with_columns(pl.col(column).cast(pl.UInt64))), on_bad_row=OnBadRow.DROP)


@pytest.mark.parametrize("column", ["ts", "received"])
def test_times_are_no_floats(column):
    with pytest.raises(TapeError, match=f"column {column} is Float64; it must be Int64"):
        validated(raw(table().with_columns(pl.col(column).cast(pl.Float64))))


def test_an_empty_tape_is_refused_and_so_is_one_of_bad_rows_only():
    with pytest.raises(TapeError, match="is empty"):
        validated(raw([]))
    with pytest.raises(TapeError, match="no quote or trade is left of 1 rows"):
        validated(raw([quote(0, 9, 10, 11)]), on_bad_row=OnBadRow.DROP)


@pytest.mark.parametrize("on_bad_row", OnBadRow)
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("strike", np.nan, "strike of contract X-1 is nan"),
        ("strike", 0.0, "strike of contract X-1 is 0.0"),
        ("expiry", 0, "expiry of contract X-1 is 0"),
        ("expiry", START, "contract X-1 expires at .* not after the tape's start"),
        ("expiry", EXPIRY // 1_000_000, "give its expiry in ns"),
        ("right", 0, "right of contract X-1 is 0"),
        ("style", 2, "style of contract X-1 is 2"),
        ("multiplier", 0, "multiplier of contract X-1 is 0"),
    ],
)
def test_a_bad_contract_is_named_and_cannot_be_dropped(column, value, said, on_bad_row):
    contracts = chain()
    getattr(contracts, column)[1] = value
    with pytest.raises(TapeError, match=said):
        validated(raw(chain=contracts), on_bad_row=on_bad_row)


def test_a_chain_of_two_equal_names_or_of_unequal_columns_is_refused():
    with pytest.raises(TapeError, match="X-0 is on the chain twice"):
        validated(raw(chain=replace(chain(), name=("X-0", "X-0"))))
    with pytest.raises(TapeError, match="they must have one length"):
        validated(raw(chain=replace(chain(), name=("X-0",))))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("underlying", value) for value in ("", "two\nlines", None)),
        *((name, np.nan) for name in ("lot", "rate", "dividend")),
        *(("lot", 0.0), ("rate", "high"), ("resolution", 0), ("resolution", 0.5)),
    ],
)
def test_terms_outside_their_rules_are_refused(name, value):
    with pytest.raises(TapeError, match=rf"{name} is .*it must be"):
        validated(raw(terms=replace(raw().terms, **{name: value})))


def test_carry_and_smile_are_one_finite_number_a_contract():
    with pytest.raises(TapeError, match="carry must be 2 finite numbers"):
        validated(raw(carry=np.zeros(3)))
    with pytest.raises(TapeError, match="carry must be 2 finite numbers"):
        validated(raw(carry=np.array([0.0, np.inf])))


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0, np.inf])
@pytest.mark.parametrize("column", ["latent_spot", "latent_level"])
def test_latent_state_is_finite_and_positive(column, bad):
    tape, _ = validated(raw())
    whole = raw_tape_of(replace(tape, latent=latent(tape)))
    is_first = (pl.col.kind == LATENT) & (pl.col.ts == START)
    rows = whole.rows.with_columns(pl.when(is_first).then(bad).otherwise(pl.col(column)).alias(column))
    with pytest.raises(TapeError, match=rf"row 0 .*column {column}: {bad}"):
        validated(replace(whole, rows=rows))


def test_an_underlying_without_options_is_a_tape():
    tape, _ = validated(raw([quote(0, 0, 99, 101)], chain=Chain.empty()))
    assert len(tape.chain) == 0


def test_check_tape_holds_a_tape_in_memory_to_the_same_rules():
    tape, _ = validated(raw())
    check_tape(tape)
    bid = tape.bid.copy()
    bid[1] = 12 * MICROS
    with pytest.raises(TapeError, match=r"row 1 .*rule 'crossed'"):
        check_tape(replace(tape, bid=bid))
    with pytest.raises(TapeError, match="they must have one length"):
        check_tape(replace(tape, bid=bid[1:]))


def test_latent_state_is_in_order_of_time():
    tape, _ = validated(raw())
    state = latent(tape)
    check_tape(replace(tape, latent=state))
    with pytest.raises(TapeError, match="of latent row 1 is not after the row above"):
        check_tape(replace(tape, latent=replace(state, ts=state.ts[[0, 0, 2]])))


@settings(deadline=None)
@given(
    good=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=30),
    bad=st.sets(st.integers(0, 29)),
)
def test_drop_keeps_exactly_the_rows_that_keep_every_rule(good, bad):
    rows = [quote(ms, instrument, bid, bid + spread) for ms, (instrument, bid, spread) in enumerate(good)]
    crossed = [quote(ms, 1, 60, 59) for ms in range(len(rows))]
    mixed = [(part, ms) for ms, row in enumerate(rows) for part in ([crossed[ms], row] if ms in bad else [row])]
    tape, report = validated(raw([part for part, _ in mixed]), on_bad_row=OnBadRow.DROP)
    ended = [quote(ms, 1, None, None) if part is crossed[ms] else part for part, ms in mixed]
    assert tape.hash == validated(raw(ended))[0].hash
    assert sum(report.dropped.values()) == report.unknown == len(mixed) - len(rows)


def test_a_future_may_cost_nothing_or_less_and_its_options_may_not():
    signed = replace(raw().terms, signed=True)
    rows = [quote(0, 0, -38, -37), quote(1, 0, -1, 0), quote(1, 1, 10, 11), trade(2, 0, -37, 4), quote(3, 0, 0, 0)]
    tape, _ = validated(raw(rows, terms=signed))
    assert tape.bid[tape.instrument == 0].tolist()[:2] == [-38 * MICROS, -MICROS]
    with pytest.raises(TapeError, match="'negative'"):
        validated(raw(rows))
    with pytest.raises(TapeError, match=r"X-0.*'negative'"):
        validated(raw([*rows, quote(4, 1, -1, 2)], terms=signed))


def test_a_negative_price_of_a_stock_makes_its_spot_unknown():
    rows = [quote(0, 0, 99, 101), quote(1, 0, -99, 101), quote(2, 0, 99, 101)]
    tape, report = validated(raw(rows), on_bad_row=OnBadRow.DROP)
    assert (tape.bid_size.tolist(), report.unknown) == ([10, 0, 10], 1)
