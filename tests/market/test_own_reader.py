"""A reader of the user's own: one function, named as a file or a module, and a frame in plain units."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tradesim.errors import ArgumentError, SourceError, TapeError
from tradesim.market.chain import AMERICAN, CALL, PUT, Settlement
from tradesim.market.ingest import ingest
from tradesim.market.readers.frames import as_frame
from tradesim.market.readers.own import own_reader
from tradesim.market.tape import ADD, DEPTH, EXECUTE, QUOTE, REDUCE, TRADE
from tradesim.market.tape_file import read_tape, write_tape
from tradesim.units import SECOND, YEAR

START = int(datetime(2024, 3, 1, 15, tzinfo=UTC).timestamp()) * SECOND
EXPIRY = int(datetime(2024, 3, 15, 20, tzinfo=UTC).timestamp()) * SECOND
STOCK = f"""
import polars as pl

def read(path):
    return pl.LazyFrame(
        {{
            "ts": [{START}, {START + 5}, {START + 9}],
            "bid": [99.98, 99.99, None], "bid_size": [3, 2, None],
            "ask": [100.01, 100.02, None], "ask_size": [1, 1, None],
            "price": [None, None, 100.02], "size": [None, None, 200], "side": [None, None, "buy"],
        }}
    )
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("anything\n")
    return path


@pytest.fixture
def tape_of(tmp_path, source):
    """The tape of a reader that is written so; ``body`` alone is what it returns."""

    def made(text, *, sources=None, underlying="IBM", **options):
        if "def read" not in text:
            text = f"import polars as pl\nSTART, EXPIRY = {START}, {EXPIRY}\ndef read(path):\n    return {text}\n"
        reader = tmp_path / "my_reader.py"
        reader.write_text(text)
        return ingest(f"{reader}:read", sources or [source], underlying=underlying, **options)[0]

    return made


def test_a_frame_in_plain_units_is_a_tape(tape_of, tmp_path):
    tape = tape_of(STOCK)
    assert (tape.underlying, tape.currency, tape.lot, len(tape.chain)) == ("IBM", "USD", 1.0, 0)
    assert tape.source == "my_reader.py:read: quotes.csv"
    assert tape.kind.tolist() == [QUOTE, QUOTE, TRADE]
    assert (tape.bid[0], tape.ask[1], tape.price[2]) == (99_980_000, 100_020_000, 100_020_000)
    assert (tape.bid_size[0], tape.size[2], tape.side[2]) == (3, 200, 1)
    assert tape.received.tolist() == tape.ts.tolist() == [START, START + 5, START + 9]
    assert read_tape(write_tape(tape, tmp_path / "tape.parquet")).hash == tape.hash


OPTION = """pl.DataFrame(
    {
        "ts": [START, START, START + 1, START + 2],
        "contract": [None, "P90", "C110", "C110"],
        "strike": [None, 90, 110, None], "expiry": [None, EXPIRY, EXPIRY, None],
        "right": [None, "put", "Call", None], "style": [None, "american", "american", "american"],
        "multiplier": [None, 100, 100, 100], "forward": [None, None, 101.0, 102.0],
        "bid": [99.5, 1.25, 0.5, 0.505], "bid_size": [1.5, 2, 3, 4], "ask": [100.5, None, 0.6, None],
        "ask_size": [1.0, None, 7, None], "underlying": "XYZ", "currency": "EUR",
    }
)"""


