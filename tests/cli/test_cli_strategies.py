"""Strategy files: the project's own and the user's."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import tradesim
from tradesim.errors import ArgumentError
from tradesim.experiments.compare import make
from tradesim.experiments.plan import Plan
from tradesim.experiments.strategies import load_strategy

STRATEGIES = Path(__file__).resolve().parents[2] / "strategies"

OWN = """\
from __future__ import annotations

from dataclasses import dataclass

import beside
import numpy as np

import tradesim


@dataclass(frozen=True)
class BuyOnce:
    lots: int = 1

    def decide(self, screen):
        wanted = np.flatnonzero(~screen.in_flight & (screen.position == 0) & (screen.book[1:, beside.ASK_LEFT] > 0))[:3]
        return orders_of(wanted, self.lots, screen.book)


def orders_of(wanted, lots, book):
    rows = [[i, 1, lots, book[i + 1, beside.ASK]] for i in wanted]
    return np.array(rows, dtype=np.int64)


STRATEGY = tradesim.Strategy(
    method="proxy", rule=BuyOnce(lots=2), trigger=tradesim.EveryNth(n=3), policy=tradesim.Policy.QUEUE
)
"""


@pytest.fixture
def own_script(tmp_path: Path) -> Path:
    """A rule of the user's own, which uses a function of its file and a module that lies beside it."""
    (tmp_path / "beside.py").write_text("from tradesim.simulation.book import ASK, ASK_LEFT\n")
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


def test_a_rule_of_the_users_own_trades(command, own_script, tape_path):
    outcome = command("run", own_script, "--tape", tape_path, "--latency", "fixed:10us", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    said = json.loads(outcome.out)
    (row,) = said["methods"]
    assert row["method"] == "proxy"
    assert row["fills"] > 0
    assert said["manifest"]["configuration"]["trading"]["rule"] == {"kind": "BuyOnce", "lots": 2}
    assert said["manifest"]["configuration"]["trading"]["trigger"] == {"kind": "EveryNth", "n": 3}


def test_a_file_is_run_by_a_path_from_the_current_folder(command, own_script, tape_path, monkeypatch):
    monkeypatch.chdir(own_script.parent)
    outcome = command("run", "own.py", "--tape", tape_path, "--latency", "fixed:10us")
    assert (outcome.status, outcome.err) == (0, "")
    assert "proxy" in outcome.out


def test_several_seeds_of_a_rule_of_the_users_own(command, own_script, tape_path):
    outcome = command(
        "run", own_script, "--tape", tape_path, "--seeds", "1-2", "--latency", "lognormal:40us:1", "--json"
    )
    assert outcome.status == 0
    assert json.loads(outcome.out)["manifest"]["configuration"]["seeds"] == [1, 2]


@pytest.mark.parametrize(
    ("file", "method"),
    [("analytic.py", "analytic"), ("grid_lookup.py", "grid"), ("lightgbm_approximator.py", "lightgbm")],
)
def test_the_projects_strategies_load(file, method):
    assert load_strategy(STRATEGIES / file).method == method


def test_the_projects_makers_differ_in_their_method_alone():
    makers = {path.stem: load_strategy(path) for path in STRATEGIES.glob("maker_*.py")}
    assert {name: maker.method for name, maker in makers.items()} == {
        "maker_analytic": "analytic",
        "maker_grid": "grid",
        "maker_lightgbm": "lightgbm",
    }
    assert len({replace(maker, method="any") for maker in makers.values()}) == 1


def test_a_maker_runs_and_says_what_its_money_is_made_of(command, tape_path):
    outcome = command("run", STRATEGIES / "maker_analytic.py", "--tape", tape_path, "--latency", "fixed:1ms")
    assert (outcome.status, outcome.err) == (0, "")
    assert "What the P&L is made of" in outcome.out


def test_the_solver_strategy_runs(command, tape_path):
    outcome = command("run", STRATEGIES / "analytic.py", "--tape", tape_path, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    (row,) = json.loads(outcome.out)["methods"]
    assert row["error_max"] < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "method"),
    [
        ("grid_lookup.py", "grid"),
        ("lightgbm_approximator.py", "lightgbm"),
        ("maker_grid.py", "grid"),
        ("maker_lightgbm.py", "lightgbm"),
    ],
)
def test_the_strategies_that_need_building_build_and_run(command, home, monkeypatch, tape_path, file, method):
    monkeypatch.setenv("TRADESIM_HOME", str(home))
    outcome = command("run", STRATEGIES / file, "--tape", tape_path, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    (row,) = json.loads(outcome.out)["methods"]
    assert row["method"] == method
    assert row["error_rms"] < 0.1


def test_an_error_in_a_worker_arrives_as_itself(tape_path, used_home, monkeypatch):
    monkeypatch.setenv("TRADESIM_HOME", str(used_home))
    stored = (used_home / "results.duckdb").read_bytes()

    class Fails:
        def decide(self, *_: object) -> object:
            return None

    plan = Plan(
        source=tape_path,
        problem="american",
        methods=("proxy",),
        seeds=(1, 2),
        trading=tradesim.Strategy(rule=Fails()),
        latency="fixed:1us",
    )
    with pytest.raises(ArgumentError, match="rule Fails: decide returned a NoneType") as caught:
        make(plan, tradesim.Options(jobs=2))
    assert "\n" not in str(caught.value)
    assert list((used_home / "staging").iterdir()) == []
    assert (used_home / "results.duckdb").read_bytes() == stored


def test_a_script_of_its_own_is_a_module_of_its_own(own_script):
    module = sys.modules[type(load_strategy(own_script).rule).__module__]
    assert module.__name__.startswith("strategy_own_")
    assert module.BuyOnce(lots=1) == module.BuyOnce()
    assert isinstance(load_strategy(str(own_script)), tradesim.Strategy)
