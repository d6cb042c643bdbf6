"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ends."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"
    INFORMATION = "info"
    """Reported, and no verdict."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The ``outcome`` of one ``check`` and what was ``found``, in one line with its figures."""

    check: str
    outcome: Outcome
    found: str


Found = tuple[Outcome, str]


def passed_if(right: bool, found: str) -> Found:
    """A verdict."""
    return (Outcome.PASS if right else Outcome.FAIL), found


def not_applicable(why: str) -> Found:
    """No verdict, and why."""
    return Outcome.NOT_APPLICABLE, why


def information(found: str) -> Found:
    """Figures alone."""
    return Outcome.INFORMATION, found
