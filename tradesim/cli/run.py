"""``tradesim run``: one strategy file."""

from pathlib import Path

from tradesim.cli.app import Attribution, Json, Seeds, Tapes, app, bars, seeds_of, show
from tradesim.cli.world import USUAL, World


@app.command
def run(
    script: Path,
    /,
    *,
    tape: Tapes = None,
    market: str | None = None,
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
        A tape to replay, or several (days) by giving it again; by default a market is generated for each seed.
    market
        What is generated where no tape is given: us-equity-options (the default), index-options, coin-options or
        teaching. It says what is usual on it: wires, fees, the venue's rules, the rule that takes, whether it hedges.
    problem
        american or european; by default what the contracts are.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8 for generated markets and one a tape.
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live),
        profile:COMPARISON (as measured then, which makes its replay again), or a model: fixed:40us,
        lognormal:40us:0.5 (median, sigma), gamma:2:10us:30us (shape, scale, floor), file:PATH (measurements in ns: CSV,
        text, Parquet or npy; file:PATH#COLUMN of several columns); units ns, us, ms, s.
    db
        The results database; by default results.duckdb in the data home.
    attribution
        Print what the P&L is made of, too; it always is where the strategy makes markets or hedges.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.run import load_strategy
    from tradesim.experiments.run import run as make
    from tradesim.user_code import blamed_on

    strategy = load_strategy(script)
    with bars() as tell, blamed_on(script, kind="strategy"):
        comparison = make(
            strategy,
            tape=tape,
            market=market,
            problem=problem,
            seeds=seeds_of(seeds),
            latency=latency,
            **world.arguments(tape=tape, market=market),
            db=db,
            progress=tell,
        )
    show(comparison, chart=None, attribution=attribution, as_json=as_json)
