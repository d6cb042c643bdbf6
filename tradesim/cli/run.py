"""``tradesim run``: one strategy file."""

from pathlib import Path

from tradesim.cli.app import Json, Seeds, Tapes, app, bars, seeds_of, show


@app.command
def run(
    script: Path,
    /,
    *,
    tape: Tapes = None,
    problem: str | None = None,
    seeds: Seeds = None,
    latency: str = "empirical",
    feed: str | None = None,
    entry: str | None = None,
    response: str | None = None,
    hedge_entry: str | None = None,
    hedge_response: str | None = None,
    rejections: float = 0.0,
    db: Path | None = None,
    as_json: Json = False,
) -> None:
    """Run a strategy file: a Python file that defines STRATEGY, a tradesim.Strategy.

    Parameters
    ----------
    script
        The file (.py).
    tape
        A tape to replay, or several (days) by giving it again; by default a market is generated for each seed.
    problem
        american or european; by default what the tape's contracts are.
    seeds
        5, 1-8 or 1,4,9; by default 1-8 for generated markets and one a tape.
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live),
        profile:COMPARISON (as measured then, which makes its replay again), or a model: fixed:40us,
        lognormal:40us:0.5 (median, sigma), gamma:2:10us:30us (shape, scale, floor), file:PATH (measurements in ns: CSV,
        text, Parquet or npy; file:PATH#COLUMN of several columns); units ns, us, ms, s.
    feed
        From the venue to the desk: 20us (the default), any of the models of latency, or recorded (the tape's receive
        times).
    entry
        From the desk to the venue: 30us (the default), any of the models of latency, recorded:PATH (a recording of
        requests: columns req_ts, exch_ts, resp_ts in ns on the tape's clock; linear in time between them, and refused
        where the venue refused), or by action: place=30us,cancel=20us,replace=lognormal:30us:0.4.
    response
        From the venue back to the desk: as entry; after a recorded entry by default the same recording's.
    hedge_entry
        As entry, of orders for the underlying; by default as those for options.
    hedge_response
        As response, of orders for the underlying.
    rejections
        The share of messages that the venue's gateway refuses, 0 to 1.
    db
        The results database; by default results.duckdb in the data home.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.run import load_strategy
    from tradesim.experiments.run import run as make
    from tradesim.experiments.stated import parse_wires
    from tradesim.user_code import blamed_on

    strategy = load_strategy(script)
    with bars() as tell, blamed_on(script, kind="strategy"):
        comparison = make(
            strategy,
            tape=tape,
            problem=problem,
            seeds=seeds_of(seeds),
            latency=latency,
            wires=parse_wires(
                feed=feed,
                entry=entry,
                response=response,
                hedge_entry=hedge_entry,
                hedge_response=hedge_response,
                rejections=rejections,
            ),
            db=db,
            progress=tell,
        )
    show(comparison, chart=None, as_json=as_json)
