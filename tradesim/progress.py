"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[float, float, str], None]
"""Called with what is done, the total, and what it is that is being done."""


def silent(done: float, total: float, what: str) -> None:
    """Tell nobody."""
