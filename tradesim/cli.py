"""The command line: every command is a function that a script can call too."""

import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts
from cyclopts import App, Parameter, Token
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tradesim.errors import ArgumentError, TradesimError, one_of
from tradesim.progress import Progress as Tell
from tradesim.units import duration, memory

if TYPE_CHECKING:
    from rich.table import Table

    from tradesim.experiments.compare import Comparison

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
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False)]


def main() -> None:
    """Run the command line: 0 when done, 2 for bad input (one line on standard error), 130 for Ctrl-C."""
    sys.exit(exit_status(sys.argv[1:]))


def exit_status(tokens: list[str]) -> int:
    """Run the command that ``tokens`` say; return what the process is to exit with."""
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TradesimError, cyclopts.CycloptsError) as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(f"{error.filename or 'system'}: {error.strerror or error}; name a place that can be used")
    except KeyboardInterrupt:
        print("tradesim: interrupted; nothing was stored", file=sys.stderr)
        return 130
    return 0


def _refused(why: str) -> int:
    print("tradesim: " + " ".join(why.split()), file=sys.stderr)
    return 2


@contextmanager
def _bars() -> Iterator[Tell]:
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


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _seeds(text: str | None) -> tuple[int, ...] | None:
    from tradesim.experiments.plan import parse_seeds

    return None if text is None else parse_seeds(text)


def _yield(value: float, name: str) -> float:
    if not -1.0 <= value <= 1.0:
        raise ArgumentError(f"{name} {value:g}: it is a fraction a year, from -1 to 1; write 0.05 for 5 percent")
    return value


@app.command
def compare(
    *,
    tape: Path | None = None,
    problem: str | None = None,
    methods: str | None = None,
    latency: str = "empirical",
    cache: str = "hot",
    seeds: Seeds = None,
    edge: float | None = None,
    cap: Whole = 50,
    fee: float | None = None,
    feed: str | None = None,
    entry: str | None = None,
    response: str | None = None,
    db: Path | None = None,
    jobs: Whole = 2,
    outside: str = "fallback",
    chart: Path | None = None,
    as_json: Json = False,
) -> None:
    """Compare ways of pricing on the same ticks, by the same rule, under the same seeds.

    Parameters
    ----------
    tape
        A tape to replay; by default a market is generated for each seed.
    problem
        american, european, heston or asian; by default what the tape's contracts are.
    methods
        Names, separated by commas, one row each; by default nothing,proxy,analytic,analytic-slice,grid,lightgbm.
        Others: reference, grid-linear, grid-sql, chebyshev, lightgbm-plain, network, subspace, memo, taylor, curve;
        slices: grid-slice, chebyshev-slice, lightgbm-slice, network-slice, subspace-slice; grid@64KiB within a memory;
        ladder, or ladder:50us within a deadline.
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live), fixed:40us,
        lognormal:40us:0.5 (median, sigma), or profile:COMPARISON (as measured then, which makes its replay again);
        units ns, us, ms, s.
    cache
        hot or cold: what the caches hold when latencies are measured.
    seeds
        5, 1-8 or 1,4,9; by default 1-8 for generated markets and 1 for a tape.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default 0.0075, or 0.0005 of a coin.
    cap
        Largest position in a contract, long or short; lots.
    fee
        The taker's fee; currency a unit. By default 0.0025, or 0.0003 of a coin.
    feed
        From the venue to the desk: 20us (the default), lognormal:20us:0.5, or recorded (the tape's receive times).
    entry
        From the desk to the venue: 30us (the default) or lognormal:30us:0.5.
    response
        From the venue back to the desk: 30us (the default) or lognormal:30us:0.5.
    db
        The results database; by default results.duckdb in the data home (TRADESIM_HOME; else data/ of a checkout; else
        the user's cache folder).
    jobs
        Seeds replayed at once.
    outside
        What a method does with a contract outside its domain: fallback (to the solver, charged and counted) or raise.
    chart
        Also write the chart of P&L against latency here (.png, .svg or .html).
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.compare import compare as make
    from tradesim.experiments.plan import DEFAULT_METHODS
    from tradesim.experiments.stated import parse_wires

    _check_chart(chart)
    with _bars() as tell:
        comparison = make(
            tape=tape,
            problem=problem,
            methods=_names(methods) if methods is not None else DEFAULT_METHODS,
            latency=latency,
            cache=cache,
            seeds=_seeds(seeds),
            edge=edge,
            cap=cap,
            fee=fee,
            wires=parse_wires(feed=feed, entry=entry, response=response),
            db=db,
            jobs=jobs,
            outside=outside,
            progress=tell,
        )
    _show(comparison, chart=chart, as_json=as_json)


@app.command
def run(
    script: Path,
    /,
    *,
    tape: Path | None = None,
    problem: str | None = None,
    seeds: Seeds = None,
    latency: str = "empirical",
    db: Path | None = None,
    as_json: Json = False,
) -> None:
    """Run a strategy file: a Python file that defines STRATEGY, a tradesim.Strategy.

    Parameters
    ----------
    script
        The file (.py).
    tape
        A tape to replay; by default a market is generated for each seed.
    problem
        american or european; by default what the tape's contracts are.
    seeds
        5, 1-8 or 1,4,9; by default 1-8 for generated markets and 1 for a tape.
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live), fixed:40us,
        lognormal:40us:0.5 (median, sigma), or profile:COMPARISON (as measured then, which makes its replay again);
        units ns, us, ms, s.
    db
        The results database; by default results.duckdb in the data home.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.run import blamed_on, load_strategy
    from tradesim.experiments.run import run as make

    strategy = load_strategy(script)
    with _bars() as tell, blamed_on(script):
        comparison = make(
            strategy, tape=tape, problem=problem, seeds=_seeds(seeds), latency=latency, db=db, progress=tell
        )
    _show(comparison, chart=None, as_json=as_json)


