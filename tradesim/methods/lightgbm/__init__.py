"""Learn: gradient-boosted trees, trained by LightGBM and asked by a kernel of our own."""

from pathlib import Path
from typing import Final

from tradesim.methods.curve import slice_of
from tradesim.methods.entry import Entry
from tradesim.methods.lightgbm.method import ForestMethod
from tradesim.methods.lightgbm.spec import Target, forest_spec
from tradesim.methods.lightgbm.store import forest_path
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress
from tradesim.units import memory


def _entry(says: str, target: Target) -> Entry:
    def path(home: Path, problem: Problem, budget: int | None) -> Path:
        return forest_path(home, problem, forest_spec(problem, target, budget))

    def build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
        from tradesim.methods.lightgbm.training import build_forest

        build_forest(problem, path, forest_spec(problem, target, budget), progress)

    return Entry(
        says=says,
        make=lambda problem, path, _: ForestMethod(problem, path, target),
        path=path,
        build=build,
        budgets=tuple(memory(size) for size in ("64KiB", "256KiB", "1MiB", "4MiB")),
    )


_SHAPED: Final = _entry("trees that learned the difference from the proxy", Target.SHAPED)

ENTRIES: Final = {
    "lightgbm": _SHAPED,
    "lightgbm-slice": slice_of(_SHAPED),
    "lightgbm-plain": _entry("trees that learned the price", Target.PLAIN),
}
