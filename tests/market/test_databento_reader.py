"""Databento's files: what their records become, which options the definitions give, and how others are refused."""

import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from damage import assert_a_plain_error_or_a_tape, damaged
from dbn_files import CALL_ID, START, STOCK, cmbp1, definition, mbp1, price, write
from hypothesis import given, settings
from hypothesis import strategies as st

from tradesim.errors import PackageError, SourceError, TapeError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT
from tradesim.market.ingest import ingest
from tradesim.market.readers.dbn import read_dbn
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING
from tradesim.market.tape_file import read_tape
from tradesim.units import DAY, MILLISECOND, SECOND

ES_FILE = "futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
PUT_ID = 99


def stock(folder, *records):
    return write(folder / "stock.dbn", "mbp-1", records or [mbp1(0, 249.99, 250.01)], names={STOCK: "AAPL"})


def options(folder, *records):
    return write(folder / "options.dbn", "cmbp-1", records, dataset="OPRA.PILLAR")


def defined(folder, *records):
    return write(folder / "definitions.dbn", "definition", records, dataset="OPRA.PILLAR")


CALL_TERMS = (CALL_ID, "AAPL  250221C00250000", "C", 250.0)
PUT_TERMS = (PUT_ID, "AAPL  250321P00247500", "P", 247.5)


def test_a_record_is_a_quote_where_the_best_changes_and_a_trade_has_who_came(tmp_path):
    records = [
        mbp1(0, 100.0, 100.25),
        mbp1(10, 100.0, 100.25, action="T", side="B", trade=100.25, size=2),
        mbp1(10, 100.0, 100.25, sizes=(3, 2), action="C", side="A"),
        mbp1(20, 100.0, 100.25, sizes=(3, 2), action="T", side="A", trade=100.0, size=3),
        mbp1(20, None, 100.25, sizes=(0, 2), action="C"),
        mbp1(30, None, 100.25, sizes=(0, 2), action="T", side="N", trade=100.1),
        mbp1(40, None, None, sizes=(0, 0), action="R", side="N"),
        mbp1(50, 0.0, 100.25, sizes=(5, 2)),
    ]
    tape = ingest("databento", [stock(tmp_path, *records)], rate=0.02)[0]
    assert (tape.underlying, tape.currency, tape.rate, len(tape.chain)) == ("AAPL", "USD", 0.02, 0)
    assert (tape.ts - START).tolist() == [0, 10, 10, 20, 20, 30, 40, 50]
    assert np.all(tape.received == tape.ts + 5)
    assert tape.kind.tolist() == [QUOTE, TRADE, QUOTE, TRADE, QUOTE, TRADE, QUOTE, QUOTE]
    trades, quotes = tape.kind == TRADE, tape.kind == QUOTE
    assert tape.side[trades].tolist() == [1, -1, 0]
    assert tape.price[trades].tolist() == [100_250_000, 100_000_000, 100_100_000]
    assert tape.size[trades].tolist() == [2, 3, 1]
    assert tape.bid_size[quotes].tolist() == [3, 3, 0, 0, 0]
    assert tape.ask_size[quotes].tolist() == [4, 2, 2, 0, 2]


def test_options_are_those_quoted_and_defined_with_the_terms_of_their_definitions(tmp_path):
    sources = [
        options(
            tmp_path, cmbp1(1, 2.0, 2.1), cmbp1(2, 1.0, 1.05, number=PUT_ID), cmbp1(3, 2.0, 2.1, action="T", trade=2.05)
        ),
        defined(
            tmp_path,
            definition(*CALL_TERMS[:3], 1.0),
            definition(*PUT_TERMS, expiration="2025-03-21T00:00:00"),
            definition(*CALL_TERMS),
            definition(1, "AAPL  250221C00255000", "C", 255.0),
        ),
        stock(tmp_path),
    ]
    tape = ingest("databento", sources)[0]
    chain = tape.chain
    assert chain.name == ("AAPL  250221C00250000", "AAPL  250321P00247500")
    assert (chain.strike.tolist(), chain.right.tolist()) == ([250.0, 247.5], [CALL, PUT])
    assert (chain.style.tolist(), chain.multiplier.tolist()) == ([AMERICAN, AMERICAN], [100, 100])
    closes = [datetime(2025, month, 21, 16, tzinfo=ZoneInfo("America/New_York")) for month in (2, 3)]
    assert chain.expiry.tolist() == [int(close.timestamp()) * SECOND for close in closes]
    assert tape.instrument.tolist() == [UNDERLYING, 1, 2, 1]
    assert tape.kind.tolist() == [QUOTE, QUOTE, QUOTE, TRADE]
    assert (tape.bid[1], tape.ask_size[2], tape.price[3]) == (2_000_000, 40, 2_050_000)


