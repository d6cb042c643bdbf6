"""Under a decision deadline, the most accurate method that still makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

from tradesim.market.chain import Chain
from tradesim.methods.method import BuildCost, Fast
from tradesim.methods.rungs import POINTS, Rung, load_rungs
from tradesim.methods.staged import HIT, Outside, Prepared, Staged
from tradesim.pricing.problem import Floats, Problem
from tradesim.units import MICROSECOND

DEADLINE: Final = 20 * MICROSECOND

ANY_CHAIN: Final = 40
"""Contracts for which a rung is chosen while no chain is bound."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Climbed(Prepared):
    """What the chosen method made of the slow inputs: ``of``, whose arrays these are."""

    of: Prepared

    @property
    def nbytes(self) -> int:
        """The chosen method's."""
        return self.of.nbytes


class Ladder(Staged[Climbed]):
    """``ladder``, or ``ladder:50us``: of several methods the most accurate whose stated time is within the deadline.

    It is chosen at ``bind`` by the number of contracts; where none makes it, the fastest prices. Errors and times are
    those of the file at ``path``, taken when the ladder was built and never since: every process that replays a tape
    chooses alike. On another machine remove the file, and it is built again.

    The tag is the method's name, and its own tag behind it where that is not ``hit``. ``misses`` counts the calls of
    ``price`` since ``bind`` that did take longer than the ``deadline`` (ns), whatever a replay charges for them.
    """

    name = "ladder"

    def __init__(
        self, problem: Problem, path: Path, methods: Mapping[str, Staged[Any]], deadline: int = DEADLINE
    ) -> None:
        super().__init__()
        self.problem = problem
        self.path = path
        self.deadline = deadline
        self.misses = 0
        self._methods = methods
        self._rungs: tuple[Rung, ...] | None = None
        self._contracts = ANY_CHAIN

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

    def open(self) -> None:
        """Choose, and load what is chosen."""
        self._chosen = self._methods[self.rung.name]
        self._chosen.open()

    def bind(self, chain: Chain) -> None:
        """Choose for the chain."""
        self._contracts = len(chain)
        self.misses = 0
        super().bind(chain)

    def prepare(self, slow: Floats, anchor: Fast) -> Climbed:
        """The chosen method's slow half."""
        of = self._chosen.prepare(slow, anchor)
        return Climbed(rows=of.rows, outside=of.outside, fallback=of.fallback, of=of)

    def evaluate(self, fast: Fast, prepared: Climbed, out: Floats) -> str:
        """The chosen method's fast half, held against the deadline."""
        began = perf_counter_ns()
        tag = self._chosen.evaluate(fast, prepared.of, out)
        self.misses += perf_counter_ns() - began > self.deadline
        return self._chosen.name if tag == HIT else f"{self._chosen.name}-{tag}"

    @property
    def nbytes(self) -> int:
        """The chosen method's, and the workspace."""
        return super().nbytes + self._methods[self.rung.name].nbytes

    @property
    def build_cost(self) -> BuildCost:
        """Of every rung, and of finding their errors."""
        costs = [method.build_cost for method in self._methods.values()]
        return BuildCost(
            seconds=sum(cost.seconds for cost in costs),
            evaluations=POINTS + sum(cost.evaluations for cost in costs),
        )
