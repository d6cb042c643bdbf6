"""Compute, look up or ask a model: the most accurate that makes a deadline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tradesim.methods.entry import Entry, staged
from tradesim.methods.ladder.method import Ladder, stated_deadline
from tradesim.methods.ladder.rungs import build_rungs, rungs_path
from tradesim.methods.spec import MethodSpec
from tradesim.methods.staged import Staged
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress, silent

RUNGS: Final = ("analytic", "grid", "lightgbm")
"""Compute, table, model."""


def _rungs(problem: Problem, home: Path, progress: Progress = silent) -> Mapping[str, Staged[Any]]:
    """The methods on a ladder, those that can serve the problem, built if they are missing."""
    from tradesim.methods.registry import METHODS, make_method

    names = [name for name in RUNGS if METHODS[name].refuses(problem) is None]
    return {name: staged(make_method(name, problem, home, progress)) for name in names}


def _make(problem: Problem, path: Path, spec: MethodSpec) -> Ladder:
    return Ladder(problem, path, _rungs(problem, path.parent.parent), **spec.options)


def _build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    methods = _rungs(problem, path.parent.parent, progress)
    progress(0, 1, "measuring the ladder")
    build_rungs(problem, path, methods)
    progress(1, 1, "measuring the ladder")


ENTRIES: Final = {
    "ladder": Entry(
        says="the most accurate of analytic, grid and lightgbm within a deadline",
        make=_make,
        path=lambda home, problem, _: rungs_path(home, problem, RUNGS),
        build=_build,
        options=stated_deadline,
    )
}
