"""``tradesim race``: desks against each other."""

from pathlib import Path

from tradesim.cli.app import Json, app, bars, check_chart, print_cautions, print_whole
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def race(
    *desks: str,
    flags: Flags = USUAL,
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
    chart
        Also write the chart of win rates against latency gaps here (.png, .svg or .html).
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.race import DEFAULT_DESKS
    from tradesim.experiments.race import race as make
    from tradesim.report.race_table import race_table

    check_chart(chart)
    with bars() as tell:
        made = make(desks=desks or DEFAULT_DESKS, **stated(flags, tell))
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
