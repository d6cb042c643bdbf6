"""``tradesim breakeven``: how long a method may think."""

from pathlib import Path

from tradesim.cli.app import Json, Seeds, Tapes, Whole, app, bars, names, print_cautions, print_whole, seeds_of


@app.command
def breakeven(
    *,
    methods: str | None = None,
    against: str | None = None,
    tape: Tapes = None,
    market: str | None = None,
    problem: str | None = None,
    latency: str = "empirical",
    seeds: Seeds = None,
    edge: float | None = None,
    cap: Whole | None = None,
    fee: float | None = None,
    db: Path | None = None,
    jobs: Whole = 2,
    as_json: Json = False,
) -> None:
    """Find how long each method may take before another one, at its own latency, earns as much.

    Each method's prices are replayed at fixed compute latencies on the same ticks and seeds, closer and closer around
    the latency at which its P&L is that of the rival; an interval says how well it is known.

    Parameters
    ----------
    methods
        Names, separated by commas; by default analytic,analytic-slice,grid,lightgbm.
    against
        Their rivals, separated by commas; by default every method stands against every other one. Against nothing:
        the latency from which a method earns nothing.
    tape
        A tape to replay, or several (days) by giving it again; by default a market is generated for each seed.
    market
        What is generated where no tape is given: us-equity-options (the default), index-options, coin-options or
        teaching. It says what is usual on it: wires, fees, the venue's rules, the rule that takes, whether it hedges.
    problem
        american, european, heston or asian; by default what the contracts are.
    latency
        What a rival's pricing takes: empirical (measured here), fixed:40us, lognormal:40us:0.5, or profile:COMPARISON.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8 for generated markets and one a tape. An interval needs five.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default the market's, and on a tape
        0.0075, or 0.0005 of a coin, and at least half a tick of its options.
    cap
        Largest position in a contract, long or short; lots. By default the market's, and 50 on a tape.
    fee
        The taker's fee; currency a unit. By default the market's, and on a tape 0.0025, or 0.0003 of a coin.
    db
        The results database; by default results.duckdb in the data home.
    jobs
        Seeds replayed at once.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.break_even import METHODS, break_even
    from tradesim.report.break_even_table import break_even_table

    with bars() as tell:
        found = break_even(
            methods=METHODS if methods is None else names(methods),
            against=None if against is None else names(against),
            tape=tape,
            market=market,
            problem=problem,
            latency=latency,
            seeds=seeds_of(seeds),
            edge=edge,
            cap=cap,
            fee=fee,
            db=db,
            jobs=jobs,
            progress=tell,
        )
    if as_json:
        print(found.to_json())
        return
    print_cautions(found.comparison)
    print_whole(break_even_table(found.table, found.comparison.facts))
    print(f"comparison {found.comparison.name} in {found.comparison.store.path}")
