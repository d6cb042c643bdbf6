"""``tradesim generate``: a tape of the generated market."""

from pathlib import Path

from tradesim.cli.app import Whole, app
from tradesim.units import duration


@app.command
def generate(output: Path, /, *, seed: Whole = 1, length: str | None = None) -> None:
    """Write a tape of the generated market.

    Parameters
    ----------
    output
        The tape to write (.parquet).
    seed
        Which of its histories.
    length
        How long, for example 300s; by default 120s.
    """
    from tradesim.market.synthetic import SyntheticMarket
    from tradesim.market.synthetic import generate as make
    from tradesim.market.tape_file import write_tape
    from tradesim.results.store import check_place

    check_place(output)
    market = SyntheticMarket() if length is None else SyntheticMarket(duration=duration(length))
    tape = make(market, seed=seed)
    write_tape(tape, output)
    print(f"{output}: {len(tape):,} rows, {len(tape.chain)} contracts, tape {tape.hash}")
