"""What all commands share: the application, its kinds of arguments, progress, and how a comparison is shown."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter, Token
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tradesim.errors import ArgumentError
from tradesim.progress import Progress as Tell

if TYPE_CHECKING:
    from rich.table import Table

    from tradesim.experiments.compare import Comparison
    from tradesim.experiments.stored_result import StoredResult

app = App(
    name="tradesim",
    help="Solver, table or model? Ways of pricing options, compared on the money they make under latency.",
    suppress_keyboard_interrupt=False,
)

WIDEST = 400
"""Characters: a table wider than the terminal is still printed whole."""


def _whole(kind: type, tokens: Sequence[Token]) -> int:
    """A whole number as people write it; 1.5 is refused, not rounded."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is not a whole number") from None


Whole = Annotated[int, Parameter(converter=_whole)]
Seeds = Annotated[str | None, Parameter(name=["--seeds", "--seed"])]
Attribution = Annotated[bool, Parameter(negative="", show_default=False)]
Tapes = Annotated[list[Path] | None, Parameter(name="--tape", negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]


@contextmanager
def bars() -> Iterator[Tell]:
    """Progress bars on standard error, one for each thing that is done; none where it is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(done: float, total: float, what: str) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


def names(text: str) -> tuple[str, ...]:
    """What ``text`` lists, separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def seeds_of(text: str | None) -> tuple[int, ...] | None:
    """The seeds that ``text`` states; None where it states none."""
    from tradesim.experiments.plan import parse_seeds

    return None if text is None else parse_seeds(text)


def a_yield(value: float, name: str) -> float:
    """``value`` itself, a fraction a year; else ``ArgumentError``."""
    if not -1.0 <= value <= 1.0:
        raise ArgumentError(f"{name} {value:g}: it is a fraction a year, from -1 to 1; write 0.05 for 5 percent")
    return value


def check_chart(path: Path | None) -> None:
    """Refuse a place where no chart can be written, before the work that it would show."""
    if path is not None:
        from tradesim.report.charts import chart_suffix
        from tradesim.results.store import check_place

        chart_suffix(path)
        check_place(path)


def show(comparison: "Comparison", *, chart: Path | None, attribution: bool, as_json: bool) -> None:
    """Print a comparison: its tables, or one JSON object; draw its chart where one is wanted.

    The second table, of what the P&L is made of, is printed where ``attribution`` asks for it, and where a desk made
    or hedged: there the first does not tell the whole.
    """
    from tradesim.report.attribution_table import attribution_table
    from tradesim.report.table import comparison_table, seeds_taken

    if chart is not None:
        from tradesim.report.charts import save, trade_off

        save(trade_off(comparison.curve, comparison.table, comparison.facts), chart)
    if as_json:
        print(comparison.to_json())
        return
    print_cautions(comparison)
    print_whole(comparison_table(comparison.table, comparison.facts))
    if attribution or comparison.makes_or_hedges:
        print_whole(attribution_table(comparison.attribution, list(comparison.table["method"]), comparison.facts))
    if (undecided := comparison.undecided) is not None:
        confidence = comparison.facts["manifest"]["configuration"]["until"]["confidence"]
        print(seeds_taken(undecided, max(comparison.table["seeds"]), confidence))
    print(f"comparison {comparison.name} in {comparison.store.path}")


def print_cautions(answer: "StoredResult") -> None:
    """Print what to know before the table is believed."""
    console = Console(highlight=False)
    for line in answer.cautions:
        console.print(line, style="yellow")


def print_whole(table: "Table") -> None:
    """Print a table at its own width, however narrow the terminal."""
    console = Console()
    console.width = max(console.width, Console(width=WIDEST).measure(table).maximum)
    console.print(table)
