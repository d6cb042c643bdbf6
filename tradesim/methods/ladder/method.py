"""Under a decision deadline, the most accurate method that still makes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.methods.ladder.rungs import POINTS, Rung, load_rungs
from tradesim.methods.method import BuildCost, Fast, Outside
from tradesim.methods.staged import HIT, Prepared, Staged
from tradesim.pricing.problem import Floats, Problem
from tradesim.units import MICROSECOND, duration

DEADLINE: Final = 20 * MICROSECOND


def stated_deadline(stated: Sequence[str]) -> dict[str, int]:
    """The deadline (ns) that is ``stated``, as ``50us``; else ``ArgumentError``."""
    if len(stated) > 1:
        raise ArgumentError(f"a ladder has one deadline, and :{':'.join(stated)} are more; write ladder:50us")
    return {"deadline": duration(stated[0]) if stated else DEADLINE}


ANY_CHAIN: Final = 40
"""Contracts for which a rung is chosen while no chain is bound."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Climbed(Prepared):
    """What the rungs that may be asked made of the slow inputs, the most accurate first; its arrays are that one's."""

    of: tuple[Prepared, ...]

    @property
    def nbytes(self) -> int:
        """That of each of them."""
        return sum(each.nbytes for each in self.of)


def climbed(of: tuple[Prepared, ...]) -> Climbed:
    """What the rungs made, with the arrays of the first."""
    return Climbed(rows=of[0].rows, outside=of[0].outside, fallback=of[0].fallback, of=of)


class Ladder(Staged[Climbed]):
    """``ladder``, or ``ladder:50us``: of several methods the most accurate whose stated time is within the deadline.

    It is chosen at ``bind`` by the number of contracts; where none makes it, the fastest prices. A desk that says at
    each decision how long it has left (``within``) may be answered by a faster one: then all faster ones are kept
    ready, too.

    Errors and times are those of the file at ``path``, taken when the ladder was built and never since: every process
    that replays a tape chooses alike. On another machine remove the file, and it is built again.

    The tag is the method's name, and its own tag behind it where that is not ``hit``. ``misses`` counts the calls of
    ``price`` since ``bind`` that did take longer than the ``deadline`` (ns), whatever a replay charges for them.
    """

    name = "ladder"

    def __init__(
        self, problem: Problem, path: Path, methods: Mapping[str, Staged[Any]], deadline: int = DEADLINE
    ) -> None:
        super().__init__()
        if isinstance(deadline, bool) or not isinstance(deadline, int) or deadline < 0:
            raise ArgumentError(f"deadline {deadline!r} of a ladder: it is whole ns, at least 0; write ladder:50us")
        self.problem = problem
        self.path = path
        self.deadline = deadline
        self.misses = 0
        self._methods = methods
        self._rungs: tuple[Rung, ...] | None = None
        self._contracts = ANY_CHAIN
        self._left: float | None = None
        self._ready: tuple[Rung, ...] = ()

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """What is known of each method, the most accurate first; loaded from the file when first asked for."""
        if self._rungs is None:
            self._rungs = load_rungs(self.path)
        return self._rungs

    @property
    def rung(self) -> Rung:
        """The most accurate that makes the deadline, else the fastest."""
        fastest = min(self.rungs, key=lambda rung: rung.takes(self._contracts))
        return next((rung for rung in self.rungs if rung.takes(self._contracts) <= self.deadline), fastest)

    def answer_outside(self, outside: Outside) -> None:
        """Of every rung."""
        super().answer_outside(outside)
        for method in self._methods.values():
            method.answer_outside(outside)

    def within(self, ns: float) -> None:
        """See :class:`~tradesim.methods.method.Method`; from the next ``update`` after the first call on."""
        self._left = ns

    @property
    def choices(self) -> tuple[float, ...]:
        """What each rung from the chosen one on takes."""
        return tuple(rung.takes(self._contracts) for rung in self._from_chosen())

    def _from_chosen(self) -> tuple[Rung, ...]:
        """The chosen rung, and all less accurate ones that are faster."""
        chosen = self.rung
        faster = self.rungs[self.rungs.index(chosen) + 1 :]
        return chosen, *(r for r in faster if r.takes(self._contracts) < chosen.takes(self._contracts))

    def open(self) -> None:
        """Choose, and load what may be asked."""
        self._ready = self._from_chosen() if self._left is not None else (self.rung,)
        for rung in self._ready:
            self._methods[rung.name].open()

    def bind(self, chain: Chain) -> None:
        """Choose for the chain."""
        self._contracts = len(chain)
        self.misses = 0
        super().bind(chain)

    def prepare(self, slow: Floats, anchor: Fast) -> Climbed:
        """The slow half of every rung that may be asked."""
        if self._left is not None and len(self._ready) == 1:
            self.open()
        return climbed(tuple(self._methods[rung.name].prepare(slow, anchor) for rung in self._ready))

    def renew(self, prepared: Climbed, slow: Floats, anchor: Fast) -> Climbed:
        """Each rung again, if they are the same ones."""
        if len(prepared.of) != len(self._ready) or (self._left is not None and len(self._ready) == 1):
            return self.prepare(slow, anchor)
        pairs = zip(self._ready, prepared.of, strict=True)
        of = tuple(self._methods[rung.name].renew(each, slow, anchor) for rung, each in pairs)
        return prepared if of == prepared.of else climbed(of)

    def evaluate(self, fast: Fast, prepared: Climbed, out: Floats) -> str:
        """The fast half of the most accurate rung that is ready and in time, held against the deadline."""
        began = perf_counter_ns()
        at = self._asked(len(prepared.of))
        name = self._ready[at].name
        tag = self._methods[name].evaluate(fast, prepared.of[at], out)
        self.misses += perf_counter_ns() - began > self.deadline
        return name if tag == HIT else f"{name}-{tag}"

    def _asked(self, ready: int) -> int:
        """Which of the rungs that are ready answers."""
        if self._left is None:
            return 0
        takes = [rung.takes(self._contracts) for rung in self._ready[:ready]]
        return next((at for at, ns in enumerate(takes) if ns <= self._left), takes.index(min(takes)))

    @property
    def nbytes(self) -> int:
        """That of the rungs that may be asked, and the workspace."""
        return super().nbytes + sum(self._methods[rung.name].nbytes for rung in self._ready or (self.rung,))

    @property
    def build_cost(self) -> BuildCost:
        """Of every rung, and of finding their errors."""
        costs = [method.build_cost for method in self._methods.values()]
        return BuildCost(
            seconds=sum(cost.seconds for cost in costs),
            evaluations=POINTS + sum(cost.evaluations for cost in costs),
        )
