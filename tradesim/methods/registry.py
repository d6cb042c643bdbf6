"""Methods by name: ours, and those that installed packages announce by entry points."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods import (
    analytic,
    chebyshev,
    curve,
    grid,
    inexact,
    ladder,
    lightgbm,
    memo,
    network,
    nothing,
    proxy,
    reference,
    subspace,
    taylor,
)
from tradesim.methods.entry import Entry
from tradesim.methods.handed import entry_of_value
from tradesim.methods.identity import identity
from tradesim.methods.method import Method, Outside
from tradesim.methods.spec import Given, method
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress, silent
from tradesim.user_code import said

METHODS: Final[dict[str, Entry]] = {
    name: entry
    for family in (
        *(nothing, analytic, reference, inexact, proxy, grid, chebyshev),
        *(lightgbm, memo, taylor, curve, ladder, network, subspace),
    )
    for name, entry in family.ENTRIES.items()
}
"""Every method of ours."""

ANNOUNCED: Final = "tradesim.methods"
"""The group of entry points by which installed packages announce theirs: functions, classes or objects."""


@cache
def methods() -> dict[str, Entry]:
    """Every method by name."""
    announced = entry_points(group=ANNOUNCED)
    taken = sorted(METHODS.keys() & announced.names)
    if taken:
        raise ArgumentError(f"method {taken[0]!r}: an installed package announces one of this name; remove it")
    return METHODS | {point.name: _announced(point) for point in announced}


def _announced(point: EntryPoint) -> Entry:
    try:
        given = point.load()
    except Exception as error:
        raise ArgumentError(
            f"method {point.name!r}, which an installed package announces, fails: {said(error)}; mend or remove it"
        ) from error
    return entry_of_value(given, point.name, identity(given))


def make_method(
    given: Given,
    problem: Problem,
    home: Path,
    progress: Progress = silent,
    outside: Outside = Outside.FALLBACK,
) -> Method:
    """The method that is ``given`` for ``problem``, built first in the data ``home`` if it is missing there.

    ``outside`` is what it does with a contract outside its domain, if it has one.

    ``ProblemError`` says why a method cannot serve the problem. A damaged file is reported by ``StoreError`` when it is
    loaded, at ``bind``; it is never built over.
    """
    spec = method(given)
    entry = spec.entry
    refused = entry.refuses(problem)
    if refused is not None:
        raise ProblemError(f"method {spec.label!r} cannot price problem {problem.name!r}: {refused}; choose another")
    path = home if entry.path is None else entry.path(home, problem, spec.budget)
    if entry.build is not None and not path.is_file():
        entry.build(problem, path, spec.budget, progress)
    made = entry.make(problem, path, spec)
    made.name = spec.label
    made.answer_outside(outside)
    return made


def built(given: Given, problem: Problem, home: Path) -> bool:
    """Whether :func:`make_method` has nothing to build."""
    spec = method(given)
    path = spec.entry.path
    return path is None or path(home, problem, spec.budget).is_file()
