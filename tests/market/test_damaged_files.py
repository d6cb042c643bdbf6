"""Whatever bytes of a file are damaged, a reader makes a tape that keeps every rule, or says in one line why not."""

import gzip

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vendor_samples import BINANCE, OPTIONS, QUOTES, TRADES

from tradesim.errors import TradesimError
from tradesim.market.ingest import ingest
from tradesim.market.validation import check_tape

READER = """
import polars as pl

def read(path):
    return pl.scan_csv(path).select(
        (pl.col("timestamp") * 1000).alias("ts"), "price", side="side", size="amount", received=pl.col.local_timestamp
    )
"""
FILES = {
    "quotes": ("tardis", QUOTES.encode()),
    "trades": ("tardis", TRADES.encode()),
    "options": ("tardis", OPTIONS.encode()),
    "quotes.gz": ("tardis", gzip.compress(QUOTES.encode())),
    "capture": ("binance", BINANCE.encode()),
    "capture.gz": ("binance", gzip.compress(BINANCE.encode())),
    "own": ("my_reader.py:read", TRADES.encode()),
}

blows = st.tuples(
    st.sampled_from(["change", "insert", "delete", "cut", "repeat"]),
    st.floats(0, 1, exclude_max=True),
    st.one_of(
        st.binary(min_size=1, max_size=4), st.sampled_from([b"\n", b",", b"-", b"9", b"e9", b'"', b"nan", b"\xff"])
    ),
)


def damaged(data: bytes, damage: list[tuple[str, float, bytes]]) -> bytes:
    for blow, where, new in damage:
        at = int(where * len(data))
        match blow:
            case "change":
                data = data[:at] + new + data[at + len(new) :]
            case "insert":
                data = data[:at] + new + data[at:]
            case "delete":
                data = data[:at] + data[at + len(new) :]
            case "cut":
                data = data[:at]
            case "repeat":
                data = data[:at] + data[at : at + 99] + data[at:]
    return data


@pytest.mark.parametrize(("reader", "data"), FILES.values(), ids=FILES.keys())
@settings(max_examples=80)
@given(damage=st.lists(blows, min_size=1, max_size=3), drops=st.booleans())
@example(damage=[("cut", 0.0, b"x")], drops=False)
def test_damage_is_a_tape_or_one_line(tmp_path_factory, reader, data, damage, drops):
    folder = tmp_path_factory.getbasetemp()
    source = folder / "damaged"
    source.write_bytes(damaged(data, damage))
    if reader not in ("tardis", "binance"):
        own = folder / "my_reader.py"
        own.write_text(READER)
        reader = f"{own}:read"
    underlying = "IBM" if ":" in reader else None
    told = ""
    try:
        tape, report = ingest(reader, [source], underlying=underlying, on_bad_row="drop" if drops else "raise")
    except TradesimError as error:
        told = str(error)
    if told:
        assert "\n" not in told
        assert "damaged" in told
    else:
        check_tape(tape)
        ended = report.unknown + report.ends.closed + report.ends.expired
        assert len(tape) - ended + sum(report.dropped.values()) == report.rows
