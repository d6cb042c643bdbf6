"""What is missing on Windows: a command measures and replays without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradesim.experiments import system, timing

WITHOUT_UNIX = """
import signal, sys

for name in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[name] = None
del signal.pthread_sigmask

import tradesim

compared = tradesim.compare(
    market=tradesim.SyntheticMarket(duration=5 * 10**9), methods=("nothing", "proxy"), seeds=(1, 2), curve=(0,), jobs=2
)
print(compared.table.height)
"""


def test_a_comparison_is_measured_and_replayed_where_unix_modules_are_missing(tmp_path: Path):
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT_UNIX],
        env=os.environ | {"TRADESIM_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert int(process.stdout) >= 2


def test_the_peak_of_memory_is_at_least_what_is_resident(monkeypatch: pytest.MonkeyPatch):
    assert system.resident_peak() >= system.resident() > 0
    monkeypatch.setattr(system, "resource", None)
    assert system.resident_peak() >= system.resident() > 0


def test_without_fine_cpu_times_no_reading_is_taken_for_disturbed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timing, "FINE_CPU_TIME", False)
    monkeypatch.setattr(timing, "context_switches", lambda: (0, 0))
    monkeypatch.setattr(timing, "thread_time_ns", lambda: 0)
    disturbance = timing.Disturbance()
    disturbance.watch()
    assert not disturbance.happened()
