"""Ctrl-C in the middle of a comparison."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MAIN = "from tradesim.cli import main; main()"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to a group of processes")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_the_comparison_and_leaves_nothing(tmp_path: Path, tape_path: Path, jobs: str):
    home, database = tmp_path / "home", tmp_path / "results.duckdb"
    question = ("--tape", str(tape_path), "--methods", "nothing,proxy", "--latency", "fixed:40us", "--seeds", "1-500")
    tokens = ("compare", *question, "--jobs", jobs, "--db", str(database))
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *tokens],
        env=os.environ | {"TRADESIM_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: process.poll() is not None or list(home.glob("staging/*/runs-*.parquet")))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "tradesim: interrupted; nothing was stored\n"
    assert list((home / "staging").iterdir()) == []
    assert not database.exists()


def wait_for(happened: Callable[[], object], *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
