"""The wires between a desk and the venues: market data in, orders out, reports back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.simulation.latency import ZERO, Fixed, Interpolated, LatencyModel
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
    ``rejections`` share of messages that the venue's gateway refuses, 0 to 1, besides those whose recorded ``entry``
                   says so

    Each method is asked for one message, by its action, a uniform of that question's own, and the instant ``at``
    which the way begins: that of sending for ``rejects`` and ``entry_delay``, that of arrival at the venue for
    ``response_delay``. A refused message travels there and back as any other.
    """

    entry: LatencyModel | PerAction = _ORDERS
    response: LatencyModel | PerAction = _ORDERS
    rejections: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.rejections <= 1.0:
            raise ArgumentError(f"Link(rejections={self.rejections}): a share of messages is from 0 to 1")

    @property
    def is_recorded(self) -> bool:
        """Whether the way to the venue is a recording, which may say that messages were refused."""
        ways = (of_action(self.entry, action) for action in Action)
        return any(isinstance(way, Interpolated) for way in ways)

    def rejects(self, action: Action, uniform: float, at: int) -> bool:
        """Whether the venue's gateway refuses the message: by the share, or because the recording says so."""
        model = of_action(self.entry, action)
        return uniform < self.rejections or (isinstance(model, Interpolated) and model.refuses(at))

    def entry_delay(self, action: Action, uniform: float, at: int) -> int:
        """From sending at ``at`` to arrival at the venue, ns."""
        return of_action(self.entry, action).sample(uniform, at)

    def response_delay(self, action: Action, uniform: float, at: int) -> int:
        """From arrival at the venue at ``at`` to the answer, ns."""
        return of_action(self.response, action).sample(uniform, at)


@dataclass(frozen=True, kw_only=True)
class Wires:
    """The latencies around a desk.

    ``feed``   of market data
    ``entry response rejections`` of the link on which orders for options go
    ``hedge``  the link on which orders for the underlying go; None: as the other, on a connection of its own
    ``send``   what the desk's CPU takes to send a message, after it has decided: one leaves after the other
    """

    feed: LatencyModel | Recorded = _FEED
    entry: LatencyModel | PerAction = _ORDERS
    response: LatencyModel | PerAction = _ORDERS
    rejections: float = 0.0
    hedge: Link | None = None
    send: LatencyModel | PerAction = ZERO

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


def check_recordings(wires: Wires, begin: int, end: int) -> None:
    """Refuse a recorded latency that tells nothing of the span from ``begin`` to ``end``, ns: ``ArgumentError``.

    Beyond its ends it would be a constant, in silence.
    """
    for model in _recordings(wires):
        first, last = int(model.instants[0]), int(model.instants[-1])
        if last < begin or first > end:
            told, tape = (f"{_spoken(a)} to {_spoken(b)}" for a, b in ((first, last), (begin, end)))
            raise ArgumentError(
                f"recorded latency {model.source}: it is of {told}, the tape of {tape}; give a recording of the tape's "
                "time, or its delays alone as measurements"
            )


def _recordings(wires: Wires) -> Iterator[Interpolated]:
    ways = (
        wires.feed,
        wires.send,
        *(way for link in (wires.options, wires.underlying) for way in (link.entry, link.response)),
    )
    for way in ways:
        for model in (way.place, way.cancel, way.replace) if isinstance(way, PerAction) else (way,):
            if isinstance(model, Interpolated):
                yield model


def _spoken(instant: int) -> str:
    return f"{np.datetime64(instant, 'ns').astype('datetime64[s]')}Z"
