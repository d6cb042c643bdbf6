"""``tradesim ingest``: from a vendor's files to a tape."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tradesim.cli.app import a_yield, app
from tradesim.errors import ArgumentError, one_of
from tradesim.units import duration


@app.command
def ingest(
    reader: str,
    /,
    *sources: Path,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    underlying: str | None = None,
    rate: float = 0.0,
    dividend: float = 0.0,
    market: str | None = None,
    lot: float | None = None,
    calendar: str | None = None,
    session_gap: str | None = None,
    on_bad_row: str = "raise",
    correct_clock: str | None = None,
    correct_skew: str | None = None,
) -> None:
    """Read a vendor's files, or your own, into a tape.

    Parameters
    ----------
    reader
        The format: lean, lean-tick, deribit, tardis (CSV: quotes, trades, options_chain), binance (captures), cboe
        (DataShop option quote intervals), lobster (a message file and its order book file) or databento (DBN files of
        schemas mbp-1, cmbp-1, mbo and definition; pip install 'tradesim[databento]'); or a function of yours, path ->
        frame (polars, pandas, Arrow), as my_reader.py:read or package.module:read (its columns: pydoc
        tradesim.market.readers.plain).
    sources
        Files of the format, .gz where the vendor compresses them.
    output
        The tape to write (.parquet).
    underlying
        Which, where the files hold several; its name, where a reader of yours does not tell it.
    rate
        The interest rate, a fraction a year, continuously compounded.
    dividend
        The dividend yield, a fraction a year, continuously compounded, where the options do not tell it.
    market
        Of lean and lean-tick: which of LEAN's markets the files are of, where neither their folders nor their numbers
        say it: equity/usa (ten-thousandths of a dollar) or index/usa (prices as they are).
    lot
        The contracts (of the underlying: shares or coins) of one lot, for example 0.01, of which all sizes are whole
        numbers; by default what the format says, or the largest power of ten that the sizes allow, at most 1.
    calendar
        Whose sessions the market has, as exchange_calendars names it: XNYS, XLON, 24/7; by default what the format
        says. Quotes and orders end as a session closes. With "" the rows tell the sessions, by session-gap.
    session_gap
        How long nothing is reported of a market that has closed, where no calendar says when; by default 3600s.
    on_bad_row
        raise (the first bad row ends it) or drop (bad rows are left out and counted; what a bad quote should have told
        is unknown until the next).
    correct_clock
        Shift receive times so that the fastest message took this long, for example 100us; by default they stand.
    correct_skew
        The same for a recorder whose clock ran fast or slow: also take out what it gained, at the rate that the fastest
        messages show; in place of correct-clock. A rate that is not told from 0 is refused.
    """
    from tradesim.market import clock
    from tradesim.market.ingest import ingest as make
    from tradesim.market.row_filter import OnBadRow
    from tradesim.market.tape_file import write_tape
    from tradesim.results.store import check_place

    check_place(output)
    if correct_clock is not None and correct_skew is not None:
        raise ArgumentError("correct-clock and correct-skew: the second does what the first does; give one of them")
    stated = correct_skew if correct_clock is None else correct_clock
    floor = None if stated is None else duration(stated)
    tape, report = make(
        reader,
        sources,
        underlying=underlying,
        rate=a_yield(rate, "rate"),
        dividend=a_yield(dividend, "dividend"),
        market=market,
        lot=lot,
        calendar=calendar,
        session_gap=None if session_gap is None else duration(session_gap),
        on_bad_row=one_of(OnBadRow, on_bad_row, "on-bad-row"),
    )
    if floor is not None:
        correct = clock.correct_clock if correct_skew is None else clock.correct_skew
        tape = correct(tape, floor=floor)
    write_tape(tape, output)
    print(report)
    print(f"{output}: {len(tape):,} rows, {len(tape.chain):,} contracts of {tape.underlying}, in {tape.currency}")
