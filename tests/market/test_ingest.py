"""From a vendor's files to a tape on disk."""

import pytest
from tape_samples import zipped

from tradesim.errors import ArgumentError, TapeError
from tradesim.market.ingest import READERS, ingest
from tradesim.market.row_filter import OnBadRow
from tradesim.market.tape_file import read_tape

BAR = "34200000,7500000,7500000,7500000,7500000,5,7500200,7500200,7500200,7500200,7\n"
CROSSED = BAR.replace("34200000", "34260000").replace("7500000", "7500300")


@pytest.fixture
def source(tmp_path):
    return zipped(tmp_path / "stock.zip", {"20151224_goog_minute_quote.csv": BAR + CROSSED})


def test_the_tape_is_returned_and_written(source, tmp_path):
    path = tmp_path / "tape.parquet"
    tape, report = ingest("lean", [str(source)], output=path, rate=0.01, dividend=0.02, on_bad_row=OnBadRow.DROP)
    assert read_tape(path).hash == tape.hash
    assert (tape.rate, tape.dividend) == (0.01, 0.02)
    said = "2 rows, 1 dropped (crossed 1), 1 of them quotes, unknown until the next; 1 session by the calendar; "
    assert str(report) == said + "receive times: none recorded"


def test_nothing_is_written_where_a_rule_is_broken(source, tmp_path):
    with pytest.raises(TapeError, match="rule 'crossed'"):
        ingest("lean", [source], output=tmp_path / "tape.parquet")
    assert list(tmp_path.iterdir()) == [source]


def test_an_unknown_format_is_refused_by_the_list_of_those_known(source):
    with pytest.raises(ArgumentError, match="format is 'csv': it must be one of lean, lean-tick, deribit"):
        ingest("csv", [source])


@pytest.mark.parametrize("name", READERS)
def test_no_sources_are_refused(name):
    with pytest.raises(ArgumentError, match="no sources"):
        ingest(name, [])
