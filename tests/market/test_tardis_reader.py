"""Tardis CSV: quotes and trades of a symbol, and the options on a coin."""

import gzip
import json
import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from vendor_samples import (
    CALL_NAME,
    JUNE_9,
    JUNE_26,
    MIDNIGHT,
    NEAR,
    OPTIONS,
    OPTIONS_HEADER,
    PUT_NAME,
    QUOTES,
    TRADES,
    option,
    trades_by_the_quote_before,
    written,
)

from tradesim.errors import SourceError, TapeError
from tradesim.market.chain import CALL, EUROPEAN, PUT, Settlement
from tradesim.market.ingest import ingest
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.tape_file import read_tape, write_tape
from tradesim.units import MICROS, MICROSECOND, MILLISECOND, YEAR


def tape_of(folder, *texts, suffix=".csv", **options):
    sources = [written(folder / f"file{i}{suffix}", text) for i, text in enumerate(texts)]
    return ingest("tardis", sources, **options)[0]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_quotes_and_trades_are_one_tape_in_the_venues_order(tmp_path, suffix):
    tape = tape_of(tmp_path, TRADES, QUOTES, suffix=suffix)
    assert (tape.underlying, tape.currency, tape.lot, len(tape.chain)) == ("BTCUSDT", "USDT", 0.001, 0)
    assert tape.resolution == MICROSECOND
    since = (tape.ts - 1582329601_000_000_000) // MICROSECOND
    assert since.tolist() == [96_000, 1_111_000, 1_150_000, 1_150_000, 2_541_500, 2_542_000]
    assert tape.kind.tolist() == [QUOTE, TRADE, TRADE, TRADE, QUOTE, QUOTE]
    assert tape.side.tolist() == [0, 1, -1, 0, 0, 0]
    assert tape.received[0] == 1582329601_216_092_000
    assert (tape.bid[0], tape.bid_size[0], tape.ask[0], tape.ask_size[0]) == (9_681_920_000, 670, 9_682_000_000, 840)
    assert (tape.bid_size[4], tape.ask_size[4]) == (0, 800)
    assert (tape.price[1], tape.size[1]) == (9_682_000_000, 132)


def test_columns_may_stand_in_another_order_and_others_beside_them(tmp_path):
    table = pl.read_csv(QUOTES.encode(), schema_overrides={"bid_price": pl.String, "bid_amount": pl.String})
    turned = table.with_columns(note=pl.lit("x")).select(reversed([*table.columns, "note"])).write_csv()
    assert turned.startswith("note,bid_amount")
    assert tape_of(tmp_path, turned).hash == tape_of(tmp_path, QUOTES).hash


def test_several_symbols_need_a_choice(tmp_path):
    both = QUOTES + QUOTES.partition("\n")[2].replace("BTCUSDT", "ETHUSDT")
    with pytest.raises(SourceError, match="quotes of BTCUSDT, ETHUSDT, and a tape holds one underlying"):
        tape_of(tmp_path, both)
    assert tape_of(tmp_path, both, underlying="ethusdt").underlying == "ETHUSDT"
    with pytest.raises(SourceError, match="BTCUSDT of binance and binance-futures; give files of one venue"):
        tape_of(tmp_path, QUOTES, TRADES.replace("binance-futures", "binance"))


def test_the_chain_is_told_by_the_rows(tmp_path):
    tape = tape_of(tmp_path, OPTIONS)
    chain = tape.chain
    assert chain.name == (NEAR, PUT_NAME, CALL_NAME)
    assert chain.strike.tolist() == [9875.0, 9000.0, 10000.0]
    assert chain.expiry.tolist() == [JUNE_9 * 1000, JUNE_26 * 1000, JUNE_26 * 1000]
    assert chain.right.tolist() == [PUT, PUT, CALL]
    assert set(chain.style.tolist()) == {EUROPEAN}
    assert chain.settlement is Settlement.INVERSE
    assert (tape.underlying, tape.currency, tape.lot, tape.resolution) == ("BTC", "USD", 0.1, MILLISECOND)


