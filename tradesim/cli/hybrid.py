"""``tradesim hybrid``: real ticks of an underlying under a modelled chain."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradesim.cli.app import Json, Whole, app, names
from tradesim.errors import ArgumentError, one_of

MOST_DAYS = 10_000


@app.command
def hybrid(
    underlying: Path,
    /,
    *,
    chain: Path,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    seed: Whole = 1,
    start: str | None = None,
    length: str | None = None,
    days: str = "7,30,90",
    strikes: Whole = 7,
    reach: float = 2.0,
    spread: float = 1.0,
    at: str | None = None,
    chain_underlying: str | None = None,
    rate: float | None = None,
    on_bad_row: str = "drop",
    as_json: Json = False,
) -> None:
    """Write a tape of an underlying's real ticks under a modelled chain, calibrated to a real one.

    Simulated makers quote the chain around its theoretical values at the real mid, so arrivals and moves are real and
    yet the fair value of every option is known.

    Parameters
    ----------
    underlying
        A tape with the ticks (.parquet), as ingest writes it; options on it are left out.
    chain
        What the chain is calibrated to: a tape with options (.parquet), or Deribit's snapshot (.csv or .csv.gz).
    output
        The tape to write (.parquet).
    seed
        Of the makers' delays, the level of volatility and the noise trades.
    start
        Where in the underlying's tape it begins: after its first row (600s), or an instant (2013-10-07T13:30:00Z).
    length
        How much of it, for example 120s; by default all.
    days
        Lives of the expiries, whole days separated by commas: for each, the nearest listed one is taken.
    strikes
        At most so many strikes an expiry, a call and a put each.
    reach
        The strikes span so many standard deviations to each side of the forward.
    spread
        Half-spreads are so many times the chain's own.
    at
        When the chain is taken from its tape: after its first row, or an instant; by default in the middle of the time
        in which options are quoted.
    chain_underlying
        Which, where the snapshot holds several (BTC or ETH).
    rate
        The interest rate, a fraction a year, continuously compounded; by default the chain's own.
    on_bad_row
        What becomes of a row of the snapshot that lacks a value: drop (it is left out and counted) or raise.
    as_json
        Print one JSON object: the tape and how well each expiry fits.
    """
    import json
    from dataclasses import asdict

    from tradesim.cli.app import a_yield
    from tradesim.market.calibration import calibrate
    from tradesim.market.hybrid import HybridMarket
    from tradesim.market.hybrid import hybrid as make
    from tradesim.market.row_filter import OnBadRow
    from tradesim.market.snapshot import read_snapshot
    from tradesim.market.tape_file import read_tape, write_tape
    from tradesim.market.validation import left_out_text
    from tradesim.results.store import check_place, finite
    from tradesim.units import YEAR, duration, instant

    check_place(output)
    ticks = read_tape(underlying)
    snapshot = read_snapshot(
        chain,
        at=at,
        underlying=chain_underlying,
        rate=None if rate is None else a_yield(rate, "rate"),
        on_bad_row=one_of(OnBadRow, on_bad_row, "on-bad-row"),
    )
    surface, fit = calibrate(snapshot, days=whole_days(days), strikes=strikes, reach=reach)
    market = HybridMarket(
        surface=surface,
        spread=spread,
        start=0 if start is None else instant(start, after=ticks.start),
        duration=YEAR if length is None else duration(length),
    )
    tape = make(ticks, market, seed=seed)
    write_tape(tape, output)
    if as_json:
        made: dict[str, object] = {
            "output": str(output),
            "tape": tape.hash,
            "rows": len(tape),
            "contracts": len(tape.chain),
        }
        made |= {"chain": surface.source, "left_out": dict(snapshot.left_out)}
        print(json.dumps(finite({**made, **asdict(fit)}), indent=2, allow_nan=False))
        return
    if snapshot.left_out:
        print(f"{chain}: {left_out_text(snapshot.left_out)}")
    print(fit, *fit.expiries, sep="\n  ")
    print(f"{output}: {len(tape):,} rows, {len(tape.chain)} contracts, tape {tape.hash}")


def whole_days(text: str) -> tuple[int, ...]:
    """The whole numbers of days that ``text`` lists, separated by commas; else ``ArgumentError``."""
    listed = names(text)
    if not listed or not all(day.isdecimal() and 0 < int(day) <= MOST_DAYS for day in listed):
        raise ArgumentError(f"days {text!r}: whole days from 1 to {MOST_DAYS}, separated by commas, as 7,30,90")
    return tuple(int(day) for day in listed)
