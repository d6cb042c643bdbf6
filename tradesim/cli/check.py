"""``tradesim check``: whether something is a method."""

from tradesim.cli.app import Json, Whole, app, bars, print_whole


@app.command
def check(method: str, /, *, problem: str | None = None, points: Whole = 200, as_json: Json = False) -> int:
    """Put a method, ours or yours, to every check of the contract: form, leaks of state, domain, laws of arbitrage.

    The exit status is 0 where every check passes, 1 where one fails, 2 for bad input.

    Parameters
    ----------
    method
        A name, pricer.py:Mine, package.module:Mine, model.txt (LightGBM) or model.onnx.
    problem
        american, european, heston, asian, basket-2 to basket-8 or sine; by default the first of these that it serves.
    points
        Held-out points at which prices are compared with the reference's and held to the laws.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.check import check as put
    from tradesim.report.check_table import check_table

    with bars() as tell:
        made = put(method, problem=problem, points=points, progress=tell)
    if as_json:
        print(made.to_json())
    else:
        print_whole(check_table(made.method, made.problem, made.findings))
    return 0 if made.passed else 1
