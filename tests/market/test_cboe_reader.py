"""Cboe's option quote intervals: what their lines become, and how files of another form are refused."""

import gzip
import tempfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from damage import assert_a_plain_error_or_a_tape, damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import zipped

from tradesim.errors import SourceError, TapeError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT
from tradesim.market.ingest import ingest
from tradesim.market.row_filter import OnBadRow
from tradesim.market.tape import QUOTE, UNDERLYING
from tradesim.market.tape_file import read_tape
from tradesim.pricing.implied import implied_volatilities
from tradesim.units import DAY, MICROS, SECOND, micros

NAME = "UnderlyingOptionsIntervals_1800sec_2021-04-26_A.csv"
HEADER = (
    "underlying_symbol,quote_datetime,root,expiration,strike,option_type,open,high,low,close,trade_volume,"
    "bid_size,bid,ask_size,ask,underlying_bid,underlying_ask"
)
LINES = (
    "A,2021-04-26 10:00:00,A,2021-06-18,137.500,P,0,0,0,0,0,0,0.0000,287,0.1500,137.0600,137.2000",
    "A,2021-04-26 10:00:00,A,2021-05-21,70.000,C,5.5,6,5,5.8,12,157,66.3000,284,68.8000,137.0600,137.2000",
    "A,2021-04-26 10:30:00,A,2021-05-21,70.000,C,0,0,0,0,0,157,66.3000,284,68.8000,137.3700,137.4300",
)
TEXT = "\n".join([HEADER, *LINES, ""])


