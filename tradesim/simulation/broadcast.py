"""Who hears of what happens at the venue: makers of their fills, all desks of what their feed tells."""

from collections.abc import Iterable
from typing import Protocol

from tradesim.simulation.book import side_of
from tradesim.simulation.reports import Post, Take, Trade


class Listener(Protocol):
    """A desk, as the floor knows it."""

    def hear(self, told: Take | Post) -> None:
        """The feed tells of a take, or of what stands of another desk's order."""

    def made(self, trade: Trade) -> None:
        """A standing order of the desk's own has traded."""


class FeedBroadcast:
    """The desks at one venue, by their index."""

    def __init__(self) -> None:
        self.desks: list[Listener] = []

    def tell(self, trades: Iterable[Trade], told: Iterable[Take | Post]) -> None:
        """Pass on what has just happened."""
        for trade in trades:
            if trade.maker is not None:
                self.desks[trade.maker[0]].made(trade)
                continue
            side = side_of(trade.direction)
            take = Take(trade.instant, trade.after, trade.contract + 1, side, trade.price, trade.lots)
            for desk in self.desks:
                desk.hear(take)
        for message in told:
            for index, desk in enumerate(self.desks):
                if isinstance(message, Take) or index != message.desk:
                    desk.hear(message)