def test_the_underlying_is_the_nearest_forward_where_it_changes(tmp_path):
    tape = tape_of(tmp_path, OPTIONS)
    ms = (tape.ts - MIDNIGHT * 1000) // MILLISECOND
    assert ms.tolist() == [-587, -587, 1, 3, 4, 5]
    assert tape.instrument.tolist() == [UNDERLYING, 1, 3, 2, UNDERLYING, 3]
    spot = tape.instrument == UNDERLYING
    assert tape.bid[spot].tolist() == tape.ask[spot].tolist() == [9_756_250_000, 9_757_000_000]
    assert tape.bid_size[spot].tolist() == tape.ask_size[spot].tolist() == [1, 1]


def test_quotes_of_contracts_are_in_coin_and_an_empty_field_is_a_missing_side(tmp_path):
    tape = tape_of(tmp_path, OPTIONS)
    call = np.flatnonzero(tape.instrument == 3)
    assert tape.bid[call].tolist() == [20_500, 21_000]
    assert tape.ask_size[call].tolist() == [125, 125]
    (put,) = np.flatnonzero(tape.instrument == 2)
    assert (tape.bid_size[put], tape.ask[put], tape.ask_size[put]) == (0, 10_500, 1)


def test_carry_is_that_of_a_contracts_own_forward_over_the_nearest(tmp_path):
    tape = tape_of(tmp_path, OPTIONS, rate=0.02)
    left = [(JUNE_26 - MIDNIGHT - 1000 * ms) * MICROSECOND / YEAR for ms in (1, 3)]
    call, put = (math.log(f / 9756.25) / t for f, t in zip((9800.5, 9801.0), left, strict=True))
    assert tape.carry.tolist() == pytest.approx([0.0, put, call], rel=1e-12)
    unstated = tape_of(
        tmp_path,
        OPTIONS,
        option(9, "BTC-26JUN20-8000-P", 8000, forward="").join([OPTIONS_HEADER + "\n", "\n"]),
        rate=0.02,
    )
    assert unstated.carry[unstated.chain.name.index("BTC-26JUN20-8000-P")] == 0.02


def test_an_expiry_within_the_files_is_not_the_underlying(tmp_path):
    late = option((JUNE_9 - MIDNIGHT) / 1000 + 1, CALL_NAME, 10000, bid="0.02,1", forward=9900.0)
    tape = tape_of(tmp_path, OPTIONS + late + "\n")
    spot = (tape.instrument == UNDERLYING) & (tape.bid_size > 0)
    assert tape.bid[spot].tolist() == [9_800_500_000, 9_801_000_000, 9_900_000_000]


def test_quotes_of_a_future_of_the_coin_are_the_underlying_instead(tmp_path):
    day = str(MIDNIGHT)[:-6]
    perpetual = QUOTES.replace("binance-futures,BTCUSDT", "deribit,BTC-PERPETUAL").replace("1582329601", day)
    perpetual = perpetual.replace("1582329603", day)
    trades = TRADES.replace("binance-futures,BTCUSDT", f"deribit,{CALL_NAME}").replace("1582329602", day)
    tape = tape_of(tmp_path, OPTIONS, perpetual, trades.replace(",9682,", ",0.021,").replace("9681.", "0."))
    spot = tape.instrument == UNDERLYING
    assert tape.bid[spot & (tape.bid_size > 0)].tolist() == [9_681_920_000, 9_681_440_000]
    traded = tape.kind == TRADE
    assert tape.instrument[traded].tolist() == [3, 3, 3]
    assert tape.side[traded].tolist() == [1, -1, 0]
    with pytest.raises(
        SourceError, match="quotes of BTC-26JUN20, BTC-PERPETUAL beside options on BTC; give those of one"
    ):
        tape_of(tmp_path, OPTIONS, perpetual + perpetual.partition("\n")[2].replace("PERPETUAL", "26JUN20"))


