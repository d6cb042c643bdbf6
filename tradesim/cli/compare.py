"""``tradesim compare``: the main job."""

from pathlib import Path

from tradesim.cli.app import Json, Seeds, Tapes, Whole, app, bars, check_chart, names, seeds_of, show


@app.command
def compare(
    *,
    tape: Tapes = None,
    problem: str | None = None,
    methods: str | None = None,
    latency: str = "empirical",
    cache: str = "hot",
    seeds: Seeds = None,
    edge: float | None = None,
    cap: Whole = 50,
    fee: float | None = None,
    feed: str | None = None,
    entry: str | None = None,
    response: str | None = None,
    hedge_entry: str | None = None,
    hiccups: str | None = None,
    hedge_response: str | None = None,
    rejections: float = 0.0,
    db: Path | None = None,
    jobs: Whole = 2,
    outside: str = "fallback",
    chart: Path | None = None,
    as_json: Json = False,
) -> None:
    """Compare ways of pricing on the same ticks, by the same rule, under the same seeds.

    Parameters
    ----------
    tape
        A tape to replay, or several (days) by giving it again; by default a market is generated for each seed.
    problem
        american, european, heston or asian; by default what the tape's contracts are.
    methods
        Names, separated by commas, one row each; by default nothing,proxy,analytic,analytic-slice,grid,lightgbm.
        Others: reference, grid-linear, grid-sql, chebyshev, lightgbm-plain, network, subspace, memo, taylor, curve;
        slices: grid-slice, chebyshev-slice, lightgbm-slice, network-slice, subspace-slice; grid@64KiB within a memory;
        ladder, or ladder:50us within a deadline; inexact:0.01, the truth and an error of that size (rmse, currency).
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live),
        profile:COMPARISON (as measured then, which makes its replay again), or a model: fixed:40us,
        lognormal:40us:0.5 (median, sigma), gamma:2:10us:30us (shape, scale, floor), file:PATH (measurements in ns: CSV,
        text, Parquet or npy; file:PATH#COLUMN of several columns); units ns, us, ms, s.
    cache
        hot or cold: what the caches hold when latencies are measured.
    seeds
        5, 1-8 or 1,4,9; by default 1-8 for generated markets and one a tape.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default 0.0075, or 0.0005 of a coin.
    cap
        Largest position in a contract, long or short; lots.
    fee
        The taker's fee; currency a unit. By default 0.0025, or 0.0003 of a coin.
    feed
        From the venue to the desk: 20us (the default), any of the models of latency, or recorded (the tape's receive
        times).
    entry
        From the desk to the venue: 30us (the default), any of the models of latency, recorded:PATH (a recording of
        requests: columns req_ts, exch_ts, resp_ts in ns on the tape's clock; linear in time between them, and refused
        where the venue refused), or by action: place=30us,cancel=20us,replace=lognormal:30us:0.4.
    response
        From the venue back to the desk: as entry; after a recorded entry by default the same recording's.
    hiccups
        Pauses of a desk's process, as by a garbage collector: every=100ms,pause=lognormal:1ms:1. By default none.
    hedge_entry
        As entry, of orders for the underlying; by default as those for options.
    hedge_response
        As response, of orders for the underlying.
    rejections
        The share of messages that the venue's gateway refuses, 0 to 1.
    db
        The results database; by default results.duckdb in the data home (TRADESIM_HOME; else data/ of a checkout; else
        the user's cache folder).
    jobs
        Seeds replayed at once.
    outside
        What a method does with a contract outside its domain: fallback (to the solver, charged and counted) or raise.
    chart
        Also write the chart of P&L against latency here (.png, .svg or .html).
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.compare import compare as make
    from tradesim.experiments.plan import DEFAULT_METHODS
    from tradesim.experiments.stated import parse_hiccups, parse_wires

    check_chart(chart)
    with bars() as tell:
        comparison = make(
            tape=tape,
            problem=problem,
            methods=names(methods) if methods is not None else DEFAULT_METHODS,
            latency=latency,
            cache=cache,
            hiccups=None if hiccups is None else parse_hiccups(hiccups),
            seeds=seeds_of(seeds),
            edge=edge,
            cap=cap,
            fee=fee,
            wires=parse_wires(
                feed=feed,
                entry=entry,
                response=response,
                hedge_entry=hedge_entry,
                hedge_response=hedge_response,
                rejections=rejections,
            ),
            db=db,
            jobs=jobs,
            outside=outside,
            progress=tell,
        )
    show(comparison, chart=chart, as_json=as_json)
