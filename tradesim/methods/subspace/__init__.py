"""Learn: principal components of price surfaces (Holden et al. 2019)."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from tradesim.methods.entry import Entry
from tradesim.methods.subspace.method import SubspaceMethod, SubspaceSlice, refuses
from tradesim.methods.subspace.store import SubspaceSpec, subspace_path
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress
from tradesim.units import memory

SUBSPACE: Final = SubspaceSpec()


def _build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    from tradesim.methods.subspace.build import build_subspace

    build_subspace(problem, path, SUBSPACE.within(budget), progress)


_SUBSPACE: Final = Entry(
    says="principal components, coefficients from a table",
    make=lambda problem, path, _: SubspaceMethod(problem, path),
    path=lambda home, problem, budget: subspace_path(home, problem, SUBSPACE.within(budget)),
    build=_build,
    budgets=tuple(memory(size) for size in ("64KiB", "340KiB", "1MiB")),
    refuses=refuses,
)

ENTRIES: Final = {
    "subspace": _SUBSPACE,
    "subspace-slice": replace(
        _SUBSPACE,
        says="the same, coefficients taken in update",
        make=lambda problem, path, _: SubspaceSlice(problem, path),
    ),
}