def test_linear_options_are_in_dollars(tmp_path):
    rows = [
        OPTIONS_HEADER,
        option(1, "AVAX_USDC-26JUN20-8D6-P", 8.6, bid="0.312,2000", ask="0.318,1800", forward=9.103),
    ]
    tape = tape_of(tmp_path, "\n".join(rows))
    assert (tape.chain.settlement, tape.currency, tape.underlying) == (Settlement.QUOTE, "USDC", "AVAX_USDC")
    assert (tape.bid.tolist(), tape.lot) == ([9_103_000, 312_000], 1.0)


def test_options_of_another_venue_are_refused(tmp_path):
    row = option(1, "BTC-26JUN20-9000-P", 9000, exchange="okex-options")
    with pytest.raises(SourceError, match="options of okex-options, and this reader knows how deribit's are settled"):
        tape_of(tmp_path, "\n".join([OPTIONS_HEADER, row]))


def test_options_without_their_terms_and_delta_exchange_are_refused(tmp_path):
    for symbol, says in (
        ("BTC-29MAY26-9000-C", "is an option, and these files do not tell its terms; give its options_chain"),
        ("C-BTC-90000-310125", "of Delta Exchange, .* read them by a function of your own"),
    ):
        (tmp_path / "quotes.csv").write_text(QUOTES.replace("BTCUSDT", symbol))
        with pytest.raises(SourceError, match=says):
            ingest("tardis", [tmp_path / "quotes.csv"])
    (tmp_path / "trades.csv").write_text("product_symbol,price,size,timestamp,buyer_role\nC-BTC-1-310125,1,1,1,taker\n")
    with pytest.raises(SourceError, match="line 1: of Delta Exchange"):
        ingest("tardis", [tmp_path / "trades.csv"])


def test_rows_of_other_symbols_are_counted(tmp_path):
    other = QUOTES.partition("\n")[2].replace("BTCUSDT", "ETHUSDT")
    (tmp_path / "quotes.csv").write_text(QUOTES + other)
    assert ingest("tardis", [tmp_path / "quotes.csv"], underlying="BTCUSDT")[1].left_out == {"rows of other symbols": 3}


def test_a_contract_whose_terms_change_is_refused(tmp_path):
    with pytest.raises(SourceError, match=f"column strike: contract {CALL_NAME} has 2 of them; it must have one"):
        tape_of(tmp_path, OPTIONS + option(9, CALL_NAME, 10001, bid="0.4,1") + "\n")
    with pytest.raises(SourceError, match="column right: 'straddle'; it must be call, put or null"):
        tape_of(tmp_path, OPTIONS.replace(",call,", ",straddle,"))


def test_many_decimals_make_small_lots(tmp_path):
    assert tape_of(tmp_path, TRADES.replace("0.132", "0.00012345")).lot == 1e-8
    whole = TRADES.replace("0.132", "132").replace("0.01\n", "10\n").replace("0.18", "180")
    assert tape_of(tmp_path, whole).lot == 1.0


def test_a_block_may_end_anywhere(tmp_path, monkeypatch):
    source = written(tmp_path / "quotes.csv", QUOTES)
    whole = ingest("tardis", [source])[0].hash
    from tradesim.market.readers import text_files

    read = text_files.blocks
    for size in (1, 7, 83, 84, 85, 160):
        monkeypatch.setattr(text_files, "blocks", lambda path, size=size: read(path, size=size))
        assert ingest("tardis", [source])[0].hash == whole
        with pytest.raises(SourceError, match="line 4: bid_price is 'x'; it must be a number"):
            ingest("tardis", [written(tmp_path / "bad.csv", QUOTES.replace("9682.01,,", "9682.01,x,"))])


