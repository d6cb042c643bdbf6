"""What a user may say of the world around a desk, the same in every command that replays."""

from dataclasses import dataclass
from typing import Any, Final

from cyclopts import Parameter

from tradesim.cli.app import Whole


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class World:
    """Wires, fees and the venue. What is not said is the generated market's own; defaults below are a tape's.

    Parameters
    ----------
    feed
        From the venue to the desk: 20us (the default), any of the models of latency, or recorded (the tape's receive
        times).
    entry
        From the desk to the venue: 30us (the default), any of the models of latency, recorded:PATH (a recording of
        requests: columns req_ts, exch_ts, resp_ts in ns on the tape's clock; linear in time between them, and refused
        where the venue refused), or by action: place=30us,cancel=20us,replace=lognormal:30us:0.4.
    response
        From the venue back to the desk: as entry; after a recorded entry by default the same recording's.
    hedge_entry
        As entry, of orders for the underlying; by default as those for options.
    hedge_response
        As response, of orders for the underlying.
    rejections
        The share of messages that the venue's gateway refuses, 0 to 1.
    send
        What the desk's CPU takes to send a message, after it has decided: one leaves after the other. As entry, but not
        recorded; by default nothing.
    fee
        The taker's fee; currency a unit. By default the market's, and on a tape 0.0025, or 0.0003 of a coin.
    maker_fee
        Of one whose standing order is taken; currency a unit, negative for a rebate. By default 0.
    underlying_fee
        Of a trade in the underlying; currency a unit. By default 0.
    queue
        How a standing order advances when others cancel: risk-averse (the default: only trades advance it), log, log2,
        power:3, power2:3 or power3:3.
    tick
        The grid of option prices, currency: an order off it is refused. Where it depends on the price, each further
        tick with the price from which it holds: 0.05,0.10@3 is 0.05 below 3.00 and 0.10 from 3.00 on. Without it no
        price is refused, and rules quote on the grid of the tape's own quotes.
    position_limit
        Lots of a contract that a desk may come to hold; an order beyond it is refused. Without it there is no limit.
    """

    feed: str | None = None
    entry: str | None = None
    response: str | None = None
    hedge_entry: str | None = None
    hedge_response: str | None = None
    rejections: float = 0.0
    send: str | None = None
    fee: float | None = None
    maker_fee: float | None = None
    underlying_fee: float | None = None
    queue: str | None = None
    tick: str | None = None
    position_limit: Whole | None = None

    def arguments(self, *, tape: Any, market: str | None) -> dict[str, Any]:
        """The same as arguments of :func:`tradesim.compare` and :func:`tradesim.run` on that ground."""
        from tradesim.experiments.ground import ground_setting
        from tradesim.experiments.stated import parse_venue, parse_wires

        usual = ground_setting(tape, market)
        return {
            "wires": parse_wires(
                feed=self.feed,
                entry=self.entry,
                response=self.response,
                hedge_entry=self.hedge_entry,
                hedge_response=self.hedge_response,
                rejections=self.rejections,
                send=self.send,
                usual=usual.wires,
            ),
            "venue": parse_venue(
                queue=self.queue, tick=self.tick, position_limit=self.position_limit, usual=usual.venue
            ),
            "fee": self.fee,
            "maker_fee": self.maker_fee,
            "underlying_fee": self.underlying_fee,
        }


USUAL: Final = World()
"""Nothing said."""
