"""What every method of a frontier is asked, with the reference's answers: drawn once, the same for all."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.methods.greeks import reference_greeks
from tradesim.methods.method import Fast
from tradesim.pricing.problem import Floats, Problem, Spacing
from tradesim.progress import Progress, silent

SEED: Final = 20_261_124
"""Not that of any training points."""

CHAIN: Final = 40
"""Contracts of the chain on which latencies are taken."""

CHUNK: Final = 500
"""Points priced between two words of progress."""

STEP: Final = 2e-4
"""Standard deviation of a tick's relative move on the path of the fast inputs."""

REACH: Final = 0.02
"""The path stays within this relative distance of its beginning."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """Points and the reference's answers: ``inputs`` [n, d], ``prices`` [n], ``greeks`` [n, 4]."""

    inputs: Floats
    prices: Floats
    greeks: Floats


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is asked.

    ``points``  held-out points in the domain, and half as many on its edges
    ``lines``   of ``nodes`` points each, along every input whose shape is lawful
    ``paths``   of ``steps`` hedges each
    """

    points: int = 2_000
    lines: int = 100
    nodes: int = 21
    paths: int = 50
    steps: int = 20

    @classmethod
    def of(cls, points: int) -> "Size":
        """All of it in proportion to the number of points."""
        if not 20 <= points <= 10_000_000:
            raise ArgumentError(f"points {points}: give from 20 to ten million; 2000 is usual")
        return cls(points=points, lines=max(4, points // 20), paths=max(4, points // 40))


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """A chain of ``n`` contracts, its slow states and the path of its fast inputs.

    ``slow``   float64[n, slow columns] for each of a few states, volatilities moved
    ``path``   the fast inputs at each tick: floats, or float64[d] each
    """

    slow: tuple[Floats, ...]
    path: tuple[Fast, ...]

    @property
    def anchor(self) -> Fast:
        """Where the path begins."""
        return self.path[0]

    def of(self, count: int) -> "Board":
        """The board of ``count`` contracts: others in every state where they are fewer, again and again where more."""
        every = len(self.slow[0])
        chosen = (
            np.ascontiguousarray(slow[(number * every // len(self.slow) + np.arange(count)) % every])
            for number, slow in enumerate(self.slow)
        )
        return Board(slow=tuple(chosen), path=self.path)


class EvaluationSet:
    """The questions of one problem and the reference's answers."""

    def __init__(self, problem: Problem, size: Size | None = None, progress: Progress = silent) -> None:
        self.problem = problem
        self.size = size or Size()
        self._progress = progress

    @cached_property
    def inside(self) -> Sheet:
        """Held-out points in the domain."""
        return self._sheet(self.problem.domain.sample(self.size.points, seed=SEED), "held-out points")

    @cached_property
    def edges(self) -> Sheet:
        """Points on the faces of the domain."""
        return self._sheet(self.problem.domain.edges(self.size.points // 2, seed=SEED + 1), "the domain's edges")

    @cached_property
    def lines(self) -> Floats:
        """Points from which lines are drawn along one input each, float64[lines, d]."""
        return self.problem.domain.sample(self.size.lines, seed=SEED + 2)

    @cached_property
    def board(self) -> Board:
        """The chain on which latencies are taken."""
        return board_of(self.problem)

    def _sheet(self, inputs: Floats, what: str) -> Sheet:
        prices, greeks = np.empty(len(inputs)), np.empty((len(inputs), 4))
        for first in range(0, len(inputs), CHUNK):
            self._progress(first, len(inputs), f"reference at {what}")
            chunk = slice(first, first + CHUNK)
            prices[chunk] = self.problem.reference(inputs[chunk])
            greeks[chunk] = reference_greeks(self.problem, inputs[chunk])
        self._progress(len(inputs), len(inputs), f"reference at {what}")
        return Sheet(inputs=inputs, prices=prices, greeks=greeks)


def board_of(problem: Problem, *, ticks: int = 1_000, states: int = 8) -> Board:
    """A chain with contracts from all over the domain but its outermost tenth, and a path on which they stay inside."""
    domain, rng = problem.domain, np.random.default_rng(SEED + 3)
    inputs = domain.sample(CHAIN, seed=SEED + 3)
    ends = np.array([(each.low, each.high) for each in domain.inputs[: domain.fast]])
    wide = domain.inputs[0].spacing is Spacing.LOG
    middle = np.sqrt(ends.prod(axis=1)) if wide else ends.mean(axis=1)
    slow = inputs[:, domain.fast :].copy()
    if domain.unit is not None:
        reach = 0.9 * np.log(ends[0, 1] / middle[0])
        ratio = np.exp(np.clip(np.log(inputs[:, 0] / middle[0]), -reach, reach)) if domain.fast == 1 else 1.0
        for i, each in enumerate(domain.inputs[domain.fast :]):
            if each.money:
                slow[:, i] /= ratio
    moved = []
    for _ in range(states):
        state = slow.copy()
        if "volatility" in domain.names:
            level = domain.inputs[domain.column("volatility")]
            at = domain.column("volatility") - domain.fast
            state[:, at] = np.clip(state[:, at] * np.exp(rng.normal(0.0, 0.01, CHAIN)), level.low, level.high)
        moved.append(state)
    walk = np.cumsum(rng.normal(0.0, STEP, (ticks, domain.fast)), axis=0)
    walk = REACH * np.sin(walk / REACH)
    places = middle * np.exp(walk) if wide else middle + 20.0 * walk * (ends[:, 1] - ends[:, 0])
    path = tuple(float(row[0]) if domain.fast == 1 else np.ascontiguousarray(row) for row in places)
    return Board(slow=tuple(moved), path=path)
