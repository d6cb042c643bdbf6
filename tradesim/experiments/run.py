"""One strategy, from a script or a file of the user's own."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from tradesim.errors import ArgumentError, TradesimError
from tradesim.experiments.compare import Comparison, make
from tradesim.experiments.ground import ground_of
from tradesim.experiments.plan import Plan
from tradesim.market.synthetic import SyntheticMarket
from tradesim.progress import Progress, silent
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.wires import Wires


def run(
    strategy: Strategy,
    *,
    tape: Path | str | None = None,
    market: SyntheticMarket | None = None,
    problem: str | None = None,
    seeds: Sequence[int] | None = None,
    latency: str = "empirical",
    wires: Wires | None = None,
    setting: Setting | None = None,
    db: Path | str | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Run ``strategy`` under its four runs; a comparison of one row. Arguments as of :func:`tradesim.compare`.

    Seeds are replayed one after the other, in this process: the strategy's own rule or method need not be importable
    elsewhere.
    """
    ground = ground_of(tape, market, problem)
    around = setting or ground.setting
    plan = Plan(
        source=ground.source,
        problem=ground.problem,
        methods=(strategy.method,),
        seeds=ground.seeds if seeds is None else tuple(seeds),
        trading=strategy,
        setting=around if wires is None else replace(around, wires=wires),
        latency=latency,
        curve=(),
    )
    return make(plan, db=db, jobs=1, progress=progress)


def load_strategy(path: Path | str) -> Strategy:
    """The ``STRATEGY`` that the Python file at ``path`` defines; ``ArgumentError`` where there is none.

    Modules that lie beside the file can be imported by it.
    """
    path = Path(path).absolute()
    if path.suffix != ".py" or not path.is_file():
        raise ArgumentError(f"{path}: there is no such Python file; give a .py file that defines STRATEGY")
    strategy = getattr(_loaded(path), "STRATEGY", None)
    if not isinstance(strategy, Strategy):
        raise ArgumentError(
            f"{path}: STRATEGY is {'missing' if strategy is None else type(strategy).__name__}; it must be a "
            'tradesim.Strategy: write STRATEGY = tradesim.Strategy(method="grid")'
        )
    return strategy


@contextmanager
def blamed_on(path: Path | str) -> Iterator[None]:
    """Turn an error that the code of the strategy file at ``path`` raises into an ``ArgumentError`` naming its line."""
    try:
        yield
    except TradesimError:
        raise
    except Exception as error:
        file = str(Path(path).absolute())
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if not lines:
            raise
        said = f"{type(error).__name__}: {error}"
        raise ArgumentError(f"{file}, line {lines[-1]}: the strategy fails: {said}; mend it there") from error


def _loaded(path: Path) -> ModuleType:
    """The module of the file at ``path``, known to Python by a name of its own; nothing is written beside the file."""
    name = f"strategy_{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        with blamed_on(path):
            exec(compile(path.read_bytes(), path, "exec"), module.__dict__)
    except TradesimError:
        raise
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}"
        raise ArgumentError(f"{path}: it fails when loaded: {said}; mend the file") from error
    return module
