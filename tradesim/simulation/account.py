"""What a desk knows that it has: positions, money, and the orders that it has sent, as far as acknowledged."""

import numpy as np

from tradesim.simulation.book import BUY
from tradesim.simulation.orders import CONTRACT, DIRECTION, KIND, LIMIT, LOTS, TARGET, UNDERLYING, Kind
from tradesim.simulation.reports import Outcome
from tradesim.simulation.screen import CHANGING, LEFT, NOTHING, NUMBER, PENDING, STATE, WORKING, Ints


class Account:
    """The desk's books. One order that takes is in flight a contract, and one stands a contract and side.

    Arrays as in :class:`~tradesim.simulation.screen.Screen`. ``cash`` is money, of every fill at the
    venue, known to the desk or not yet.
    """

    def __init__(self, contracts: int) -> None:
        self.position: Ints = np.zeros(contracts, dtype=np.int64)
        self.in_flight = np.zeros(contracts, dtype=np.bool_)
        self.working: Ints = np.zeros((contracts, 2, 4), dtype=np.int64)
        self.working[:, :, NUMBER] = -1
        self._done: Ints = np.zeros((contracts, 2), dtype=np.int64)
        self.hedge = 0
        self.hedging = False
        self.cash = 0
        self._settled: set[int] = set()

    def admits(self, request: list[int]) -> bool:
        """Whether a request may be sent: nothing of the desk's own is on its way that it would cross."""
        contract, kind = request[CONTRACT], request[KIND]
        if contract == UNDERLYING:
            return kind == Kind.IOC and not self.hedging
        if kind == Kind.IOC:
            return not self.in_flight[contract]
        _, _, _, state = slot = self._slot(contract, request[DIRECTION])
        if kind in (Kind.CANCEL, Kind.REPLACE):
            return bool(state == WORKING and slot[NUMBER] == request[TARGET])
        return bool(state == NOTHING)

    def sent(self, number: int, request: list[int]) -> None:
        """A request is on its way."""
        contract, kind = request[CONTRACT], request[KIND]
        if contract == UNDERLYING:
            self.hedging = True
        elif kind == Kind.IOC:
            self.in_flight[contract] = True
        elif kind in (Kind.CANCEL, Kind.REPLACE):
            self._slot(contract, request[DIRECTION])[STATE] = CHANGING
        else:
            self._slot(contract, request[DIRECTION])[:] = number, request[LIMIT], request[LOTS], PENDING

    def done(self, contract: int, direction: int) -> int:
        """Lots of the standing order that are known to have traded since it had its number."""
        return int(self._done[contract, _side(direction)])

    def hold(self, contract: int, lots: int) -> None:
        """So many lots more (or fewer) are held."""
        if contract == UNDERLYING:
            self.hedge += lots
        elif contract not in self._settled:
            self.position[contract] += lots

    def settle(self, contract: int) -> None:
        """The contract has expired: nothing of it is held any more."""
        self._settled.add(contract)
        self.position[contract] = 0

    def acknowledged(
        self,
        number: int,
        contract: int,
        direction: int,
        kind: int,
        limit: int,
        outcome: Outcome,
        filled: int,
        left: int,
    ) -> None:
        """A request of the desk's has been dealt with."""
        self.hold(contract, direction * filled)
        if contract == UNDERLYING:
            self.hedging = False
            return
        if kind == Kind.IOC:
            self.in_flight[contract] = False
            return
        slot = self._slot(contract, direction)
        if outcome is Outcome.REJECTED and kind in (Kind.CANCEL, Kind.REPLACE) and slot[LEFT] > 0:
            slot[STATE] = WORKING
        elif left:
            slot[:] = number, limit, left, WORKING
            self._done[contract, _side(direction)] = filled
        else:
            slot[:] = -1, 0, 0, NOTHING

    def traded(self, number: int, contract: int, direction: int, lots: int) -> None:
        """Lots of a standing order have traded."""
        self.hold(contract, direction * lots)
        slot = self._slot(contract, direction)
        if slot[NUMBER] != number:
            return
        slot[LEFT] -= lots
        self._done[contract, _side(direction)] += lots
        if slot[LEFT] <= 0:
            _gone(slot)

    def taken_off(self, numbers: tuple[int, ...]) -> None:
        """Standing orders that the venue took off the book by itself."""
        for number in numbers:
            for contract, side in np.argwhere(self.working[:, :, NUMBER] == number):
                _gone(self.working[contract, side])

    def _slot(self, contract: int, direction: int) -> Ints:
        slot: Ints = self.working[contract, _side(direction)]
        return slot


def _gone(slot: Ints) -> None:
    """Nothing is left of an order; one of which a cancel or a replace is on its way keeps its slot for the answer."""
    if slot[STATE] == CHANGING:
        slot[LEFT] = 0
    else:
        slot[:] = -1, 0, 0, NOTHING


def _side(direction: int) -> int:
    return 0 if direction == BUY else 1
