"""What every reader keeps alike: missing values, New York's clocks, expiries within a recording, dollars."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tape_samples import zipped
from test_deribit_reader import ticker as deribit_ticker
from vendor_samples import OPTIONS_HEADER, QUOTES, TRADES, binance, option, trade, written
from vendor_samples import ticker as binance_ticker

from tradesim.errors import SourceError, TradesimError
from tradesim.market.ingest import ingest
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.units import SECOND, micros

NEW_YORK = ZoneInfo("America/New_York")

CBOE_HEADER = (
    "underlying_symbol,quote_datetime,root,expiration,strike,option_type,"
    "bid_size,bid,ask_size,ask,underlying_bid,underlying_ask"
)


def cboe_line(
    when: str = "2021-04-26 10:00:00", *, root: str = "A", expiration: str = "2021-05-21", **said: str
) -> str:
    values = {
        **{"underlying_symbol": "A", "quote_datetime": when, "root": root, "expiration": expiration},
        **{"strike": "70.000", "option_type": "C", "bid_size": "157", "bid": "66.30", "ask_size": "284"},
        **{"ask": "68.80", "underlying_bid": "137.06", "underlying_ask": "137.20"},
        **said,
    }
    return ",".join(values.values())


def bar(minute: int = 0, *, bid: str = "7500000", size: str = "5") -> str:
    """A minute bar of quotes, so many minutes after the opening."""
    return f"{34_200_000 + 60_000 * minute},1,1,1,{bid},{size},1,1,1,7500100,7"


def new_york(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=NEW_YORK).timestamp()) * SECOND


def source(reader: str, folder: Path, lines: list[str]) -> Path:
    """A file for ``reader`` of ``lines``."""
    text = "\n".join(lines) + "\n"
    match reader:
        case "lean":
            return zipped(folder / "x.zip", {"20151223_goog_minute_quote.csv": text})
        case "lean trades":
            return zipped(folder / "x.zip", {"20151223_goog_minute_trade.csv": text})
        case "lean-tick":
            return zipped(folder / "x.zip", {"20131007_ibm_Quote_Tick.csv": text})
    return written(folder / "file.csv", text)


TICK = "{},{},{},{},{},Q,1,0"
LACKING = {
    "cboe, a price": ("cboe", [CBOE_HEADER, cboe_line(), cboe_line("2021-04-26 10:30:00", bid="")], "line 3: bid is"),
    "cboe, a size": ("cboe", [CBOE_HEADER, cboe_line(), cboe_line("2021-04-26 10:30:00", ask_size="NaN")], "ask_size"),
    "cboe, a strike": ("cboe", [CBOE_HEADER, cboe_line(), cboe_line("2021-04-26 10:30:00", strike="")], "strike is"),
    "cboe, the time": ("cboe", [CBOE_HEADER, cboe_line(), cboe_line("")], "quote_datetime is empty"),
    "lean, the time": ("lean", [bar(), bar(1).replace("34260000", "")], "line 2: time is empty"),
    "lean, a size": ("lean", [bar(), bar(1, size="")], "rule 'half'"),
    "lean, a volume": (
        "lean trades",
        ["34200000,1,1,1,7500000,10", "34260000,1,1,1,7500000,"],
        "line 2: volume is empty",
    ),
    "lean-tick, a size": (
        "lean-tick",
        [TICK.format(14_400_000, 0, 0, 1_836_300, 100), TICK.format(14_400_100, 0, 0, 1_836_300, "")],
        "line 2: asksize is empty",
    ),
    "tardis, the time": (
        "tardis",
        [*QUOTES.splitlines(), ",".join(["binance-futures", "BTCUSDT", "", *"12345"])],
        "timestamp is",
    ),
    "tardis, the recorder's time": (
        "tardis",
        [*QUOTES.splitlines(), "binance-futures,BTCUSDT,1582329604000000,,1,9682,9681,1"],
        "line 5: local_timestamp is empty",
    ),
    "tardis, an amount": ("tardis", TRADES.replace("0.132", "").splitlines(), "line 2: amount is empty"),
    "tardis, a strike": (
        "tardis",
        [OPTIONS_HEADER, *(option(ms, "BTC-26JUN20-9000-P", strike) for ms, strike in ((1, 9000), (2, "")))],
        "line 3: strike_price is empty",
    ),
    "tardis, the only strike": (
        "tardis",
        [OPTIONS_HEADER, option(1, "BTC-26JUN20-9000-P", 9000), option(2, "BTC-26JUN20-9500-P", "", bid="0.03,1")],
        "line 3: strike_price is empty",
    ),
    "binance, a price": (
        "binance",
        [binance_ticker(1, "9", "1", "9.5", "1"), binance(2, "bookTicker", b=None, B="1", a="9.5", A="1")],
        "rule 'finite'",
    ),
    "binance, a size": ("binance", [trade(1, "9", "1"), trade(2, "9", "")], "rule 'finite'"),
    "deribit, the index": (
        "deribit",
        [deribit_ticker("1617644856.9", 302), deribit_ticker("1617644857.9", 1302, index_price=None)],
        "index_price is null",
    ),
    "deribit, an amount": (
        "deribit",
        [deribit_ticker("1617644856.9", 302), deribit_ticker("1617644857.9", 1302, best_bid_amount=None)],
        "best_bid_amount is null",
    ),
}


@pytest.mark.parametrize(("reader", "lines", "said"), LACKING.values(), ids=LACKING.keys())
def test_one_missing_value_is_named_or_drops_its_line_and_no_other(tmp_path, reader, lines, said):
    path = source(reader, tmp_path, lines)
    reader = reader.partition(" ")[0]
    with pytest.raises(TradesimError, match=said) as told:
        ingest(reader, [path])
    assert "--on-bad-row drop" in str(told.value)
    tape, report = ingest(reader, [path], on_bad_row="drop")
    assert sum(report.dropped.values()) == 1
    assert len(tape) >= 1
    quotes = tape.kind == QUOTE
    if not tape.bid_size[quotes].any() and not tape.ask_size[quotes].any():
        assert (tape.kind == TRADE).any(), "what is whole is kept"


NOTHING = {
    "cboe": [CBOE_HEADER, cboe_line("")],
    "lean": [bar().replace("34200000", "")],
    "lean-tick": [TICK.format("", 0, 0, 1_836_300, 100)],
    "tardis": TRADES.splitlines()[:2],
    "deribit": [deribit_ticker("1617644856.9", 302, timestamp=None)],
    "binance": [trade(1, "9", "1").replace('"s":"BTCUSDT"', '"s":null')],
}


@pytest.mark.parametrize(("reader", "lines"), NOTHING.items())
def test_where_no_line_is_whole_a_line_says_so(tmp_path, reader, lines):
    path = source(reader, tmp_path, [line.replace("0.132", "") for line in lines])
    with pytest.raises(TradesimError, match=r"empty|no quote|is left") as told:
        ingest(reader, [path], on_bad_row="drop")
    assert "\n" not in str(told.value)


UNKNOWN = ("cboe, a price", "lean, a size", "lean-tick, a size", "tardis, the recorder's time", "tardis, a strike")
UNKNOWN += ("binance, a price", "deribit, the index", "deribit, an amount")


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_quote_ends_where_the_next_one_lacks_a_value(tmp_path, case):
    reader, lines, _ = LACKING[case]
    tape = ingest(reader, [source(reader, tmp_path, lines)], on_bad_row="drop")[0]
    last = max(row for row in range(len(tape)) if tape.instrument[row] == max(tape.instrument))
    assert (tape.ask_size[last], tape.bid_size[last]) == (0, 0)


def test_the_first_line_that_was_dropped_is_named(tmp_path):
    lines = [CBOE_HEADER, cboe_line(), *(cboe_line(f"2021-04-26 {hour}:00:00", bid="") for hour in (11, 12))]
    report = ingest("cboe", [source("cboe", tmp_path, lines)], on_bad_row="drop")[1]
    assert report.dropped == {"lines without bid (first: file.csv, line 3)": 2}


@pytest.mark.parametrize("day", [(2021, 3, 12), (2021, 3, 15), (2021, 11, 5), (2021, 11, 8)])
def test_clocks_change_between_a_day_and_an_expiry(tmp_path, day):
    stamp = f"{datetime(*day):%Y%m%d}"
    expires = (2021, 3, 19) if day[1] == 3 else (2021, 11, 19)
    expiry = f"{datetime(*expires):%Y%m%d}"
    name = f"{stamp}_goog_minute_quote_american_call_7500000_{expiry}.csv"
    archive = zipped(tmp_path / "x.zip", {name: bar() + "\n", f"{stamp}_goog_minute_quote.csv": bar() + "\n"})
    lean = ingest("lean", [archive])[0]
    line = cboe_line(f"{datetime(*day):%Y-%m-%d} 09:31:00", expiration=f"{datetime(*expires):%Y-%m-%d}")
    cboe = ingest("cboe", [source("cboe", tmp_path, [CBOE_HEADER, line])])[0]
    for tape in (lean, cboe):
        assert tape.start == new_york(*day, 9, 31)
        assert tape.chain.expiry.tolist() == [new_york(*expires, 16)]


@pytest.mark.parametrize("day", ["2021-03-12", "2021-03-15", "2021-11-05", "2021-11-08", "2021-11-26"])
def test_seconds_after_midnight_are_new_yorks(tmp_path, day):
    texts = {"message": "34200.000000001,1,7,100,1000000,1\n", "orderbook": "9999999999,0,1000000,100\n"}
    pair = [written(tmp_path / f"AAPL_{day}_34200000_57600000_{name}_1.csv", text) for name, text in texts.items()]
    opening = new_york(*map(int, day.split("-")), 9, 30)
    assert ingest("lobster", pair)[0].start == opening + 1
    ticks = {f"{day.replace('-', '')}_ibm_Quote_Tick.csv": TICK.format(34_200_000, 0, 0, 1_836_300, 100) + "\n"}
    assert ingest("lean-tick", [zipped(tmp_path / "x.zip", ticks)])[0].start == opening


@pytest.mark.parametrize(
    ("expiration", "closes"),
    [("2021-11-26", (2021, 11, 26, 13)), ("2021-04-02", (2021, 4, 1, 16)), ("2021-12-24", (2021, 12, 23, 16))],
)
def test_contracts_end_with_the_last_session_until_their_day(tmp_path, expiration, closes):
    line = cboe_line("2021-03-26 10:00:00", expiration=expiration)
    chain = ingest("cboe", [source("cboe", tmp_path, [CBOE_HEADER, line])])[0].chain
    assert chain.expiry.tolist() == [new_york(*closes)]


def test_a_capture_goes_on_over_an_expiry(tmp_path):
    """Deribit's contracts end at 08:00 UTC, and its tickers of them go on for a while."""
    eight = int(datetime.fromisoformat("2021-04-30T08:00:00+00:00").timestamp())
    ends, stays = "BTC-30APR21-50000-C", "BTC-7MAY21-50000-C"

    def at(ms: int, name: str) -> str:
        return deribit_ticker(f"{eight}.5", 0, name, timestamp=eight * 1000 + ms)

    lines = [at(-1, ends), at(0, ends), at(1, ends), at(1, stays), at(2, stays)]
    tape, report = ingest("deribit", [source("deribit", tmp_path, lines)])
    assert tape.chain.name == (ends, stays)
    assert tape.chain.expiry[0] == eight * SECOND
    assert report.left_out == {"rows after the contract's expiry": 1}
    later, report = ingest("deribit", [source("deribit", tmp_path, lines[2:])])
    assert (later.chain.name, len(later.carry)) == ((stays,), 1)
    assert report.left_out == {"rows after the contract's expiry": 1}


