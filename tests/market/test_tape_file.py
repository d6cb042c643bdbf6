"""The Parquet form of a tape: exact, whole or not at all, and clear about what it is not."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import START, chain, latent, quote, raw, trade

from tradesim.errors import TapeError
from tradesim.market.chain import Chain, Settlement
from tradesim.market.row_filter import OnBadRow
from tradesim.market.rows import COLUMNS
from tradesim.market.tape import Tape
from tradesim.market.tape_file import METADATA_KEY, load_tape, read_tape, write_tape
from tradesim.market.validation import validated


@pytest.fixture
def tape() -> Tape:
    return validated(raw())[0]


@pytest.fixture
def written(tape: Tape, tmp_path: Path) -> Path:
    return write_tape(tape, tmp_path / "tape.parquet")


def rewrite(path: Path, *, rows=None, said=None) -> None:
    """The same tape with other rows or other metadata, as another tool might write it."""
    table = pl.read_parquet(path) if rows is None else rows
    table.write_parquet(path, metadata=pl.read_parquet_metadata(path) if said is None else {METADATA_KEY: said})


def whole(tape: Tape) -> Tape:
    settled = replace(tape.chain, settlement=Settlement.INVERSE)
    return replace(tape, chain=settled, latent=latent(tape), carry=np.array([1 / 3, -0.1]), lot=0.1, resolution=60)


def assert_equal(one: Tape, other: Tape) -> None:
    assert one.hash == other.hash
    assert (one.source, one.rate, one.lot, one.chain.name) == (other.source, other.rate, other.lot, other.chain.name)
    for name in ("ts", "received", "instrument", "kind", "bid_size", "ask_size", "price", "size"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert ours.dtype == theirs.dtype
        assert ours.flags.writeable
        np.testing.assert_array_equal(ours, theirs)


def test_a_tape_is_read_back_as_it_was(tape, written):
    assert_equal(read_tape(written), tape)


def test_latent_state_carry_and_settlement_are_read_back_exactly(tape, tmp_path):
    tape = whole(tape)
    back = read_tape(write_tape(tape, tmp_path / "tape.parquet"))
    assert_equal(back, tape)
    assert back.chain.settlement is Settlement.INVERSE
    np.testing.assert_array_equal(back.carry, tape.carry)
    for name in ("ts", "spot", "level", "smile"):
        np.testing.assert_array_equal(getattr(back.latent, name), getattr(tape.latent, name))


def test_an_empty_chain_is_read_back(tmp_path):
    tape, _ = validated(raw([quote(0, 0, 99, 101)], chain=Chain.empty()))
    assert_equal(read_tape(write_tape(tape, tmp_path / "tape.parquet")), tape)


def test_a_missing_side_is_null_on_disk_and_has_size_zero_in_memory(written):
    rows = pl.read_parquet(written)
    assert rows["bid"][2] is None
    assert rows["bid_size"][2] is None
    assert read_tape(written).bid_size[2] == 0


def test_the_price_of_a_missing_side_is_no_content(tape, tmp_path):
    bid = tape.bid.copy()
    bid[2] = 77
    assert replace(tape, bid=bid).hash == tape.hash
    assert read_tape(write_tape(replace(tape, bid=bid), tmp_path / "tape.parquet")).hash == tape.hash


sides = st.one_of(st.none(), st.integers(1, 100))
rows = st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2), sides, sides, st.integers(-(10**9), 10**9))


@settings(deadline=None)
@given(drawn=st.lists(rows, min_size=1, max_size=40), with_latent=st.booleans())
def test_any_tape_is_read_back_exactly(tmp_path_factory, drawn, with_latent):
    made, ms = [], 0
    for is_trade, step, instrument, bid, ask, offset in drawn:
        ms += step
        received = START + ms * 1_000_000 + offset
        if is_trade:
            made.append(trade(ms, instrument, bid or 1, ask or 1, received=received))
        else:
            low, high = (min(bid, ask), max(bid, ask)) if bid and ask else (bid, ask)
            made.append(quote(ms, instrument, low, high, received=received))
    tape, _ = validated(raw(made), on_bad_row=OnBadRow.DROP)
    tape = replace(tape, latent=latent(tape)) if with_latent else tape
    back, report = load_tape(write_tape(tape, tmp_path_factory.mktemp("tapes") / "tape.parquet"))
    assert_equal(back, tape)
    assert not report.dropped


def test_bad_rows_of_a_file_are_named_or_dropped(tape, written):
    table = pl.read_parquet(written)
    rewrite(written, rows=table.with_columns(bid=pl.col("bid").replace(10_000_000, 12_000_000)))
    with pytest.raises(TapeError, match=r"tape.parquet, row 1 \(X-0 at .*column bid: 12000000 .*ask 11000000.*crossed"):
        read_tape(written)
    back, report = load_tape(written, on_bad_row=OnBadRow.DROP)
    assert report.dropped == {"crossed": 2}
    assert len(back) == len(tape)
    crossed = (tape.bid == 10_000_000) & (tape.ask_size > 0)
    assert (back.bid_size[crossed] == 0).all()
    assert report.unknown == np.count_nonzero(crossed)


def test_columns_may_be_more_and_in_another_order(tape, written):
    table = pl.read_parquet(written)
    rewrite(written, rows=table.select(reversed(table.columns)).with_columns(row=pl.lit(1), note=pl.lit("x")))
    assert read_tape(written).hash == tape.hash


def test_a_missing_file_and_a_folder_are_no_tapes(tmp_path):
    for path in (tmp_path / "none.parquet", tmp_path):
        with pytest.raises(TapeError, match="there is no such file"):
            read_tape(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused_in_one_line(written, share):
    data = written.read_bytes()
    written.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TapeError, match="not a whole Parquet file") as caught:
        read_tape(written)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_format_is_refused(written):
    written.write_text("ts,bid,ask\n1,2,3\n" * 100)
    with pytest.raises(TapeError, match="not a whole Parquet file"):
        read_tape(written)


def test_a_parquet_file_without_our_metadata_is_refused(written):
    pl.read_parquet(written).write_parquet(written)
    with pytest.raises(TapeError, match=f"no metadata '{METADATA_KEY}'"):
        read_tape(written)


@pytest.mark.parametrize("said", ["{", "[]", "{}", '{"version":1}', '{"version":1,"terms":{},"chain":{}}'])
def test_metadata_of_another_form_is_refused_in_one_line(written, said):
    rewrite(written, said=said)
    with pytest.raises(TapeError, match="is not a tape's") as caught:
        read_tape(written)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "value", "error"),
    [
        (("version",), 99, "a tape of version 99"),
        (("chain", "strike"), [1.0], "must have one length"),
        (("chain", "strike"), ["high", "low"], "is not a tape's"),
        (("chain", "right"), [300, 1], "is not a tape's"),
        (("chain", "settlement"), "cash", "is not a tape's"),
        (("terms", "lot"), -1.0, "lot is -1.0"),
        (("terms", "colour"), "red", "is not a tape's"),
    ],
)
def test_metadata_outside_its_rules_is_refused(written, place, value, error):
    said = json.loads(pl.read_parquet_metadata(written)[METADATA_KEY])
    inner = said
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    rewrite(written, said=json.dumps(said))
    with pytest.raises(TapeError, match=error):
        read_tape(written)


@pytest.mark.parametrize("column", list(COLUMNS)[:10])
def test_a_file_without_a_column_is_refused(written, column):
    rewrite(written, rows=pl.read_parquet(written).drop(column))
    with pytest.raises(TapeError, match=f"column {column} is missing"):
        read_tape(written, on_bad_row=OnBadRow.DROP)


def test_latent_columns_are_asked_for_where_the_metadata_promise_them(tape, tmp_path):
    path = write_tape(whole(tape), tmp_path / "tape.parquet")
    rewrite(path, rows=pl.read_parquet(path).drop("latent_level"))
    with pytest.raises(TapeError, match="column latent_level is missing"):
        read_tape(path)


def test_a_bad_tape_is_not_written_and_the_old_file_stays(tape, written):
    before = written.read_bytes()
    with pytest.raises(TapeError, match="rule 'order'"):
        write_tape(replace(tape, ts=tape.ts[::-1].copy()), written)
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_a_path_that_cannot_be_written_is_refused_and_nothing_is_left(tape, tmp_path):
    with pytest.raises(TapeError, match="cannot be written"):
        write_tape(tape, tmp_path / "none" / "tape.parquet")
    (tmp_path / "folder").mkdir()
    with pytest.raises(TapeError, match="cannot be written"):
        write_tape(tape, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_differs_in_content_differs_in_hash(tape):
    size = tape.size.copy()
    size[4] += 1
    hashes = {
        tape.hash,
        replace(tape, size=size).hash,
        replace(tape, rate=0.05).hash,
        replace(tape, chain=replace(chain(), style=np.zeros(2, np.int8))).hash,
        replace(tape, carry=np.zeros(2)).hash,
        replace(tape, latent=latent(tape)).hash,
    }
    assert len(hashes) == 6
    assert replace(tape, source="elsewhere").hash == tape.hash
