"""What all methods here share: slow inputs are prepared when they move, the spot is put in at each decision."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.methods.method import Method, State
from tradesim.pricing.problem import Domain, Floats, Points

STRIKE: Final = 0
EXPIRY: Final = 1
VOLATILITY: Final = 2
RATE: Final = 3
DIVIDEND: Final = 4
RIGHT: Final = 5
"""Columns of the slow inputs: one contract a row, so that a kernel takes one array."""

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
    """A method whose price is ``evaluate(spot, prepare(slow inputs))``."""

    def __init__(self) -> None:
        self._chain: Chain | None = None
        self._prepared: PreparedT | None = None

    def open(self) -> None:
        """Load what is kept in files; more than once does no harm. Nothing to do for a method that only computes."""

    @abstractmethod
    def prepare(self, slow: Floats, anchor: float) -> PreparedT:
        """The slow half of the work, for slow inputs float64[n, 6] in the columns of this module and the spot then."""

    @abstractmethod
    def evaluate(self, spot: float, prepared: PreparedT, out: Floats) -> str:
        """The fast half: write the prices at ``spot`` into ``out`` and return the work tag."""

    def bind(self, chain: Chain) -> None:
        """Load what is needed and keep the chain."""
        self.open()
        self._chain = chain
        self._prepared = None

    def update(self, state: State) -> None:
        """Prepare the slow inputs."""
        if self._chain is None:
            raise ArgumentError(f"method {self.name!r} has no chain: call bind before update")
        self._prepared = self.prepare(slow_inputs(self._chain, state), state.spot)

    def price(self, spot: float, out: Floats) -> str:
        """Write the price of every contract into ``out``; return the work tag."""
        if self._prepared is None:
            raise ArgumentError(f"method {self.name!r} has no slow inputs: call bind and update before price")
        return self.evaluate(spot, self._prepared, out)

    def value(
        self,
        *,
        spot: float,
        strike: float,
        expiry: float,
        volatility: float,
        rate: float,
        dividend: float,
        right: int,
    ) -> float:
        """The price of one option, in currency: both halves of the work, whether or not a chain is bound.

        ``right`` is +1 for a call and -1 for a put; expiry is years, the others are a year.
        """
        self.open()
        slow = np.array([[strike, expiry, volatility, rate, dividend, right]], dtype=np.float64)
        out = np.empty(1)
        self.evaluate(spot, self.prepare(slow, spot), out)
        return float(out[0])

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace; a method that loads tables adds them."""
        return 0 if self._prepared is None else self._prepared.nbytes

    @property
    def fallbacks(self) -> int:
        """How many contracts of the current state are answered by the fallback."""
        return 0 if self._prepared is None else len(self._prepared.outside)


def slow_inputs(chain: Chain, state: State) -> Floats:
    """The slow inputs of a chain in a state, float64[n, 6]; ``ArgumentError`` where they are not of the chain."""
    slow = np.empty((len(chain), 6))
    columns: tuple[NDArray[np.generic], ...] = (
        chain.strike,
        state.expiry,
        state.volatility,
        state.rate,
        state.dividend,
        chain.right,
    )
    for number, column in enumerate(columns):
        if len(column) != len(chain):
            raise ArgumentError(
                f"state {state.index} has inputs of {len(column)} contracts and the chain has {len(chain)}: "
                "give one of each a contract"
            )
        slow[:, number] = column
    return slow


def slow_of(points: Points) -> Floats:
    """The slow inputs of points, float64[n, 6]."""
    columns = (points.strike, points.expiry, points.volatility, points.rate, points.dividend, points.right)
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def outside_domain(domain: Domain, slow: Floats) -> NDArray[np.int64]:
    """The contracts that are alive and have a slow input outside ``domain``. An expired one is worth its exercise."""
    inside = domain.contains_slow(
        expiry=slow[:, EXPIRY], volatility=slow[:, VOLATILITY], rate=slow[:, RATE], dividend=slow[:, DIVIDEND]
    )
    return np.flatnonzero(~inside & (slow[:, EXPIRY] > 0.0))
