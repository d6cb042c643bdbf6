"""The wires between a desk and the venues: market data in, orders out, reports back."""

from dataclasses import dataclass

from tradesim.errors import ArgumentError
from tradesim.simulation.latency import Fixed, LatencyModel
from tradesim.simulation.orders import Action

_FEED = Fixed(20_000)
_ORDERS = Fixed(30_000)


@dataclass(frozen=True)
class Recorded:
    """Feed only: each row reaches the desk when the recorder received it."""


@dataclass(frozen=True, kw_only=True)
class PerAction:
    """A latency of its own for each action on an order."""

    place: LatencyModel
    cancel: LatencyModel
    replace: LatencyModel


def of_action(latency: LatencyModel | PerAction, action: Action) -> LatencyModel:
    """The model of ``action``."""
    if not isinstance(latency, PerAction):
        return latency
    return (latency.place, latency.cancel, latency.replace)[action]


@dataclass(frozen=True, kw_only=True)
class Link:
    """One connection from a desk to a venue and back; on each way a later message never overtakes.

    ``entry``      from the desk to the venue
    ``response``   from the venue back to the desk
    ``rejections`` share of messages that the venue's gateway refuses, 0 to 1
    """

    entry: LatencyModel | PerAction = _ORDERS
    response: LatencyModel | PerAction = _ORDERS
    rejections: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.rejections <= 1.0:
            raise ArgumentError(f"Link(rejections={self.rejections}): a share of messages is from 0 to 1")

    def entry_delay(self, action: Action, uniform: float, at: int) -> int:
        """How long a message that leaves at ``at`` travels to the venue, ns."""
        return of_action(self.entry, action).sample(uniform, at)

    def response_delay(self, action: Action, uniform: float, at: int) -> int:
        """How long a report that leaves at ``at`` travels back, ns."""
        return of_action(self.response, action).sample(uniform, at)

    def rejects(self, action: Action, uniform: float, at: int) -> bool:
        """Whether the gateway refuses a message that leaves at ``at``."""
        return uniform < self.rejections


@dataclass(frozen=True, kw_only=True)
class Wires:
    """The latencies around a desk.

    ``feed``   of market data
    ``entry response rejections`` of the link on which orders for options go
    ``hedge``  the link on which orders for the underlying go; None: as the other, on a connection of its own
    """

    feed: LatencyModel | Recorded = _FEED
    entry: LatencyModel | PerAction = _ORDERS
    response: LatencyModel | PerAction = _ORDERS
    rejections: float = 0.0
    hedge: Link | None = None

    def __post_init__(self) -> None:
        _ = self.options

    @property
    def options(self) -> Link:
        """The link on which orders for options go."""
        return Link(entry=self.entry, response=self.response, rejections=self.rejections)

    @property
    def underlying(self) -> Link:
        """The link on which orders for the underlying go."""
        return self.hedge or self.options