def test_options_on_a_future_have_the_venues_expiry_multiplier_and_style(tmp_path):
    numbers = {1: "ESU4", 2: "ESU4 C5500", 3: "EW1U4 P5400"}
    es = {"underlying": "ESU4", "unit_of_measure_qty": price(50), "expiration": "2025-03-21T13:30:00"}
    records = [mbp1(0, 5_000.25, 5_000.5, number=1), *(mbp1(1, 10.0, 10.25, number=n) for n in (2, 3))]
    sources = [
        write(tmp_path / "cme.dbn", "mbp-1", records, dataset="GLBX.MDP3", names=numbers),
        write(
            tmp_path / "definitions.dbn",
            "definition",
            [
                definition(1, "ESU4", "F", None, underlying=""),
                definition(2, numbers[2], "C", 5_500.0, cfi="OCAFPS", **es),
                definition(3, numbers[3], "P", 5_400.0, cfi="OPEFPS", **es),
            ],
            dataset="GLBX.MDP3",
        ),
    ]
    tape = ingest("databento", sources)[0]
    assert tape.underlying == "ESU4"
    assert tape.chain.name == (numbers[3], numbers[2])
    assert (tape.unit, tape.chain.multiplier.tolist()) == (50, [50, 50])
    assert tape.chain.style.tolist() == [EUROPEAN, AMERICAN]
    assert set(tape.chain.expiry.tolist()) == {
        int(datetime.fromisoformat("2025-03-21T13:30:00+00:00").timestamp()) * SECOND
    }


def test_adjusted_and_undefined_contracts_are_left_out_and_counted(tmp_path):
    sources = [
        options(tmp_path, *(cmbp1(1, 2.0, 2.1, number=number) for number in (CALL_ID, 3, 4))),
        defined(tmp_path, definition(*CALL_TERMS), definition(3, "AAPL1 250221C00250000", "C", 250.0)),
        stock(tmp_path),
    ]
    tape, report = ingest("databento", sources)
    assert len(tape.chain) == 1
    assert tape.source.endswith("without 2 contracts that are adjusted or not defined")
    assert report.left_out == {"records of contracts that are adjusted or not defined": 2}


def test_an_instrument_id_means_one_thing_a_dataset(tmp_path):
    sources = [
        options(tmp_path, cmbp1(1, 2.0, 2.1, number=STOCK)),
        defined(tmp_path, definition(STOCK, *CALL_TERMS[1:])),
        stock(tmp_path),
    ]
    assert ingest("databento", sources)[0].instrument.tolist() == [UNDERLYING, 1]


def test_of_several_underlyings_one_is_chosen(tmp_path):
    records = [mbp1(0, 10.0, 11.0), mbp1(1, 20.0, 21.0, number=8)]
    source = write(tmp_path / "two.dbn", "mbp-1", records, names={STOCK: "AAPL", 8: "MSFT"})
    with pytest.raises(SourceError, match="quotes of AAPL, MSFT, and a tape holds one underlying"):
        ingest("databento", [source])
    assert ingest("databento", [source], underlying="msft")[0].bid.tolist() == [20_000_000]
    other = write(tmp_path / "other.dbn", "mbp-1", [mbp1(0, 30.0, 31.0)], dataset="GLBX.MDP3", names={STOCK: "ESH5"})
    assert ingest("databento", [source, other], underlying="ESH5")[0].bid.tolist() == [30_000_000]


