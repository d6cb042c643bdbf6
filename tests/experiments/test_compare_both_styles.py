"""Questions asked of a tape with contracts of both exercise styles."""

import dataclasses

import numpy as np
import pytest
from mixed import mixed_tape
from probes import tape_of, underlying

import tradesim
from tradesim.errors import ArgumentError
from tradesim.experiments.race import race
from tradesim.market.chain import AMERICAN, EUROPEAN, Settlement
from tradesim.market.surface import Expiry, Surface
from tradesim.market.svi import Smile
from tradesim.units import DAY, MILLISECOND, SECOND

METHODS = ("analytic", "analytic-slice", "taylor", "memo", "inexact:0.05")
EFFECTS = ("slow_inputs", "pricing_effect", "latency_effect", "interaction")


@pytest.fixture(scope="module")
def tape(home):
    return tradesim.write_tape(mixed_tape(100.0, 100.0, 97.0, 97.0, 103.0, 103.0), home / "both.parquet")


def compared(path, db, **asked):
    return tradesim.compare(tape=path, curve=(0,), db=db, jobs=1, **asked)


def test_nobody_trades_on_the_difference_of_styles(tape, home):
    """All quotes are around the values; a put at expiry and one at any time differ by up to a dollar."""
    made = compared(tape, home / "both.duckdb", methods=("analytic", "curve"), latency="fixed:50us", edge=0.01)
    assert made.facts["problem"] == "american"
    assert made.store.query("SELECT count(*) FROM fills").item() == 0
    assert made.store.query("SELECT max(error_max) FROM decisions").item() < 1e-4


def test_where_all_are_priced_as_european_it_is_traded_on(tape, home):
    asked = {"problem": "european", "methods": ("analytic",), "latency": "fixed:50us", "edge": 0.01}
    made = compared(tape, home / "european.duckdb", **asked)
    assert made.facts["problem"] == "european"
    assert made.store.query("SELECT count(*) FROM fills").item() > 0


@pytest.fixture(scope="module")
def modelled(home):
    """Makers who are slow, so that there is something to win: a hybrid tape whose truth is known."""
    smile = Smile(a=0.004, b=0.05, rho=-0.3, m=0.0, sigma=0.1)
    expiries = [
        Expiry(
            life=days * DAY,
            carry=0.05,
            smile=dataclasses.replace(smile, a=smile.a * days / 30, b=smile.b * days / 30),
            strikes=(0.9, 1.0, 1.1),
            styles=styles,
            spread_least=0.0001,
            spread_share=0.0,
        )
        for days, styles in ((30, (EUROPEAN,)), (90, (EUROPEAN, AMERICAN)))
    ]
    surface = Surface(
        expiries=tuple(expiries), rate=0.05, settlement=Settlement.QUOTE, multiplier=100, tick=10_000, source="a test"
    )
    market = tradesim.HybridMarket(surface=surface, delay_fixed=50 * MILLISECOND, level_step=0.0)
    spots = 100.0 + np.cumsum(np.random.default_rng(5).normal(0.0, 0.15, 40))
    real = tape_of(*(underlying(5 * SECOND * i, round(spot, 2)) for i, spot in enumerate(spots)))
    tape = tradesim.hybrid(real, market, seed=3)
    return tape, tradesim.write_tape(tape, home / "modelled.parquet")


def test_effects_sum_to_the_last_unit_and_the_truth_wins(modelled, home):
    tape, path = modelled
    made = compared(path, home / "hybrid.duckdb", methods=METHODS, latency="fixed:1ms", edge=0.02, fee=0.0)
    rows = made.store.query("SELECT * FROM effects").to_dicts()
    assert {row["method"] for row in rows} == set(METHODS)
    for row in rows:
        assert sum(row[effect] for effect in EFFECTS) == row["pnl_error"]
    fills = made.store.query(
        "SELECT contract, (fair - price) * sign(quantity) AS edge FROM fills JOIN runs USING (run) WHERE role = 'truth'"
    )
    assert set(tape.chain.style[fills["contract"].to_numpy()].tolist()) == {EUROPEAN, AMERICAN}
    assert fills["edge"].min() > 0
    told = {row["method"]: row for row in made.table.iter_rows(named=True)}
    assert told["analytic"]["error_rms"] < 1e-5
    assert told["inexact:0.05"]["error_rms"] == pytest.approx(0.05, rel=0.05)


def test_a_race_prices_each_by_its_own(modelled, home):
    _, path = modelled
    made = race(
        desks=("analytic=1us", "taylor=2us"),
        tape=path,
        seeds=(1,),
        strategy=tradesim.Strategy(rule=tradesim.TakeRule(edge=0.02)),
        fee=0.0,
        db=home / "race-both.duckdb",
        jobs=1,
    )
    assert made.store.query("SELECT count(*) FROM fills").item() > 0
    errors = made.store.query("SELECT max(error_max) FROM decisions JOIN runs USING (run) WHERE method = 'analytic'")
    assert errors.item() < 1e-4


def test_a_profile_of_both_styles_is_measured_and_replayed(tape, home):
    path = home / "profile.parquet"
    about = tradesim.measure(path, tape=tape, methods=("analytic",))
    assert about["problem"] == "american, 16 of 32 european"
    made = compared(tape, home / "replayed.duckdb", methods=("analytic",), latency=str(path))
    assert "analytic" in made.table["method"].to_list()


def test_a_profile_of_one_style_is_not_replayed_on_both(tape, home):
    """As many contracts, but an American price takes a hundred times as long as a European one."""
    both, path = tradesim.read_tape(tape), home / "one.parquet"
    chain = dataclasses.replace(both.chain, style=np.full(len(both.chain), AMERICAN, dtype=np.int8))
    alone = tradesim.write_tape(dataclasses.replace(both, chain=chain), home / "alone.parquet")
    tradesim.measure(path, tape=alone, methods=("analytic",))
    with pytest.raises(ArgumentError, match="is of american options, and these are american, 16 of 32 european"):
        compared(tape, home / "none.duckdb", methods=("analytic",), latency=str(path))


def test_a_profile_is_of_the_same_styles_however_it_is_kept(tape, home):
    """Carried in a file or stored with a comparison, latencies of other options are refused in the same words."""
    db, path = home / "styles.duckdb", home / "styles.parquet"
    stored = compared(tape, db, methods=("analytic",))
    tradesim.measure(path, tape=tape, methods=("analytic",))
    both = mixed_tape(100.0, 100.0, 97.0)
    style = both.chain.style.copy()
    style[np.flatnonzero(style == EUROPEAN)[0]] = AMERICAN
    others = {
        "american, 15 of 32 european": {"tape": dataclasses.replace(both.chain, style=style)},
        "american": {"tape": dataclasses.replace(both.chain, style=np.full(32, AMERICAN, dtype=np.int8))},
        "european": {"tape": both.chain, "problem": "european"},
    }
    for options, asked in others.items():
        other = tradesim.write_tape(dataclasses.replace(both, chain=asked["tape"]), home / "other.parquet")
        for latency in (f"profile:{stored.name}", str(path)):
            with pytest.raises(ArgumentError) as told:
                compared(other, db, methods=("analytic",), latency=latency, problem=asked.get("problem", "american"))
            assert f"it is of american, 16 of 32 european options, and these are {options}" in str(told.value)
    again = compared(tape, db, methods=("analytic",), latency=f"profile:{stored.name}")
    assert again.table["readings"].item() == stored.table["readings"].item()
    assert again.store.query("SELECT count(*) FROM contracts WHERE style = 1").item() == 16
