"""``tradesim sql``: queries of the results."""

import json
from pathlib import Path

from tradesim.cli.app import Json, app


@app.command
def sql(query: str, /, *, db: Path | None = None, as_json: Json = False) -> None:
    """Query the results database, read-only.

    Parameters
    ----------
    query
        SQL, for example: SELECT method, pnl_mean FROM comparison_table
    db
        The results database; by default results.duckdb in the data home.
    as_json
        Print the rows as a JSON array.
    """
    import polars as pl

    from tradesim.home import data_home
    from tradesim.results.store import Store, finite

    frame = Store(db or data_home() / "results.duckdb").query(query)
    if as_json:
        print(json.dumps(finite(frame.to_dicts()), allow_nan=False))
        return
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, fmt_str_lengths=60, tbl_width_chars=200):
        print(frame)
