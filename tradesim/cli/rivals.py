"""``tradesim rivals``: own latency against the reaction of rivals."""

from pathlib import Path

from tradesim.cli.app import Json, app, bars, check_chart, names, print_cautions, print_whole
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def rivals(
    *,
    methods: str | None = None,
    reactions: str | None = None,
    latencies: str | None = None,
    flags: Flags = USUAL,
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
            **stated(flags, tell),
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
