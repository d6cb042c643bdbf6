"""Deribit captures: inverse options, the index as underlying, each contract's carry."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tradesim.errors import SourceError
from tradesim.market.chain import CALL, EUROPEAN, PUT, Settlement
from tradesim.market.ingest import ingest
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Tape
from tradesim.units import MILLISECOND, SECOND, YEAR

CAPTURED = 1617644856
CALL_NAME, PUT_NAME = "ETH-9APR21-1950-C", "ETH-6APR21-2400-P"


def message(received: str, channel: str, data: Any) -> str:
    return f"{received}: " + json.dumps(
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
    )


def ticker(received: str, ms: int, name: str = CALL_NAME, **fields: Any) -> str:
    data = {
        "timestamp": CAPTURED * 1000 + ms,
        "instrument_name": name,
        "index_price": 2103.4,
        "underlying_price": 2115.89,
        "best_bid_price": 0.0795,
        "best_bid_amount": 4.0,
        "best_ask_price": 0.0945,
        "best_ask_amount": 0.1,
        **fields,
    }
    return message(received, f"ticker.{name}.raw", data)


EMPTY = dict.fromkeys(("best_bid_price", "best_bid_amount", "best_ask_price", "best_ask_amount"), 0.0)
HEAD = ['configuration: {"ticker":["x"]}', "wss://www.deribit.com/ws/api/v2 <-> 1617644856.505972"]
LINES = [
    *HEAD,
    "wss://www.deribit.com/ws/api/v2 <- 1617644856.8: {}",
    '1617644856.899453: {"jsonrpc":"2.0","id":0,"result":["ticker.ETH-9APR21-1950-C.raw"]}',
    ticker("1617644856.902155", 302),
    ticker("1617644856.902366", 302, PUT_NAME, **EMPTY, underlying_price=None),
    ticker("1617644858.0", 1031, best_ask_price=0.0, best_ask_amount=0.0, underlying_price=2117.0),
    ticker("1617644858.1", 1030, index_price=2103.5),
    message("1617644858.2", f"book.{CALL_NAME}.raw", {"type": "snapshot", "bids": [["new", 0.5, 1.0]], "asks": []}),
    message("1617644858.3", "ticker.ETH-PERPETUAL.raw", {"best_bid_price": 2100.0}),
    message(
        "1617644858.4",
        f"trades.{CALL_NAME}.raw",
        [{"timestamp": CAPTURED * 1000 + 1200, "price": 0.0945, "amount": 0.1, "direction": "buy"}],
    ),
]


def capture(folder: Path, lines: list[str]) -> Path:
    path = folder / "capture"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return ingest("deribit", [capture(tmp_path, LINES)], rate=0.01)[0]


def test_the_chain_is_inverse_european_and_expires_at_eight(tape):
    chain = tape.chain
    assert chain.name == (PUT_NAME, CALL_NAME)
    assert chain.strike.tolist() == [2400.0, 1950.0]
    assert chain.right.tolist() == [PUT, CALL]
    assert chain.style.tolist() == [EUROPEAN, EUROPEAN]
    assert chain.multiplier.tolist() == [1, 1]
    assert chain.settlement is Settlement.INVERSE
    assert chain.expiry[1] == int(datetime(2021, 4, 9, 8, tzinfo=UTC).timestamp()) * SECOND
    assert (tape.underlying, tape.currency, tape.lot, tape.resolution) == ("ETH", "USD", 0.1, MILLISECOND)


def test_prices_are_micros_of_a_coin_and_amounts_tenths_of_a_contract(tape):
    first = np.flatnonzero(tape.instrument == 2)[0]
    assert (tape.bid[first], tape.ask[first]) == (79_500, 94_500)
    assert (tape.bid_size[first], tape.ask_size[first]) == (40, 1)
    trade = np.flatnonzero(tape.kind == TRADE)
    assert (tape.price[trade].tolist(), tape.size[trade].tolist()) == ([94_500], [1])


def test_a_price_of_zero_is_a_missing_side(tape):
    put = tape.instrument == 1
    assert tape.bid_size[put].tolist() == [0]
    assert tape.ask_size[put].tolist() == [0]
    assert tape.ask_size[(tape.instrument == 2) & (tape.kind == QUOTE)].tolist() == [1, 1, 0]


def test_rows_stand_at_the_venues_instants_the_index_first_and_where_it_changes(tape):
    ms = (tape.ts - CAPTURED * SECOND) // MILLISECOND
    assert ms.tolist() == [302, 302, 302, 1030, 1030, 1031, 1031, 1200]
    assert tape.instrument.tolist() == [UNDERLYING, 2, 1, UNDERLYING, 2, UNDERLYING, 2, 2]
    index = tape.bid[tape.instrument == UNDERLYING]
    assert index.tolist() == [2_103_400_000, 2_103_500_000, 2_103_400_000]
    assert tape.received[1] == 1_617_644_856_902_155_000


def test_carry_is_the_median_of_the_stated_forwards_or_else_the_rate(tape):
    years = [(tape.chain.expiry[1] - CAPTURED * SECOND - ms * MILLISECOND) / YEAR for ms in (302, 1031, 1030)]
    ratios = (2115.89 / 2103.4, 2117.0 / 2103.4, 2115.89 / 2103.5)
    stated = sorted(math.log(ratio) / left for ratio, left in zip(ratios, years, strict=True))
    assert tape.carry.tolist() == pytest.approx([0.01, stated[1]], rel=1e-12)


def test_two_coins_need_a_choice(tmp_path):
    source = capture(tmp_path, [*LINES, ticker("1617644859.0", 2000, "BTC-30APR21-20000-C", index_price=58900.5)])
    with pytest.raises(SourceError, match="quotes of BTC, ETH, and a tape holds one underlying; choose one"):
        ingest("deribit", [source])
    assert ingest("deribit", [source], underlying="btc")[0].chain.name == ("BTC-30APR21-20000-C",)
    with pytest.raises(SourceError, match="no quotes of SOL; choose one of BTC, ETH"):
        ingest("deribit", [source], underlying="SOL")


@pytest.mark.parametrize("cents", [2_345_678, 5_801_234, 5_890_051, 6_543_211, 9_876_543, 12_345_679])
def test_an_index_in_cents_is_micros_exactly(tmp_path, cents):
    source = capture(tmp_path, [ticker("1617644857.0", 1, index_price=cents / 100)])
    tape = ingest("deribit", [source])[0]
    assert tape.bid[tape.instrument == UNDERLYING].tolist() == [cents * 10_000]


def test_every_message_that_is_no_row_is_counted_by_what_it_is(tmp_path):
    others = [
        message("1617644857.0", f"book.{CALL_NAME}.raw", {}),
        message("1617644857.0", "ticker.BTC-PERPETUAL.raw", {}),
        '1617644857.0: {"id":1,"result":[]}',
        ticker("1617644859.0", 2000, "BTC-30APR21-20000-C", index_price=58900.5),
    ]
    before, after = (
        ingest("deribit", [capture(tmp_path, lines)], underlying="ETH") for lines in (LINES, LINES + others)
    )
    assert after[0].hash == before[0].hash
    assert dict(after[1].left_out) == {
        "lines of the recorder's own": before[1].left_out["lines of the recorder's own"],
        "book messages": before[1].left_out["book messages"] + 1,
        "ticker messages of no option": 2,
        "messages of no channel": before[1].left_out["messages of no channel"] + 1,
        "messages of other underlyings": 1,
    }


def test_what_met_no_quote_and_what_is_no_quote_is_none(tmp_path):
    null = dict.fromkeys(("best_bid_price", "best_bid_amount"))
    leg = {"timestamp": CAPTURED * 1000 + 1200, "price": 0.09, "amount": 1.0, "direction": "sell"}
    lines = [
        ticker("1617644856.9", 302, **null),
        ticker("1617644857.9", 1302, state="closed"),
        message("1617644858.0", f"trades.{CALL_NAME}.raw", [{**leg, "combo_id": "ETH-CS-9APR21"}, leg]),
    ]
    tape, report = ingest("deribit", [capture(tmp_path, lines)])
    options = (tape.instrument != UNDERLYING) & (tape.kind == QUOTE)
    assert (tape.bid_size[options].tolist(), tape.ask_size[options].tolist()) == ([0, 0], [1, 0])
    assert tape.side[tape.kind == TRADE].tolist() == [-1]
    assert report.left_out == {"trades of combinations": 1}


def test_linear_options_are_refused(tmp_path):
    source = capture(tmp_path, [ticker("1617644859.0", 2000, "BTC_USDC-30APR21-20000-C", index_price=58900.5)])
    with pytest.raises(SourceError, match="options on BTC_USDC are linear"):
        ingest("deribit", [source])


BAD_LINES = {
    "truncated": (LINES[4][:200], "line 3: .*whole"),
    "no receive time": (LINES[4].split(": ", 1)[1], "line 3: .*whole"),
    "not JSON": ("1617644857.0: {'a': 1}", "line 3: not JSON"),
    "NaN": (ticker("1617644857.0", 1, best_bid_price=math.nan), "line 3: not JSON .*NaN is no number"),
    "infinite": (ticker("1617644857.0", 1, index_price=math.inf), "line 3: not JSON .*Infinity is no number"),
    "a word for a price": (ticker("1617644857.0", 1, best_bid_price="1"), "best_bid_price is '1'; it must be a number"),
    "no index": (ticker("1617644857.0", 1, index_price=None), "index_price is null; it must be a number: mend it"),
    "a part of a lot": (ticker("1617644857.0", 1, best_bid_amount=0.05), "best_bid_amount is 0.05; .*multiple of 0.1"),
    "a part of a micro": (ticker("1617644857.0", 1, best_ask_price=0.09450005), "must be a multiple of 1e-06"),
    "half a message": (message("1617644857.0", f"ticker.{CALL_NAME}.raw", {"timestamp": 1}), "of another form"),
    "no message": (message("1617644857.0", f"ticker.{CALL_NAME}.raw", None), "of another form"),
    "trades of another form": (message("1617644857.0", f"trades.{CALL_NAME}.raw", [1]), "of another form"),
    "a huge index": (
        ticker("1617644857.0", 1, index_price=1e300),
        "index_price is 1e.300; a tape holds no such number",
    ),
    "a huge time": (ticker("1617644857.0", 10**30), "timestamp is 1000000.*; a tape holds no such number"),
    "a forward below 0": (ticker("1617644857.0", 1, underlying_price=-5.0), "of another form"),
    "deep": ("1617644857.0: " + '{"a":' * 100_000 + "1" + "}" * 100_000, "line 3: not JSON"),
    "Delta Exchange's": (
        '1617644857.0: {"type":"v2/ticker","symbol":"C-BTC-90000-310125"}',
        "line 3: of Delta Exchange, .* read them by a function of your own",
    ),
    "no such day": (ticker("1617644857.0", 1, "ETH-31FEB21-100-C"), "31FEB21 in ETH-31FEB21-100-C is not a date"),
}


@pytest.mark.parametrize(("line", "said"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_refused_by_number(tmp_path, line, said):
    with pytest.raises(SourceError, match=said) as caught:
        ingest("deribit", [capture(tmp_path, [*HEAD, line, *LINES[4:]])])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("capture, line 3: ")


def test_files_that_hold_nothing_are_refused(tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        ingest("deribit", [tmp_path / "none"])
    (tmp_path / "empty").touch()
    with pytest.raises(SourceError, match="the file is empty"):
        ingest("deribit", [tmp_path / "empty"])
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00" * 10)
    with pytest.raises(SourceError, match="not a text"):
        ingest("deribit", [tmp_path / "binary"])
    with pytest.raises(SourceError, match="no quote or trade"):
        ingest("deribit", [capture(tmp_path, HEAD)])


def test_a_recorded_capture(shared_data):
    source = shared_data / "deribit_20210405" / "DERIBIT-5dd9ce.0"
    with pytest.raises(SourceError, match="BTC, ETH"):
        ingest("deribit", [source])
    for coin, contracts, tickers in (("BTC", 3, 76), ("ETH", 7, 197)):
        tape, report = ingest("deribit", [source], underlying=coin)
        assert len(tape.chain) == contracts
        assert np.count_nonzero(tape.instrument != UNDERLYING) == tickers
        assert not report.dropped
        assert 0.5 < report.clock.negative < 0.7
        assert report.clock.least < -29 * MILLISECOND
        assert 0.2 < tape.carry.min() < tape.carry.max() < 0.7
