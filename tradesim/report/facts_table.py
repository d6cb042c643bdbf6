"""The stylised facts of tapes as a table for people: a row a fact, a column a tape."""

from collections.abc import Mapping
from pathlib import Path

from rich.table import Table

from tradesim.market.facts import Facts

CAPTION = (
    "Mids of the underlying, but where trades or options are named. A Poisson process has Fano factor 1 and branching "
    "ratio 0, a normal law kurtosis 3, and without bounce or trend the volatility is the same at every interval. "
    '"-": the tape cannot tell.'
)


def facts_table(facts: Mapping[str, Facts]) -> Table:
    """The table of ``facts``, which are by tape; all tapes have the same."""
    table = Table(caption=CAPTION, caption_justify="left")
    table.add_column("fact")
    for tape in facts:
        table.add_column(Path(tape).name, justify="right")
    for name in next(iter(facts.values())):
        table.add_row(name, *(_said(of_tape[name]) for of_tape in facts.values()))
    return table


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
