"""``tradesim compare``: the main job."""

from pathlib import Path

from tradesim.cli.app import Attribution, Json, Whole, app, bars, check_chart, names, show
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def compare(
    *,
    methods: str | None = None,
    until: float | None = None,
    most_seeds: Whole = 64,
    flags: Flags = USUAL,
    chart: Path | None = None,
    attribution: Attribution = False,
    as_json: Json = False,
) -> None:
    """Compare ways of pricing on the same ticks, by the same rule, under the same seeds.

    Parameters
    ----------
    methods
        Names, separated by commas, one row each; by default nothing,proxy,analytic,analytic-slice,grid,lightgbm.
        Others: reference, grid-linear, grid-sql, chebyshev, lightgbm-plain, network, subspace, memo, taylor, curve;
        slices: grid-slice, chebyshev-slice, lightgbm-slice, network-slice, subspace-slice; grid@64KiB within a memory;
        ladder, or ladder:50us within a deadline; inexact:0.01, the truth and an error of that size (rmse, currency).
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
    from tradesim.experiments.compare import compare as make
    from tradesim.experiments.plan import DEFAULT_METHODS

    check_chart(chart)
    with bars() as tell:
        comparison = make(
            methods=names(methods) if methods is not None else DEFAULT_METHODS,
            until=until,
            most_seeds=most_seeds,
            **stated(flags, tell),
        )
    show(comparison, chart=chart, attribution=attribution, as_json=as_json)