def test_rows_of_a_chain_go_on_over_an_expiry(tmp_path):
    expiration = 1591603200_000_000
    lines = [
        option(28_800_000 + ms, name, 9000, expiration=ends, bid=f"0.01,{ms + 6}")
        for ms, name, ends in (
            (-5, "BTC-8JUN20-9000-P", expiration),
            (5, "BTC-8JUN20-9000-P", expiration),
            (5, "BTC-26JUN20-9000-P", 1593158400_000_000),
        )
    ]
    tape, report = ingest("tardis", [source("tardis", tmp_path, [OPTIONS_HEADER, *lines])])
    assert len(tape.chain) == 2
    assert report.left_out == {"rows after the contract's expiry": 1}


def coin_m(symbol: str, *lines: str) -> list[str]:
    return [line.replace("BTCUSDT", symbol) for line in lines]


@pytest.mark.parametrize(("symbol", "dollars"), [("BTCUSD_PERP", 100), ("ETHUSD_240628", 10)])
def test_contracts_of_dollars_are_coins(tmp_path, symbol, dollars):
    lines = coin_m(symbol, binance_ticker(1, "50000", "300", "50001", "20"), trade(2, "50000", "1"))
    for reader, path in {
        "binance": source("binance", tmp_path, lines),
        "tardis": written(
            tmp_path / "quotes.csv",
            "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
            f"binance-delivery,{symbol},1582329601096000,1582329601216092,20,50001,50000,300\n",
        ),
    }.items():
        tape = ingest(reader, [path])[0]
        assert tape.bid_size[0] * tape.lot == pytest.approx(300 * dollars / 50_000)
        assert tape.ask_size[0] * tape.lot == pytest.approx(20 * dollars / 50_001, rel=1e-3)
        assert (tape.currency, tape.unit) == ("USD", 1)


