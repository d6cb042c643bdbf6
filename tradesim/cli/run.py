"""``tradesim run``: one strategy file."""

from pathlib import Path

from tradesim.cli.app import Attribution, Json, Seeds, app, bars, seeds_of, show
from tradesim.cli.world import USUAL, World


@app.command
def run(
    script: Path,
    /,
    *,
    tape: Path | None = None,
    problem: str | None = None,
    seeds: Seeds = None,
    latency: str = "empirical",
    world: World = USUAL,
    db: Path | None = None,
    attribution: Attribution = False,
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
    attribution
        Print what the P&L is made of, too; it always is where the strategy makes markets or hedges.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.run import blamed_on, load_strategy
    from tradesim.experiments.run import run as make

    strategy = load_strategy(script)
    with bars() as tell, blamed_on(script):
        comparison = make(
            strategy,
            tape=tape,
            problem=problem,
            seeds=seeds_of(seeds),
            latency=latency,
            **world.arguments(),
            db=db,
            progress=tell,
        )
    show(comparison, chart=None, attribution=attribution, as_json=as_json)