def test_what_makes_no_tape_is_said_in_a_line(tmp_path):
    far = {"expiration": "2025-03-21T00:00:00"}
    bad = {
        "a strike": (definition(*CALL_TERMS[:3], None), "has strike None"),
        "a multiplier": (definition(*CALL_TERMS, unit_of_measure_qty=price(0.5)), "multiplier None"),
    }
    for record, said in bad.values():
        with pytest.raises(SourceError, match=said):
            ingest("databento", [defined(tmp_path, record), stock(tmp_path)])
    quotes = options(tmp_path, cmbp1(1, 2.0, 2.1))
    with pytest.raises(SourceError, match="quotes of options that no file defines"):
        ingest("databento", [quotes])
    with pytest.raises(SourceError, match="quotes of options on AAPL, and none of that itself"):
        ingest("databento", [quotes, defined(tmp_path, definition(*CALL_TERMS))])
    with pytest.raises(SourceError, match="no quote or trade that a tape could hold"):
        ingest("databento", [defined(tmp_path, definition(*CALL_TERMS, **far))])
    with pytest.raises(SourceError, match=r"bid_px_00 of instrument 7 is 100000000001 x 1e-9"):
        ingest("databento", [stock(tmp_path, mbp1(0, 100.000000001, 101.0))])
    with pytest.raises(SourceError, match="books of several venues in one"):
        ingest("databento", [stock(tmp_path, mbp1(0, 1.0, 2.0), mbp1(1, 1.0, 2.0, publisher=3))])
    with pytest.raises(SourceError, match="of schema trades; this reader takes mbp-1, cmbp-1, definition"):
        ingest("databento", [write(tmp_path / "trades.dbn", "trades", [])])
    euros = definition(PUT_ID, "X", "P", 1.0, currency="EUR")
    both = options(tmp_path, cmbp1(1, 2.0, 2.1), cmbp1(1, 2.0, 2.1, number=PUT_ID))
    with pytest.raises(SourceError, match="prices in EUR, USD; a tape is in one currency"):
        ingest("databento", [both, defined(tmp_path, definition(*CALL_TERMS), euros), stock(tmp_path)])


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (mbp1(0, -37.63, -37.5), "negative"),
        (mbp1(0, 101.0, 100.0), "crossed"),
        (mbp1(0, 2e9, 3e9), "large"),
        (mbp1(0, 1.0, 2.0, action="T", trade=None), "half"),
    ],
)
def test_impossible_numbers_break_a_rule_of_the_tape_and_nothing_is_written(tmp_path, record, rule):
    source = stock(tmp_path, mbp1(0, 1.0, 2.0), record)
    with pytest.raises(TapeError, match=f"rule '{rule}'"):
        ingest("databento", [source], output=tmp_path / "tape.parquet")
    assert list(tmp_path.iterdir()) == [source]


def test_files_that_are_no_dbn_are_refused(tmp_path):
    whole = stock(tmp_path).read_bytes()
    cases = {
        "missing": (None, "there is no such file"),
        "empty": (b"", "the file is empty"),
        "text": (b"ts_recv,ts_event\n1,2\n", "not a whole DBN file"),
        "binary": (bytes(range(256)), "not a whole DBN file"),
        "no metadata": (whole[:20], "not a whole DBN file"),
        "half a record": (whole[:-10], "not a whole DBN file"),
        "no record": (whole[:-80], "no record; fetch it again"),
        "another record": (whole[:-79] + b"\xa0" + whole[-78:], "record 1: not one of schema mbp-1"),
        "zstd": (b"\x28\xb5\x2f\xfd" + whole, "not a whole DBN file"),
    }
    for name, (content, said) in cases.items():
        path = tmp_path / f"{name}.dbn"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SourceError, match=said) as caught:
            ingest("databento", [path], output=tmp_path / "tape.parquet")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "tape.parquet").exists()


def test_where_the_package_is_missing_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    source = stock(tmp_path)
    monkeypatch.setitem(sys.modules, "databento", None)
    with pytest.raises(PackageError, match=r"need databento, .*; pip install 'tradesim\[databento\]'$"):
        ingest("databento", [source])


@pytest.mark.parametrize(
    ("said", "multiplier"),
    [
        ({}, 100),
        ({"contract_multiplier": 100, "unit_of_measure_qty": price(1)}, 100),
        ({"contract_multiplier": 100}, 100),
        ({"unit_of_measure_qty": price(1)}, 100),
        ({"unit_of_measure_qty": price(100)}, 100),
        ({"contract_multiplier": 10, "unit_of_measure_qty": price(1)}, 10),
        ({"contract_multiplier": 1, "unit_of_measure_qty": price(50)}, 50),
    ],
)
def test_the_multiplier_is_the_contracts_own_else_the_quantity_of_its_unit(tmp_path, said, multiplier):
    sources = [options(tmp_path, cmbp1(1, 2.0, 2.1)), defined(tmp_path, definition(*CALL_TERMS, **said))]
    assert ingest("databento", [*sources, stock(tmp_path)])[0].chain.multiplier.tolist() == [multiplier]


