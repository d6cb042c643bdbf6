"""``tradesim measure``: the latencies of methods on this machine, kept in a file."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradesim.cli.app import Json, app, bars, names, print_whole
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def measure(
    methods: str | None = None,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    flags: Flags = USUAL,
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
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.plan import DEFAULT_METHODS
    from tradesim.experiments.profiling import measure as make
    from tradesim.experiments.profiling import read_percentiles
    from tradesim.report.profile_table import profile_table

    with bars() as tell:
        about = make(output, methods=names(methods) if methods is not None else DEFAULT_METHODS, **stated(flags, tell))
    rows = read_percentiles(output)
    if as_json:
        print(json.dumps({"about": about, "stages": rows.to_dicts()}))
        return
    print_whole(profile_table(rows, about))
    print(f"profile {output}")
