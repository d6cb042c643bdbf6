"""A strategy of the user's own: the file that defines it, and its run."""

import numpy as np
import pytest

from tradesim import SyntheticMarket, run
from tradesim.errors import ArgumentError
from tradesim.experiments.strategies import load_strategy
from tradesim.report.table import comparison_table
from tradesim.simulation.strategy import Custom, Strategy, TakeRule
from tradesim.simulation.trigger import EveryNth
from tradesim.units import SECOND


def written(folder, text, name="mine.py"):
    path = folder / name
    path.write_text(text)
    return path


def test_the_strategy_of_a_file_is_loaded(tmp_path):
    path = written(
        tmp_path, 'import tradesim\nSTRATEGY = tradesim.Strategy(method="proxy", trigger=tradesim.EveryNth(n=3))\n'
    )
    strategy = load_strategy(path)
    assert strategy == Strategy(method="proxy", trigger=EveryNth(n=3))


def test_a_module_beside_the_file_can_be_imported(tmp_path):
    written(tmp_path, "METHOD = 'proxy'\n", name="beside_mine.py")
    path = written(
        tmp_path, "import tradesim\nfrom beside_mine import METHOD\nSTRATEGY = tradesim.Strategy(method=METHOD)\n"
    )
    assert load_strategy(str(path)).method == "proxy"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "STRATEGY is missing"),
        ("STRATEGY = 'grid'\n", "STRATEGY is str"),
        ("import no_such_module_at_all\n", "line 1.*no_such_module_at_all"),
        ("x = 1\ny = x / 0\n", "line 2.*ZeroDivisionError"),
        ("STRATEGY = \n", "SyntaxError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("import tradesim\nSTRATEGY = tradesim.Strategy(rule=tradesim.TakeRule(cap=0))\n", "cap must be at least 1"),
    ],
)
def test_a_file_without_a_strategy_is_told_in_one_line(tmp_path, text, says):
    with pytest.raises(ArgumentError, match=says) as told:
        load_strategy(written(tmp_path, text))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["absent.py", "notes.txt", "."])
def test_what_is_no_python_file_is_refused(tmp_path, name):
    written(tmp_path, "STRATEGY = 1\n", name="notes.txt")
    with pytest.raises(ArgumentError, match="no such Python file"):
        load_strategy(tmp_path / name)


def buy_a_lot_of_the_first_contract(screen):
    return np.array([[0, 1, 1, screen.book[1, 3]]], dtype=np.int64)[
        : int(screen.position[0] < 3 and not screen.in_flight[0])
    ]


def test_a_strategy_with_a_rule_of_its_own_is_run_under_its_four_runs(home, tmp_path):
    strategy = Strategy(method="proxy", rule=Custom(function=buy_a_lot_of_the_first_contract))
    market = SyntheticMarket(duration=5 * SECOND)
    made = run(strategy, market=market, seeds=(1, 2), latency="fixed:20us", db=tmp_path / "mine.duckdb")
    assert made.table["method"].to_list() == ["proxy"]
    roles = made.store.query("SELECT role, count(*) AS n FROM runs GROUP BY role ORDER BY role")
    assert roles.rows() == [("exact", 2), ("instant", 2), ("oracle", 2), ("own", 2), ("truth", 2)]
    held = made.store.query("SELECT DISTINCT contract, position FROM positions")
    assert held.rows() == [(0, 3)]
    own = made.store.query(
        "SELECT DISTINCT decided - start AS ns FROM decisions JOIN runs USING (run) WHERE role = 'own'"
    )
    assert own["ns"].to_list() == [20_000]


def test_a_strategy_of_an_unknown_method_is_refused_and_nothing_is_stored(home, tmp_path):
    with pytest.raises(ArgumentError, match="no such method"):
        run(Strategy(method="oracle"), db=tmp_path / "none.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_the_rule_is_what_makes_the_trades(home, tmp_path):
    """An edge that nothing offers trades nothing, and every run earns exactly nothing."""
    strategy = Strategy(method="proxy", rule=TakeRule(edge=500.0))
    made = run(
        strategy, market=SyntheticMarket(duration=2 * SECOND), seeds=(1,), latency="fixed:1us", db=tmp_path / "x.duckdb"
    )
    assert made.store.query("SELECT DISTINCT fills, pnl, end_marked FROM run_pnl").rows() == [(0, 0, 0)]


class Plain:
    """A rule that is no dataclass."""

    def decide(self, screen):
        return buy_a_lot_of_the_first_contract(screen)


def test_a_rule_that_is_a_plain_object_runs_is_shown_and_names_itself(tmp_path, home):
    comparison = run(
        Strategy(method="proxy", rule=Plain()),
        market=SyntheticMarket(duration=5 * SECOND),
        seeds=(1,),
        latency="fixed:1us",
        db=tmp_path / "plain.duckdb",
    )
    assert comparison.facts["manifest"]["configuration"]["trading"]["rule"] == {"kind": "Plain"}
    assert comparison_table(comparison.table, comparison.facts).row_count == 1
