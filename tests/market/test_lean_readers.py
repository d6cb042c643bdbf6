"""LEAN minute bars and ticks: what their rows become, and how a file of another form is refused."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tape_samples import zipped

from tradesim.errors import ArgumentError, SourceError, TapeError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT
from tradesim.market.ingest import ingest
from tradesim.market.row_filter import OnBadRow
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Tape
from tradesim.units import MILLISECOND, SECOND, micros

DAY = "20151224"
CALL_FILE = f"{DAY}_goog_minute_quote_american_call_7500000_20160115.csv"
PUT_FILE = f"{DAY}_goog_minute_quote_european_put_7425000_20151231.csv"
STOCK_FILE = f"{DAY}_goog_minute_quote.csv"
OPEN = 34_200_000
BAR = "34200000,10000,10000,10000,10000,5,12000,12000,12000,12000,7\n"
STOCK_BAR = BAR.replace("10000", "7500000").replace("12000", "7500100")


def new_york(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    quotes = {
        CALL_FILE: "34200000,,,,,0,21500,21500,5000,12500,19\n34320000,9000,9500,8000,9500,3,,,,,0\n",
        PUT_FILE: "34260000,100,100,100,100,1,200,200,200,200,2\n",
    }
    return [
        zipped(tmp_path / "options.zip", quotes),
        zipped(tmp_path / "trades.zip", {CALL_FILE.replace("quote", "trade"): "34200000,9000,9900,8900,9800,4\n"}),
        zipped(tmp_path / "stock.zip", {STOCK_FILE: STOCK_BAR}),
        zipped(tmp_path / "stock_trades.zip", {STOCK_FILE.replace("quote", "trade"): "34200000,1,1,1,7500050,100\n"}),
    ]


@pytest.fixture
def tape(sources: list[Path]) -> Tape:
    return ingest("lean", sources, rate=0.01)[0]


def test_a_chain_is_what_the_file_names_say(tape):
    chain = tape.chain
    assert chain.name == ("GOOG  151231P00742500", "GOOG  160115C00750000")
    assert chain.strike.tolist() == [742.5, 750.0]
    assert chain.right.tolist() == [PUT, CALL]
    assert chain.style.tolist() == [EUROPEAN, AMERICAN]
    assert chain.multiplier.tolist() == [100, 100]
    assert chain.expiry.tolist() == [new_york(2015, 12, 31, 16), new_york(2016, 1, 15, 16)]
    assert (tape.underlying, tape.currency, tape.rate) == ("GOOG", "USD", 0.01)


def test_a_bar_is_seen_at_its_end_and_not_before(tape):
    assert tape.start == new_york(2015, 12, 24, 9, 31)
    assert tape.resolution == 60 * SECOND
    assert tape.ts.tolist() == [tape.start] * 4 + [tape.start + 60 * SECOND, tape.start + 120 * SECOND]


def test_at_one_end_the_underlying_comes_first_and_trades_before_the_quotes_that_stood_then(tape):
    assert tape.instrument.tolist() == [UNDERLYING, UNDERLYING, 2, 2, 1, 2]
    assert tape.kind.tolist() == [TRADE, QUOTE, TRADE, QUOTE, QUOTE, QUOTE]


def test_quotes_are_closing_quotes_and_an_empty_side_is_missing(tape):
    assert (tape.bid_size[3], tape.ask[3], tape.ask_size[3]) == (0, micros(1.25), 19)
    assert (tape.bid[5], tape.bid_size[5], tape.ask_size[5]) == (micros(0.95), 3, 0)


def test_a_bar_of_trades_is_one_trade_of_its_volume_at_its_close(tape):
    assert (tape.price[0], tape.size[0]) == (micros(750.005), 100)
    assert (tape.price[2], tape.size[2]) == (micros(0.98), 4)


@pytest.mark.parametrize(
    ("date", "start"),
    [("20150702", (2015, 7, 2, 9, 31)), ("20151224", (2015, 12, 24, 9, 31)), ("20150308", (2015, 3, 8, 9, 31))],
)
def test_time_is_new_york_wall_time_in_summer_and_winter(tmp_path, date, start):
    source = zipped(tmp_path / "stock.zip", {f"{date}_goog_minute_quote.csv": STOCK_BAR})
    assert ingest("lean", [source])[0].start == new_york(*start)


def test_on_a_half_day_contracts_end_at_one_and_later_bars_of_theirs_are_counted(tmp_path):
    name = f"{DAY}_brk.b_minute_quote_american_call_1300000_{DAY}.csv"
    source = zipped(tmp_path / "options.zip", {name: BAR + BAR.replace("34200000", "46800000")})
    tape, report = ingest("lean", [source])
    assert (tape.chain.name[0], tape.chain.expiry[0]) == ("BRKB  151224C00130000", new_york(2015, 12, 24, 13))
    assert (len(tape), report.left_out) == (1, {"rows after the contract's expiry": 1})


BAD_TABLES = {
    "too few columns": (BAR + "34260000,1,1\n", r"line 2: 3 columns; it must have 11"),
    "too many columns": (BAR + BAR.replace("\n", ",9\n"), r"line 2: 12 columns"),
    "lines that make up for each other": ("1,2,3\n" + BAR.replace("\n", ",,,,,,,,\n"), r"line 1: 3 columns"),
    "a word for a price": (BAR.replace("10000,5", "much,5"), r"line 1: bidC is 'much'; it must be a whole number"),
    "NaN": (BAR.replace("10000,5", "nan,5"), r"bidC is 'nan'"),
    "a fraction": (BAR.replace("10000,5", "1.5,5"), r"bidC is '1.5'"),
    "no time": (BAR.replace("34200000", ""), r"line 1: time is empty"),
    "a blank line": (BAR + "\n" + BAR, r"line 2: 1 columns"),
    "nothing": ("", "the file is empty"),
}


@pytest.mark.parametrize(("text", "said"), BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_bad_table_is_refused_by_file_and_line(tmp_path, text, said):
    good = {CALL_FILE: BAR}
    source = zipped(tmp_path / "options.zip", {**good, PUT_FILE: text})
    with pytest.raises(SourceError, match=said) as caught:
        ingest("lean", [source])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"options.zip:{PUT_FILE}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.csv", "the name must be of the form"),
        (STOCK_FILE.replace("minute", "hour"), "the name must be of the form"),
        (CALL_FILE.replace("7500000", "high"), "the name must be of the form"),
        (CALL_FILE.replace("20160115", "20160132"), "20160132 is not a date"),
        (STOCK_FILE.replace(DAY, "20151399"), "20151399 is not a date"),
    ],
)
def test_a_file_name_that_says_nothing_is_refused(tmp_path, name, said):
    with pytest.raises(SourceError, match=said):
        ingest("lean", [zipped(tmp_path / "x.zip", {name: BAR})])


def test_files_that_are_no_archives_are_refused(tmp_path, sources):
    data = sources[0].read_bytes()
    cases = {
        "missing.zip": (None, "there is no such file"),
        "empty.zip": (b"", "the file is empty"),
        "truncated.zip": (data[: len(data) // 2], "not a whole zip archive"),
        "text.zip": (b"a,b,c\n", "not a whole zip archive"),
        "damaged.zip": (data[:60] + b"\xff" * 20 + data[80:], "not a whole zip archive"),
    }
    for name, (content, said) in cases.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SourceError, match=said) as caught:
            ingest("lean", [path])
        assert "\n" not in str(caught.value)
    with pytest.raises(SourceError, match="the archive holds no file"):
        ingest("lean", [zipped(tmp_path / "hollow.zip", {})])


def test_archives_of_two_stocks_need_a_choice(tmp_path):
    names = {STOCK_FILE: STOCK_BAR, STOCK_FILE.replace("goog", "aapl"): STOCK_BAR}
    source = zipped(tmp_path / "two.zip", names)
    with pytest.raises(SourceError, match="quotes of AAPL, GOOG, and a tape holds one underlying"):
        ingest("lean", [source])
    tape, report = ingest("lean", [source], underlying="aapl")
    assert (tape.underlying, len(tape), report.left_out) == ("AAPL", 1, {"lines of other underlyings": 1})


def test_a_crossed_bar_is_named_or_dropped(tmp_path):
    crossed = BAR + BAR.replace("34200000", "34260000").replace("10000", "13000")
    source = zipped(tmp_path / "options.zip", {CALL_FILE: crossed})
    with pytest.raises(TapeError, match=r"options.zip, row 1 \(GOOG  160115C00750000 at 2015-12-24T14:32:00.*crossed"):
        ingest("lean", [source])
    tape, report = ingest("lean", [source], on_bad_row=OnBadRow.DROP)
    assert (len(tape), report.dropped, tape.bid_size[1]) == (2, {"crossed": 1}, 0)


QUOTE_TICKS = """\
14400054,0,0,1836300,100,Q,1,0
14400241,1800100,300,0,0,P,1,0
14400241,0,0,1818000,3000,P,1,0
14400241,0,0,1818000,3000,K,1,0
14400277,1812400,200,0,0,P,1,0
14400300,1812400,200,0,0,P,1,0
"""


def test_a_tick_about_one_side_keeps_the_other(tmp_path):
    ticks = {
        "20131007_ibm_Quote_Tick.csv": QUOTE_TICKS,
        "20131007_ibm_Trade_Tick.csv": "14400241,1815200,283,P,20002020,0\n",
    }
    tape, report = ingest("lean-tick", [zipped(tmp_path / "ibm.zip", ticks)])
    quotes = tape.kind == QUOTE
    assert report.rows == 6
    assert tape.bid_size[quotes].tolist() == [0, 300, 300, 200, 200]
    assert tape.bid[quotes][1:].tolist() == [180_010_000, 180_010_000, 181_240_000, 181_240_000]
    assert tape.ask[quotes].tolist() == [183_630_000, 183_630_000, 181_800_000, 181_800_000, 181_800_000]
    assert (tape.price[1], tape.size[1], tape.kind[1]) == (181_520_000, 283, TRADE)
    assert tape.start == new_york(2013, 10, 7, 4) + 54 * MILLISECOND
    assert tape.resolution == MILLISECOND
    assert len(tape.chain) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (QUOTE_TICKS + "1,2,3\n", "line 7: 3 columns; it must have 8"),
        (QUOTE_TICKS.replace("1812400", "x", 1), "line 5: bid is 'x'"),
        (QUOTE_TICKS.replace("3000", "", 1), "line 3: asksize is empty"),
    ],
)
def test_bad_ticks_are_refused_by_line(tmp_path, text, said):
    with pytest.raises(SourceError, match=said):
        ingest("lean-tick", [zipped(tmp_path / "ibm.zip", {"20131007_ibm_Quote_Tick.csv": text})])


def test_recorded_minute_bars_of_a_whole_chain(shared_data):
    sources = sorted((shared_data / "lean_goog_20151224").glob("*.zip"))
    tape, report = ingest("lean", sources)
    quotes = tape.kind == QUOTE
    one_sided = (tape.bid_size == 0) | (tape.ask_size == 0)
    ended = report.ends.closed + report.ends.expired
    assert ended > 2_000
    assert len(tape.chain) == 2_192
    assert len(np.unique(tape.chain.expiry)) == 12
    assert np.count_nonzero(quotes) == 275_804 + ended
    assert np.count_nonzero(quotes & one_sided) == 112_314 + ended
    assert np.count_nonzero(quotes & ~one_sided & (tape.bid == tape.ask)) == 2
    assert np.count_nonzero(~quotes) == 227 + 958
    assert not report.dropped
    assert np.all(tape.ts[~one_sided] % (60 * SECOND) == 0)
    bursts = np.unique(tape.ts[quotes], return_counts=True)[1]
    assert bursts.max() > 1_300


def test_recorded_ticks_of_a_stock(shared_data):
    sources = sorted((shared_data / "lean_ibm_20131007").glob("*.zip"))
    with pytest.raises(TapeError, match=r"the underlying at 2013-10-07T12:20:04.773000000Z.*rule 'crossed'"):
        ingest("lean-tick", sources)
    tape, report = ingest("lean-tick", sources, on_bad_row=OnBadRow.DROP)
    assert (report.dropped, report.unknown) == ({"crossed": 55}, 55)
    assert np.count_nonzero(tape.kind == TRADE) == 24_293
    both = (tape.bid_size > 0) & (tape.ask_size > 0)
    assert np.all(tape.bid[both] <= tape.ask[both])


def trades(*prices: str, time: int = OPEN) -> str:
    """Minute bars of trades at ``prices``, the first at ``time`` (ms)."""
    return "".join(f"{time + 60_000 * i},{p},{p},{p},{p},10\n" for i, p in enumerate(prices))


STOCK_TRADES = STOCK_FILE.replace("quote", "trade").replace(DAY, "20151223")

OTHER_MARKETS = {
    "decimals": (
        trades("3700.10"),
        "line 1: O is '3700.10'.*LEAN's raw ones.*--market index/usa.*function of your own",
    ),
    "whole raw prices below a dollar": (trades("3700", "3701"), "prices from 3,700 to 3,701 would be 0.37 to 0.3701"),
    "whole raw prices finer than half a cent": (
        trades("61803", "61811", "61800"),
        "would be 6.18 to 6.1811 dollars .* 2 of 3 finer than a cent; they may be raw",
    ),
    "whole raw prices of half cents": (trades("61850", "61900", "61950"), "2 of 3 finer than a cent; they may be raw"),
    "whole raw prices of cents": (trades("61800", "61900"), "and 2 different prices are too few to tell; they may be"),
    "crypto's night": (trades("7500000", time=0), "from 00:00 to 00:00: American exchanges trade from 04:00 to 20:00"),
    "India's hours": (trades("1475000", "1476000", time=33_300_000), "from 09:15 to 09:16, the hours of India's"),
    "a time beyond the day": (trades("7500000", time=86_400_000), "time is 86400000; it must be ms after midnight"),
    "a time below 0": (trades("7500000", time=-1), "time is -1; it must be ms after midnight"),
}


@pytest.mark.parametrize(("text", "said"), OTHER_MARKETS.values(), ids=OTHER_MARKETS.keys())
def test_another_market_of_lean_is_named_and_not_read_as_this_one(tmp_path, text, said):
    source = zipped(tmp_path / "x.zip", {STOCK_TRADES: text})
    with pytest.raises(SourceError, match=said) as caught:
        ingest("lean", [source])
    assert "\n" not in str(caught.value)
    assert "fetch the archive again" not in str(caught.value)


@pytest.mark.parametrize("market", ["crypto/coinbase", "forex/oanda", "future/cme", "equity/india", "cfd/oanda"])
def test_folders_of_another_market_are_refused_by_their_name(tmp_path, market):
    folder = tmp_path / market / "minute" / "goog"
    folder.mkdir(parents=True)
    source = zipped(folder / "20151223_trade.zip", {STOCK_TRADES: trades("7500000")})
    with pytest.raises(SourceError, match=f"of LEAN's market {market}.* read others by a function of your own"):
        ingest("lean", [source])


def test_a_cheap_stock_is_read_where_its_market_is_stated(tmp_path):
    source = zipped(tmp_path / "x.zip", {STOCK_TRADES: trades("3700", "3701")})
    assert ingest("lean", [source], market="equity/usa")[0].price.tolist() == [370_000, 370_100]
    folder = tmp_path / "equity" / "usa" / "minute" / "goog"
    folder.mkdir(parents=True)
    assert ingest("lean", [source.rename(folder / "x.zip")])[0].price.tolist() == [370_000, 370_100]
    with pytest.raises(ArgumentError, match="market 'usa': it is equity/usa or index/usa"):
        ingest("lean", [folder / "x.zip"], market="usa")


def test_an_index_has_raw_prices_and_a_level_and_its_options_have_not(tmp_path):
    index = zipped(tmp_path / "spx.zip", {"20151223_spx_minute_trade.csv": trades("2063.52", "2064.1")})
    name = "20151223_spx_minute_quote_european_call_20600000_20160115.csv"
    options = zipped(tmp_path / "options.zip", {name: BAR.replace("10000", "350000").replace("12000", "352000")})
    tape = ingest("lean", [index, options], market="index/usa")[0]
    spot = tape.instrument == UNDERLYING
    assert tape.kind.tolist() == [QUOTE] * 3
    assert tape.bid[spot].tolist() == tape.ask[spot].tolist() == [micros(2063.52), micros(2064.1)]
    assert tape.bid_size[spot].tolist() == tape.ask_size[spot].tolist() == [1, 1]
    assert (tape.bid[~spot][0], tape.chain.strike[0]) == (micros(35.0), 2060.0)


@pytest.mark.parametrize(
    ("reader", "name", "said"),
    [
        ("lean", CALL_FILE.replace("quote", "openinterest"), "open interest, which is no quote or trade"),
        ("lean", STOCK_FILE.replace("minute", "second"), "bars of another resolution than a minute"),
        ("lean", "goog.csv", "bars of another resolution than a minute"),
        ("lean", "20131007_es_minute_quote_201312_20131220.csv", "or of a future"),
        ("lean", "20131007_ibm_Quote_Tick.csv", "ticks, which are for the reader lean-tick"),
        ("lean-tick", STOCK_FILE, "minute bars .*reader lean"),
    ],
)
def test_another_table_of_lean_is_named(tmp_path, reader, name, said):
    with pytest.raises(SourceError, match=f"{said}.*; the name must be of the form"):
        ingest(reader, [zipped(tmp_path / "x.zip", {name: BAR})])


def test_ticks_that_the_vendor_suspects_are_left_out_and_counted(tmp_path):
    ticks = QUOTE_TICKS + "14400400,1,100,0,0,P,1,1\n"
    tape, report = ingest("lean-tick", [zipped(tmp_path / "ibm.zip", {"20131007_ibm_Quote_Tick.csv": ticks})])
    assert tape.bid.max() == tape.bid[-1] == micros(181.24)
    assert report.left_out == {"messages marked as suspicious": 1, "messages that leave the quote as it was": 1}
    whole = "14400400,3700,100,P,0,0\n"
    with pytest.raises(SourceError, match=r"would be 0\.37 to 0\.37 dollars"):
        ingest("lean-tick", [zipped(tmp_path / "raw.zip", {"20131007_ibm_Trade_Tick.csv": whole})])