@app.command
def build(methods: str = "grid,lightgbm", /, *, problem: str = "american") -> None:
    """Build what methods need (tables, models) in the data home, where it is missing.

    Parameters
    ----------
    methods
        Names, separated by commas.
    problem
        american or european.
    """
    from tradesim.experiments.build import build as make

    with _bars() as tell:
        built = make(_names(methods), problem=problem, progress=tell)
    for name, cost in built.items():
        print(f"{name}: {cost.evaluations:,} reference evaluations, {cost.seconds:.1f} s")


@app.command
def frontier(
    problem: str,
    /,
    *,
    methods: str | None = None,
    budgets: str | None = None,
    cache: str = "hot",
    points: Whole = 2_000,
    stored: Annotated[bool, Parameter(name="--stored", negative="", show_default=False)] = False,
    as_map: Annotated[bool, Parameter(name="--map", negative="", show_default=False)] = False,
    error: float = 0.005,
    ticks: float = 100.0,
    chart: Annotated[list[Path] | None, Parameter(name="--chart")] = None,
    db: Path | None = None,
    as_json: Json = False,
) -> None:
    """Measure every way of answering a problem, at every memory budget: latency, memory, error, lawfulness.

    Parameters
    ----------
    problem
        european, american, heston, asian, basket-2 to basket-8 or sine.
    methods
        Names, separated by commas, with a budget (grid@64KiB) or without: then at all; by default every method that
        serves the problem.
    budgets
        Sizes, separated by commas (64KiB,1MiB), in place of those that are usual for each method.
    cache
        hot or cold: by which latencies the frontier is drawn; both are measured.
    points
        Held-out points on which errors are taken.
    stored
        Take the newest stored frontier of the problem instead of measuring anew.
    as_map
        Show who wins over budgets of latency and memory instead of the table.
    error
        Of the map: the largest tolerable price error (rmse).
    ticks
        Of the map: decisions an update, that is, how seldom slow inputs change.
    chart
        Also write the chart (of the map with --map) here (.png, .svg or .html); may be given more than once.
    db
        The results database; by default results.duckdb in the data home.
    as_json
        Print one JSON object instead.
    """
    from tradesim.experiments.advise import Need, winners
    from tradesim.experiments.frontier import frontier as make
    from tradesim.experiments.frontier import latest_frontier
    from tradesim.report.charts import save
    from tradesim.report.frontier_chart import frontier_chart, map_chart
    from tradesim.report.frontier_table import frontier_table, map_text
    from tradesim.results.store import finite

    Need(error=error, ticks=ticks)
    for path in chart or ():
        _check_chart(path)
    with _bars() as tell:
        measured = (
            latest_frontier(problem, db=db)
            if stored
            else make(
                problem,
                methods=None if methods is None else _names(methods),
                budgets=None if budgets is None else [memory(size) for size in _names(budgets)],
                cache=cache,
                points=points,
                db=db,
                progress=tell,
            )
        )
    table, facts = measured.table, measured.facts
    cells = winners(table, error=error, ticks=ticks) if as_map else None
    for path in chart or ():
        drawn = (
            frontier_chart(table, facts)
            if cells is None
            else map_chart(cells, error=error, ticks=ticks, problem=problem)
        )
        save(drawn, path)
    if as_json:
        print(measured.to_json() if cells is None else json.dumps(finite(cells.to_dicts()), allow_nan=False))
        return
    if cells is not None:
        print(map_text(cells, error=error, ticks=ticks, problem=problem))
    else:
        _print_whole(frontier_table(table, facts))
        for method, refused in measured.refused.iter_rows():
            print(f"left out: {method}: {refused}")
    print(f"frontier {measured.name} in {measured.store.path}")


