"""What a desk is to be, before it is one."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import ComputeLatency
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.valuation import Pricing


class Took(NamedTuple):
    """What the work of one wake-up just took on this machine, ns; ``send`` is of each of its ``messages``.

    ``tag`` is the method's work tag, ``asked`` whether the rule or the hedge asked for anything.
    """

    tag: str
    asked: bool
    feed: int
    price: int
    decide: int
    send: int
    messages: int


class Observer(Protocol):
    """Who times a desk as it decides."""

    def updating(self) -> None:
        """The method is about to be updated."""

    def updated(self, ns: int) -> None:
        """The method's update took so long."""

    def before(self, start: int) -> None:
        """The desk is about to decide, at the instant ``start``."""

    def after(self, took: Took) -> None:
        """It has decided."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A desk to be: what it does, how it prices, what its thinking costs, how its process pauses, and who times it.

    One that is ``informed`` knows the true slow inputs of a generated tape, at once and for nothing.
    """

    strategy: Strategy
    pricing: Pricing
    compute: ComputeLatency
    hiccups: Hiccups | None = None
    observer: Observer | None = None
    informed: bool = False
