"""CSV that spreadsheets and other tools have saved is read as what it was before, by every reader."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tape_samples import zipped
from test_deribit_reader import LINES
from vendor_samples import BINANCE

from tradesim.errors import SourceError
from tradesim.market.ingest import ingest
from tradesim.market.readers.csv_text import MARK, plain_csv
from tradesim.market.readers.text_files import blocks
from tradesim.market.snapshot import read_snapshot

DERIBIT = "\n".join(LINES) + "\n"
FIELDS = st.text(st.characters(codec="utf-8", exclude_characters='\r\n,"\ufeff'), max_size=8)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=6)
)


def saved(rows, *, quoting, newline):
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


@given(
    rows=TABLES.filter(lambda rows: rows[-1][0].strip()),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    newline=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", MARK]),
    end=st.sampled_from([b"", b"\n", b"\r\n\r\n", b",,,\n", b" \n"]),
)
def test_however_a_table_was_saved_its_lines_are_the_same(rows, quoting, newline, mark, end):
    data = mark + saved(rows, quoting=quoting, newline=newline) + end
    assert plain_csv(data, "a file", first=1 if mark else 2) == "".join(",".join(row) + "\n" for row in rows).encode()


@given(text=st.binary(max_size=60), size=st.integers(3, 20), end=st.integers(0, 9))
def test_blocks_are_the_lines_without_mark_and_blank_end_however_large(tmp_path_factory, text, size, end):
    path = tmp_path_factory.mktemp("blocks") / "x.csv"
    path.write_bytes(MARK + b"1,2\n" + text.replace(MARK, b"") + b"\n3,4\n" + b"\n" * end)
    assert b"".join(blocks(path, size=size)) == b"1,2\n" + text.replace(MARK, b"") + b"\n3,4\n"


TARDIS = (
    "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
    "binance,BTCUSDT,1582329600000000,1582329600120000,1.5,9700.5,9700.1,0.7\n"
    "binance,BTCUSDT,1582329601000000,1582329601120000,1.2,9700.6,9700.2,0.4\n"
)
CBOE = (
    "underlying_symbol,quote_datetime,root,expiration,strike,option_type,"
    "bid_size,bid,ask_size,ask,underlying_bid,underlying_ask\n"
    "A,2021-04-26 10:00:00,A,2021-05-21,70.000,C,157,66.3000,284,68.8000,137.0600,137.2000\n"
)
MESSAGES = "34200.5,1,7,100,1000000,1\n34201.5,1,8,50,1000100,-1\n"
ORDERBOOK = "9999999999,0,1000000,100,9999999999,0,-9999999999,0\n1000100,50,1000000,100,9999999999,0,-9999999999,0\n"
LEAN = "34200000,7500000,7500000,7500000,7500000,5,7500100,7500100,7500100,7500100,7\n"
TICKS = "14400054,0,0,1836300,100,Q,1,0\n14400241,1800100,300,0,0,P,1,0\n"


def files(reader: str, folder: Path, change) -> list[Path]:
    """The files of a small market for ``reader``, each of its tables changed."""
    folder.mkdir()
    match reader:
        case "tardis" | "cboe":
            path = folder / "file.csv"
            path.write_bytes(change(TARDIS if reader == "tardis" else CBOE))
            packed = folder / "file.csv.gz"
            packed.write_bytes(gzip.compress(path.read_bytes()))
            return [packed]
        case "lean":
            return [zipped(folder / "x.zip", {"20151223_goog_minute_quote.csv": change(LEAN)})]
        case "lean-tick":
            return [zipped(folder / "x.zip", {"20131007_ibm_Quote_Tick.csv": change(TICKS)})]
    paths = [folder / f"AAPL_2012-06-21_34200000_57600000_{table}_2.csv" for table in ("message", "orderbook")]
    for path, text in zip(paths, (MESSAGES, ORDERBOOK), strict=True):
        path.write_bytes(change(text))
    return paths


CHANGES = {
    "a mark": lambda text: MARK + text.encode(),
    "blank lines at the end": lambda text: (text + "\n\n").encode(),
    "empty cells at the end": lambda text: (text + "," * text.partition("\n")[0].count(",") + "\n").encode(),
    "quoted fields": lambda text: saved(csv.reader(text.splitlines()), quoting=csv.QUOTE_ALL, newline="\n"),
    "a spreadsheet's": lambda text: MARK + saved(csv.reader(text.splitlines()), quoting=csv.QUOTE_ALL, newline="\r\n"),
}


@pytest.mark.parametrize("reader", ["tardis", "cboe", "lean", "lean-tick", "lobster"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_reader_makes_the_same_tape_of_it(tmp_path, reader, change):
    before = ingest(reader, files(reader, tmp_path / "plain", str.encode))[0]
    after = ingest(reader, files(reader, tmp_path / "saved", change))[0]
    assert after.hash == before.hash


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TARDIS.encode("utf-16"), "a text in UTF-16; save it as CSV in UTF-8"),
        (TARDIS.replace(",", ";").encode(), "line 1: semicolons separate the fields; save it as CSV with commas"),
        (TARDIS.replace(",9700.6", ',"9700.6').encode(), "line 3: a quoted field does not end"),
        (TARDIS.replace(",9700.6", ',"9,700.6"').encode(), "line 3: ask_price is .*must be a number"),
    ],
)
def test_what_a_spreadsheet_makes_unreadable_is_named(tmp_path, data, said):
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(SourceError, match=said):
        ingest("tardis", [tmp_path / "x.csv"])


SNAPSHOT = (
    "timestamp,instrument_name,option_type,strike,expiry_datetime,bid_price,ask_price,futures_price,currency,index_price\n"
    "2025-12-30T08:00:00Z,BTC-29JAN26-50000-C,call,50000,2026-01-29T08:00:00Z,0.05,0.06,50200,BTC,50000\n"
    "2025-12-30T08:00:00Z,BTC-29JAN26-50000-P,put,50000,2026-01-29T08:00:00Z,0.04,,50200,BTC,50000\n"
)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_snapshot_is_the_same_of_it(tmp_path, change):
    paths = [tmp_path / "plain.csv", tmp_path / "saved.csv"]
    for path, text in zip(paths, (SNAPSHOT.encode(), change(SNAPSHOT)), strict=True):
        path.write_bytes(text)
    before, after = (read_snapshot(path) for path in paths)
    assert after.chain.name == before.chain.name
    assert (after.bid.tolist(), after.ask.tolist()[0]) == (before.bid.tolist(), before.ask.tolist()[0])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("reader", "text"), [("binance", BINANCE), ("deribit", DERIBIT)])
def test_a_capture_is_the_same_with_a_mark_and_blank_lines_at_the_end(tmp_path, reader, text, newline):
    paths = [tmp_path / "plain", tmp_path / "saved"]
    saved = MARK + text.replace("\n", newline).encode() + newline.encode() * 2
    for path, data in zip(paths, (text.encode(), saved), strict=True):
        path.write_bytes(data)
    before, after = (ingest(reader, [path])[0] for path in paths)
    assert after.hash == before.hash
