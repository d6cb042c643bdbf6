"""``tradesim facts``: the stylised facts of tapes, side by side."""

from tradesim.cli.app import Json, app, bars, print_whole
from tradesim.errors import ArgumentError


@app.command
def facts(*tapes: str, as_json: Json = False) -> None:
    """Show the stylised facts of tapes side by side: arrivals, returns, spreads, trades, makers' reaction, smile.

    A fact that a tape cannot identify is shown as "-" (null in JSON): bars do not tell arrivals. Closed hours,
    longer than an hour without a row, are no trading time: no rate and no return is over them. The delays that are
    fitted to the reaction are parameters of a generated market whose makers take as long.

    Parameters
    ----------
    tapes
        Tapes (.parquet), or a part of one as TAPE@START+LENGTH: ibm.parquet@19800s+1800s is half an hour that begins
        19800 seconds after the first row, ibm.parquet@2013-10-07T13:30:00Z+1800s the same by the clock.
    as_json
        Print one JSON object: the facts of each tape.
    """
    import json

    from tradesim.market.facts import facts_of
    from tradesim.market.tape_file import read_part
    from tradesim.report.facts_table import facts_table

    if not tapes:
        raise ArgumentError("no tape is given: name at least one, as facts tape.parquet")
    found = {}
    with bars() as tell:
        for done, tape in enumerate(dict.fromkeys(tapes)):
            found[tape] = facts_of(read_part(tape))
            tell(done + 1, len(tapes), "facts")
    if as_json:
        print(json.dumps(found, indent=2, allow_nan=False))
        return
    print_whole(facts_table(found))
