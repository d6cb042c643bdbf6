"""Is it a method? Any way of pricing is put to one suite of checks: form, memory of its own past, domain, laws."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Final

from tradesim.errors import ArgumentError, ProblemError
from tradesim.experiments.conduct import (
    answers,
    any_order,
    expired,
    inputs_untouched,
    neighbours,
    numbers,
    objects_apart,
    repeatable,
    scalar,
    slow_forgotten,
    spot_forgotten,
)
from tradesim.experiments.costs import memory_kept, sending, speed
from tradesim.experiments.evaluation_set import EvaluationSet, Size
from tradesim.experiments.finding import Finding, Found, Outcome, not_applicable, passed_if
from tradesim.experiments.lawful import accuracy, bounds, early_exercise, outside_domain, parity, refusal, shapes
from tradesim.experiments.subject import Subject
from tradesim.home import data_home
from tradesim.methods.registry import make_method
from tradesim.methods.spec import Given, MethodSpec, method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Problem, problem_named
from tradesim.progress import Progress, silent
from tradesim.user_code import said

FIRST: Final = ("american", "european")
"""Problems in whose order a method is tried where none is stated; the others follow."""

CHECKS: Final[Mapping[str, Callable[[Subject], Found]]] = MappingProxyType(
    {
        "answers": answers,
        "numbers": numbers,
        "repeatable": repeatable,
        "forgets spots": spot_forgotten,
        "forgets slow inputs": slow_forgotten,
        "objects apart": objects_apart,
        "inputs untouched": inputs_untouched,
        "any order": any_order,
        "neighbours": neighbours,
        "scalar": scalar,
        "expired": expired,
        "outside the domain": outside_domain,
        "refuses if told to": refusal,
        "bounds": bounds,
        "shapes": shapes,
        "early exercise": early_exercise,
        "parity": parity,
        "accuracy": accuracy,
        "other processes": sending,
        "memory": memory_kept,
        "speed": speed,
    }
)
"""What each is called, in the order of the table."""


@dataclass(frozen=True, kw_only=True)
class Conformance:
    """What the checks found of ``method`` on ``problem``: a finding per check."""

    method: str
    problem: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not any(finding.outcome is Outcome.FAIL for finding in self.findings)

    def to_json(self) -> str:
        """All of it as one JSON object."""
        return json.dumps({**asdict(self), "passed": self.passed}, indent=2)


def check(
    given: Given, *, problem: Problem | str | None = None, points: int = 200, progress: Progress = silent
) -> Conformance:
    """Put a method to every check of the contract; what it needs is built first, if it is missing.

    ``given``    what :func:`tradesim.method` takes: a name, ``pricer.py:Mine``, a function, a class, an object, a file
    ``problem``  a name or one of your own; by default the first of american, european and the others that it serves
    ``points``   held-out points in the domain, and half as many on its edges

    Raises a :class:`~tradesim.errors.TradesimError` where there is no method to check; a check that it fails is a
    finding.
    """
    spec = method(given)
    home = data_home()
    size = Size.of(points)
    chosen = problem_named(problem, PROBLEMS) if isinstance(problem, str) else problem or _served(spec)
    make_method(spec, chosen, home, progress)
    subject = Subject(spec, chosen, home, EvaluationSet(chosen, size, progress))
    findings: list[Finding] = []
    for name, asked in CHECKS.items():
        progress(len(findings), len(CHECKS), f"checking {spec.label}")
        mute = bool(findings) and findings[0].outcome is Outcome.FAIL
        outcome, found = not_applicable("it does not answer") if mute else _asked(asked, subject)
        findings.append(Finding(check=name, outcome=outcome, found=found))
    progress(len(CHECKS), len(CHECKS), f"checking {spec.label}")
    return Conformance(method=spec.label, problem=chosen.name, findings=tuple(findings))


def _asked(asked: Callable[[Subject], Found], subject: Subject) -> Found:
    """What a check finds; where the method raises, that."""
    try:
        return asked(subject)
    except Exception as error:
        return passed_if(False, str(error) if isinstance(error, (ArgumentError, ProblemError)) else said(error))


def _served(spec: MethodSpec) -> Problem:
    """The first problem that a method serves: one whose inputs a function takes."""
    refused: list[Exception] = []
    for name in dict.fromkeys((*FIRST, *PROBLEMS)):
        problem, entry = PROBLEMS[name], spec.entry
        try:
            if (why := entry.refuses(problem)) is not None:
                raise ProblemError(f"method {spec.label!r} cannot price problem {name!r}: {why}; choose another")
            if entry.path is None:
                make_method(spec, problem, data_home())
        except (ArgumentError, ProblemError) as error:
            refused.append(error)
        else:
            return problem
    raise refused[0]
