"""``tradesim frontier``: every way of answering a problem."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradesim.cli.app import Json, Whole, app, bars, check_chart, names, print_whole
from tradesim.units import memory


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
    from tradesim.report.frontier_table import frontier_table, map_text
    from tradesim.results.store import finite

    Need(error=error, ticks=ticks)
    for path in chart or ():
        check_chart(path)
    with bars() as tell:
        measured = (
            latest_frontier(problem, db=db)
            if stored
            else make(
                problem,
                methods=None if methods is None else names(methods),
                budgets=None if budgets is None else [memory(size) for size in names(budgets)],
                cache=cache,
                points=points,
                db=db,
                progress=tell,
            )
        )
    table, facts = measured.table, measured.facts
    cells = winners(table, error=error, ticks=ticks) if as_map else None
    if chart:
        from tradesim.report.charts import save
        from tradesim.report.frontier_chart import frontier_chart, map_chart

        drawn = (
            frontier_chart(table, facts)
            if cells is None
            else map_chart(cells, error=error, ticks=ticks, problem=problem)
        )
        for path in chart:
            save(drawn, path)
    if as_json:
        print(measured.to_json() if cells is None else json.dumps(finite(cells.to_dicts()), allow_nan=False))
        return
    if cells is not None:
        print(map_text(cells, error=error, ticks=ticks, problem=problem))
    else:
        print_whole(frontier_table(table, facts))
        for method, refused in measured.refused.iter_rows():
            print(f"left out: {method}: {refused}")
    print(f"frontier {measured.name} in {measured.store.path}")
