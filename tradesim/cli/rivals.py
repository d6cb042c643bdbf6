"""``tradesim rivals``: own latency against the reaction of rivals."""

from pathlib import Path

from tradesim.cli.app import Json, Seeds, Whole, app, bars, check_chart, names, print_cautions, print_whole, seeds_of


@app.command
def rivals(
    *,
    methods: str | None = None,
    reactions: str | None = None,
    latencies: str | None = None,
    market: str | None = None,
    problem: str | None = None,
    latency: str = "empirical",
    seeds: Seeds = None,
    edge: float | None = None,
    cap: Whole | None = None,
    fee: float | None = None,
    db: Path | None = None,
    jobs: Whole = 2,
    chart: Path | None = None,
    as_json: Json = False,
) -> None:
    """Show the share of the P&L that is kept, over own compute latency and the makers' reaction; and what holds in all.

    Generated markets that differ in the makers' reaction alone. After the tables, in sentences: which of two methods
    earns more, whatever the reaction, up to which one, or not.

    Parameters
    ----------
    methods
        Names, separated by commas, each at its own latency; by default analytic,analytic-slice,curve,grid,lightgbm.
    reactions
        Medians of the makers' reaction beyond its fixed part, separated by commas; by default 10us,30us,100us,1ms,10ms.
        What your own market's is, facts estimates.
    latencies
        Compute latencies, separated by commas, from 0ns up; by default 0ns,1us,10us,30us,100us,300us,1ms,10ms.
    market
        us-equity-options (the default), index-options, coin-options or teaching: all but the makers' median reaction.
    problem
        american, european, heston or asian; by default what the market's contracts are.
    latency
        What a method's work takes: empirical (measured here), fixed:40us, lognormal:40us:0.5, or profile:COMPARISON.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default the market's.
    cap
        Largest position in a contract, long or short; lots. By default the market's.
    fee
        The taker's fee; currency a unit. By default the market's.
    db
        The results database; by default results.duckdb in the data home.
    jobs
        Seeds replayed at once.
    chart
        Also write the map here (.png, .svg or .html).
    as_json
        Print one JSON object instead of the tables.
    """
    from tradesim.experiments.rivals import LATENCIES, METHODS, REACTIONS
    from tradesim.experiments.rivals import rivals as make
    from tradesim.report.rivals_table import rivals_methods_table, rivals_table, statements
    from tradesim.units import duration

    check_chart(chart)
    with bars() as tell:
        made = make(
            methods=METHODS if methods is None else names(methods),
            reactions=REACTIONS if reactions is None else [duration(text) for text in names(reactions)],
            latencies=LATENCIES if latencies is None else [duration(text) for text in names(latencies)],
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
    facts = made.comparisons[0].facts
    if chart is not None:
        from tradesim.report.charts import save
        from tradesim.report.rivals_chart import rivals_chart

        save(rivals_chart(made.table, made.lines, made.methods, facts), chart)
    if as_json:
        print(made.to_json())
        return
    print_cautions(made.comparisons[0])
    print_whole(rivals_table(made.table, facts))
    print_whole(rivals_methods_table(made.methods, facts))
    print(*statements(made.differences), sep="\n")
    print(f"comparisons {', '.join(each.name for each in made.comparisons)} in {made.comparisons[0].store.path}")
