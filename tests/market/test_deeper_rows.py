"""Rows that tell what stands behind the best quote: levels, and every order."""

import numpy as np
import polars as pl
import pytest
from probes import START, Quote, tape_of, underlying

from tradesim.errors import TapeError
from tradesim.market.rows import raw_tape_of
from tradesim.market.tape import ADD, DEPTH, EXECUTE, REDUCE, TRADE
from tradesim.market.tape_file import read_tape, write_tape
from tradesim.market.validation import validated

DEEPER = [
    {"kind": DEPTH, "side": 1, "price": 99_000_000, "size": 7},
    {"kind": DEPTH, "side": 1, "price": 99_000_000, "size": 0},
    {"kind": ADD, "side": -1, "price": 101_000_000, "size": 5, "order": 77},
    {"kind": REDUCE, "side": -1, "price": 101_000_000, "size": 2, "order": 77},
    {"kind": EXECUTE, "side": -1, "price": 101_000_000, "size": 3, "order": 77},
    {"kind": TRADE, "side": -1, "price": 100_000_000, "size": 3},
]


def draft_with(rows):
    raw = raw_tape_of(tape_of(underlying(0), Quote(at=0, bid=100, ask=101)))
    deeper = pl.DataFrame([{"ts": START + 1, "instrument": 1, **row} for row in rows])
    deeper = deeper.with_columns(pl.col("instrument").cast(pl.Int32), pl.col("kind").cast(pl.Int8))
    return type(raw)(
        rows=pl.concat([raw.rows, deeper], how="diagonal_relaxed"), chain=raw.chain, terms=raw.terms, where="test"
    )


def test_levels_and_orders_come_back_from_a_file(tmp_path):
    tape, _ = validated(draft_with(DEEPER))
    back = read_tape(write_tape(tape, tmp_path / "deep.parquet"))
    assert back.hash == tape.hash
    assert back.side.tolist()[2:] == [1, 1, -1, -1, -1, -1]
    assert back.order.tolist()[2:] == [0, 0, 77, 77, 77, 0]
    assert np.array_equal(back.price, tape.price)


def test_a_tape_without_them_has_zeros_there():
    tape = tape_of(underlying(0))
    assert tape.side.tolist() == tape.order.tolist() == [0]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"kind": DEPTH, "price": 99_000_000, "size": 7}, "level"),
        ({"kind": DEPTH, "side": 2, "price": 99_000_000, "size": 7}, "level"),
        ({"kind": DEPTH, "side": 1, "price": 0, "size": 0}, "zero"),
        ({"kind": ADD, "side": 1, "price": 99_000_000, "size": 7}, "feed"),
        ({"kind": EXECUTE, "side": 1, "price": 99_000_000, "size": 0, "order": 3}, "feed"),
        ({"kind": TRADE, "price": 99_000_000, "size": 1, "order": 3}, "feed"),
        ({"kind": 7, "price": 99_000_000, "size": 1}, "kind"),
    ],
)
def test_a_bad_row_is_named(row, rule):
    with pytest.raises(TapeError, match=f"breaks rule '{rule}'"):
        validated(draft_with([row]))
