"""``tradesim advise``: which method to take."""

import json
import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradesim.cli.app import Json, app
from tradesim.units import duration, memory


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
