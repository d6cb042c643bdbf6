"""Laws of tapes of several days on which contracts expire: nothing is traded that is not there, and money adds up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from days import NIGHT, buy_once, join_the_bid, two_days
from laws_of_rows import none

import tradesim
from tradesim.experiments.compare import Comparison, compare
from tradesim.market.tape import ROW_COLUMNS, Tape
from tradesim.market.tape_file import write_tape
from tradesim.simulation.strategy import Custom
from tradesim.units import SECOND

OFTEN = tradesim.AnyOf((tradesim.SpotMoved(), tradesim.Timer(period=SECOND // 10)))
STRATEGIES = {
    "maker": tradesim.Strategy(
        rule=Custom(function=join_the_bid), trigger=OFTEN, hedge=tradesim.DeltaHedge(band=100.0)
    ),
    "taker": tradesim.Strategy(rule=Custom(function=buy_once), trigger=OFTEN, hedge=tradesim.DeltaHedge(band=20.0)),
}


UNIT = 5


@pytest.fixture(scope="module")
def tape() -> Tape:
    """Its underlying is a future of five units."""
    return replace(two_days(), unit=UNIT)


@pytest.fixture(scope="module", params=list(STRATEGIES))
def comparison(request: pytest.FixtureRequest, tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("settlement")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(folder))
        return compare(
            tape=write_tape(tape, folder / "days.parquet"),
            methods=("proxy", "analytic-slice"),
            strategy=STRATEGIES[request.param],
            setting=tradesim.Setting(fees=tradesim.Fees(taker=0.0025, maker=-0.001, underlying=0.0005), horizon=SECOND),
            latency="lognormal:200us:1",
            seeds=(1, 2),
            curve=(0, 3_000_000),
            jobs=1,
        )


def test_what_is_held_at_an_expiry_is_paid_for_once(comparison: Comparison) -> None:
    books = """(
        SELECT r.run, any_value(r.cash) AS cash, coalesce(any_value(f.spent), 0) AS spent,
               coalesce(sum(s.quantity * s.multiplier * s.price), 0) AS settled
        FROM runs r
        LEFT JOIN (SELECT run, sum(quantity * multiplier * price + fee) AS spent FROM fills GROUP BY run) f USING (run)
        LEFT JOIN settlements s USING (run) GROUP BY r.run
    )"""
    assert none(comparison, books, "cash <> settled - spent")
    lots = """(
        SELECT run, contract, coalesce(p.position, 0) + coalesce(s.quantity, 0) AS held, coalesce(f.lots, 0) AS lots
        FROM positions p FULL JOIN settlements s USING (run, contract)
        FULL JOIN (SELECT run, contract, sum(quantity) AS lots FROM fills GROUP BY ALL) f USING (run, contract)
    )"""
    assert none(comparison, lots, "held <> lots")
    assert none(comparison, "settlements", "quantity = 0")


def test_a_settlement_is_the_intrinsic_value_on_the_last_middle_before_the_expiry(
    comparison: Comparison, tape: Tape
) -> None:
    expiry = int(tape.chain.expiry[0])
    before = (tape.instrument == 0) & (tape.ts <= expiry) & (tape.bid_size > 0)
    spot = (tape.bid[before][-1] + tape.ask[before][-1]) // 2
    for row in comparison.store.query("FROM settlements").iter_rows(named=True):
        contract = row["contract"]
        worth = max(tape.chain.right[contract] * (spot - round(tape.chain.strike[contract] * 1e6)), 0)
        assert (row["instant"], row["price"]) == (expiry, worth)


def test_nothing_is_traded_after_an_expiry_or_while_the_market_is_closed(comparison: Comparison, tape: Tape) -> None:
    expiry = int(tape.chain.expiry[0])
    fills = comparison.store.query("SELECT contract, venue FROM fills")
    assert len(fills) > 10
    assert fills.filter((pl.col.contract < 28) & (pl.col.contract >= 0) & (pl.col.venue >= expiry)).is_empty()
    gap = int(np.argmax(np.diff(tape.ts)))
    close, opening = int(tape.ts[gap]), int(tape.ts[gap + 1])
    assert opening - close > NIGHT // 2
    assert fills.filter((pl.col.venue >= close) & (pl.col.venue < opening)).is_empty()
    wakes = comparison.store.query("SELECT start FROM decisions")["start"]
    assert wakes.is_between(close + SECOND, opening - 1).sum() == 0


def test_standing_orders_end_with_their_contract_and_with_the_day(comparison: Comparison, tape: Tape) -> None:
    orders = comparison.store.query("SELECT kind, outcome, venue, contract FROM orders")
    expired = orders.filter(pl.col.outcome == "expired")
    if (orders["kind"] != "limit").all():
        assert expired.is_empty()
        return
    assert (expired["venue"] < tape.start + NIGHT).all()
    assert {True, False} == set((expired["contract"] < 28).to_list())


def test_pnl_and_its_parts_add_up_to_the_last_unit(comparison: Comparison) -> None:
    assert none(comparison, "run_pnl", "end_marked <> edge + drift + unvalued - fees")
    assert none(comparison, "attribution", "residual <> 0")
    assert none(comparison, "effects", "pnl_error <> pricing_effect + latency_effect + interaction")


def test_what_the_close_hides_is_null_and_counted(comparison: Comparison, tape: Tape) -> None:
    gap = int(np.argmax(np.diff(tape.ts)))
    close = int(tape.ts[gap])
    fills = comparison.store.query("SELECT venue, contract, fair, multiplier FROM fills")
    hidden = (pl.col.venue + SECOND >= close) & (pl.col.venue <= close) & ~pl.col.contract.is_between(0, 27)
    assert fills.filter(hidden & pl.col.fair.is_not_null()).is_empty()
    assert fills.filter(~hidden & pl.col.fair.is_null()).is_empty()
    counted = comparison.store.query("SELECT sum(unvalued_fills) FROM run_pnl").item()
    assert counted == fills["fair"].null_count()


def test_a_hedge_is_a_number_of_futures_each_of_its_units(comparison: Comparison) -> None:
    hedges = comparison.store.query("SELECT lots FROM orders WHERE contract = -1")
    assert len(hedges) > 0
    assert none(comparison, "(FROM fills WHERE contract = -1)", f"multiplier <> {UNIT}")
    due = comparison.store.query("""
        SELECT o.lots * 5 AS hedged, sum(abs(f.quantity) * f.multiplier) AS held
        FROM orders o JOIN fills f ON f.run = o.run AND f.contract >= 0 AND f.venue <= o.decided
        WHERE o.contract = -1 GROUP BY ALL
    """)
    assert (due["hedged"] <= due["held"] + UNIT).all()


@pytest.mark.parametrize("stated", [None, 123.456])
def test_contracts_that_expire_over_the_night_are_settled_in_the_morning(
    stated: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stop trading at the close, and become money at the opening: on its first price, or on the stated one."""
    monkeypatch.setenv("TRADESIM_HOME", str(tmp_path))
    days = two_days(expired=0)
    opening = int(days.ts[np.argmax(np.diff(days.ts)) + 1])
    count = len(days.chain)
    chain = replace(days.chain, expiry=np.full(count, opening - SECOND), morning=np.ones(count, np.bool_))
    gone = (days.instrument > 0) & (days.ts >= opening)
    rows = {name: getattr(days, name)[~gone] for name in ROW_COLUMNS}
    tape = replace(days, chain=chain, settled=None if stated is None else np.full(count, stated), **rows)
    comparison = compare(
        tape=write_tape(tape, tmp_path / "days.parquet"),
        methods=("proxy",),
        strategy=STRATEGIES["taker"],
        latency="fixed:10us",
        curve=(),
        jobs=1,
    )
    assert none(comparison, "run_pnl", "end_marked <> edge + drift + unvalued - fees")
    assert none(comparison, "positions", "contract >= 0")
    first = (tape.instrument == 0) & (tape.ts >= opening) & (tape.bid_size > 0)
    middle = int(tape.bid[first][0] + tape.ask[first][0]) // 2
    price = middle if stated is None else round(stated * 1e6)
    settled = comparison.store.query("FROM settlements")
    assert len(settled) > 10
    assert (settled["instant"] == opening - SECOND).all()
    for row in settled.iter_rows(named=True):
        contract = row["contract"]
        assert row["price"] == max(int(chain.right[contract]) * (price - round(chain.strike[contract] * 1e6)), 0)
