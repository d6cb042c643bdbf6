"""``tradesim compare``: the main job."""

from contextlib import nullcontext
from pathlib import Path

from tradesim.cli.app import Attribution, Json, Seeds, Tapes, Whole, app, bars, check_chart, names, seeds_of, show
from tradesim.cli.world import USUAL, World


@app.command
def compare(
    *,
    tape: Tapes = None,
    market: str | None = None,
    problem: str | None = None,
    methods: str | None = None,
    strategy: Path | None = None,
    latency: str = "empirical",
    update: str | None = None,
    timing: str = "live",
    between: str = "desk",
    seeds: Seeds = None,
    edge: float | None = None,
    cap: Whole | None = None,
    hiccups: str | None = None,
    world: World = USUAL,
    db: Path | None = None,
    jobs: Whole = 2,
    outside: str = "fallback",
    memory_price: float = 0.0,
    until: float | None = None,
    most_seeds: Whole = 64,
    chart: Path | None = None,
    attribution: Attribution = False,
    as_json: Json = False,
) -> None:
    """Compare ways of pricing on the same ticks, by the same rule, under the same seeds.

    Parameters
    ----------
    tape
        A tape to replay, or several (days) by giving it again; by default a market is generated for each seed.
    market
        What is generated where no tape is given: us-equity-options (the default), index-options, coin-options or
        teaching. It says what is usual on it: wires, fees, the venue's rules, the rule that takes, whether it hedges.
    problem
        american, european, heston or asian; by default what the contracts are.
    methods
        Names, separated by commas, one row each; by default nothing,proxy,analytic,analytic-slice,grid,lightgbm.
        Others: reference, grid-linear, grid-sql, chebyshev, lightgbm-plain, network, subspace, memo, taylor, curve;
        slices: grid-slice, chebyshev-slice, lightgbm-slice, network-slice, subspace-slice; grid@64KiB within a memory;
        ladder, or ladder:50us within a deadline; inexact:0.01, the truth and an error of that size (rmse, currency).
    strategy
        How every method trades: a Python file that defines STRATEGY, whose rule, trigger, policy, hedge, CPUs and
        deadline count, and whose method does not. By default quotes are taken. With a rule of the file's own, seeds are
        replayed one after the other.
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live),
        profile:COMPARISON (as measured then, which makes its replay again), or a model: fixed:40us,
        lognormal:40us:0.5 (median, sigma), gamma:2:10us:30us (shape, scale, floor), file:PATH (measurements in ns: CSV,
        text, Parquet or npy; file:PATH#COLUMN of several columns); units ns, us, ms, s.
    update
        What an update of the slow inputs takes on the second CPU, a model as for latency (5s, lognormal:1ms:1); by
        default as measured, or nothing where latency is stated.
    timing
        How pricings are timed: live (as decisions happen, after the desk's other work), hot (in a loop of their own) or
        cold (after the caches were flushed).
    between
        What the core does between two decisions that are timed: desk (the working set of one desk more), nothing, or a
        working set; and after a comma the longest wait, spin=DURATION or sleep=DURATION: 2MiB,spin=20us.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8 for generated markets and one a tape.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default the market's, and on a tape
        0.0075, or 0.0005 of a coin, and at least half a tick of its options. Not with a
        strategy, whose rule says it.
    cap
        Largest position in a contract, long or short; lots. By default the market's, and 50 on a tape. Not with a
        strategy.
    hiccups
        Pauses of a desk's process, as by a garbage collector: every=100ms,pause=lognormal:1ms:1. By default none.
    db
        The results database; by default results.duckdb in the data home (TRADESIM_HOME; else data/ of a checkout; else
        the user's cache folder).
    jobs
        Seeds replayed at once.
    outside
        What a method does with a contract outside its domain: fallback (to the solver, charged and counted) or raise.
    memory_price
        What memory costs: currency for a MiB that a method keeps resident, each hour of tape. By default nothing; the
        table then says which level of this machine's cache a method fits.
    until
        A confidence, 0.95 for example: seeds are added until every two methods are told apart by what they earn, and
        the pairs that are not are named. By default no seed is added. On generated markets only.
    most_seeds
        Seeds that until may come to.
    chart
        Also write the chart of P&L against latency here (.png, .svg or .html).
    attribution
        Print what the P&L is made of, too; it always is where a strategy makes markets or hedges.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.between import parse_between
    from tradesim.experiments.compare import compare as make
    from tradesim.experiments.plan import DEFAULT_METHODS, has_own_rule
    from tradesim.experiments.run import load_strategy
    from tradesim.experiments.stated import parse_hiccups
    from tradesim.user_code import blamed_on

    check_chart(chart)
    trading = None if strategy is None else load_strategy(strategy)
    with bars() as tell, nullcontext() if strategy is None else blamed_on(strategy, kind="strategy"):
        comparison = make(
            tape=tape,
            market=market,
            problem=problem,
            methods=names(methods) if methods is not None else DEFAULT_METHODS,
            latency=latency,
            update=update,
            timing=timing,
            between=parse_between(between),
            hiccups=None if hiccups is None else parse_hiccups(hiccups),
            seeds=seeds_of(seeds),
            edge=edge,
            cap=cap,
            strategy=trading,
            **world.arguments(tape=tape, market=market),
            db=db,
            jobs=jobs if trading is None or not has_own_rule(trading) else 1,
            outside=outside,
            memory_price=memory_price,
            until=until,
            most_seeds=most_seeds,
            progress=tell,
        )
    show(comparison, chart=chart, attribution=attribution, as_json=as_json)
