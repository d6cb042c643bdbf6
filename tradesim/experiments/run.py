"""One strategy, from a script or a file of the user's own."""

from pathlib import Path
from typing import Any

from tradesim.experiments.asked import asked_by
from tradesim.experiments.compare import Comparison, make
from tradesim.simulation.strategy import Strategy


def run(strategy: Strategy | Path | str, **options: Any) -> Comparison:
    """Run ``strategy`` (or that of a file) under its four runs; a comparison of one row.

    ``options`` are those of :class:`~tradesim.experiments.options.Options`.
    """
    asked = asked_by({"strategy": strategy, **options})
    with asked.blamed():
        return make(asked.plan((asked.trading.method,), curve=()), asked.options)
