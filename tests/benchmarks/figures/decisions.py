"""What pricing costs as decisions happen, by what the core did before: how long it waited, how, and beside whom."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figure import Figure

from tradesim.experiments.between import Between
from tradesim.experiments.measure import Blocks, Measurement, measure_in_turn
from tradesim.experiments.timing import Timing
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.simulation.latency import Stage
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.units import MICROSECOND, MILLISECOND, SECOND, formatted, formatted_memory

METHODS = ("curve", "analytic-slice", "grid", "lightgbm")
WAITS = (0, 200 * MICROSECOND, MILLISECOND, 5 * MILLISECOND, 10 * MILLISECOND, 50 * MILLISECOND)
SETS = (0, 2**18, 2**20, 2**24)
BLOCKS = Blocks(count=8, decisions=6, ns=SECOND, hot=0, cold=0)


def figures() -> Iterable[Figure]:
    """Median pricing after each wait, spinning and asleep, and beside each working set."""
    problem = PROBLEMS["american"]
    session = open_session(generate(SyntheticMarket(duration=30 * SECOND), seed=1), problem, Setting(), seed=1)
    with TemporaryDirectory() as home:
        methods = {name: make_method(name, problem, Path(home)) for name in METHODS}
        for sleeps in (False, True):
            for wait in WAITS:
                yield _figure(
                    f"after {'sleeping' if sleeps else 'spinning'} at most {formatted(wait)}",
                    methods,
                    session,
                    Between(longest=wait, sleeps=sleeps),
                )
        for foreign in SETS:
            what = f"after another's working set of {formatted_memory(foreign) if foreign else 'nothing'}"
            yield _figure(what, methods, session, Between(foreign=foreign, longest=0))


def _figure(what, methods, session, between) -> Figure:
    measured, _ = measure_in_turn(methods, session, dict.fromkeys(methods, Strategy()), between=between, blocks=BLOCKS)
    medians = ", ".join(f"{name} {_median(each)}" for name, each in measured.items())
    share = sum(each.disturbed for each in measured.values()) / sum(each.taken for each in measured.values())
    return Figure(what=f"pricing as decisions happen, {what}", measured=f"{medians}; {100 * share:.1f} % disturbed")


def _median(measurement: Measurement) -> str:
    ns = [
        each.ns
        for (timing, stage, _), each in measurement.readings.items()
        if (timing, stage) == (Timing.LIVE, Stage.PRICE)
    ]
    return formatted(int(np.median(np.concatenate(ns))))
