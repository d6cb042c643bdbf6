"""One strategy, from a script or a file of the user's own."""

from collections.abc import Sequence
from pathlib import Path

from tradesim.errors import ArgumentError
from tradesim.experiments.compare import Comparison, make
from tradesim.experiments.ground import Market, Tapes, plan_of
from tradesim.progress import Progress, silent
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.venue_rules import VenueRules
from tradesim.simulation.wires import Wires
from tradesim.user_code import load_file


def run(
    strategy: Strategy,
    *,
    tape: Tapes | None = None,
    market: Market | None = None,
    problem: str | None = None,
    seeds: Sequence[int] | None = None,
    latency: str = "empirical",
    fee: float | None = None,
    maker_fee: float | None = None,
    underlying_fee: float | None = None,
    wires: Wires | None = None,
    venue: VenueRules | None = None,
    setting: Setting | None = None,
    db: Path | str | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Run ``strategy`` under its four runs; a comparison of one row. Arguments as of :func:`tradesim.compare`.

    Seeds are replayed one after the other, in this process: the strategy's own rule or method need not be importable
    elsewhere.
    """
    plan = plan_of(
        tape=tape,
        market=market,
        problem=problem,
        methods=(strategy.method,),
        latency=latency,
        seeds=seeds,
        fee=fee,
        maker_fee=maker_fee,
        underlying_fee=underlying_fee,
        wires=wires,
        venue=venue,
        setting=setting,
        strategy=strategy,
        curve=(),
    )
    return make(plan, db=db, jobs=1, progress=progress)


def load_strategy(path: Path | str) -> Strategy:
    """The ``STRATEGY`` that the Python file at ``path`` defines; ``ArgumentError`` where there is none.

    Modules that lie beside the file can be imported by it.
    """
    path = Path(path).absolute()
    strategy = getattr(load_file(path, kind="strategy", defines="STRATEGY"), "STRATEGY", None)
    if not isinstance(strategy, Strategy):
        raise ArgumentError(
            f"{path}: STRATEGY is {'missing' if strategy is None else type(strategy).__name__}; it must be a "
            'tradesim.Strategy: write STRATEGY = tradesim.Strategy(method="grid")'
        )
    return strategy
