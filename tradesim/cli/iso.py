"""``tradesim iso``: what error and latency cost together."""

from pathlib import Path

from tradesim.cli.app import Json, app, bars, check_chart, names, print_cautions, print_whole
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def iso(
    *,
    methods: str | None = None,
    errors: str | None = None,
    latencies: str | None = None,
    flags: Flags = USUAL,
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
            **stated(flags, tell),
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
