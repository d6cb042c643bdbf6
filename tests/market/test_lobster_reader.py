"""LOBSTER pairs: the tape's orders add up to the book that the files show, at every instant."""

import gzip
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from damage import assert_a_plain_error_or_a_tape, damaged
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lobster_day import CANCELLATION, CROSS, DAY_NAME, DELETION, EXECUTION, HALT, HIDDEN, SUBMISSION, Day

from tradesim.errors import SourceError, TapeError
from tradesim.market.ingest import ingest
from tradesim.market.tape import ADD, EXECUTE, QUOTE, REDUCE, TRADE, Tape
from tradesim.units import SECOND

MIDNIGHT = int(datetime(2012, 6, 21, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND
MESSAGE, BOOK = (f"{DAY_NAME}_{table}_1.csv" for table in ("message", "orderbook"))


def tape_of(day: Day) -> Tape:
    with tempfile.TemporaryDirectory() as folder:
        return ingest("lobster", day.write(Path(folder)))[0]


def replayed(tape: Tape):
    """Row by row: the instant, what the rows of orders add up to by side and price, and the quote that stands."""
    orders: dict[int, list[int]] = {}
    quote = None
    for row in range(len(tape)):
        kind, order, size = int(tape.kind[row]), int(tape.order[row]), int(tape.size[row])
        where = [int(tape.side[row]), int(tape.price[row])]
        if kind == ADD:
            assert order not in orders
            orders[order] = [*where, size]
        elif kind in {REDUCE, EXECUTE}:
            assert orders[order][:2] == where
            assert size <= orders[order][2]
            orders[order][2] -= size
            if not orders[order][2]:
                del orders[order]
        elif kind == QUOTE:
            quote = (tape.bid[row], tape.bid_size[row], tape.ask[row], tape.ask_size[row])
        levels: dict[tuple[int, int], int] = {}
        for side, price, left in orders.values():
            levels[side, price] = levels.get((side, price), 0) + left
        yield int(tape.ts[row]), levels, quote


def best(levels, side):
    prices = [price for its, price in levels if its == side]
    if not prices:
        return 0, 0
    price = max(prices, key=lambda price: side * price)
    return price, levels[side, price]


days = st.builds(
    Day,
    st.integers(0, 2**31),
    count=st.integers(1, 120),
    levels=st.integers(1, 6),
    before=st.integers(0, 60),
    spread=st.integers(2, 12),
)


@given(days)
@settings(max_examples=60)
@example(Day(1, count=2_000, levels=2, before=40, spread=5))
def test_at_every_instant_the_quote_is_the_best_of_the_orders_and_the_levels_in_sight_are_theirs(day):
    tape = tape_of(day)
    instants = [MIDNIGHT + message[0] for message in day.messages]
    last = {ts: row for row, ts in enumerate(instants)}
    says = {row: message[4] for row, message in enumerate(day.messages) if message[1] == HALT}
    states = {ts: (levels, quote) for ts, levels, quote in replayed(tape)}
    halted = False
    for row, ts in enumerate(instants):
        halted = {-1: True, 1: False}.get(says.get(row), halted)
        if last[ts] != row or ts not in states:
            continue
        levels, quote = states[ts]
        for side, shown in zip((1, -1), day.tops[row], strict=True):
            for price, size in shown:
                assert levels[side, price * 100] == size
            farthest = shown[-1][0] if len(shown) == day.levels else -side * 10**10
            between = {price for its, price in levels if its == side and side * (price - farthest * 100) >= 0}
            assert between == {price * 100 for price, _ in shown}
        (bid, bid_size), (ask, ask_size) = best(levels, 1), best(levels, -1)
        there = (bid if bid_size else 0, bid_size, ask if ask_size else 0, ask_size)
        assert quote == ((0, 0, 0, 0) if halted else there)


@given(days)
@settings(max_examples=30)
def test_every_message_is_told_once_with_its_instant_number_and_lots(day):
    tape = tape_of(day)
    submitted = [(MIDNIGHT + m[0], m[2], m[3], m[4] * 100, m[5]) for m in day.messages if m[1] == SUBMISSION]
    known = np.isin(tape.order, [number for _, number, *_ in submitted]) & (tape.kind == ADD)
    columns = (tape.ts, tape.order, tape.size, tape.price, tape.side)
    assert list(zip(*(column[known].tolist() for column in columns), strict=True)) == submitted
    executed = sum(m[3] for m in day.messages if m[1] == EXECUTION)
    assert tape.size[tape.kind == EXECUTE].sum() == executed
    trades = [(-m[5] if m[1] == HIDDEN else 0, m[3]) for m in day.messages if m[1] in {HIDDEN, CROSS} and m[3]]
    is_trade = tape.kind == TRADE
    assert list(zip(tape.side[is_trade].tolist(), tape.size[is_trade].tolist(), strict=True)) == trades


@given(st.integers(0, 2**31))
@settings(max_examples=20)
def test_orders_that_the_files_tell_in_full_keep_their_numbers(seed):
    """With all levels in sight from an empty book on, no order is unseen."""
    whole = Day(seed, count=60, levels=60, before=0)
    tape = tape_of(whole)
    told = {m[2] for m in whole.messages if m[1] in {SUBMISSION, CANCELLATION, DELETION, EXECUTION}}
    assert set(tape.order[tape.order > 0].tolist()) == told
    assert "set by its order book" not in tape.source


def write(folder: Path, messages: str | bytes, books: str) -> list[Path]:
    paths = [folder / MESSAGE, folder / BOOK]
    for path, text in zip(paths, (messages, books), strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogateescape"))
    return paths


MESSAGES = """\
34200.004241176,1,16113575,18,5853300,1
34200.004260640,1,16113584,18,5853200,-1
34200.004447484,4,16113575,10,5853300,1
34200.025551909,3,16113584,18,5853200,-1
34200.1,5,0,7,5853250,-1
34200.2,6,-1,300,5853000,1
"""
BOOKS = """\
9999999999,0,5853300,18
5853200,18,5853300,18
5853200,18,5853300,8
5853200,0,5853300,8
5853200,0,5853300,8
5853200,0,5853300,8
""".replace("5853200,0", "9999999999,0")


def test_a_pair_by_hand(tmp_path):
    uncrossed = [text.replace("5853200", "5853400") for text in (MESSAGES, BOOKS)]
    tape, report = ingest("lobster", write(tmp_path, *uncrossed), rate=0.01)
    assert (tape.underlying, tape.currency, tape.rate, len(tape.chain)) == ("TEST", "USD", 0.01, 0)
    assert tape.ts[0] == MIDNIGHT + 34_200_004_241_176
    assert tape.kind.tolist() == [ADD, QUOTE, ADD, QUOTE, EXECUTE, QUOTE, REDUCE, QUOTE, TRADE, TRADE]
    assert tape.side.tolist() == [1, 0, -1, 0, 1, 0, -1, 0, 1, 0]
    assert tape.price[tape.price > 0].tolist() == [
        *(585_330_000, 585_340_000, 585_330_000, 585_340_000),
        *(585_325_000, 585_300_000),
    ]
    quotes = tape.kind == QUOTE
    assert tape.bid_size[quotes].tolist() == [18, 18, 8, 8]
    assert tape.ask_size[quotes].tolist() == [0, 18, 18, 0]
    assert report.clock.recorded == 0.0


def test_a_seventh_column_is_not_read(tmp_path):
    day = Day(5, count=40)
    paths = day.write(tmp_path)
    plain = ingest("lobster", paths)[0]
    lines = [f"{line},null" for line in day.message_lines()]
    paths[0].write_text("\n".join(lines))
    assert ingest("lobster", paths)[0].hash == plain.hash
    paths[0].write_text("\n".join([*lines[:-1], day.message_lines()[-1]]))
    with pytest.raises(SourceError, match="line 40: 6 columns; it must have 7"):
        ingest("lobster", paths)


def test_a_crossed_book_breaks_a_rule_of_the_tape(tmp_path):
    with pytest.raises(TapeError, match="rule 'crossed'"):
        ingest("lobster", write(tmp_path, MESSAGES, BOOKS))


def test_during_a_halt_nothing_can_be_traded_with(tmp_path):
    submit = "34200.{},1,{},10,{},{}"
    messages = [submit.format(1, 1, 99_0000, 1), submit.format(2, 2, 101_0000, -1)]
    messages += ["34200.3,7,0,0,-1,-1", submit.format(4, 3, 100_0000, 1), "34200.5,7,0,0,0,-1", "34200.6,7,0,0,1,-1"]
    books = ["9999999999,0,990000,10", *["1010000,10,990000,10"] * 2, *["1010000,10,1000000,10"] * 3]
    tape = ingest("lobster", write(tmp_path, "\n".join(messages), "\n".join(books)))[0]
    quotes = tape.kind == QUOTE
    assert tape.bid_size[quotes].tolist() == [10, 10, 0, 10]
    assert tape.bid[quotes][[0, 1, 3]].tolist() == [99_000_000, 99_000_000, 100_000_000]
    assert (tape.ts[quotes] - MIDNIGHT - 34_200 * SECOND).tolist() == [10**8, 2 * 10**8, 3 * 10**8, 6 * 10**8]


def test_a_pair_may_be_packed(tmp_path):
    day = Day(7, count=50)
    paths = day.write(tmp_path)
    plain = ingest("lobster", paths)[0]
    packed = tmp_path / "day.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("LOBSTER_SampleFiles_ReadMe.txt", "notes")
        for path in paths:
            archive.write(path, f"folder/{path.name}")
    gzipped = [path.with_name(path.name + ".gz") for path in paths]
    for path, own in zip(gzipped, paths, strict=True):
        path.write_bytes(gzip.compress(own.read_bytes()))
    assert ingest("lobster", [packed])[0].hash == plain.hash
    assert ingest("lobster", gzipped[::-1])[0].hash == plain.hash
    assert ingest("lobster", [paths[1], paths[0]])[0].hash == plain.hash


def changed(old: str, new: str):
    return MESSAGES.replace(old, new, 1), BOOKS


MALFORMED = {
    "no message": (("", BOOKS), "the file is empty"),
    "no book": ((MESSAGES, ""), "the file is empty"),
    "a line short": ((MESSAGES, BOOKS.rsplit("\n", 2)[0]), "5 lines, and .* has 6"),
    "truncated": ((MESSAGES[:-12], BOOKS), "line 6: 4 columns; it must have 6"),
    "a header": (("time,type,order,size,price,direction\n" + MESSAGES, BOOKS), "line 1: time is 'time'"),
    "a garbage line": (changed("34200.025551909,3", "#!?"), "line 4: 5 columns; it must have 6"),
    "a blank line": (changed("34200.1", "\n34200.1"), "line 5: 1 columns"),
    "NaN": (changed("34200.1", "NaN"), "line 5: time is 'NaN'"),
    "a tenth decimal": (changed("34200.1", "34200.1234567891"), "line 5: time is '34200.1234567891'"),
    "back in time": (changed("34200.1", "34199.1"), "line 5: time is '34199.1'; it must be not before the line above"),
    "after midnight": (changed("34200.2", "86400.2"), "seconds after midnight"),
    "an unknown type": (changed(",5,0", ",8,0"), "line 5: type is '8'; it must be 1 to 7"),
    "a negative size": (changed(",18,", ",-18,"), "line 1: size is '-18'"),
    "a huge size": (changed(",18,", ",99999999999999,"), "line 1: size is"),
    "a huger size": (changed(",18,", ",99999999999999999999,"), "line 1: size is"),
    "a price of nothing": (changed("5853300", "0"), "line 1: price is '0'"),
    "a negative price": (changed("5853300", "-5853300"), "line 1: price is '-5853300'"),
    "a fraction of a price": (changed("5853300", "585.33"), "line 1: price is '585.33'; it must be a whole number"),
    "no direction": (changed("5853300,1", "5853300,0"), "line 1: direction is '0'; it must be 1 or -1"),
    "an order submitted twice": (changed("16113584", "16113575"), "line 2: order is '16113575'; it must be a number"),
    "another day's book": ((MESSAGES, BOOKS.replace("18\n", "19\n")), "line 1: the level of the message|so on"),
    "a hole in the book": ((MESSAGES, BOOKS.replace("5853300,8", "5853300,0")), "line 3: level 1 of the bids"),
    "columns of more levels": ((MESSAGES, BOOKS.replace("\n", ",1,2,3,4\n")), "line 1: 8 columns; it must have 4"),
    "binary": ((b"\x00\xff\xfe" * 40, BOOKS), "line 1: 1 columns"),
    "not UTF-8": (changed("34200.1", "34200\udcff1"), "line 5: not text in UTF-8"),
}


@pytest.mark.parametrize(("texts", "said"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_pair_is_refused_by_file_and_line_and_nothing_is_written(tmp_path, texts, said):
    paths = write(tmp_path, *texts)
    with pytest.raises(SourceError, match=said) as caught:
        ingest("lobster", paths, output=tmp_path / "tape.parquet")
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((MESSAGE,), "1 message and 0 order book files"),
        ((MESSAGE, BOOK.replace("06-21", "06-22")), "of 2 days"),
        ((MESSAGE, BOOK.replace("_1.csv", "_2.csv")), "as many levels"),
        ((MESSAGE, "book.csv"), "the name must be of the form"),
        ((MESSAGE.replace("06-21", "06-31"), BOOK.replace("06-21", "06-31")), "20120631 is not a date"),
    ],
)
def test_files_that_are_no_pair_are_refused(tmp_path, names, said):
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_text(MESSAGES if "message" in path.name else BOOKS)
    with pytest.raises(SourceError, match=said):
        ingest("lobster", paths)


def test_an_archive_of_another_kind_is_named(tmp_path):
    path = tmp_path / "day.7z"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(SourceError, match="a 7z archive, which this reader does not open; unpack it first"):
        ingest("lobster", [path])


def test_a_line_in_a_hundred_may_disagree_with_its_book_and_is_told(tmp_path):
    day = Day(3, count=400, levels=3)
    messages, books = day.message_lines(), day.book_lines()
    at = next(row for row in range(200, 400) if ",1," in messages[row][15:18])
    fields = messages[at].split(",")
    messages[at] = ",".join([*fields[:3], str(int(fields[3]) + 5), *fields[4:]])
    paths = day.write(tmp_path)
    paths[0].write_text("\n".join(messages))
    assert ingest("lobster", paths)[0].source.endswith("levels set by its order book")
    paths[1].write_text("\n".join(books[1:] + books[:1]))
    with pytest.raises(SourceError, match=r"give the order book of the same messages"):
        ingest("lobster", paths)


DAMAGED = Day(11, count=30, levels=2)


@given(st.data())
@settings(max_examples=150)
def test_damage_gives_a_plain_error_or_a_tape(data):
    which = data.draw(st.integers(0, 1))
    with tempfile.TemporaryDirectory() as folder:
        paths = DAMAGED.write(Path(folder))
        paths[which].write_bytes(data.draw(damaged(paths[which].read_bytes())))
        assert_a_plain_error_or_a_tape("lobster", paths)
