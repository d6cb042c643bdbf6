"""``tradesim race``: desks against each other."""

from contextlib import ExitStack
from pathlib import Path

from tradesim.cli.app import Json, Seeds, Whole, app, bars, check_chart, print_cautions, print_whole, seeds_of
from tradesim.cli.world import USUAL, World


@app.command
def race(
    *desks: str,
    tape: Path | None = None,
    market: str | None = None,
    problem: str | None = None,
    seeds: Seeds = None,
    latency: str = "empirical",
    timing: str = "live",
    between: str = "desk",
    strategy: Path | None = None,
    hiccups: str | None = None,
    world: World = USUAL,
    db: Path | None = None,
    jobs: Whole = 2,
    outside: str = "fallback",
    chart: Path | None = None,
    as_json: Json = False,
) -> None:
    """Race desks for the same quotes at one venue: who arrives first takes them. Each is also run alone.

    Two orders meet where they want the same quote and neither could know of the other; the first to arrive that is
    filled wins. What the race costs a desk is what it made alone less what it made in the race, over the same seeds.

    Parameters
    ----------
    desks
        Two or more, separated by spaces: names of methods (grid), or strategy files (mine.py, which define STRATEGY);
        each may state what its decisions take: grid=5us, mine.py=lognormal:40us:0.5. One may stand there twice. By
        default analytic grid lightgbm.
    tape
        A tape to replay; by default a market is generated for each seed.
    market
        What is generated where no tape is given: us-equity-options (the default), index-options, coin-options or
        teaching. It says what is usual on it: wires, fees, the venue's rules, the rule that takes, whether it hedges.
    problem
        american, european, heston or asian; by default what the contracts are.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8 for generated markets and 1 for a tape.
    latency
        What decisions take of desks that state none: empirical (measured here, then drawn by seed), measured (live),
        fixed:40us, lognormal:40us:0.5 (median, sigma), gamma:2:10us (shape, scale), file:PATH (measurements in ns), or
        profile:NAME (as an earlier comparison or race measured it); units ns, us, ms, s.
    timing
        How pricings are timed: live (as decisions happen, after the desk's other work), hot (in a loop of their own) or
        cold (after the caches were flushed).
    between
        What the core does between two decisions that are timed: desk (the working set of one desk more), nothing, or a
        working set; and after a comma the longest wait, spin=DURATION or sleep=DURATION: 2MiB,spin=20us.
    strategy
        A file whose STRATEGY says how desks that are named by a method trade; by default they take quotes.
    hiccups
        Pauses of every desk's process, as by a garbage collector: every=100ms,pause=lognormal:1ms:1. By default none.
    db
        The results database; by default results.duckdb in the data home.
    jobs
        Seeds replayed at once; one where a strategy file has a rule of its own.
    outside
        What a method does with a contract outside its domain: fallback (to the solver, charged and counted) or raise.
    chart
        Also write the chart of win rates against latency gaps here (.png, .svg or .html).
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.between import parse_between
    from tradesim.experiments.race import DEFAULT_DESKS
    from tradesim.experiments.race import race as make
    from tradesim.experiments.race_plan import script_of
    from tradesim.experiments.run import load_strategy
    from tradesim.experiments.stated import parse_hiccups
    from tradesim.report.race_table import race_table
    from tradesim.user_code import blamed_on

    check_chart(chart)
    scripts = [script for desk in desks if (script := script_of(desk)) is not None]
    with bars() as tell, ExitStack() as blamed:
        for script in scripts:
            blamed.enter_context(blamed_on(script, kind="strategy"))
        made = make(
            desks=desks or DEFAULT_DESKS,
            tape=tape,
            market=market,
            problem=problem,
            seeds=seeds_of(seeds),
            latency=latency,
            timing=timing,
            between=parse_between(between),
            strategy=None if strategy is None else load_strategy(strategy),
            hiccups=None if hiccups is None else parse_hiccups(hiccups),
            **world.arguments(tape=tape, market=market),
            db=db,
            jobs=jobs,
            outside=outside,
            progress=tell,
        )
    if chart is not None:
        from tradesim.report.charts import save
        from tradesim.report.race_chart import race_chart

        save(race_chart(made.gaps, made.facts), chart)
    if as_json:
        print(made.to_json())
        return
    print_cautions(made)
    print_whole(race_table(made.table, made.rivals, made.facts))
    print(f"race {made.name} in {made.store.path}")
