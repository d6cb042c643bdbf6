"""``tradesim iso``: what error and latency cost together."""

from pathlib import Path

from tradesim.cli.app import Json, Seeds, Whole, app, bars, check_chart, names, print_cautions, print_whole, seeds_of


@app.command
def iso(
    *,
    methods: str | None = None,
    errors: str | None = None,
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
    """Show P&L over price error and compute latency, and where the methods stand on that map.

    Reference prices are made wrong by a stated amount, another error in each generated market, and replayed at fixed
    latencies. Along an iso-P&L line a method may be slower only by being more accurate.

    Parameters
    ----------
    methods
        Names, separated by commas, placed on the map; by default analytic,analytic-slice,grid,lightgbm.
    errors
        Root mean squares, currency a unit, separated by commas; by default 0.001,0.002,0.004,0.006,0.008,0.012,0.02,
        0.04. The row without error is always there.
    latencies
        Compute latencies, separated by commas, from 0ns up; by default 0 to 3 ms, two a decade.
    market
        What is generated where no tape is given: us-equity-options (the default), index-options, coin-options or
        teaching. It says what is usual on it: wires, fees, the venue's rules, the rule that takes, whether it hedges.
    problem
        american, european, heston or asian; by default what the contracts are.
    latency
        What a method's pricing takes: empirical (measured here), fixed:40us, lognormal:40us:0.5, or profile:COMPARISON.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default the market's.
    cap
        Largest position in a contract, long or short; lots. By default the market's, and 50 on a tape.
    fee
        The taker's fee; currency a unit. By default the market's.
    db
        The results database; by default results.duckdb in the data home.
    jobs
        Seeds replayed at once.
    chart
        Also write the chart of iso-P&L lines here (.png, .svg or .html).
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.iso import ERRORS, LATENCIES, METHODS, parse_errors
    from tradesim.experiments.iso import iso as make
    from tradesim.report.iso_table import iso_table
    from tradesim.units import duration

    check_chart(chart)
    with bars() as tell:
        made = make(
            methods=METHODS if methods is None else names(methods),
            errors=ERRORS if errors is None else parse_errors(names(errors)),
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
    facts = made.comparison.facts
    if chart is not None:
        from tradesim.report.charts import save
        from tradesim.report.iso_chart import iso_chart

        save(iso_chart(made.table, made.lines, made.methods, facts), chart)
    if as_json:
        print(made.to_json())
        return
    print_cautions(made.comparison)
    print_whole(iso_table(made.table, made.methods, facts))
    print(f"comparison {made.comparison.name} in {made.comparison.store.path}")