@app.command
def advise(
    problem: str,
    /,
    *,
    latency: str | None = None,
    memory_budget: Annotated[str | None, Parameter(name="--memory")] = None,
    error: float = math.inf,
    ticks: float = 100.0,
    db: Path | None = None,
    as_json: Json = False,
) -> None:
    """Say which method to take within budgets of latency, memory and error, and why; from the newest stored frontier.

    Parameters
    ----------
    problem
        One whose frontier has been measured (tradesim frontier PROBLEM).
    latency
        What a decision on the chain may take, its share of an update in it, for example 5us.
    memory_budget
        What the method may keep, for example 1MiB.
    error
        The largest tolerable price error (rmse), on a strike of 100 where there is one.
    ticks
        Decisions an update: how seldom slow inputs change.
    db
        The results database; by default results.duckdb in the data home.
    as_json
        Print one JSON object instead.
    """
    from dataclasses import asdict

    from tradesim.experiments.advise import advise as make
    from tradesim.report.frontier_table import advice_text
    from tradesim.results.store import finite

    advice = make(
        problem,
        latency=math.inf if latency is None else duration(latency),
        memory=math.inf if memory_budget is None else memory(memory_budget),
        error=error,
        ticks=ticks,
        db=db,
    )
    if as_json:
        print(json.dumps(finite(asdict(advice)), indent=2, allow_nan=False))
        return
    asked = [
        *([] if latency is None else [f"at most {latency} a decision"]),
        *([] if memory_budget is None else [f"{memory_budget} of memory"]),
        *([] if math.isinf(error) else [f"an error of {error:g}"]),
        f"{ticks:g} ticks an update",
    ]
    print(advice_text(problem, advice.best, advice.rivals, ", ".join(asked)))
    print(f"from frontier {advice.frontier}")


