"""``tradesim measure``: the latencies of methods on this machine, kept in a file."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradesim.cli.app import Json, Tapes, Whole, app, bars, names, print_whole


@app.command
def measure(
    methods: str | None = None,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    tape: Tapes = None,
    market: str | None = None,
    problem: str | None = None,
    seed: Whole | None = None,
    strategy: Path | None = None,
    between: str = "desk",
    as_json: Json = False,
) -> None:
    """Time methods on this machine as decisions happen, and keep the profile in a file.

    On the trading server: tradesim measure grid,lightgbm -o profile.parquet. Anywhere else: tradesim compare --methods
    grid,lightgbm --latency profile.parquet. The file says which machine and versions it is of, and how many decisions
    were disturbed.

    Parameters
    ----------
    methods
        Names, separated by commas; by default those of compare.
    output
        The profile to write (.parquet).
    tape
        The tape to decide on; by default a generated market.
    market
        The market that is generated where no tape is given, as of compare.
    problem
        american, european, heston or asian; by default what the tape's contracts are.
    seed
        Of the generated market; by default 1.
    strategy
        How every method trades: a Python file that defines STRATEGY. By default quotes are taken.
    between
        What the core does between two decisions, as of compare.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.between import parse_between
    from tradesim.experiments.plan import DEFAULT_METHODS
    from tradesim.experiments.profiling import measure as make
    from tradesim.experiments.profiling import read_percentiles
    from tradesim.experiments.run import load_strategy
    from tradesim.report.profile_table import profile_table

    with bars() as tell:
        about = make(
            output,
            methods=names(methods) if methods is not None else DEFAULT_METHODS,
            tape=tape,
            market=market,
            problem=problem,
            seed=seed,
            strategy=None if strategy is None else load_strategy(strategy),
            between=parse_between(between),
            progress=tell,
        )
    rows = read_percentiles(output)
    if as_json:
        print(json.dumps({"about": about, "stages": rows.to_dicts()}))
        return
    print_whole(profile_table(rows, about))
    print(f"profile {output}")
