"""``tradesim build``: what methods need."""

from tradesim.cli.app import app, bars, names


@app.command
def build(methods: str = "grid,lightgbm", /, *, problem: str = "american") -> None:
    """Build what methods need (tables, models) in the data home, where it is missing.

    Parameters
    ----------
    methods
        Names, separated by commas.
    problem
        american or european.
    """
    from tradesim.experiments.build import build as make

    with bars() as tell:
        built = make(names(methods), problem=problem, progress=tell)
    for name, cost in built.items():
        print(f"{name}: {cost.evaluations:,} reference evaluations, {cost.seconds:.1f} s")
