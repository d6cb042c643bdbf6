"""A busy machine changes neither the order of methods nor what they earn, beyond what the intervals say."""

import subprocess
import sys

import pytest

from tradesim import SyntheticMarket, compare
from tradesim.units import SECOND

METHODS = ("nothing", "analytic", "analytic-slice", "curve")


def compared(home, name: str):
    return compare(
        market=SyntheticMarket(duration=60 * SECOND),
        methods=METHODS,
        seeds=tuple(range(1, 9)),
        curve=(),
        db=home / f"{name}.duckdb",
        jobs=1,
    )


@pytest.mark.alone
def test_two_busy_loops_beside_it_change_neither_ranking_nor_money_beyond_the_intervals(home):
    quiet = compared(home, "quiet")
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        busy = compared(home, "busy")
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    low, high = (dict(quiet.table.select("method", column).iter_rows()) for column in ("pnl_low", "pnl_high"))
    for row in busy.table.iter_rows(named=True):
        assert row["pnl_low"] <= high[row["method"]]
        assert row["pnl_high"] >= low[row["method"]]
    sure = [
        {(row["method"], row["rival"]) for row in each.differences.iter_rows(named=True) if row["low"] > 0}
        for each in (quiet, busy)
    ]
    assert ("curve", "analytic") in sure[0] & sure[1]
    assert not sure[0] & {(rival, method) for method, rival in sure[1]}