def test_amounts_of_deribits_futures_are_dollars_and_their_options_lots_stay(tmp_path):
    quotes = written(
        tmp_path / "quotes.csv",
        "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
        "deribit,BTC-PERPETUAL,1591574400001000,1591574400216092,40,9801,9800,39200\n",
    )
    chain = source("tardis", tmp_path, [OPTIONS_HEADER, option(2, "BTC-26JUN20-9000-P", 9000)])
    tape = ingest("tardis", [quotes, chain])[0]
    spot = tape.instrument == UNDERLYING
    assert (tape.lot, tape.bid_size[spot][0], tape.ask_size[spot][0]) == (0.1, 40, 1)
    assert ingest("tardis", [quotes])[0].bid_size[0] * ingest("tardis", [quotes])[0].lot == pytest.approx(4.0)


def test_other_files_are_named_with_what_to_do(tmp_path):
    vision = (
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n1,2,3,4,5,6,7\n"
    )
    trades = "1,42283.58,0.001,42.28,1704067200000,True,True\n"
    cboe = CBOE_HEADER.replace("bid_size,bid", "sequence_number,trade_size,trade_price,canceled_trade_condition_id")
    for reader, name, text, said in (
        ("binance", "a.csv", vision, "CSV and archives of data.binance.vision"),
        ("binance", "b.csv", trades, "CSV and archives of data.binance.vision"),
        ("tardis", "c.csv", vision, "a CSV of Binance's own"),
        ("tardis", "d.csv", TRADES.replace(",id,", ",is_snapshot,"), "incremental_book_L2"),
        ("tardis", "binance_liquidations_2020-02-22_BTCUSDT.csv", TRADES, "liquidations, by its name"),
        ("tardis", "e.csv", QUOTES.replace("binance-futures", "okex-swap"), "contracts whose units the files do not"),
        ("cboe", "f.csv", cboe, "of Cboe's trades, of which some are cancelled or corrected"),
        ("cboe", "g.csv", "underlying_symbol,quote_date,root,bid_1545\n", "of Cboe's end-of-day summaries"),
    ):
        with pytest.raises(SourceError, match=said):
            ingest(reader, [written(tmp_path / name, text)])


