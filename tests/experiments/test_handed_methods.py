"""Methods that are handed in, in every question: with any number of jobs, from scripts, files and packages."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import tradesim
from tradesim.market.synthetic import SyntheticMarket
from tradesim.units import SECOND

SMALL = SyntheticMarket(duration=10 * SECOND, strikes=(95.0, 100.0, 105.0))
BRIEF = {"market": SMALL, "latency": "fixed:20us", "seeds": (1, 2), "problem": "european"}

PRICER = textwrap.dedent('''
    """Pricers of my own."""

    import numpy as np


    def intrinsic(spot, strike, right):
        """What exercise is worth now."""
        return np.maximum(right * (spot - strike), 0.0)


    class Mine:
        def prepare(self, inputs):
            return inputs.strike, inputs.right

        def evaluate(self, spot, prepared, out):
            strike, right = prepared
            out[:] = np.maximum(right * (spot - strike), 0.0)
''')


@pytest.fixture
def pricers(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("TRADESIM_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "my_pricers.py").write_text(PRICER)
    return tmp_path / "my_pricers.py"


def earned(comparison: tradesim.Comparison) -> dict[str, int]:
    """What each method earned over all seeds, by its label, in the order of the table."""
    pnl = dict(comparison.store.query("SELECT method, sum(pnl) FROM effects GROUP BY method").rows())
    return {method: int(pnl[method]) for method in comparison.table["method"]}


def output_of(command: list[object], folder: Path, **variables: str) -> str:
    env = os.environ | variables
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder, timeout=300, env=env)
    return ran.stdout.strip()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_method_of_a_file_earns_the_same_with_any_jobs_and_however_it_is_handed_in(pricers, jobs):
    class Local:
        """The same, of this function."""

        def prepare(self, inputs):
            return inputs.strike, inputs.right

        def evaluate(self, spot, prepared, out):
            strike, right = prepared
            out[:] = np.maximum(right * (spot - strike), 0.0)

    def of_spot(spot, strike, right):
        return np.maximum(right * (spot - strike), 0.0)

    made = tradesim.compare(
        methods=["analytic", f"{pricers}:Mine", f"{pricers}:intrinsic", Local(), of_spot], jobs=jobs, **BRIEF
    )
    found = earned(made)
    assert list(found) == ["analytic", "Mine", "intrinsic", "Local", "of_spot"]
    assert len({found[name] for name in ("Mine", "intrinsic", "Local", "of_spot")}) == 1
    assert found["Mine"] != found["analytic"]
    said = made.facts["manifest"]["configuration"]["methods"]
    assert (said[0], said[1]["method"]) == ("analytic", "Mine")


def test_a_strategy_a_race_and_the_other_questions_take_it_too(pricers):
    mine = f"{pricers}:Mine"
    ran = tradesim.run(tradesim.Strategy(method=mine), **BRIEF)
    assert ran.table["method"].to_list() == ["Mine"]
    raced = tradesim.race(desks=[f"{mine}=5us", "analytic=5us"], market=SMALL, problem="european", seeds=(1,))
    assert raced.table["name"].to_list() == [f"{mine}=5us", "analytic=5us"]
    even = tradesim.break_even(methods=[mine, "analytic"], latencies=(0, 10_000), jobs=1, **BRIEF)
    assert set(even.table["method"]) == {"Mine", "analytic"}
    drawn = tradesim.frontier("european", methods=[mine, "analytic"], points=60)
    assert drawn.table["method"].to_list()[0] == "Mine"


def test_a_script_without_a_main_guard_hands_in_its_own(pricers, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            import numpy as np
            import tradesim
            from tradesim.units import SECOND

            class Own:
                def prepare(self, inputs):
                    return inputs.strike

                def evaluate(self, spot, prepared, out):
                    out[:] = np.abs(spot - prepared)

            class Rule:
                def decide(self, screen):
                    return np.empty((0, 6), dtype=np.int64)

            market = tradesim.SyntheticMarket(duration=10 * SECOND, strikes=(95.0, 100.0))
            made = tradesim.compare(
                methods=[Own, "proxy"], market=market, latency="fixed:5us", seeds=(1, 2), jobs=2,
                strategy=tradesim.Strategy(rule=Rule()),
            )
            print(made.table["method"].to_list())
        """)
    )
    ran = subprocess.run(
        [sys.executable, script], check=False, capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert ran.stdout.strip() == "['Own', 'proxy']", ran.stderr


def test_an_installed_package_announces_methods(pricers, tmp_path):
    """By an entry point, whose place is read from the metadata of the package."""
    about = tmp_path / "fast_pricers-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fast-pricers\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tradesim.methods]\nfast = my_pricers:intrinsic\n")
    path = os.pathsep.join([str(tmp_path), str(Path(tradesim.__file__).parents[1])])
    command = [sys.executable, "-c", "from tradesim.cli import main; main()", "methods", "european"]
    output = output_of(command, tmp_path, PYTHONPATH=path)
    line = next(line for line in output.splitlines() if " fast " in line)
    assert "What exercise is worth now." in line


def test_what_cannot_be_sent_to_another_process_is_replayed_in_this_one(pricers):
    class Locked:
        def __init__(self):
            self.lock = threading.Lock()

        def __deepcopy__(self, memo):
            return Locked()

        def prepare(self, inputs):
            return inputs.strike

        def evaluate(self, spot, prepared, out):
            out[:] = 0.0 * prepared

    assert tradesim.compare(methods=[Locked()], jobs=2, **BRIEF).table["method"].to_list() == ["Locked"]