BAD_QUOTES = {
    "a word for a number": (QUOTES.replace("9681.44", "much"), "line 3: bid_price is 'much'; it must be a number"),
    "a part of a microsecond": (
        QUOTES.replace("603542000", "603542000.5"),
        "timestamp is .*; it must be a whole number",
    ),
    "a huge time": (QUOTES.replace("1582329603542000", "9" * 30), "line 3: timestamp is .*; it must be a whole number"),
    "no time": (QUOTES.replace("1582329603542000", ""), "line 3: timestamp is empty; mend it"),
    "no symbol": (QUOTES.replace("BTCUSDT", "", 2), "line 2: symbol is empty; mend it"),
    "a column too few": (QUOTES.replace(",0.363", ""), "line 3: 7 columns; it must have 8"),
    "a column too many": (QUOTES.replace(",0.363", ",0.363,1"), "line 3: 9 columns; it must have 8"),
    "a blank line": (QUOTES.replace("\n", "\n\n", 2), "line 2: 1 columns; it must have 8"),
    "garbage": (QUOTES + "\x00\x01garbage\n", "line 5: 1 columns; it must have 8"),
    "another header": (QUOTES.replace("bid_price", "bid"), "line 1: the header is .*; it must have"),
    "no header": (QUOTES.partition("\n")[2], "line 1: the header is 'binance-futures,BTCUSDT"),
    "a column twice": (QUOTES.replace("ask_amount", "bid_price"), "line 1: the header is"),
    "a book": (TRADES.replace(",id,", ",is_snapshot,"), "Tardis's incremental_book_L2, which .* own"),
    "only a header": (QUOTES.partition("\n")[0], "no quote or trade that a tape could hold"),
}


@pytest.mark.parametrize(("text", "says"), BAD_QUOTES.values(), ids=BAD_QUOTES.keys())
def test_a_file_of_another_form_is_refused_by_its_line(tmp_path, text, says):
    with pytest.raises(SourceError, match=says) as told:
        tape_of(tmp_path, text)
    assert "\n" not in str(told.value)
    assert "file0.csv" in str(told.value)


BAD_VALUES = {
    "NaN": (QUOTES.replace("9681.44", "NaN"), "column bid: nan .* breaks rule 'finite'"),
    "infinite": (QUOTES.replace("9681.44", "inf"), "column bid: inf .* breaks rule 'finite'"),
    "negative": (QUOTES.replace("9681.44", "-9681.44"), "column bid: -9681440000.* breaks rule 'negative'"),
    "a huge price": (QUOTES.replace("9681.44", "1e300"), "column bid: .* breaks rule 'whole'"),
    "a part of a micro": (TRADES.replace("9681.48", "9681.48000001"), "column price: .* breaks rule 'whole'"),
    "a price of 0": (QUOTES.replace("9681.44", "0"), "column bid: 0 .* breaks rule 'zero'"),
    "a price without size": (QUOTES.replace("0.363", ""), "column bid: .* breaks rule 'half'"),
    "crossed": (QUOTES.replace("9681.44", "9682.44"), "breaks rule 'crossed'"),
    "a far time": (QUOTES.replace("1582329603542000", "9" * 18), "column ts: .* breaks rule 'large'"),
    "an amount of 0": (TRADES.replace("0.132", "0"), "breaks rule 'trade'"),
    "twice": (QUOTES + QUOTES.splitlines()[2] + "\n", "breaks rule 'duplicate'"),
}


