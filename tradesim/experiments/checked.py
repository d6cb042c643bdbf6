"""A rule of the user's own, held to what a rule may answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.simulation.strategy import Floats, Ints, Rule


@dataclass(frozen=True)
class Checked:
    """Decides as ``rule`` does; ``ArgumentError`` where an answer of it is not a table of orders."""

    rule: Rule

    def decide(self, book: Ints, theo: Floats, position: Ints, in_flight: NDArray[np.bool_], fee: int) -> Ints:
        """See :class:`~tradesim.simulation.strategy.Rule`."""
        orders = self.rule.decide(book, theo, position, in_flight, fee)
        if not isinstance(orders, np.ndarray):
            raise self._error(f"a {type(orders).__name__}")
        if orders.size == 0:
            return np.empty((0, 4), dtype=np.int64)
        if orders.ndim != 2 or orders.shape[1] != 4 or not np.issubdtype(orders.dtype, np.integer):
            raise self._error(f"{orders.dtype}{list(orders.shape)}")
        contract, direction, lots, _ = orders.T
        right = (contract >= 0) & (contract < len(theo)) & (np.abs(direction) == 1) & (lots > 0)
        if not right.all():
            raise self._error(f"the order {orders[np.argmin(right)].tolist()}")
        return orders

    def _error(self, got: str) -> ArgumentError:
        return ArgumentError(
            f"rule {type(self.rule).__name__}: decide returned {got}; it returns int64[k, 4], an order a row: "
            "contract (from 0), direction (+1 or -1), lots (at least 1), limit in micros"
        )
