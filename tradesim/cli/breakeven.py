"""``tradesim breakeven``: how long a method may think."""

from tradesim.cli.app import Json, app, bars, names, print_cautions, print_whole
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def breakeven(
    *,
    methods: str | None = None,
    against: str | None = None,
    flags: Flags = USUAL,
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
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.break_even import METHODS, break_even
    from tradesim.report.break_even_table import break_even_table

    with bars() as tell:
        found = break_even(
            methods=METHODS if methods is None else names(methods),
            against=None if against is None else names(against),
            **stated(flags, tell),
        )
    if as_json:
        print(found.to_json())
        return
    print_cautions(found.comparison)
    print_whole(break_even_table(found.table, found.comparison.facts))
    print(f"comparison {found.comparison.name} in {found.comparison.store.path}")