@app.command
def ingest(
    reader: str,
    /,
    *sources: Path,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    underlying: str | None = None,
    rate: float = 0.0,
    dividend: float = 0.0,
    on_bad_row: str = "raise",
    correct_clock: str | None = None,
) -> None:
    """Read a vendor's files into a tape.

    Parameters
    ----------
    reader
        The format: lean, lean-tick or deribit.
    sources
        Files of the format.
    output
        The tape to write (.parquet).
    underlying
        Which, where the files hold several.
    rate
        The interest rate, a fraction a year, continuously compounded.
    dividend
        The dividend yield, a fraction a year, continuously compounded, where the options do not tell it.
    on_bad_row
        raise (the first bad row ends it) or drop (bad rows are left out and counted).
    correct_clock
        Shift receive times so that the fastest message took this long, for example 100us; by default they stand.
    """
    from tradesim.market.clock import correct_clock as correct
    from tradesim.market.ingest import ingest as make
    from tradesim.market.sieve import OnBadRow
    from tradesim.market.tape_file import write_tape
    from tradesim.results.store import check_place

    check_place(output)
    floor = None if correct_clock is None else duration(correct_clock)
    tape, intake = make(
        reader,
        sources,
        underlying=underlying,
        rate=_yield(rate, "rate"),
        dividend=_yield(dividend, "dividend"),
        on_bad_row=one_of(OnBadRow, on_bad_row, "on-bad-row"),
    )
    write_tape(tape if floor is None else correct(tape, floor=floor), output)
    print(intake)
    print(f"{output}: {len(tape):,} rows, {len(tape.chain):,} contracts of {tape.underlying}, in {tape.currency}")


@app.command
def generate(output: Path, /, *, seed: Whole = 1, length: str | None = None) -> None:
    """Write a tape of the generated market.

    Parameters
    ----------
    output
        The tape to write (.parquet).
    seed
        Which of its histories.
    length
        How long, for example 300s; by default 120s.
    """
    from tradesim.market.synthetic import SyntheticMarket
    from tradesim.market.synthetic import generate as make
    from tradesim.market.tape_file import write_tape
    from tradesim.results.store import check_place

    check_place(output)
    market = SyntheticMarket() if length is None else SyntheticMarket(duration=duration(length))
    tape = make(market, seed=seed)
    write_tape(tape, output)
    print(f"{output}: {len(tape):,} rows, {len(tape.chain)} contracts, tape {tape.hash}")


@app.command
def sql(query: str, /, *, db: Path | None = None, as_json: Json = False) -> None:
    """Query the results database, read-only.

    Parameters
    ----------
    query
        SQL, for example: SELECT method, pnl_mean FROM comparison_table
    db
        The results database; by default results.duckdb in the data home.
    as_json
        Print the rows as a JSON array.
    """
    import polars as pl

    from tradesim.home import data_home
    from tradesim.results.store import Store, finite

    frame = Store(db or data_home() / "results.duckdb").query(query)
    if as_json:
        print(json.dumps(finite(frame.to_dicts()), allow_nan=False))
        return
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, fmt_str_lengths=60, tbl_width_chars=200):
        print(frame)


def _check_chart(path: Path | None) -> None:
    """Refuse a place where no chart can be written, before the work that it would show."""
    if path is not None:
        from tradesim.report.charts import chart_suffix
        from tradesim.results.store import check_place

        chart_suffix(path)
        check_place(path)


def _show(comparison: "Comparison", *, chart: Path | None, as_json: bool) -> None:
    from tradesim.report.table import comparison_table

    if chart is not None:
        from tradesim.report.charts import save, trade_off

        save(trade_off(comparison.curve, comparison.table, comparison.facts), chart)
    if as_json:
        print(comparison.to_json())
        return
    _print_whole(comparison_table(comparison.table, comparison.facts))
    print(f"comparison {comparison.name} in {comparison.store.path}")


def _print_whole(table: "Table") -> None:
    """Print a table at its own width, however narrow the terminal."""
    console = Console()
    console.width = max(console.width, Console(width=WIDEST).measure(table).maximum)
    console.print(table)
