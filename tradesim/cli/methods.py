"""``tradesim methods``: what can be compared."""

from tradesim.cli.app import Json, app, print_whole


@app.command
def methods(problem: str | None = None, /, *, as_json: Json = False) -> None:
    """List the methods there are: ours, and those that installed packages announce (entry points tradesim.methods).

    Yours are handed in without being listed: a function or class as pricer.py:Mine or package.module:Mine, trees that
    LightGBM has written as model.txt, ONNX as model.onnx.

    Parameters
    ----------
    problem
        Only those that can price it: american, european, heston, ...
    as_json
        Print one JSON object per method.
    """
    import json

    from rich.table import Table

    from tradesim.experiments.listing import listed_methods

    rows = listed_methods(problem)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table("method", "what it is", "kept in", "budgets", "problems")
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("method", "says", "kept", "budgets", "problems")))
    print_whole(table)
