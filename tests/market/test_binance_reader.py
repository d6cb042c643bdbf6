"""Binance captures: tickers, trades, and levels of the book with their snapshots."""

import gzip
import json
from collections import Counter

import numpy as np
import pytest
from vendor_samples import (
    BINANCE,
    BINANCE_LINES,
    SECONDS,
    binance,
    depth,
    line,
    snapshot,
    ticker,
    trade,
    trades_by_the_quote_before,
    written,
)

from tradesim.errors import SourceError, TapeError
from tradesim.market.clock import correct_clock
from tradesim.market.ingest import ingest
from tradesim.market.tape import DEPTH, QUOTE, TRADE
from tradesim.market.tape_file import read_tape, write_tape
from tradesim.units import MICROS, MILLISECOND


def tape_of(folder, *lines, name="capture", **options):
    return ingest("binance", [written(folder / name, "\n".join(lines) + "\n")], **options)[0]


def levels(tape):
    """Milliseconds, side, price and coins of each level."""
    at = tape.kind == DEPTH
    ms = (tape.ts[at] // MILLISECOND - SECONDS * 1000).tolist()
    price, size = (tape.price[at] / MICROS).tolist(), (tape.size[at] * tape.lot).tolist()
    return list(zip(ms, tape.side[at].tolist(), price, size, strict=True))


@pytest.mark.parametrize("name", ["capture", "capture.gz"])
def test_messages_are_rows_at_the_engines_instant(tmp_path, name):
    source = written(tmp_path / name, BINANCE)
    tape = ingest("binance", [source])[0]
    assert (tape.underlying, tape.currency, len(tape.chain)) == ("BTCUSDT", "USDT", 0)
    assert (tape.lot, tape.resolution) == (0.001, MILLISECOND)
    ms = tape.ts // MILLISECOND - SECONDS * 1000
    quotes, trades = tape.kind == QUOTE, tape.kind == TRADE
    assert ms[quotes].tolist() == [1, 5]
    assert tape.bid[quotes].tolist() == [61_800_200_000, 61_800_200_000]
    assert tape.ask_size[quotes].tolist() == [2510, 2522]
    assert ms[trades].tolist() == [2, 2]
    assert (tape.side[trades].tolist(), tape.size[trades].tolist()) == ([1, -1], [6, 1200])


def test_the_recorders_clock_stays_as_it_was_and_can_be_corrected(tmp_path):
    tape = tape_of(tmp_path, ticker(1, "1", "1", "2", "1"), trade(2, "1", "1"))
    assert (tape.received - tape.ts).tolist() == [-1_270_000_000] * 2
    corrected = correct_clock(tape, floor=MILLISECOND)
    assert (corrected.received - corrected.ts).tolist() == [MILLISECOND] * 2


def test_a_level_is_a_row_and_size_0_says_that_it_is_gone(tmp_path):
    tape = tape_of(
        tmp_path,
        depth(1, 20, 10, b=[["9.5", "2"], ["9.4", "1"]], a=[["9.6", "0.5"]]),
        depth(2, 30, 20, b=[["9.5", "0.0"]]),
    )
    assert levels(tape) == [(1, 1, 9.5, 2.0), (1, 1, 9.4, 1.0), (1, -1, 9.6, 0.5), (2, 1, 9.5, 0.0)]


def test_a_snapshot_is_the_book_as_deep_as_it_goes(tmp_path):
    tape = tape_of(
        tmp_path,
        depth(1, 20, 10, b=[["9.5", "2"], ["9.3", "1"], ["9.0", "8"]], a=[["9.6", "1"], ["9.9", "1"]]),
        depth(3, 30, 20, b=[["9.4", "7"]]),
        snapshot(2, 25, bids=[["9.4", "5"], ["9.2", "6"]], asks=[["9.7", "3"]]),
        depth(2, 24, 20, b=[["9.2", "1"]]),
        depth(4, 40, 30, b=[["9.2", "0"]]),
    )
    gone, below, newer = (2, 1, 9.5, 0.0), (1, 1, 9.0, 8.0), (3, 1, 9.4, 7.0)
    of_snapshot = [row for row in levels(tape) if row[0] == 2]
    assert of_snapshot == [(2, 1, 9.2, 6.0), gone, (2, 1, 9.3, 0.0), (2, -1, 9.7, 3.0), (2, -1, 9.6, 0.0)]
    assert below in levels(tape)
    assert newer in levels(tape)
    assert levels(tape)[-1] == (4, 1, 9.2, 0.0)


def test_missing_updates_are_refused_but_for_a_snapshot_between(tmp_path):
    first, second = depth(1, 20, 10, b=[["9.5", "2"]]), depth(3, 40, 30, b=[["9.5", "3"]])
    with pytest.raises(
        SourceError, match=r"line 2: updates .* missing: this one follows 30, and the last one here is 20"
    ):
        tape_of(tmp_path, first, second)
    between = snapshot(2, 35, bids=[["9.5", "1"]], asks=[["9.6", "1"]])
    assert [row[3] for row in levels(tape_of(tmp_path, first, between, second))] == [2.0, 1.0, 1.0, 3.0]
    too_old = snapshot(2, 29, bids=[["9.5", "1"]], asks=[["9.6", "1"]])
    for lines in ((first, too_old, second), (too_old, second)):
        with pytest.raises(SourceError, match="this one follows 30, and the last one here is 29"):
            tape_of(tmp_path, *lines)


def test_the_event_time_stands_in_for_the_engines(tmp_path):
    sent = {"e": "trade", "E": SECONDS * 1000 + 7, "s": "BTCUSDT", "p": "9", "q": "1", "m": True}
    tape = tape_of(tmp_path, line(7, sent))
    assert tape.ts.tolist() == [(SECONDS * 1000 + 7) * MILLISECOND]
    assert tape.side.tolist() == [-1]


def test_several_symbols_need_a_choice(tmp_path):
    other = ticker(3, "30", "1", "31", "1").replace("BTCUSDT", "ETHBTC")
    plain = [row for row in BINANCE_LINES if "lastUpdateId" not in row]
    with pytest.raises(SourceError, match="quotes of BTCUSDT, ETHBTC, and a tape holds one underlying"):
        tape_of(tmp_path, *plain, other)
    tape = tape_of(tmp_path, *plain, other, underlying="ethbtc")
    assert (tape.underlying, tape.currency, len(tape)) == ("ETHBTC", "BTC", 1)
    with pytest.raises(
        SourceError, match="snapshots, which name no symbol, of BTCUSDT, ETHBTC; capture each in a file"
    ):
        tape_of(tmp_path, *BINANCE_LINES, other, underlying="BTCUSDT")


def test_captures_in_parts_are_one_tape(tmp_path):
    parts = [
        written(tmp_path / f"{i}", "\n".join(lines)) for i, lines in enumerate((BINANCE_LINES[:4], BINANCE_LINES[4:]))
    ]
    whole = tape_of(tmp_path, *BINANCE_LINES)
    tape = ingest("binance", parts)[0]
    assert len(tape) == len(whole)
    assert all(np.array_equal(getattr(tape, name), getattr(whole, name)) for name in ("ts", "kind", "price", "bid"))
    swapped = [written(tmp_path / f"swapped{update}", depth(1, update, update - 10)) for update in (20, 10)]
    with pytest.raises(SourceError, match="swapped10, line 1: updates of the book are missing"):
        ingest("binance", swapped)


GOOD = ticker(1, "61800.20", "2.507", "61800.30", "2.510")
BAD_LINES = {
    "cut": (GOOD[:90], "whole"),
    "no receive time": (GOOD.partition(" ")[2], "whole"),
    "a receive time beyond the calendar": ("9" * 19 + " " + GOOD.partition(" ")[2], "whole"),
    "garbage": ("\x00\x01\x02", "whole"),
    "a blank line": ("", "whole"),
    "not JSON": ("17 {'a': 1}", "not JSON"),
    "deep": ("17 {" + '"a":{' * 9000 + "}" * 9001, "not JSON"),
    "a word for a price": (trade(1, "much", "1"), "of another form .*could not convert string to float: 'much'"),
    "no price": (binance(1, "trade", q="1", m=True), "of another form .*KeyError: 'p'"),
    "no maker": (trade(1, "9", "1", m="yes"), "m is 'yes'; it must be true or false"),
    "no time": (
        GOOD.replace('"T"', '"t"').replace('"E"', '"x"'),
        "a bookTicker without an event time, as spot's tickers and books are: .*capture the futures' stream",
    ),
    "a time of text": (GOOD.replace(f'"T":{SECONDS}001', '"T":"now"'), "the time is 'now'; it must be whole ms"),
    "a huge time": (GOOD.replace(f'"T":{SECONDS}', f'"T":{SECONDS}000000'), "it must be whole ms since the epoch"),
    "no levels": (depth(1, 20, 10, b=None), "of another form .*TypeError"),
    "half a level": (depth(1, 20, 10, b=[["9.5"]]), "of another form .*not enough values"),
    "data of another form": (line(1, {"stream": "x", "data": [1]}), "of another form .*AttributeError"),
    "half a snapshot": (snapshot(1, 2, bids=[], asks=None), "of another form .*TypeError"),
}


@pytest.mark.parametrize(("bad", "says"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_refused_by_its_number(tmp_path, bad, says):
    with pytest.raises(SourceError, match=f"^capture, line 2: .*{says}") as told:
        tape_of(tmp_path, GOOD, bad, GOOD)
    assert "\n" not in str(told.value)


def spot(ms, update, first, **sides):
    """A message of spot's book, which has no ``pu``."""
    sent = {"e": "depthUpdate", "E": SECONDS * 1000 + ms, "s": "BTCUSDT", "U": first, "u": update, "b": [], "a": []}
    return line(ms, {**sent, **sides})


def test_messages_that_tell_no_instant_are_dropped_and_counted_where_that_is_asked(tmp_path):
    untimed = line(2, {"u": 3, "s": "BTCUSDT", "b": "9.5", "B": "1", "a": "9.6", "A": "1"})
    book = line(3, {"lastUpdateId": 3, "bids": [["9.5", "1"]], "asks": [["9.6", "1"]]})
    lines = [trade(1, "9", "1"), untimed, book, untimed, trade(4, "9", "1")]
    source = written(tmp_path / "spot", "\n".join(lines))
    tape, report = ingest("binance", [source], on_bad_row="drop")
    assert (len(tape), report.rows) == (2, 5)
    assert report.dropped == {"bookTicker without an event time": 2, "book without an event time": 1}
    assert "5 rows, 3 dropped" in str(report)
    with pytest.raises(SourceError, match=r"bookTicker without an event time: 1"):
        ingest("binance", [written(tmp_path / "alone", untimed)], on_bad_row="drop")


def test_a_message_that_lacks_its_time_or_symbol_is_dropped_alone(tmp_path):
    timeless = trade(2, "9", "1").replace(f'"T":{SECONDS}002', '"T":null').replace(f'"E":{SECONDS}003', '"E":null')
    nameless = trade(3, "9", "1").replace('"BTCUSDT"', "null")
    event = trade(4, "9", "1").replace(f'"T":{SECONDS}004', '"T":null')
    source = written(tmp_path / "capture", "\n".join([trade(1, "9", "1"), timeless, nameless, event]))
    with pytest.raises(SourceError, match="line 2: a trade without an event time"):
        ingest("binance", [source])
    tape, report = ingest("binance", [source], on_bad_row="drop")
    assert len(tape) == 2
    assert report.dropped == {"trade without an event time": 1, "trade without a symbol": 1}
    assert tape.ts[1] - tape.ts[0] == 4 * MILLISECOND, "the time at which it was sent stands in"


def test_options_and_other_venues_are_named(tmp_path):
    for text, says in (
        (ticker(1, "9", "1", "9.5", "1").replace("BTCUSDT", "BTC-240927-60000-C"), "is an option, .* by a function of"),
        (line(1, {"type": "v2/ticker", "symbol": "C-BTC-90000-310125"}), "line 1: of Delta Exchange"),
    ):
        with pytest.raises(SourceError, match=says):
            tape_of(tmp_path, text)


def test_every_message_that_is_no_row_is_counted_by_what_it_is(tmp_path):
    lines = [
        trade(1, "9", "1"),
        binance(2, "aggTrade", p="9", q="1", m=True),
        line(3, {"result": None, "id": 1}),
        trade(4, "9", "1").replace("BTCUSDT", "ETHBTC"),
        trade(5, "9", "1", X="INSURANCE_FUND"),
    ]
    source = written(tmp_path / "capture", "\n".join(lines))
    tape, report = ingest("binance", [source], underlying="BTCUSDT")
    assert len(tape) == 1
    assert report.left_out == {
        "aggTrade messages": 1,
        "messages of no event": 1,
        "messages of other symbols": 1,
        "trades that met no order of the book": 1,
    }
    assert "4 left out (aggTrade messages: 1" in str(report)


def test_missing_updates_of_spots_book_are_refused(tmp_path):
    whole = [spot(1, 20, 11, b=[["9.5", "2"]]), spot(2, 30, 21, b=[["9.5", "3"]])]
    assert len(tape_of(tmp_path, *whole)) == 2
    with pytest.raises(SourceError, match="this one follows 21, and the last one here is 20"):
        tape_of(tmp_path, whole[0], spot(2, 30, 22, b=[["9.5", "3"]]))


BAD_VALUES = {
    "NaN": (ticker(2, "NaN", "1", "9", "1"), "column bid: nan .* breaks rule 'finite'"),
    "negative": (ticker(2, "-5", "1", "9", "1"), "breaks rule 'negative'"),
    "huge": (trade(2, "1e30", "1"), "column price: .* breaks rule 'whole'"),
    "crossed": (ticker(2, "9.1", "1", "9", "1"), "breaks rule 'crossed'"),
    "nothing traded": (trade(2, "9", "0"), "breaks rule 'trade'"),
    "a level at no price": (depth(2, 20, 10, b=[["0", "1"]]), "breaks rule 'zero'"),
}


@pytest.mark.parametrize(("bad", "says"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_a_bad_value_is_named_or_left_out(tmp_path, bad, says):
    with pytest.raises(TapeError, match=says):
        tape_of(tmp_path, GOOD, bad)
    kept, report = ingest("binance", [tmp_path / "capture"], on_bad_row="drop")
    assert (len(kept), sum(report.dropped.values())) == (1 + report.unknown, 1)


def test_files_that_hold_nothing_are_refused(tmp_path):
    whole = gzip.compress(BINANCE.encode())
    for name, data, says in (
        ("cut.gz", whole[:-9], "not a whole gzip file"),
        ("empty", b"", "the file is empty"),
        ("other", binance(1, "markPriceUpdate", p="1").encode(), "no quote or trade that a tape could hold"),
        ("binary", bytes(range(256)) * 9, "line 1: "),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match=says):
            ingest("binance", [tmp_path / name])
    with pytest.raises(SourceError, match="there is no such file"):
        ingest("binance", [tmp_path / "none"])


@pytest.fixture(scope="module")
def recorded(shared_data):
    source = shared_data / "binance_btcusdt_20240808" / "usdm_btcusdt_20240808.gz"
    return source, *ingest("binance", [source])


def test_a_recorded_capture_is_kept_whole(recorded, tmp_path):
    source, tape, report = recorded
    events, told = Counter(), {}
    with gzip.open(source) as file:
        for text in file:
            said = json.loads(text.partition(b" ")[2])
            if "lastUpdateId" in said:
                in_snapshot = {(side, level[0]) for side in ("bids", "asks") for level in said[side]}
                newer = {level for level, update in told.items() if update > said["lastUpdateId"]}
                events["snapshot"] += len(in_snapshot - newer)
                continue
            events[said["data"]["e"]] += 1
            for side in ("b", "a") if said["data"]["e"] == "depthUpdate" else ():
                events["level"] += len(said["data"][side])
                told |= {
                    ({"b": "bids", "a": "asks"}[side], level[0]): said["data"]["u"] for level in said["data"][side]
                }
    assert (events["bookTicker"], events["trade"], events["depthUpdate"]) == (66_089, 21_313, 6_551)
    assert (events["level"], events["snapshot"]) == (443_521, 1_960)
    assert not report.dropped
    kinds = np.bincount(tape.kind).tolist()
    assert (kinds[QUOTE], kinds[TRADE]) == (66_089, 21_313)
    assert kinds[DEPTH] == events["level"] + events["snapshot"]
    assert (tape.lot, tape.resolution) == (0.001, MILLISECOND)
    assert (tape.start, tape.end) == (1723161256_298_000_000, 1723161601_054_000_000)
    assert read_tape(write_tape(tape, tmp_path / "tape.parquet")).hash == tape.hash


def test_a_recorded_capture_has_the_spreads_and_the_slow_clock_that_it_had(recorded):
    _, tape, report = recorded
    spread = (tape.ask - tape.bid)[tape.kind == QUOTE]
    assert (spread.min(), np.median(spread)) == (100_000, 100_000)
    assert spread.mean() == pytest.approx(204_282, abs=1)
    assert -1_273 * MILLISECOND < report.clock.least < -1_272 * MILLISECOND
    assert report.clock.negative == 1.0
    assert trades_by_the_quote_before(tape) == {"at": 11_870, "inside": 36, "through": 9_382, "other": 25}


def test_the_recorded_levels_and_tickers_tell_of_one_book(recorded):
    """The best of the levels is the ticker's, but where a millisecond holds several of either."""
    _, tape, _ = recorded
    start = np.searchsorted(tape.ts, 1723161256_493_000_000, side="right")
    book = {1: {}, -1: {}}
    equal, crossed, instants = 0, 0, 0
    quote = int(np.flatnonzero(tape.kind[:start] == QUOTE)[-1])
    is_changed = False
    for row in range(start + 30_000):
        if tape.kind[row] == QUOTE:
            quote = row
        elif tape.kind[row] == DEPTH:
            is_changed = True
            book[int(tape.side[row])][int(tape.price[row])] = int(tape.size[row])
        if row >= start and is_changed and tape.ts[row] != tape.ts[row + 1]:
            is_changed = False
            bid = max(price for price, size in book[1].items() if size)
            ask = min(price for price, size in book[-1].items() if size)
            best = (bid, book[1][bid], ask, book[-1][ask])
            equal += best == tuple(int(x[quote]) for x in (tape.bid, tape.bid_size, tape.ask, tape.ask_size))
            crossed += bid >= ask
            instants += 1
    assert instants > 200
    assert crossed == 0
    assert equal > 0.9 * instants
