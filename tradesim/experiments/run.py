"""One strategy, from a script or a file of the user's own."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from tradesim.errors import ArgumentError, TradesimError
from tradesim.experiments.compare import Comparison, make, problem_of, usual_seeds
from tradesim.experiments.plan import Plan, Source
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape_file import read_tape
from tradesim.progress import Progress, silent
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy


def run(
    strategy: Strategy,
    *,
    tape: Path | str | None = None,
    market: SyntheticMarket | None = None,
    problem: str | None = None,
    seeds: Sequence[int] | None = None,
    latency: str = "empirical",
    setting: Setting | None = None,
    db: Path | str | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Run ``strategy`` under its four runs; a comparison of one row. Arguments as of :func:`tradesim.compare`.

    Seeds are replayed one after the other, in this process: the strategy's own rule or method need not be importable
    elsewhere.
    """
    source: Source = Path(tape).resolve() if tape is not None else market or SyntheticMarket()
    first = read_tape(source) if isinstance(source, Path) else None
    plan = Plan(
        source=source,
        problem=problem_of(problem, first),
        methods=(strategy.method,),
        seeds=tuple(seeds) if seeds is not None else usual_seeds(first),
        rule=strategy.rule,
        trigger=strategy.trigger,
        policy=strategy.policy,
        setting=setting or Setting(),
        latency=latency,
        curve=(),
    )
    return make(plan, db=db, jobs=1, progress=progress)


def load_strategy(path: Path | str) -> Strategy:
    """The ``STRATEGY`` that the Python file at ``path`` defines; ``ArgumentError`` where there is none."""
    path = Path(path)
    if path.suffix != ".py" or not path.is_file():
        raise ArgumentError(f"{path}: there is no such Python file; give a file that defines STRATEGY")
    spec = importlib.util.spec_from_file_location(f"strategy_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ArgumentError(f"{path}: Python cannot load it; give a file that defines STRATEGY")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except TradesimError:
        raise
    except Exception as error:
        raise ArgumentError(f"{path}: it fails when loaded: {type(error).__name__}: {error}") from error
    strategy = getattr(module, "STRATEGY", None)
    if not isinstance(strategy, Strategy):
        raise ArgumentError(
            f"{path}: STRATEGY is {type(strategy).__name__}; it must be a tradesim.Strategy: "
            'write STRATEGY = tradesim.Strategy(method="grid")'
        )
    return strategy