def test_a_frame_tells_of_contracts_and_their_forwards(tape_of):
    tape = tape_of(OPTION, underlying=None, rate=0.03, dividend=0.01)
    chain = tape.chain
    assert (tape.underlying, tape.currency, tape.lot) == ("XYZ", "EUR", 0.1)
    assert chain.name == ("P90", "C110")
    assert (chain.strike.tolist(), chain.right.tolist()) == ([90.0, 110.0], [PUT, CALL])
    assert (chain.expiry.tolist(), chain.multiplier.tolist()) == ([EXPIRY, EXPIRY], [100, 100])
    assert (chain.style.tolist(), chain.settlement) == ([AMERICAN, AMERICAN], Settlement.QUOTE)
    assert tape.instrument.tolist() == [0, 1, 2, 2]
    assert tape.bid_size.tolist() == [15, 20, 30, 40]
    assert tape.ask_size.tolist() == [10, 0, 70, 0]
    left = (EXPIRY - START) / YEAR
    assert tape.carry.tolist() == pytest.approx([0.02, np.mean(np.log([1.01, 1.02])) / left], rel=1e-9)


PANDAS_OPTION = """
import pandas as pd
START, EXPIRY = {start}, {expiry}
def read(path):
    frame = pd.DataFrame(
        {{
            "ts": pd.to_datetime([START, START, START + 1, START + 2], utc=True).tz_convert("America/New_York"),
            "contract": [None, "P90", "C110", "C110"],
            "strike": [None, 90, 110, None], "expiry": pd.to_datetime([None, EXPIRY, EXPIRY, None]),
            "right": [None, "put", "Call", None],
            "style": pd.Categorical([None, "american", "american", "american"]),
            "multiplier": [None, 100, 100, 100], "forward": [None, None, 101.0, 102.0],
            "bid": [99.5, 1.25, 0.5, 0.505], "bid_size": [1.5, 2, 3, 4], "ask": [100.5, None, 0.6, None],
            "ask_size": [1.0, None, 7, None], "price": float("nan"), "side": None,
            "underlying": "XYZ", "currency": "EUR",
        }}
    )
    return {returned}
"""
RETURNED = {
    "pandas": "frame",
    "pandas, by its index": 'frame.set_index("ts")',
    "pandas, of nullable types": "frame.convert_dtypes()",
    "pandas, of objects": "frame.astype(object)",
    "Arrow": "__import__('pyarrow').Table.from_pandas(frame.convert_dtypes())",
    "Arrow, in batches": "__import__('pyarrow').Table.from_pandas(frame.convert_dtypes()).to_reader()",
}


@pytest.mark.parametrize("returned", RETURNED.values(), ids=RETURNED.keys())
def test_a_frame_of_another_package_is_the_same_tape(tape_of, returned):
    pytest.importorskip("pyarrow" if "pyarrow" in returned else "pandas")
    ours = tape_of(OPTION, underlying=None)
    theirs = tape_of(PANDAS_OPTION.format(start=START, expiry=EXPIRY, returned=returned), underlying=None)
    assert theirs.hash == ours.hash


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("[1, None, 3]", [1, None, 3]),
        ("[1.5, None, 3]", [1.5, None, 3.0]),
        ("[2.0**60, None]", [2.0**60, None]),
        ("pd.array([2**60 + 1, None], dtype='Int64')", [2**60 + 1, None]),
        ("pd.array(['a', None], dtype='string')", ["a", None]),
        ("[None, float('nan')]", [None, None]),
    ],
)
def test_what_is_missing_in_pandas_is_null_and_no_number_changes(values, found):
    pd = pytest.importorskip("pandas")
    frame = as_frame(pd.DataFrame({"x": eval(values, {"pd": pd})}))
    assert frame["x"].to_list() == found
    assert [type(value) for value in frame["x"]] == [type(value) for value in found]


def test_instants_of_pandas_keep_their_nanoseconds():
    pd = pytest.importorskip("pandas")
    instants = [pd.Timestamp(START + 1, tz="UTC"), None, pd.Timestamp(START + 2, tz="UTC")]
    for column in (pd.Series(instants), pd.Series(instants, dtype=object)):
        assert as_frame(pd.DataFrame({"ts": column}))["ts"].dt.epoch("ns").to_list() == [START + 1, None, START + 2]


