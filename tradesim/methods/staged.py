"""What all methods here share: slow inputs are prepared when they move, the spot is put in at each decision."""

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, ProblemError
from tradesim.market.chain import Chain
from tradesim.methods.method import Fast, Method, Outside, State
from tradesim.pricing.columns import check_column, check_either, check_inputs
from tradesim.pricing.problem import Domain, Floats

STRIKE: Final = 0
EXPIRY: Final = 1
VOLATILITY: Final = 2
RATE: Final = 3
DIVIDEND: Final = 4
RIGHT: Final = 5
"""Columns of the slow inputs of every option with a strike: one contract a row, so that a kernel takes one array. A
problem's further slow inputs stand behind them."""


NONE: Final = "none"
"""Tag of a pricing without prices: fast inputs are missing."""


HIT: Final = "hit"
FALLBACK: Final = "fallback"


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """What a method made of the slow inputs of ``n`` contracts.

    ``rows``      float64[n, width], the method's own
    ``outside``   int64[k], the contracts that the fallback prices
    ``fallback``  float64[k, width], the fallback's rows of those
    """

    rows: Floats
    outside: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    fallback: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        return self.rows.nbytes + self.outside.nbytes + self.fallback.nbytes


PreparedT = TypeVar("PreparedT", bound=Prepared)


class Staged(Method, Generic[PreparedT]):
    """A method whose price is ``evaluate(spot, prepare(slow inputs))``.

    ``outside``  what it does with a contract outside its domain; one that only computes has none
    """

    def __init__(self, outside: Outside = Outside.FALLBACK) -> None:
        self.outside = outside
        self._chain: Chain | None = None
        self._slow: Floats = np.empty((0, 0))
        self._prepared: PreparedT | None = None

    def open(self) -> None:
        """Load what is kept in files; more than once does no harm. Nothing to do for a method that only computes."""

    @abstractmethod
    def prepare(self, slow: Floats, anchor: Fast) -> PreparedT:
        """The slow half of the work, for slow inputs float64[n, slow columns] and the fast ones then."""

    def renew(self, prepared: PreparedT, slow: Floats, anchor: Fast) -> PreparedT:
        """``prepare`` again; it may write over ``prepared``, which is of no more use then."""
        return self.prepare(slow, anchor)

    @abstractmethod
    def evaluate(self, fast: Fast, prepared: PreparedT, out: Floats) -> str:
        """The fast half: write the prices at ``fast`` into ``out`` and return the work tag."""

    def bind(self, chain: Chain) -> None:
        """Load what is needed and keep the chain; ``ArgumentError`` names a right or a strike that there is not."""
        check_either("right", chain.right, (-1, 1))
        check_column("strike", np.asarray(chain.strike, dtype=np.float64), not_negative=True)
        self.open()
        self._chain = chain
        self._slow = np.empty((0, 0))
        self._prepared = None

    def update(self, state: State) -> None:
        """Prepare the slow inputs."""
        if self._chain is None:
            raise ArgumentError(f"method {self.name!r} has no chain: call bind before update")
        if not write_state(state.expiry, state.volatility, state.rate, state.dividend, state.further, self._slow):
            self._slow = slow_inputs(self._chain, state)
        self.take(self._slow, state.spot if is_known(self.problem.domain, state.spot) else math.nan)

    def take(self, slow: Floats, anchor: Fast) -> None:
        """Prepare slow inputs float64[n, slow columns] that are of no chain: what ``update`` does with a state.

        Where this raises there are no slow inputs afterwards.
        """
        before, self._prepared = self._prepared, None
        self._prepared = self.prepare(slow, anchor) if before is None else self.renew(before, slow, anchor)

    def price(self, fast: Fast, out: Floats) -> str:
        """Write the price of every contract into ``out``; return the work tag.

        NaN where a volatility, rate or dividend is NaN; for all contracts, under the tag ``none``, where a fast input
        is not finite, or money and negative.
        """
        if self._prepared is None:
            raise ArgumentError(f"method {self.name!r} has no slow inputs: call bind and update before price")
        if not is_known(self.problem.domain, fast):
            out.fill(np.nan)
            return NONE
        return self.evaluate(fast, self._prepared, out)

    def value(self, **inputs: float) -> float:
        """The price of one option, in currency: both halves of the work, whether or not a chain is bound.

        ``inputs`` are those of the problem's domain, by name: for an equity option spot, strike, expiry, volatility,
        rate, dividend and right (+1 for a call, -1 for a put). ``ArgumentError`` names one that is against the rules;
        ``ProblemError`` says that there is no price.
        """
        names = self.problem.domain.names
        if set(inputs) != set(names):
            raise ArgumentError(f"inputs {', '.join(inputs)}: problem {self.problem.name!r} takes {', '.join(names)}")
        for name, given in inputs.items():
            if isinstance(given, str) or not hasattr(given, "__float__") or np.ndim(given):
                raise ArgumentError(f"{name} is {given!r:.60}: it must be one number; mend it")
        table = np.array([[float(inputs[name]) for name in names]])
        check_inputs(self.problem, table)
        price = float(prices_at(self, table)[0])
        if not np.isfinite(price):
            raise ProblemError(f"method {self.name!r} has no price at {inputs}: they are too far from its domain")
        return price

    def answer_outside(self, outside: Outside) -> None:
        """See :class:`~tradesim.methods.method.Method`."""
        self.outside = outside

    def refuse(self, outside: NDArray[np.int64]) -> None:
        """Raise ``ProblemError`` for contracts ``outside`` the domain, where that is the choice."""
        if self.outside is Outside.RAISE and len(outside):
            raise ProblemError(
                f"method {self.name!r}: contract {outside[0]} is outside the domain of {self.problem.name}; "
                "leave it out, or let the fallback price it (outside=fallback)"
            )

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace; a method that loads tables adds them."""
        return 0 if self._prepared is None else self._prepared.nbytes

    @property
    def fallbacks(self) -> int:
        """How many contracts of the current state are answered by the fallback."""
        return 0 if self._prepared is None else len(self._prepared.outside)


def is_known(domain: Domain, fast: Fast) -> bool:
    """Whether fast inputs are finite, and those that are money not negative."""
    if domain.fast == 1:
        return math.isfinite(fast) and (fast >= 0.0 or not domain.inputs[0].money)
    pairs = zip(fast.tolist(), domain.inputs, strict=False)
    return all(math.isfinite(value) and (value >= 0.0 or not each.money) for value, each in pairs)


def slow_inputs(chain: Chain, state: State) -> Floats:
    """The slow inputs of a chain in a state, float64[n, slow]; ``ArgumentError`` where they are not of the chain."""
    further = np.empty((len(chain), 0)) if state.further is None else state.further
    columns: tuple[NDArray[np.generic], ...] = (
        *(chain.strike, state.expiry, state.volatility, state.rate, state.dividend, chain.right),
        *further.T,
    )
    for column in columns:
        if len(column) != len(chain):
            raise ArgumentError(
                f"state {state.index} has inputs of {len(column)} contracts and the chain has {len(chain)}: "
                "give one of each a contract"
            )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


@njit(cache=True, error_model="numpy")
def write_state(
    expiry: Floats, volatility: Floats, rate: Floats, dividend: Floats, further: Floats | None, slow: Floats
) -> bool:
    """Write a state's columns over those of an earlier one; False, and nothing written, where they do not fit."""
    count, columns = slow.shape
    if not len(expiry) == len(volatility) == len(rate) == len(dividend) == count:
        return False
    if further is None:
        if columns != RIGHT + 1:
            return False
    elif further.shape != (count, columns - RIGHT - 1):
        return False
    for i in range(count):
        slow[i, EXPIRY] = expiry[i]
        slow[i, VOLATILITY] = volatility[i]
        slow[i, RATE] = rate[i]
        slow[i, DIVIDEND] = dividend[i]
        if further is not None:
            for k in range(further.shape[1]):
                slow[i, RIGHT + 1 + k] = further[i, k]
    return True


