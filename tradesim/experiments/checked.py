"""A rule of the user's own, held to what a rule may answer."""

from dataclasses import dataclass

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.simulation.orders import UNDERLYING, Kind, as_requests
from tradesim.simulation.screen import Screen
from tradesim.simulation.strategy import Ints, Rule


@dataclass(frozen=True)
class Checked:
    """Decides as ``rule`` does; ``ArgumentError`` where an answer of it is not a table of orders."""

    rule: Rule

    def decide(self, screen: Screen) -> Ints:
        """See :class:`~tradesim.simulation.strategy.Rule`."""
        requests = self.rule.decide(screen)
        if not isinstance(requests, np.ndarray):
            raise self._error(f"a {type(requests).__name__}")
        if requests.size == 0:
            return np.empty((0, 6), dtype=np.int64)
        if requests.ndim != 2 or requests.shape[1] not in {4, 6} or not np.issubdtype(requests.dtype, np.integer):
            raise self._error(f"{requests.dtype}{list(requests.shape)}")
        table = as_requests(requests)
        contract, direction, lots, _, kind, _ = table.T
        right = (contract >= UNDERLYING) & (contract < len(screen.theo)) & (np.abs(direction) == 1)
        right &= ((lots > 0) | (kind == Kind.CANCEL)) & np.isin(kind, list(Kind))
        right &= (contract > UNDERLYING) | (kind == Kind.IOC)
        if not right.all():
            raise self._error(f"the request {requests[np.argmin(right)].tolist()}")
        return table

    def _error(self, got: str) -> ArgumentError:
        return ArgumentError(
            f"rule {type(self.rule).__name__}: decide returned {got}; it returns int64[k, 4] or [k, 6], a request "
            "a row: contract (from 0; -1 the underlying, kind ioc only), direction (+1 or -1), lots (at least 1), "
            "limit in micros, kind, target"
        )
