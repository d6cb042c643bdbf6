"""A request of a desk on its way to the venue."""

from typing import NamedTuple

from tradesim.simulation.orders import Action, Kind, action_of


class Message(NamedTuple):
    """A request on its way: ``key`` is what its draws are drawn by, ``sent`` when it left."""

    number: int
    decision: int
    key: int
    contract: int
    direction: int
    lots: int
    limit: int
    kind: Kind
    target: int
    seen: int
    theo: float
    reference: float
    sent: int

    @property
    def action(self) -> Action:
        """By which its latency may differ."""
        return action_of(self.kind)