def test_settlement_may_be_inverse(tape_of):
    inverse = OPTION.replace('"underlying"', '"settlement": "inverse", "underlying"')
    assert tape_of(inverse, underlying=None).chain.settlement is Settlement.INVERSE
    with pytest.raises(SourceError, match="column settlement is 'coin'; it must be quote or inverse"):
        tape_of(inverse.replace("inverse", "coin"), underlying=None)


@pytest.mark.parametrize(
    "times",
    [
        "pl.Series([datetime(2024, 3, 1, 15)])",
        "pl.Series([datetime(2024, 3, 1, 15)]).dt.cast_time_unit('ms')",
        "pl.Series([datetime(2024, 3, 1, 15)]).dt.cast_time_unit('ns')",
        "pl.Series([datetime(2024, 3, 1, 15)]).dt.replace_time_zone('UTC').dt.convert_time_zone('America/New_York')",
        f"pl.Series([{START}], dtype=pl.UInt64)",
    ],
)
def test_times_are_ns_or_datetimes(tape_of, times):
    frame = f'pl.DataFrame({{"ts": {times}, "bid": [1.0], "bid_size": [1]}})'
    tape = tape_of(f"import polars as pl\nfrom datetime import datetime\ndef read(path):\n    return {frame}\n")
    assert tape.ts.tolist() == [START]
    assert tape.resolution == 60 * SECOND


def test_deeper_rows_and_orders(tape_of):
    tape = tape_of(
        """pl.DataFrame({
            "ts": START, "kind": ["depth", "add", "reduce", "execute", "Trade"], "order": [None, 7, 7, 7, None],
            "price": 9.5, "size": [0, 5, 2, 3, 3], "side": ["bid", "ask", "ask", "ask", "sell"],
        })"""
    )
    assert tape.kind.tolist() == [DEPTH, ADD, REDUCE, EXECUTE, TRADE]
    assert tape.side.tolist() == [1, -1, -1, -1, -1]
    assert tape.order.tolist() == [0, 7, 7, 7, 0]


def test_an_index_has_no_sizes_and_rows_come_into_order(tape_of):
    tape = tape_of('pl.DataFrame({"ts": [START + 1, START], "bid": [10.5, 10.25], "ask": [10.5, 10.25]})')
    assert tape.bid.tolist() == tape.ask.tolist() == [10_250_000, 10_500_000]
    assert tape.bid_size.tolist() == tape.ask_size.tolist() == [1, 1]


def test_arithmetic_in_floats_is_forgiven_to_a_thousandth_of_a_micro(tape_of):
    tape = tape_of('pl.DataFrame({"ts": START, "bid": [0.1 + 0.2], "bid_size": [1]})')
    assert tape.bid.tolist() == [300_000]


def test_sources_are_read_one_by_one_and_a_choice_is_made(tape_of, tmp_path):
    for name in ("IBM", "ABC"):
        (tmp_path / name).write_text("x")
    frame = 'pl.DataFrame({"ts": START, "bid": [1.0], "bid_size": [1], "underlying": [path.name]})'
    both = [tmp_path / "IBM", tmp_path / "ABC"]
    assert tape_of(frame, sources=both, underlying="abc").underlying == "ABC"
    assert len(tape_of(frame, sources=both, underlying="abc")) == 1
    with pytest.raises(SourceError, match="quotes of ABC, IBM, and a tape holds one underlying"):
        tape_of(frame, sources=both, underlying=None)


def test_blank_rows_are_left_out_and_counted(tmp_path):
    (tmp_path / "quotes.csv").write_text(f"ts,price,size\n{START},9,1\n,,\n,,\n")
    (tmp_path / "my_reader.py").write_text("import polars as pl\n\ndef read(path):\n    return pl.scan_csv(path)\n")
    tape, report = ingest(f"{tmp_path / 'my_reader.py'}:read", [tmp_path / "quotes.csv"], underlying="IBM")
    assert (len(tape), report.left_out) == (1, {"blank rows": 2})


