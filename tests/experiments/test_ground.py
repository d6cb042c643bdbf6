"""What is usual on a tape: the edge, the fee and the money, by its options."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tapes import quotes, spots, tape_of_columns

import tradesim
from tradesim.experiments.data_source import data_source_of, money_of
from tradesim.market.chain import Settlement
from tradesim.market.tape import ROW_COLUMNS, Tape
from tradesim.units import HOUR, MICROS, MILLISECOND


def quoted(bid: float, tick: float) -> Tape:
    """Options at ``bid``, a tick wide, which move by a tick."""
    at = np.arange(0, 400, 20) * MILLISECOND
    low = round(bid / tick) * round(tick * MICROS) + round(tick * MICROS) * (np.arange(len(at)) % 2)
    return tape_of_columns(spots(at, 100 * MICROS + at // MILLISECOND), quotes(at, low, low + round(tick * MICROS)))


def in_coin(tape: Tape, underlying: str) -> Tape:
    return replace(tape, underlying=underlying, chain=replace(tape.chain, settlement=Settlement.INVERSE))


def written(tape: Tape, folder: Path) -> Path:
    return tradesim.write_tape(tape, folder / "tape.parquet")


@pytest.mark.parametrize(("tick", "edge"), [(0.01, 0.0075), (0.05, 0.025), (5.0, 2.5), (0.0001, 0.0075)])
def test_the_usual_edge_is_half_a_tick_of_the_options_at_least(tmp_path, tick, edge):
    data_source = data_source_of(written(quoted(3.0, tick), tmp_path), None, None)
    assert data_source.rule.edge == pytest.approx(edge)
    assert data_source.setting.fees.taker == 0.0025


@pytest.mark.parametrize(("tick", "edge"), [(0.0001, 0.0005), (0.005, 0.0025)])
def test_so_it_is_in_coin(tmp_path, tick, edge):
    data_source = data_source_of(written(in_coin(quoted(0.04, tick), "BTC"), tmp_path), None, None)
    assert (data_source.rule.edge, data_source.setting.fees.taker) == (pytest.approx(edge), 0.0003)


def test_money_is_named_by_the_coin():
    tape = quoted(0.04, 0.0001)
    assert [money_of(in_coin(tape, name)) for name in ("BTC-PERPETUAL", "ETHUSDT")] == ["BTC", "ETH"]
    assert money_of(replace(tape, underlying="ETHUSDT", currency="USDT")) == "USDT"


@pytest.mark.parametrize(
    ("bid", "tick", "stated", "said"),
    [
        (3.0, 0.01, {}, []),
        (300.0, 0.5, {}, ["Hardly anything beside a tick of the tape's options, 0.5: fee 0.0025; state your venue's."]),
        (300.0, 0.5, {"fee": 0.1}, []),
        (300.0, 0.5, {"fee": 0.0}, []),
        (3.0, 0.5, {"fee": 0.1, "edge": 0.02}, ["Hardly anything beside a tick of the tape's options, 0.5: edge 0.02"]),
        (0.004, 0.001, {}, ["Much beside the price of the tape's median option, 0.005: fee 0.0025 and edge 0.0075"]),
        (0.004, 0.001, {"fee": 0.0, "edge": 0.001}, []),
    ],
)
def test_amounts_that_do_not_fit_the_prices_are_said(tmp_path, home, bid, tick, stated, said):
    path = written(quoted(bid, tick), tmp_path)
    methods = ("nothing", "proxy")
    made = tradesim.compare(tape=path, methods=methods, latency="fixed:1us", db=tmp_path / "r.duckdb", jobs=1, **stated)
    told = [line for line in made.cautions if "tape's" in line]
    assert len(told) == len(said)
    assert all(line.startswith(start) for line, start in zip(told, said, strict=True))


def test_of_a_generated_market_nothing_is_said(small_comparison):
    assert [line for line in small_comparison.cautions if "tape's" in line] == []


def test_closed_hours_are_no_part_of_the_time_that_a_tape_spans(tmp_path, home):
    """So an hour's price of memory, and the share of the time that updates take, are the same on two days as on one."""
    one = quoted(3.0, 0.01)
    night = replace(one, ts=one.ts + 10 * HOUR, received=one.received + 10 * HOUR)
    two = replace(one, **{name: np.append(getattr(one, name), getattr(night, name)) for name in ROW_COLUMNS})
    path = written(two, tmp_path)
    made = tradesim.compare(tape=path, methods=("nothing", "proxy"), latency="fixed:1us", db=tmp_path / "r.db", jobs=1)
    assert made.facts["span"] == pytest.approx(2 * (one.end - one.start), abs=2)
    assert made.store.query("SELECT DISTINCT span FROM runs")["span"].to_list() == [made.facts["span"]]
