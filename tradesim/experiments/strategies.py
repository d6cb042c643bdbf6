"""Strategies from files of the user's own."""

from pathlib import Path

from tradesim.errors import ArgumentError
from tradesim.simulation.strategy import Strategy
from tradesim.user_code import load_file


def load_strategy(path: Path | str) -> Strategy:
    """The ``STRATEGY`` that the Python file at ``path`` defines; ``ArgumentError`` where there is none.

    Modules that lie beside the file can be imported by it.
    """
    path = Path(path).absolute()
    strategy = getattr(load_file(path, kind="strategy", defines="STRATEGY"), "STRATEGY", None)
    if not isinstance(strategy, Strategy):
        raise ArgumentError(
            f"{path}: STRATEGY is {'missing' if strategy is None else type(strategy).__name__}; it must be a "
            'tradesim.Strategy: write STRATEGY = tradesim.Strategy(method="grid")'
        )
    return strategy