@pytest.mark.parametrize("ticker", ["btcusd", "eurusd", "yesbank", "spx", "ndx"])
def test_tickers_of_no_american_stock_are_refused_and_may_be_stated(tmp_path, ticker):
    path = zipped(tmp_path / "x.zip", {f"20151223_{ticker}_minute_quote.csv": bar() + "\n"})
    with pytest.raises(SourceError, match="state --market"):
        ingest("lean", [path])
    assert len(ingest("lean", [path], market="equity/usa")[0]) == 1


def test_strikes_tell_whether_prices_are_raw(tmp_path):
    name = "20151223_goog_minute_quote_american_call_7500000_20160115.csv"
    files = {"20151223_goog_minute_trade.csv": "34200000,1,1,1,7500050,10\n", name: bar(bid="1500") + "\n"}
    assert ingest("lean", [zipped(tmp_path / "x.zip", files)])[0].price[0] == micros(750.005)
    files["20151223_goog_minute_trade.csv"] = "34200000,1,1,1,74500,10\n"
    with pytest.raises(SourceError, match=r"would be 7\.45 .* the strikes of the options are about 750"):
        ingest("lean", [zipped(tmp_path / "y.zip", files)])


def test_options_of_both_roots_of_an_index_are_on_it(tmp_path):
    files = {
        f"20151223_{root}_minute_quote_european_call_20000000_20160115.csv": bar(bid="300000").replace(
            "7500100", "310000"
        )
        for root in ("spx", "spxw")
    }
    index = zipped(tmp_path / "spx.zip", {"20151223_spx_minute_trade.csv": "34200000,2063,2064,2063,2063.5,0\n"})
    tape = ingest("lean", [zipped(tmp_path / "x.zip", files), index], market="index/usa")[0]
    assert (tape.underlying, len(tape)) == ("SPX", 3)
    assert tape.chain.name == ("SPX   160115C02000000", "SPXW  160115C02000000")


def test_contracts_of_other_units_are_left_out_and_counted(tmp_path):
    files = {
        f"20151223_{root}_minute_quote_american_call_7500000_20160115.csv": bar() + "\n" for root in ("goog", "goog1")
    }
    tape, report = ingest("lean", [zipped(tmp_path / "x.zip", files)])
    assert (len(tape.chain), report.left_out) == (1, {"lines of adjusted or small contracts": 1})
    lines = [cboe_line(root="SPX"), cboe_line(root="2SPX"), cboe_line(root="SPX7", bid="6.0")]
    tape, report = ingest("cboe", [source("cboe", tmp_path, [CBOE_HEADER, *lines])])
    assert (len(tape.chain), report.left_out) == (1, {"lines of adjusted contracts": 2})
