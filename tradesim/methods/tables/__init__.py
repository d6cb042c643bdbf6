"""What tables remember of each problem."""

from collections.abc import Callable
from typing import Final

from tradesim.methods.tables.american import AmericanTable
from tradesim.methods.tables.similar import SimilarTable
from tradesim.methods.tables.table import Table
from tradesim.pricing.problem import Problem

TABLES: Final[dict[str, Callable[[Problem], Table]]] = {"american": AmericanTable}
"""Tables of their own kind, by the problem's name."""


def table_of(problem: Problem) -> Table:
    """The table of ``problem``; that of its scaling where it has none of its own."""
    return TABLES.get(problem.name, SimilarTable)(problem)