@pytest.mark.parametrize(
    ("quantity", "tick", "amount", "unit"),
    [(50, 0.25, 12.5, 50), (50, 0.25, None, 50), (5_000, 0.25, 12.5, 50), (100_000, 0.015625, 15.625, 1_000)],
)
def test_the_money_of_a_tick_tells_units_where_prices_are_in_cents_or_points(tmp_path, quantity, tick, amount, unit):
    said = {"unit_of_measure_qty": price(quantity), "min_price_increment": price(tick)}
    said |= {} if amount is None else {"min_price_increment_amount": price(amount)}
    future = definition(7, "ZCZ5", "F", 0, underlying="", **said)
    quotes = write(tmp_path / "future.dbn", "mbp-1", [mbp1(7, 100.0, 100.25)], dataset="GLBX.MDP3", names={7: "ZCZ5"})
    defined = write(tmp_path / "defs.dbn", "definition", [future], dataset="GLBX.MDP3", names={7: "ZCZ5"})
    assert ingest("databento", [quotes, defined])[0].unit == unit


def later(record, days):
    """The record as many days later."""
    for name in ("ts_event", "ts_recv"):
        setattr(record, name, getattr(record, name) + days * DAY)
    return record


def test_ids_that_are_dealt_anew_each_day_are_the_contracts_of_their_day(tmp_path):
    other = (99, "AAPL  250321C00260000", "C", 260.0)
    far = {"expiration": "2025-03-21T00:00:00"}
    sources = [
        options(
            tmp_path,
            cmbp1(1, 2.0, 2.1, number=1),
            cmbp1(1, 4.0, 4.1, number=2),
            later(cmbp1(1, 2.2, 2.3, number=2), 1),
            later(cmbp1(1, 4.2, 4.3, number=1), 1),
            later(cmbp1(2, 9.2, 9.3, number=3), 1),
        ),
        defined(
            tmp_path,
            definition(1, "AAPL  250321C00250000", "C", 250.0, **far),
            definition(2, *other[1:], **far),
            definition(3, "AAPL  250321C00270000", "C", 270.0, **far),
            later(definition(2, "AAPL  250321C00250000", "C", 250.0, **far), 1),
            later(definition(1, *other[1:], **far), 1),
        ),
        stock(tmp_path),
    ]
    tape, report = ingest("databento", sources)
    assert tape.chain.name == ("AAPL  250321C00250000", "AAPL  250321C00260000")
    quoted = tape.bid_size > 0
    assert tape.instrument[quoted].tolist() == [UNDERLYING, 1, 2, 1, 2]
    assert (tape.bid[quoted][1:] / 1e6).tolist() == [2.0, 4.0, 2.2, 4.2]
    assert (report.ends.sessions, report.ends.closed) == (2, 3)
    assert report.left_out == {"records of contracts that are adjusted or not defined": 1}


def test_a_symbol_that_the_metadata_states_counts_more_than_a_definitions_id(tmp_path):
    quotes = write(
        tmp_path / "o.dbn", "cmbp-1", [cmbp1(1, 2.0, 2.1, number=1)], dataset="OPRA.PILLAR", names={1: CALL_TERMS[1]}
    )
    definitions = defined(tmp_path, definition(1, *PUT_TERMS[1:]), later(definition(5, *CALL_TERMS[1:]), -1))
    assert ingest("databento", [quotes, definitions, stock(tmp_path)])[0].chain.name == (CALL_TERMS[1],)


def test_a_book_that_the_vendor_flags_as_bad_has_no_sides(tmp_path):
    bad = mbp1(1, 249.0, 251.0)
    bad.flags = 4
    tape, report = ingest("databento", [stock(tmp_path, mbp1(0, 249.99, 250.01), bad, mbp1(2, 249.99, 250.01))])
    assert tape.bid_size.tolist() == [3, 0, 3]
    assert report.left_out == {"quotes of books that the vendor flags as bad": 1}


