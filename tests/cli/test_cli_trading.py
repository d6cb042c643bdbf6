"""How methods trade, and on what terms: strategy files, the venue's rules, and what the P&L is then made of."""

import json
from pathlib import Path
from typing import Any

import pytest

from tradesim.results.store import Store

METHODS = ("--methods", "proxy,analytic-slice", "--latency", "fixed:40us")
MAKER = """\
import tradesim

STRATEGY = tradesim.Strategy(
    method="grid",
    rule=tradesim.MakeRule(),
    trigger=tradesim.AnyOf((tradesim.SpotMoved(), tradesim.OwnTraded())),
    hedge=tradesim.DeltaHedge(band=50.0),
)
"""
OWN = """\
import numpy as np
import tradesim


class Mine:
    def decide(self, screen):
        {body}


STRATEGY = tradesim.Strategy(method="grid", rule=Mine())
"""


@pytest.fixture
def maker(tmp_path: Path) -> Path:
    path = tmp_path / "maker.py"
    path.write_text(MAKER)
    return path


def own(folder: Path, body: str) -> Path:
    path = folder / "own.py"
    path.write_text(OWN.format(body=body))
    return path


def sums(said: dict[str, Any], method: str) -> dict[tuple[str, int | None], float]:
    return {(row["part"], row["horizon"]): row["mean"] for row in said["attribution"] if row["method"] == method}


def test_every_method_trades_as_the_strategy_does(command, tape_path, maker):
    outcome = command("compare", "--strategy", maker, "--tape", tape_path, *METHODS, "--seeds", "1-2", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    said = json.loads(outcome.out)
    assert [row["method"] for row in said["methods"]] == ["proxy", "analytic-slice"]
    trading = said["manifest"]["configuration"]["trading"]
    assert (trading["rule"]["kind"], trading["hedge"]["band"]) == ("MakeRule", 50.0)
    assert said["edge"] == 0.0075
    assert len(said["curve"]) > 0
    for method in ("proxy", "analytic-slice"):
        parts = sums(said, method)
        total = parts.pop(("end_marked", None))
        assert sum(mean for (_, horizon), mean in parts.items() if horizon in (None, 10**9)) == pytest.approx(total)


@pytest.mark.slow
def test_the_second_table_is_printed_where_a_strategy_makes_markets_or_where_it_is_asked_for(command, tape_path, maker):
    made = command("compare", "--strategy", maker, "--tape", tape_path, *METHODS)
    taken = command("compare", "--tape", tape_path, *METHODS)
    asked = command("compare", "--tape", tape_path, *METHODS, "--attribution")

    assert (made.status, taken.status, asked.status) == (0, 0, 0)
    assert ["What the P&L is made of" in outcome.out for outcome in (made, taken, asked)] == [True, False, True]
    assert "messages of all kinds" in made.out
    assert "hedges pay" in made.out
    assert "messages" not in taken.out + asked.out


def test_run_prints_it_too(command, tape_path, tmp_path):
    path = tmp_path / "taker.py"
    path.write_text('import tradesim\nSTRATEGY = tradesim.Strategy(method="analytic-slice")\n')
    outcome = command("run", path, "--tape", tape_path, "--latency", "fixed:1us", "--attribution")
    assert (outcome.status, outcome.err) == (0, "")
    assert "What the P&L is made of" in outcome.out


def test_a_rule_of_the_users_own_can_be_compared_over_seeds(command, tape_path, tmp_path):
    path = own(tmp_path, "return np.array([[0, 1, 1, 10**8]]) if screen.position[0] < 2 else np.empty((0, 4), int)")
    outcome = command("compare", "--strategy", path, "--tape", tape_path, *METHODS, "--seeds", "1-2", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    said = json.loads(outcome.out)
    assert [row["fills"] for row in said["methods"]] == [4, 4]
    assert [row["tradable"] for row in said["methods"]] == [None, None]
    assert said["edge"] is None


def test_a_strategy_says_edge_and_cap_itself(refused, tape_path, maker):
    made = ("compare", "--strategy", maker, "--tape", tape_path, *METHODS)
    for option in ("--edge=0.01", "--cap=3"):
        assert "its own rule says them" in refused(*made, option)


def test_a_strategy_that_fails_is_told_of_by_its_line(refused, tape_path, tmp_path):
    path = own(tmp_path, "return screen.nothing")
    told = refused("compare", "--strategy", path, "--tape", tape_path, *METHODS, "--seeds", "1-2")
    assert f"{path}, line 7: the strategy fails: AttributeError" in told


def test_the_terms_of_the_venue_are_kept(command, maker, tmp_path):
    assert command("generate", "tape.parquet", "--length", "30s", "--seed", "4").status == 0
    database = tmp_path / "results.duckdb"
    terms = ("--maker-fee", "-0.001", "--underlying-fee", "0.002", "--tick", "0.02", "--position-limit", "6")
    asked = ("--strategy", maker, "--tape", "tape.parquet", *terms, "--queue", "log", "--db", database)
    outcome = command("compare", *asked, *METHODS, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    setting = json.loads(outcome.out)["manifest"]["configuration"]["setting"]
    assert setting["venue"]["queue"] == {"kind": "Probabilistic", "family": "log", "exponent": 3.0}
    store = Store(database)
    fees = store.query("SELECT DISTINCT contract < 0, liquidity, fee / abs(quantity * multiplier) FROM fills")
    assert set(fees.rows()) == {(True, "taker", 2000.0), (False, "maker", -1000.0)}
    outcomes = "SELECT DISTINCT limit_price % 20000 = 0, outcome = 'rejected' FROM orders WHERE outcome <> 'late'"
    kept = store.query(outcomes)
    assert {row for row in kept.rows() if row[0] is not None} >= {(True, False)}
    assert (False, False) not in kept.rows()
    most = store.query("SELECT max(abs(position)) AS most FROM position_path WHERE contract >= 0")["most"][0]
    assert 0 < most <= 6