@pytest.mark.parametrize(("text", "says"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_a_bad_value_is_named_or_left_out(tmp_path, text, says):
    with pytest.raises(TapeError, match=says):
        tape_of(tmp_path, text)
    kept, report = ingest("tardis", [tmp_path / "file0.csv"], on_bad_row="drop")
    assert (len(kept), sum(report.dropped.values())) == (report.rows - 1 + report.unknown, 1)


def test_files_that_are_not_whole_are_refused(tmp_path):
    whole = gzip.compress(QUOTES.encode())
    for name, data, says in (
        ("cut.csv.gz", whole[:-9], "not a whole gzip file"),
        ("bent.csv.gz", whole[:40] + bytes([whole[40] ^ 255]) + whole[41:], "not a whole gzip file"),
        ("empty.csv", b"", "the file is empty"),
        ("empty.csv.gz", gzip.compress(b""), "no quote or trade"),
        ("binary.csv", bytes(range(256)) * 9, "line 1: the header is"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match=says):
            ingest("tardis", [tmp_path / name])


def as_options_chain(capture):
    """The tickers of a Deribit capture as Tardis writes them."""
    rows = [OPTIONS_HEADER]
    for text in capture.read_text().splitlines():
        received, _, said = text.partition(": {")
        if '"channel":"ticker.' not in said:
            continue
        data = json.loads("{" + said)["params"]["data"]
        coin, day, strike, right = data["instrument_name"].split("-")
        expiry = datetime.strptime(day, "%d%b%y").replace(hour=8, tzinfo=UTC)
        best = [data[f"best_{name}"] or "" for name in ("bid_price", "bid_amount", "ask_price", "ask_amount")]
        stamps = data["timestamp"] * 1000, int(Decimal(received) * 1_000_000)
        values = ["deribit", data["instrument_name"], *stamps, "call" if right == "C" else "put", strike]
        values += [int(expiry.timestamp()) * 1_000_000, "", "", *best[:2], "", *best[2:], "", "", ""]
        values += [f"{coin}-{day}", data["underlying_price"] or "", *[""] * 5]
        rows.append(",".join(map(str, values)))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_a_recorded_capture_is_the_same_by_way_of_tardis(shared_data, tmp_path, coin):
    capture = shared_data / "deribit_20210405" / "DERIBIT-5dd9ce.0"
    direct = ingest("deribit", [capture], underlying=coin)[0]
    tape = tape_of(tmp_path, as_options_chain(capture), underlying=coin)
    for name in ("strike", "expiry", "right", "style", "multiplier"):
        assert getattr(tape.chain, name).tolist() == getattr(direct.chain, name).tolist()
    assert (tape.chain.name, tape.chain.settlement) == (direct.chain.name, direct.chain.settlement)
    assert changes(tape) == changes(direct)
    forwards = [t.carry * t.chain.years_to_expiry(t.start) + np.log(spot(t)) for t in (tape, direct)]
    assert forwards[0].tolist() == pytest.approx(forwards[1].tolist(), abs=5e-4)


def spot(tape):
    return tape.bid[(tape.instrument == UNDERLYING)].mean() / MICROS


def changes(tape):
    """Each contract's quotes where they change, in lots of a tenth."""
    found = {}
    for row in np.flatnonzero((tape.kind == QUOTE) & (tape.instrument != UNDERLYING)):
        sizes = [round(x * tape.lot * 10) for x in (tape.bid_size[row], tape.ask_size[row])]
        quote = [int(x) if size else 0 for x, size in zip((tape.bid[row], tape.ask[row]), sizes, strict=True)]
        quotes = found.setdefault(tape.chain.name[tape.instrument[row] - 1], [])
        if not quotes or quotes[-1][1:] != (*quote, *sizes):
            quotes.append((int(tape.ts[row]), *quote, *sizes))
    return found


def test_a_recorded_day(shared_data, tmp_path):
    folder = shared_data / "tardis_binance_20200222"
    tape, report = ingest("tardis", [folder / "quotes.csv.gz", folder / "trades.csv.gz"])
    assert not report.dropped
    assert np.bincount(tape.kind).tolist() == [9_999, 9_999]
    assert np.bincount(tape.side[tape.kind == TRADE] + 1).tolist() == [4_732, 0, 5_267]
    assert (tape.lot, tape.resolution) == (0.001, MILLISECOND)
    assert (tape.start, tape.end) == (1582329601_096_000_000, 1582337147_728_000_000)
    quotes = tape.kind == QUOTE
    spread = (tape.ask - tape.bid)[quotes]
    assert (spread.min(), np.median(spread)) == (10_000, 490_000)
    latency = np.sort((tape.received - tape.ts)[quotes])
    assert [int(latency[len(latency) * p // 100]) // MILLISECOND for p in (50, 99)] == [121, 161]
    sizes = pl.concat(
        [pl.read_csv(folder / "quotes.csv.gz")["bid_amount"], pl.read_csv(folder / "trades.csv.gz")["amount"]]
    )
    assert tape.bid_size.sum() + tape.size.sum() == round(sizes.sum() * 1000)
    assert read_tape(write_tape(tape, tmp_path / "tape.parquet")).hash == tape.hash
    assert trades_by_the_quote_before(tape) == {"at": 338, "inside": 1, "through": 163, "other": 0}