@given(st.data())
@settings(max_examples=150)
def test_damage_gives_a_plain_error_or_a_tape(data):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [
            stock(folder, mbp1(0, 249.99, 250.01), mbp1(5, 249.98, 250.01, action="T", trade=250.0)),
            options(folder, cmbp1(1, 2.0, 2.1), cmbp1(2, 1.0, 1.05, number=PUT_ID)),
            defined(folder, definition(*CALL_TERMS), definition(*PUT_TERMS)),
        ]
        path = data.draw(st.sampled_from(paths))
        path.write_bytes(data.draw(damaged(path.read_bytes())))
        assert_a_plain_error_or_a_tape("databento", paths)


def test_a_recorded_future(shared_data, tmp_path):
    source = shared_data / "databento_es_20240701" / ES_FILE
    tape, report = ingest("databento", [source], output=tmp_path / "es.parquet")
    assert (tape.underlying, tape.currency, len(tape.chain)) == ("ESU4", "USD", 0)
    quotes, trades = tape.kind == QUOTE, tape.kind == TRADE
    assert (np.count_nonzero(quotes), np.count_nonzero(trades)) == (2_168, 120)
    assert (tape.start, tape.end) == (1719878281218218853, 1719878519824330531)
    assert not report.dropped
    assert report.clock.median / MILLISECOND == pytest.approx(0.100, abs=0.0005)
    assert report.clock.p99 / MILLISECOND == pytest.approx(0.609, abs=0.0005)
    records = read_dbn(source).records
    latency = records["ts_recv"].astype(np.int64) - records["ts_event"].astype(np.int64)
    assert np.quantile(latency, [0.5, 0.99]) / MILLISECOND == pytest.approx([0.0999, 0.632], abs=0.0005)
    assert report.clock.negative == 0.0
    spread = (tape.ask - tape.bid)[quotes] // 250_000
    assert np.all(spread >= 1)
    assert np.mean(spread == 1) > 0.95
    assert (np.count_nonzero(tape.side[trades] == 1), np.count_nonzero(tape.side[trades] == -1)) == (66, 54)
    last = np.maximum.accumulate(np.where(quotes, np.arange(len(tape)), 0))[trades]
    bought = tape.side[trades] == 1
    assert np.all(tape.price[trades][bought] >= tape.ask[last][bought])
    assert np.all(tape.price[trades][~bought] <= tape.bid[last][~bought])
    assert read_tape(tmp_path / "es.parquet").hash == tape.hash


def test_recorded_fixtures_of_consolidated_quotes_and_of_a_definition(shared_data, tmp_path):
    folder = shared_data / "databento_es_20240701"
    tape = ingest("databento", [folder / "dbn_test_data.cmbp-1.v3.dbn.zst"])[0]
    assert (tape.underlying, tape.kind.tolist()) == ("ESH1", [QUOTE, QUOTE])
    assert (tape.bid.tolist(), tape.ask_size.tolist()) == ([3_720_250_000] * 2, [11, 12])
    assert (tape.received - tape.ts).tolist() == [134_842, 99_852]
    sources = [folder / "test_data.definition.dbn.zst", options(tmp_path, cmbp1(1, 2.0, 2.1)), stock(tmp_path)]
    chain = ingest("databento", sources)[0].chain
    assert chain.name == ("AAPL  250221C00250000",)
    assert (chain.strike[0], chain.right[0], chain.style[0], chain.multiplier[0]) == (250.0, CALL, AMERICAN, 100)
    assert chain.expiry[0] == int(datetime(2025, 2, 21, 16, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND


def test_options_on_shares_of_a_class_are_found_without_the_dot(tmp_path):
    terms = (CALL_ID, "BRKB  250221C00500000", "C", 500.0)
    named = write(tmp_path / "stock.dbn", "mbp-1", [mbp1(0, 480.0, 480.1)], names={STOCK: "BRK.B"})
    sources = [options(tmp_path, cmbp1(1, 2.0, 2.1)), defined(tmp_path, definition(*terms, underlying="BRKB")), named]
    tape = ingest("databento", sources)[0]
    assert (tape.underlying, tape.chain.name) == ("BRK.B", (terms[1],))
