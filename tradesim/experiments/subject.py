"""A method that is put to checks: made as often as wanted, and asked through the three stages of its contract."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.experiments.evaluation_set import Board, EvaluationSet
from tradesim.market.chain import AMERICAN, EUROPEAN, Chain
from tradesim.methods.method import Fast, Method, Outside, State
from tradesim.methods.registry import make_method
from tradesim.methods.spec import MethodSpec
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY, Staged, at_one_spot, prices_at
from tradesim.pricing.problem import Domain, Floats, Problem
from tradesim.units import YEAR

LISTED: Final = ("strike", "expiry", "volatility", "rate", "dividend", "right")
"""The first slow inputs of a problem whose options can stand on a tape."""

GUARDS: Final = 8
"""Numbers before and behind the prices that a method must leave as they are."""

UNTOUCHED: Final = -123_456.789


class Asked:
    """One object of the method, asked as a desk asks it."""

    def __init__(self, method: Method, domain: Domain) -> None:
        self.method, self.domain = method, domain
        self.tag = ""
        self._terms = np.empty((0, 2))
        self._indices: dict[bytes, int] = {}

    def take(self, slow: Floats, anchor: Fast) -> None:
        """``bind``, where the contracts are others than before, and ``update``, with slow inputs float64[n, slow]."""
        self._count = len(slow)
        if self.domain.fast > 1 or self.domain.names[1 : 1 + len(LISTED)] != LISTED:
            whole = self._staged()
            whole.open()
            whole.take(slow.copy(), anchor)
            return
        terms = slow[:, [STRIKE, RIGHT]]
        if not np.array_equal(terms, self._terms):
            self.method.bind(chain_of(slow, style=AMERICAN if self.method.problem.early else EUROPEAN))
            self._terms = terms
        index = self._indices.setdefault(slow.tobytes(), len(self._indices))
        self.method.update(state_of(slow, anchor, index=index))

    def price(self, fast: Fast) -> Floats:
        """The prices at ``fast``; not a number where none was written. ``ArgumentError`` for an answer out of form."""
        memory = np.full(self._count + 2 * GUARDS, UNTOUCHED)
        out = memory[GUARDS:-GUARDS]
        out.fill(np.nan)
        tag = self.method.price(fast, out)
        if not isinstance(tag, str):
            raise ArgumentError(f"price returns {type(tag).__name__}; it returns the work tag, a text such as hit")
        if not (np.delete(memory, np.s_[GUARDS:-GUARDS]) == UNTOUCHED).all():
            raise ArgumentError(f"it writes before or behind the {self._count} prices; write out[0] to out[n - 1] only")
        self.tag = tag
        return out.copy()

    def prices(self, inputs: Floats) -> Floats:
        """Prices of many options at any inputs float64[n, inputs], both halves of the work anew."""
        if isinstance(self.method, Staged):
            return prices_at(self.method, inputs)
        spot = float(inputs[0, 0])
        slow, scale = at_one_spot(self.domain, inputs, spot)
        self.take(slow, spot)
        return np.asarray(self.price(spot) / scale)

    def _staged(self) -> Staged[Any]:
        if not isinstance(self.method, Staged):
            raise ArgumentError("it takes a chain and its state, and this problem has none; subclass tradesim.Staged")
        return self.method


@dataclass(frozen=True)
class Subject:
    """The method ``spec`` on ``problem``; what it is asked and the reference's answers are those of ``held_out``.

    What is built for it is kept in ``home``.
    """

    spec: MethodSpec
    problem: Problem
    home: Path
    held_out: EvaluationSet

    def fresh(self, outside: Outside = Outside.FALLBACK, spec: MethodSpec | None = None) -> Asked:
        """An object of its own, as another process makes it."""
        return Asked(make_method(spec or self.spec, self.problem, self.home, outside=outside), self.problem.domain)

    def ready(self) -> Asked:
        """An object that has taken the chain's first slow inputs."""
        asked = self.fresh()
        asked.take(self.slow, self.anchor)
        return asked

    @property
    def board(self) -> Board:
        """The chain, its states and its path of spots."""
        return self.held_out.board

    @property
    def slow(self) -> Floats:
        """The chain's first slow inputs."""
        return self.board.slow[0]

    @property
    def anchor(self) -> Fast:
        """The spot then."""
        return self.board.anchor

    @cached_property
    def away(self) -> Fast:
        """The spot of the path that is farthest from the first."""
        path = self.board.path
        return max(path, key=lambda spot: float(np.abs(np.subtract(spot, path[0])).max()))

    @cached_property
    def errors(self) -> Floats:
        """Price less reference at the held-out points and on the domain's edges, in currency on a strike of 100."""
        asked = self.fresh()
        sheets = (self.held_out.inside, self.held_out.edges)
        return np.concatenate([asked.prices(sheet.inputs) - sheet.prices for sheet in sheets])

    @property
    def largest_error(self) -> float:
        """The largest of them, either way."""
        return float(np.abs(self.errors).max())


def chain_of(slow: Floats, *, style: int) -> Chain:
    """The contracts whose slow inputs are float64[n, slow], seen at the epoch."""
    count = len(slow)
    return Chain(
        name=tuple(f"contract {i}" for i in range(count)),
        strike=slow[:, STRIKE].copy(),
        expiry=np.rint(slow[:, EXPIRY] * YEAR).astype(np.int64),
        right=slow[:, RIGHT].astype(np.int8),
        style=np.full(count, style, dtype=np.int8),
        multiplier=np.ones(count, dtype=np.int64),
    )


def state_of(slow: Floats, spot: float, *, index: int) -> State:
    """The same inputs as a state."""
    return State(
        index=index,
        instant=0,
        spot=spot,
        expiry=slow[:, EXPIRY].copy(),
        volatility=slow[:, VOLATILITY].copy(),
        rate=slow[:, RATE].copy(),
        dividend=slow[:, DIVIDEND].copy(),
        further=slow[:, RIGHT + 1 :].copy() if slow.shape[1] > len(LISTED) else None,
    )