def test_a_function_of_a_module(tmp_path, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "firm_of_ours").mkdir()
    (tmp_path / "firm_of_ours" / "feeds.py").write_text(STOCK)
    assert len(ingest("firm_of_ours.feeds:read", [source], underlying="IBM")[0]) == 3
    with pytest.raises(ArgumentError, match=r"firm_of_ours\.absent: it cannot be imported: ModuleNotFoundError"):
        own_reader("firm_of_ours.absent:read")


BAD_NAMES = {
    ":read": "is named as my_reader.py:read or package.module:read",
    "my_reader.py:": "is named as",
    "my_reader.py:1": "is named as",
    "absent.py:read": "there is no such Python file; give a .py file that defines read",
    "no.such.module:read": "it cannot be imported: ModuleNotFoundError",
    "json:absent": "absent is missing; it must be a function: path -> polars LazyFrame",
    "json:__name__": "__name__ is str; it must be a function",
}


@pytest.mark.parametrize(("name", "says"), BAD_NAMES.items())
def test_what_is_no_function_is_refused(name, says):
    with pytest.raises(ArgumentError, match=says) as told:
        own_reader(name)
    assert "\n" not in str(told.value)


BAD_READERS = {
    "it fails": ("def read(path):\n    return 1 / 0\n", r"my_reader.py, line 2: the reader fails: ZeroDivisionError"),
    "it takes nothing": ("def read():\n    return 1\n", r"my_reader.py:read, quotes.csv: the reader fails: TypeError"),
    "it leaves": ("import sys\ndef read(path):\n    sys.exit(3)\n", "the reader fails: SystemExit: 3"),
    "no frame": ("1", "my_reader.py:read, quotes.csv: the reader returns int; it must return a polars LazyFrame"),
    "a lazy failure": ("pl.scan_csv(path).select('bid')", 'quotes.csv: the reader fails: ColumnNotFoundError: .*"bid"'),
    "no Parquet": ("pl.scan_parquet(path)", "quotes.csv: the reader fails: ComputeError"),
    "no rows": ('pl.DataFrame({"ts": pl.Series([], dtype=pl.Int64)})', "the tape is empty; it must have at least one"),
}


@pytest.mark.parametrize(("text", "says"), BAD_READERS.values(), ids=BAD_READERS.keys())
def test_a_function_that_fails_is_told_in_one_line(tape_of, text, says):
    with pytest.raises((ArgumentError, SourceError, TapeError), match=says) as told:
        tape_of(text)
    assert "\n" not in str(told.value)
    assert "plan" not in str(told.value)


