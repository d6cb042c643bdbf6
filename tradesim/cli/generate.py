"""``tradesim generate``: a tape of the generated market."""

from dataclasses import replace
from pathlib import Path

from tradesim.cli.app import Whole, app
from tradesim.units import duration


@app.command
def generate(
    output: Path,
    /,
    *,
    market: str | None = None,
    problem: str | None = None,
    seed: Whole = 1,
    length: str | None = None,
) -> None:
    """Write a tape of a generated market.

    Parameters
    ----------
    output
        The tape to write (.parquet).
    market
        us-equity-options (the default), index-options, coin-options or teaching.
    problem
        american, european, heston or asian; by default what the market's contracts are.
    seed
        Which of its histories.
    length
        How long, for example 300s; by default as long as is usual for the market.
    """
    from tradesim.experiments.markets import DEFAULT, market_named
    from tradesim.market.synthetic import generate as make
    from tradesim.market.tape_file import write_tape
    from tradesim.results.store import check_place

    check_place(output)
    named = market_named(DEFAULT if market is None else market)
    parameters = named.market if problem is None else named.of(problem)
    tape = make(parameters if length is None else replace(parameters, duration=duration(length)), seed=seed)
    write_tape(tape, output)
    print(f"{output}: {len(tape):,} rows, {len(tape.chain)} contracts, tape {tape.hash}")
