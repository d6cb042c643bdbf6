"""Sizes in another lot: the same contracts, exactly."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tape_samples import quote, raw, trade

from tradesim.errors import ArgumentError
from tradesim.experiments.asked import asked_by
from tradesim.experiments.data_source import data_source_of
from tradesim.market.ingest import ingest
from tradesim.market.lots import common_lot, in_lots, lot_of
from tradesim.market.tape_file import write_tape
from tradesim.market.validation import check_tape, validated

LOTS = [1e-8, 0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0]


def tape_of_lot(lot):
    rows = [quote(0, 0, 100, 101, bid_size=7), quote(1, 1, 2, 3, ask_size=20), trade(2, 1, 2, 3)]
    return replace(validated(raw(rows))[0], lot=lot)


@given(st.sampled_from(LOTS), st.sampled_from(LOTS))
def test_sizes_in_contracts_stay_or_the_lot_is_refused(before, after):
    tape = tape_of_lot(before)
    try:
        made = in_lots(tape, after)
    except ArgumentError as error:
        assert "whole number of lots" in str(error)  # noqa: PT017
        assert common_lot([before, after]) != after
        return
    check_tape(made)
    assert made.lot == after
    for name in ("bid_size", "ask_size", "size"):
        assert np.allclose(getattr(made, name) * after, getattr(tape, name) * before, rtol=1e-12)
    assert in_lots(made, before).hash == tape.hash


@pytest.mark.parametrize("lot", [0.0, -1.0, float("nan"), float("inf"), 1e-30])
def test_a_lot_that_no_tape_can_have_is_refused(lot):
    with pytest.raises(ArgumentError, match="lot"):
        in_lots(tape_of_lot(1.0), lot)


def test_the_lot_of_a_file_is_told_without_its_rows(tmp_path):
    assert lot_of(write_tape(tape_of_lot(0.05), tmp_path / "tape.parquet")) == 0.05


def days(folder, *lots):
    tapes = [replace(tape_of_lot(lot), source=f"day {number}") for number, lot in enumerate(lots)]
    return [write_tape(tape, folder / f"{number}.parquet") for number, tape in enumerate(tapes)]


def test_days_whose_lots_were_told_apart_are_compared_in_the_finest(tmp_path):
    asked = asked_by({"tape": days(tmp_path, 0.1, 0.01)}).plan(["analytic"])
    coarse, fine = map(asked.tape, asked.seeds)
    assert (coarse.lot, fine.lot) == (0.01, 0.01)
    assert coarse.bid_size.tolist() == [70, 100, 0]
    assert fine.bid_size.tolist() == [7, 10, 0]


def test_days_whose_lots_have_no_whole_ratio_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"0.parquet 0.5, 1.parquet 0.2\).*ingest --lot"):
        data_source_of(days(tmp_path, 0.5, 0.2), None, None)


def test_a_stated_lot_is_the_tapes(tmp_path):
    (tmp_path / "capture.csv").write_text(
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
        "binance,BTCUSDT,1582329601000000,1582329601000000,1,buy,2.5,0.5\n"
    )
    made = ingest("tardis", [tmp_path / "capture.csv"], lot=0.01, output=tmp_path / "tape.parquet")[0]
    assert (made.lot, made.size.tolist()) == (0.01, [50])
    assert lot_of(tmp_path / "tape.parquet") == 0.01
    with pytest.raises(
        ArgumentError, match=r"row 0 of the tape has a size of 0\.5, which must be a whole number of lots"
    ):
        ingest("tardis", [tmp_path / "capture.csv"], lot=1.0)