A_CONTRACT = {"contract": "'A'", "strike": "9", "expiry": "EXPIRY", "right": "'put'", "style": "'american'"}
BAD_COLUMNS = {
    "no ts": ({"bid": "[1.0]"}, "column ts is missing"),
    "a missing instant": (
        {"ts": "[None, START]", **A_CONTRACT, "forward": "9.5"},
        "column ts: None breaks rule 'missing'",
    ),
    "an unknown column": (
        {"ts": "START", "bidd": "[1.0]"},
        "column bidd is unknown; leave it out, or give it a name of",
    ),
    "times of floats": ({"ts": "[1.5]"}, "column ts is Float64; it must be Int64, in ns since the epoch, or Datetime"),
    "times of text": ({"ts": "['now']"}, "column ts is String; it must be Int64, in ns"),
    "prices of text": ({"ts": "START", "bid": "['1.0']"}, "column bid is String; it must be Float64, a whole number"),
    "prices of short floats": (
        {"ts": "START", "bid": "pl.Series([1.1], dtype=pl.Float32)"},
        "column bid is Float32; it must be Float64",
    ),
    "contracts of numbers": ({"ts": "START", "contract": "[1]"}, "column contract is Int64; it must be String"),
    "orders of floats": ({"ts": "START", "order": "[1.5]"}, "column order is Float64; it must be Int64 or null"),
    "an unknown kind": ({"ts": "START", "kind": "['bid']"}, "column kind: 'bid'; it must be quote, trade, depth, add"),
    "an unknown side": (
        {"ts": "START", "side": "['up']"},
        "column side: 'up'; it must be buy, bid, sell, ask, unknown or null",
    ),
    "rights of numbers": ({"ts": "START", "right": "[1]"}, "column right is Int64; it must be text: call, put"),
    "no strike": ({"ts": "START", "contract": "['A']", "expiry": "EXPIRY"}, "column strike: contract A has none"),
    "no style": ({"ts": "START", **A_CONTRACT, "style": "None"}, "column style: contract A has none; it must have one"),
    "an underlying of numbers": ({"ts": "START", "underlying": "[1]"}, "column underlying is Int64; it must be String"),
    "two currencies": (
        {"ts": "START", "currency": "['USD', 'EUR']"},
        "column currency is EUR and USD; it must have one",
    ),
    "a far instant": ({"ts": "pl.Series([2**63 - 1])", "bid": "[1]", "bid_size": "[1]"}, "column ts: .* rule 'large'"),
    "NaN": ({"ts": "START", "bid": "[float('nan')]", "bid_size": "[1]"}, "column bid: nan .* breaks rule 'finite'"),
    "negative": ({"ts": "START", "bid": "[-1.0]", "bid_size": "[1]"}, "column bid: -1000000 .* breaks rule 'negative'"),
    "huge": ({"ts": "START", "bid": "[1e12]", "bid_size": "[1]"}, "column bid: .* breaks rule 'whole'"),
    "half": ({"ts": "START", "bid": "[1.0]", "ask_size": "[1]"}, "breaks rule 'half'"),
    "finer than a micro": ({"ts": "START", "price": "[0.1234567]", "size": "[1]"}, "column price: .* rule 'whole'"),
    "finer than a lot": ({"ts": "START", "price": "[1]", "size": "[1 / 3]"}, "column size: .* breaks rule 'whole'"),
}


@pytest.mark.parametrize(("columns", "says"), BAD_COLUMNS.values(), ids=BAD_COLUMNS.keys())
def test_a_bad_column_is_named_with_its_file(tape_of, columns, says):
    frame = ", ".join(f'"{name}": {value}' for name, value in columns.items())
    with pytest.raises((SourceError, TapeError), match=f"^my_reader.py:read, quotes.csv.* {says}") as told:
        tape_of(f"pl.DataFrame({{{frame}}})")
    assert "\n" not in str(told.value)


def test_an_underlying_must_be_named(tape_of):
    with pytest.raises(SourceError, match="nothing says which underlying it is; name it"):
        tape_of(STOCK, underlying=None)


def test_the_example_of_the_readme_reads(tape_of, tmp_path):
    readme = Path(__file__).parents[2] / "README.md"
    (example,) = re.findall(r"```python\n([^`]*def read\(path\)[^`]*)```", readme.read_text())
    quotes = tmp_path / "my_quotes.csv"
    quotes.write_text(f"ms,bid,bid_size,ask,ask_size\n{START // 10**6},99.5,3,99.75,1\n{START // 10**6 + 1},99.5,3,,\n")
    tape = tape_of(example, sources=[quotes])
    assert (tape.ts - START).tolist() == [0, 10**6]
    assert (tape.bid.tolist(), tape.ask_size.tolist()) == ([99_500_000] * 2, [1, 0])


def test_it_reads_a_vendors_file_as_its_reader_does(tape_of, shared_data):
    source = shared_data / "tardis_binance_20200222" / "quotes.csv.gz"
    best = ", ".join(f'{side}="{side}_price", {side}_size="{side}_amount"' for side in ("bid", "ask"))
    stamps = 'ts=pl.col("timestamp") * 1000, received=pl.col("local_timestamp") * 1000'
    own = tape_of(
        f"pl.scan_csv(path).select({stamps}, {best}, currency=pl.lit('USDT'), calendar=pl.lit('24/7'))",
        sources=[source],
        underlying="BTCUSDT",
    )
    assert own.hash == ingest("tardis", [source])[0].hash