def new_york(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND


def file(folder: Path, text: str | bytes = TEXT) -> Path:
    path = folder / NAME
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_become_the_quotes_of_a_chain_and_of_its_underlying(tmp_path):
    tape, report = ingest("cboe", [file(tmp_path)], rate=0.001, dividend=0.005)
    chain = tape.chain
    assert chain.name == ("A     210521C00070000", "A     210618P00137500")
    assert (chain.strike.tolist(), chain.right.tolist()) == ([70.0, 137.5], [CALL, PUT])
    assert chain.expiry.tolist() == [new_york(2021, 5, 21, 16), new_york(2021, 6, 18, 16)]
    assert (chain.style.tolist(), chain.multiplier.tolist()) == ([AMERICAN] * 2, [100] * 2)
    assert (tape.underlying, tape.currency, tape.rate, tape.dividend) == ("A", "USD", 0.001, 0.005)
    assert tape.resolution == 1_800 * SECOND
    assert tape.ts.tolist() == [new_york(2021, 4, 26, 10)] * 3 + [new_york(2021, 4, 26, 10, 30)] * 2
    assert tape.instrument.tolist() == [UNDERLYING, 2, 1, UNDERLYING, 1]
    assert tape.bid.tolist() == [micros(137.06), 0, micros(66.3), micros(137.37), micros(66.3)]
    assert tape.bid_size.tolist() == [1, 0, 157, 1, 157]
    assert tape.ask_size.tolist() == [1, 287, 284, 1, 284]
    assert np.all(tape.kind == QUOTE), "volume within an interval is no trade"
    assert report.clock.recorded == 0.0


def test_columns_may_stand_in_any_order_among_others(tmp_path):
    rows = [line.split(",") for line in TEXT.splitlines()]
    turned = "\r\n".join(",".join([*row[::-1], "delta" if row[0] == "underlying_symbol" else "0.5"]) for row in rows)
    assert ingest("cboe", [file(tmp_path, turned)])[0].hash == ingest("cboe", [file(tmp_path)])[0].hash


def test_a_file_may_be_packed(tmp_path):
    plain = ingest("cboe", [file(tmp_path)])[0]
    gzipped = tmp_path / f"{NAME}.gz"
    gzipped.write_bytes(gzip.compress(TEXT.encode()))
    assert ingest("cboe", [gzipped])[0].hash == plain.hash
    assert ingest("cboe", [zipped(tmp_path / "a.zip", {NAME: TEXT})])[0].hash == plain.hash


def test_days_may_come_in_several_files_and_one_instant_alone_is_a_day(tmp_path):
    one = "\n".join([HEADER, LINES[0]])
    next_day = one.replace("04-26", "04-27")
    sources = [zipped(tmp_path / f"{n}.zip", {NAME: text}) for n, text in enumerate((next_day, one))]
    tape = ingest("cboe", sources)[0]
    hours = [(26, 10), (26, 10), (26, 16), (26, 16), (27, 10), (27, 10)]
    assert tape.ts.tolist() == [new_york(2021, 4, *hour) for hour in hours]
    assert tape.resolution == DAY
    assert ingest("cboe", sources[1:])[0].resolution == DAY


def test_options_on_the_index_itself_are_settled_as_the_exchange_opens(tmp_path):
    text = TEXT.replace("A,2021-04-26", "^SPX,2021-05-20").replace(":00,A,", ":00,SPX,").replace(",70.000", ",3700.000")
    chain = ingest("cboe", [file(tmp_path, text)])[0].chain
    assert chain.morning.all()
    assert chain.expiry[0] == new_york(2021, 5, 21, 9, 30)
    assert not ingest("cboe", [file(tmp_path, text.replace(",SPX,", ",SPXW,"))])[0].chain.morning.any()


def test_contracts_that_expired_that_morning_are_left_out_and_counted(tmp_path):
    text = TEXT.replace("A,2021-04-26", "^SPX,2021-05-21").replace(":00,A,", ":00,SPX,").replace(",70.000", ",3700.000")
    tape, report = ingest("cboe", [file(tmp_path, text)])
    assert [name[6:12] for name in tape.chain.name] == ["210618"]
    assert report.left_out["rows after the contract's expiry"] > 0


def test_index_options_are_european_and_time_follows_the_clocks_of_new_york(tmp_path):
    text = (
        TEXT.replace("A,2021-04-26", "^SPX,2021-01-04").replace(":00,A,", ":00,SPXW,").replace(",70.000", ",3700.000")
    )
    tape = ingest("cboe", [file(tmp_path, text)])[0]
    assert tape.underlying == "^SPX"
    assert tape.chain.name[0] == "SPXW  210521C03700000"
    assert tape.chain.style.tolist() == [EUROPEAN] * 2
    assert tape.start == new_york(2021, 1, 4, 10)


def test_an_expiry_on_a_saturday_is_the_friday_before(tmp_path):
    text = TEXT.replace("2021-04-26", "2010-01-04").replace("2021-05-21", "2010-01-16")
    chain = ingest("cboe", [file(tmp_path, text)])[0].chain
    assert (chain.name[0], chain.expiry[0]) == ("A     100116C00070000", new_york(2010, 1, 15, 16))


def test_adjusted_contracts_are_left_out_and_told(tmp_path):
    text = TEXT + LINES[0].replace(",A,2021-06", ",A1,2021-06") + "\n"
    tape = ingest("cboe", [file(tmp_path, text)])[0]
    assert len(tape.chain) == 2
    assert tape.source.endswith("without the adjusted contracts of A1")
    with pytest.raises(SourceError, match=r"all contracts are adjusted \(A1\)"):
        ingest("cboe", [file(tmp_path, text.replace(",A,2021", ",A1,2021"))])


def test_of_several_underlyings_one_is_chosen(tmp_path):
    text = TEXT + LINES[0].replace("A,", "B,", 1).replace(",A,", ",B,") + "\n"
    with pytest.raises(SourceError, match="quotes of A, B, and a tape holds one underlying"):
        ingest("cboe", [file(tmp_path, text)])
    assert len(ingest("cboe", [file(tmp_path, text)], underlying="b")[0].chain) == 1


def test_a_file_without_prices_of_the_underlying_is_refused(tmp_path):
    text = TEXT.replace("137.0600,137.2000", "0,0").replace("137.3700,137.4300", "0,0")
    with pytest.raises(SourceError, match="underlying_bid and underlying_ask of A are 0 on every line"):
        ingest("cboe", [file(tmp_path, text)])


def second(old: str, new: str) -> str:
    return TEXT.replace(LINES[1], LINES[1].replace(old, new))


MALFORMED = {
    "empty": (b"", "the file is empty"),
    "a header alone": (HEADER, "no line of data"),
    "no header": ("\n".join(LINES), "the header has no column underlying_symbol, quote_datetime"),
    "another header": (TEXT.replace("bid_size", "bidsize"), "the header has no column bid_size; it must name"),
    "a column twice": (TEXT.replace("open,high", "open,open"), "names a column twice"),
    "truncated": (TEXT[:-40], r"line 4: 1\d columns; it must have 17"),
    "a garbage line": (TEXT.replace(LINES[1], "#!?"), "line 3: 1 columns; it must have 17"),
    "a blank line": (TEXT.replace(LINES[1], ""), "line 3: 1 columns"),
    "NaN": (second("66.3000", "NaN"), "line 3: bid is 'NaN'; it must be given: mend it, or leave such"),
    "an empty price": (second("66.3000", ""), "line 3: bid is empty"),
    "a seventh decimal": (second("66.3000", "66.3000001"), "line 3: bid is '66.3000001'"),
    "an exponent": (second("66.3000", "6e400"), "line 3: bid is '6e400'"),
    "a huge price": (second("66.3000", "9" * 40), "line 3: bid is '9999"),
    "half a lot": (second("157", "1.5"), "line 3: bid_size is '1.5'; it must be a whole number"),
    "a negative strike": (second("70.000", "-70.000"), "line 3: strike is '-70.000'; it must be positive"),
    "a strike of a million": (second("70.000", "1000000"), "line 3: strike is '1000000'"),
    "another right": (second(",C,", ",X,"), "line 3: option_type is 'X'; it must be C or P"),
    "no such hour": (second("10:00:00", "25:00:00"), "line 3: quote_datetime is '2021-04-26 25:00:00'"),
    "no such day": (second("2021-05-21", "2021-05-32"), "line 3: expiration is '2021-05-32'"),
    "a far year": (second("2021-05-21", "9999-05-21"), "line 3: expiration is '9999-05-21'"),
    "no symbol": (second("A,2021", ",2021"), "line 3: underlying_symbol is empty"),
    "no root": (second(",A,", ",,"), "line 3: root is empty"),
    "binary": (bytes(range(256)) * 4, "the header has no column"),
    "half an archive": (gzip.compress(TEXT.encode())[:-20], "not a whole gzip file"),
}


@pytest.mark.parametrize(("text", "said"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_is_refused_by_line_and_nothing_is_written(tmp_path, text, said):
    source = file(tmp_path, text)
    with pytest.raises(SourceError, match=said) as caught:
        ingest("cboe", [source], output=tmp_path / "tape.parquet")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (second("66.3000", "-66.3"), "negative"),
        (second("284", "-284"), "negative"),
        (second("66.3000", "68.9"), "crossed"),
        (second("66.3000", "66000000000"), "large"),
        (TEXT + LINES[1], "duplicate"),
    ],
)
def test_impossible_numbers_break_a_rule_of_the_tape(tmp_path, text, rule):
    with pytest.raises(TapeError, match=f"rule '{rule}'"):
        ingest("cboe", [file(tmp_path, text)])
    assert ingest("cboe", [file(tmp_path, text)], on_bad_row=OnBadRow.DROP)[1].dropped[rule] == 1


def test_lines_after_the_contracts_expiry_are_left_out_and_counted(tmp_path):
    late = TEXT.replace("10:30", "16:15").replace("05-21", "04-26")
    tape, report = ingest("cboe", [file(tmp_path, late)])
    assert report.left_out == {"rows after the contract's expiry": 1}
    assert "1 left out (rows after the contract's expiry: 1)" in str(report)
    assert (tape.ts[tape.instrument != UNDERLYING] <= tape.chain.expiry.min()).all()


def test_a_class_of_shares_is_in_the_root_with_or_without_its_dot(tmp_path):
    for root in ("BRKB", "BRK.B"):
        text = TEXT.replace("\nA,", "\nBRK.B,").replace(":00,A,", f":00,{root},")
        tape = ingest("cboe", [file(tmp_path, text)], underlying="brk.b")[0]
        assert tape.chain.name[0] == "BRKB  210521C00070000"


@given(st.data())
@settings(max_examples=150)
def test_damage_gives_a_plain_error_or_a_tape(data):
    with tempfile.TemporaryDirectory() as folder:
        packed = data.draw(st.sampled_from([TEXT.encode(), gzip.compress(TEXT.encode())]))
        assert_a_plain_error_or_a_tape("cboe", [file(Path(folder), data.draw(damaged(packed)))])


@pytest.fixture
def recorded(shared_data, tmp_path):
    source = next((shared_data / "cboe_20210426").glob("*.csv.gz"))
    tape, report = ingest("cboe", [source], output=tmp_path / "cboe.parquet", rate=0.0005, dividend=0.0056)
    assert not report.dropped
    assert read_tape(tmp_path / "cboe.parquet").hash == tape.hash
    return tape


def test_a_recorded_day(recorded):
    tape, options = recorded, recorded.instrument != UNDERLYING
    assert len(tape.chain) == 392
    assert len(np.unique(tape.chain.expiry)) == 6
    assert (np.count_nonzero(options), np.count_nonzero(~options)) == (392 * 13, 13)
    assert (tape.start, tape.end) == (new_york(2021, 4, 26, 10), new_york(2021, 4, 26, 16))
    assert tape.resolution == 1_800 * SECOND
    assert np.count_nonzero(options & (tape.bid_size == 0)) == 529
    assert np.count_nonzero(tape.ask_size == 0) == 0
    spread = (tape.ask - tape.bid)[options & (tape.bid_size > 0)]
    assert np.median(spread) == micros(0.7)
    assert np.all(spread > 0)
    assert tape.bid[~options][[0, -1]].tolist() == [micros(137.06), micros(137.34)]


def test_a_recorded_smile(recorded):
    """At the close: near the money a quarter a year on all expiries, calls as puts, and puts below the money dearer."""
    last = recorded.ts == recorded.end
    spot = (recorded.bid + recorded.ask)[last & (recorded.instrument == UNDERLYING)][0] / 2 / MICROS
    rows = np.flatnonzero(last & (recorded.instrument != UNDERLYING))
    chain, count = recorded.chain.select(recorded.instrument[rows] - 1), len(rows)
    mid = (recorded.bid + recorded.ask)[rows] / 2 / MICROS
    volatility = np.empty(count)
    implied_volatilities(
        mid,
        np.full(count, spot),
        chain.strike,
        chain.years_to_expiry(recorded.end),
        np.full(count, recorded.rate),
        np.full(count, recorded.dividend),
        chain.right,
        chain.style,
        np.full(count, 0.3),
        volatility,
    )

    def at(strike: float, right: int) -> np.ndarray:
        return volatility[(chain.strike == strike) & (chain.right == right)]

    for strike in (130.0, 135.0, 140.0):
        assert np.all(np.abs(at(strike, CALL) - 0.26) < 0.03)
        assert np.all(np.abs(at(strike, CALL) - at(strike, PUT)) < 0.025)
    below = [at(strike, PUT) for strike in (110.0, 120.0, 130.0)]
    assert all(np.all(farther > nearer) for farther, nearer in pairwise(below))
