"""How a method is made: what a method's own module says of it, and all that the rest of the program knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tradesim.errors import ArgumentError
from tradesim.methods.method import Method
from tradesim.methods.staged import Staged
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress

if TYPE_CHECKING:
    from tradesim.methods.spec import MethodSpec


TABLE_BYTES: Final = (2**14, 2**16, 2**18, 2**20, 2**22, 2**24)
"""From what a first-level cache holds to more than a second-level one does."""


def _serves_all(problem: Problem) -> str | None:
    return None


def no_options(stated: Sequence[str]) -> dict[str, Any]:
    """Of a method that takes none."""
    if stated:
        raise ArgumentError(f"it takes nothing behind its name; leave out :{':'.join(stated)}")
    return {}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How a method is made: ``make(problem, path, spec)``, after ``build(...)`` if ``path`` is missing.

    ``says``     a line for people
    ``path``     ``(home, problem, budget)``: where it is kept; None for a method that only computes
    ``build``    ``(problem, path, budget, progress)``
    ``budgets``  bytes at which a frontier builds it beside its default; none: its memory is what it is
    ``refuses``  why it cannot serve a problem; None where it can
    ``options``  from what stands behind its name (``:50us``), to what ``spec.options`` is then; raises
                 :class:`~tradesim.errors.ArgumentError`
    ``answers``  whether it is a way to answer, which a frontier shows; else the answer itself, or none
    """

    says: str
    make: Callable[[Problem, Path, "MethodSpec"], Method]
    path: Callable[[Path, Problem, int | None], Path] | None = None
    build: Callable[[Problem, Path, int | None, Progress], None] | None = None
    budgets: tuple[int, ...] = ()
    refuses: Callable[[Problem], str | None] = _serves_all
    options: Callable[[Sequence[str]], Mapping[str, Any]] = no_options
    answers: bool = True

    @property
    def keeps(self) -> bool:
        """Whether it keeps values, in a file or in memory, rather than compute each."""
        return self.path is not None or bool(self.budgets)


def staged(method: Method) -> Staged[Any]:
    """The method itself, which has a slow half of its own; else ``ArgumentError``."""
    if not isinstance(method, Staged):
        raise ArgumentError(f"method {method.name!r} has no slow half of its own; choose another")
    return method
