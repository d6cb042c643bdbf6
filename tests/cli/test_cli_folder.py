"""The command line in folders that hold files of any name."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

# The path of the `tradesim` script, which never holds the current folder.
MAIN = (sys.executable, "-P", "-c", "from tradesim.cli import main; main()")

RULE = """\
from dataclasses import dataclass

import beside
import numpy as np

import tradesim


@dataclass(frozen=True)
class BuyNothing:
    def decide(self, screen):
        return np.empty((beside.ORDERS, 4), dtype=np.int64)


STRATEGY = tradesim.Strategy(method="proxy", rule=BuyNothing())
"""


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A folder with a file for each module of Python's and each package that tradesim uses; none may be imported."""
    folder = tmp_path / "crowded"
    folder.mkdir()
    packages = {"numpy", "scipy", "polars", "duckdb", "numba", "llvmlite", "joblib", "lightgbm", "simpy", "sklearn"}
    for name in {*filter(find_spec, sys.stdlib_module_names), *packages}:
        (folder / f"{name}.py").write_text(f'raise SystemExit("the user\'s own {name}.py was imported")\n')
    return folder


def run_in(folder: Path, home: Path, *tokens: object) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    return subprocess.run(
        [*MAIN, *map(str, tokens)],
        check=False,
        cwd=folder,
        env=variables | {"TRADESIM_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
    )


QUICK = ("--latency", "fixed:40us", "--seeds", "1,2", "--db", "results.duckdb")


def test_no_file_of_the_current_folder_is_taken_for_a_module(crowded, tmp_path, tape_path):
    ran = run_in(crowded, tmp_path, "compare", "--tape", tape_path, "--methods", "nothing,proxy", "--jobs", 2, *QUICK)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_file_of_the_users_own_is_loaded_from_there_by_its_path(crowded, tmp_path, tape_path):
    (crowded / "own.py").write_text(RULE)
    (crowded / "beside.py").write_text("ORDERS = 0\n")
    ran = run_in(crowded, tmp_path, "run", "own.py", "--tape", tape_path, *QUICK)
    assert (ran.returncode, ran.stderr) == (0, "")
