"""``tradesim run``: one strategy file."""

from pathlib import Path

from tradesim.cli.app import Attribution, Json, app, bars, show
from tradesim.cli.options import USUAL, Flags, stated


@app.command
def run(
    script: Path,
    /,
    *,
    flags: Flags = USUAL,
    attribution: Attribution = False,
    as_json: Json = False,
) -> None:
    """Run a strategy file: a Python file that defines STRATEGY, a tradesim.Strategy.

    Parameters
    ----------
    script
        The file (.py).
    attribution
        Print what the P&L is made of, too; it always is where the strategy makes markets or hedges.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.run import run as make

    with bars() as tell:
        comparison = make(**stated(flags, tell) | {"strategy": script})
    show(comparison, chart=None, attribution=attribution, as_json=as_json)