def prices_at(method: Staged[PreparedT], inputs: Floats, *, moved: float = 0.0) -> Floats:
    """Prices of many options at any inputs float64[n, inputs], each with fast inputs of its own; both halves anew.

    ``moved`` is by which part of themselves the fast inputs have moved since the slow half was done: a method that
    anchors there (``taylor``) is the more wrong for it.

    Where the fast input is one spot and prices scale with money, all options are scaled to one spot and priced as one
    chain.
    """
    method.open()
    domain = method.problem.domain
    out = np.empty(len(inputs))
    if domain.unit is not None and domain.fast == 1 and (inputs[:, 0] > 0.0).all():
        spot = float(inputs[0, 0])
        slow, scale = at_one_spot(domain, inputs, spot)
        method.evaluate(spot, method.prepare(slow, spot / (1.0 + moved)), out)
        return np.asarray(out / scale)
    for i, row in enumerate(inputs):
        fast = float(row[0]) if domain.fast == 1 else np.ascontiguousarray(row[: domain.fast])
        method.evaluate(fast, method.prepare(row[None, domain.fast :].copy(), fast / (1.0 + moved)), out[i : i + 1])
    return out


def at_one_spot(domain: Domain, inputs: Floats, spot: float) -> tuple[Floats, Floats]:
    """Slow inputs of options scaled so that the spot of each is ``spot``, and by how much its money was scaled."""
    scale = spot / inputs[:, 0]
    slow = inputs[:, 1:].copy()
    for i, each in enumerate(domain.inputs[1:]):
        if each.money:
            slow[:, i] *= scale
    return slow, scale


def deviations(domain: Domain, slow: Floats) -> Floats:
    """Standard deviation of the log-spot to expiry, ``sigma sqrt(T)``, of each contract."""
    volatility, expiry = (slow[:, domain.column(name) - domain.fast] for name in ("volatility", "expiry"))
    return np.asarray(volatility * np.sqrt(expiry))


def expires(domain: Domain) -> bool:
    """Whether a problem's options expire: those that are struck in money and have an expiry."""
    return domain.unit is not None and "expiry" in domain.names


def alive(domain: Domain, slow: Floats) -> NDArray[np.bool_]:
    """The contracts that have not expired; all of a problem whose options do not expire."""
    if not expires(domain):
        return np.ones(len(slow), dtype=np.bool_)
    return np.asarray(slow[:, domain.column("expiry") - domain.fast] > 0.0)
