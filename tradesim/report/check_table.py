"""The table of the checks of a method, for people."""

from collections.abc import Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

WIDTH: Final = 78

STYLES: Final = {"fail": "bold red", "pass": "green"}


def check_table(method: str, problem: str, rows: Sequence[Any]) -> Table:
    """A row per check: what it is called, how it ended, what was found."""
    failed = sum(row.outcome == "fail" for row in rows)
    verdict = f"{failed} of {len(rows)} checks failed" if failed else "every check passed"
    shown = Table(title=f"{method} on {problem}: {verdict}", title_justify="left", width=WIDTH)
    shown.add_column("check", no_wrap=True)
    shown.add_column("outcome", no_wrap=True)
    shown.add_column("found", overflow="fold")
    for row in rows:
        shown.add_row(row.check, Text(row.outcome, style=STYLES.get(row.outcome, "")), Text(row.found))
    return shown
