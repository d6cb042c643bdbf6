"""``tradesim balance``: whether the makers of a generated market live."""

from tradesim.cli.app import Json, Seeds, app, bars, print_whole, seeds_of


@app.command
def balance(
    *,
    market: str | None = None,
    problem: str | None = None,
    seeds: Seeds = None,
    as_json: Json = False,
) -> None:
    """Find the half-spreads at which the makers of a generated market break even.

    Noise traders pay them the spread; a rival on the tape, and one desk that takes by reference prices at zero compute
    latency, take their stale quotes. Multipliers of the half-spreads are tried until the one is found at which the
    balance is zero.

    Parameters
    ----------
    market
        us-equity-options (the default), index-options, coin-options or teaching.
    problem
        american, european, heston or asian; by default what the market's contracts are.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8.
    as_json
        Print one JSON object instead of the table.
    """
    from tradesim.experiments.balance import balance as make
    from tradesim.experiments.data_source import GENERATED_SEEDS
    from tradesim.experiments.markets import DEFAULT
    from tradesim.report.balance_table import balance_table, verdict

    chosen = seeds_of(seeds) or GENERATED_SEEDS
    with bars() as tell:
        found = make(market=market, problem=problem, seeds=chosen, progress=tell)
    if as_json:
        print(found.to_json())
        return
    print_whole(balance_table(found.table, market=market or DEFAULT, seeds=len(chosen)))
    print(verdict(found.spreads, least=found.never_loses))