def test_a_module_that_fails_is_blamed_by_its_line(tmp_path, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "feeds_of_mine.py").write_text("def read(path):\n    return path.absent\n")
    with pytest.raises(ArgumentError, match=r"feeds_of_mine\.py, line 2: the reader fails: AttributeError"):
        ingest("feeds_of_mine:read", [source], underlying="IBM")


def test_a_missing_source_is_refused_before_the_function_sees_it(tape_of, tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        tape_of(STOCK, sources=[tmp_path / "absent.csv"])


def test_the_underlying_has_a_multiplier_of_its_own(tape_of):
    assert tape_of(OPTION, underlying=None).unit == 1
    stated = OPTION.replace('"multiplier": [None', '"multiplier": [50')
    assert tape_of(stated, underlying=None).unit == 50
    two = stated.replace('"contract": [None, "P90", "C110", "C110"]', '"contract": [None, None, None, None]')
    with pytest.raises(SourceError, match="column multiplier: the underlying has 2 of them; it must have one"):
        tape_of(two, underlying=None)


SESSIONS = """pl.DataFrame(
    {
        "ts": [START, START + 1, START + 5, START + 9], "contract": [None, "C", "C", "C"],
        "strike": 90, "expiry": EXPIRY, "right": "call", "style": "european",
        "bid": 99.0, "bid_size": 1, "ask": 101.0, "ask_size": 1,
        "opens": [None, START, START, START + 8], "closes": [None, START + 6, START + 6, START + 20],
    }
)"""


def test_a_column_states_the_sessions(tape_of, tmp_path):
    tape = tape_of(SESSIONS)
    assert tape.hours == ((START, START + 6), (START + 8, START + 20))
    assert tape.ts[tape.bid_size == 0].tolist() == [START + 6] * 2
    assert read_tape(write_tape(tape, tmp_path / "tape.parquet")).hash == tape.hash


def test_a_constant_or_an_option_names_the_calendar(tape_of):
    stated = tape_of(SESSIONS.replace('"bid": 99.0', '"calendar": "XNYS", "bid": 99.0'))
    assert stated.hours == tape_of(STOCK, calendar="XNYS").hours == ((START - 1_800 * SECOND, START + 21_600 * SECOND),)
    assert tape_of(STOCK).hours == tape_of(SESSIONS, calendar="").hours[:0] == ()
    with pytest.raises(ArgumentError, match="calendar is 'NYSE!'"):
        tape_of(STOCK, calendar="NYSE!")


def test_a_contract_states_how_it_is_settled(tape_of, tmp_path):
    contracts = OPTION.replace(
        '"bid": [99.5', '"settles": [None, None, "open", None], "settled": [None, 98.5, None, None], "bid": [99.5'
    )
    tape = tape_of(contracts, underlying="XYZ")
    assert tape.chain.morning.tolist() == [name == "C110" for name in tape.chain.name]
    assert tape.settled[tape.chain.name.index("P90")] == 98.5
    again = read_tape(write_tape(tape, tmp_path / "tape.parquet"))
    assert (again.hash, np.isnan(again.settled).sum()) == (tape.hash, 1)
    assert tape_of(OPTION, underlying="XYZ").settled is None


def test_a_future_may_cost_less_than_nothing_where_the_reader_says_so(tape_of):
    future = STOCK.replace("99.98, 99.99", "-37.63, -0.01").replace("100.01, 100.02", "0.0, 0.01")
    with pytest.raises(TapeError, match="negative"):
        tape_of(future)
    tape = tape_of(future.replace('"bid"', '"prices": "any", "bid"', 1))
    assert (tape.signed, tape.bid.tolist()[:2], tape.ask[0]) == (True, [-37_630_000, -10_000], 0)
    with pytest.raises(SourceError, match="column prices is 'all'; it must be positive or any"):
        tape_of(future.replace('"bid"', '"prices": "all", "bid"', 1))
