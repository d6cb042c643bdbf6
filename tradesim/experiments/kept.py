"""How much of its P&L a desk keeps at a compute latency, by a formula: what stands longer than the desk takes."""

from collections.abc import Callable

import numpy as np

from tradesim.market.parameters import SyntheticMarket
from tradesim.market.reaction import Delay
from tradesim.pricing.problem import Floats
from tradesim.simulation.orders import Action
from tradesim.simulation.wires import Recorded, Wires, of_action

Survival = Callable[[Floats], Floats]
"""The probability that a stale quote still stands so many ns after the move."""


def share_kept(latencies: Floats, *, wires: float, stands: Survival) -> Floats:
    """The share of its P&L at zero compute latency that exact prices keep at each of ``latencies`` (ns).

    ``P(D > w + L) / P(D > w)``: a stale quote is worth what it is worth until it is gone, at D after the move, and the
    desk reaches it ``w`` (``wires``, ns) and its compute latency L after the move. Quotes are taken as independent of
    what they are worth, and the desk as idle when the move reaches it. Where D is ``w`` and a lognormal of median m and
    that sigma, it is ``1 - Phi(ln(L / m) / sigma)``: only the ratio of the two latencies counts.
    """
    return np.asarray(stands(wires + latencies) / stands(np.array([wires])))


def standing(market: SyntheticMarket) -> Survival:
    """How long stale quotes of ``market`` stand: until their makers react, or the rival who noticed takes them."""
    makers = Delay(fixed=market.delay_fixed, median=market.delay_median, sigma=market.delay_sigma)
    rival = Delay(fixed=market.rival_fixed, median=market.rival_median, sigma=market.rival_sigma)
    return lambda ns: (1.0 - makers.share(ns)) * (1.0 - market.rival_share * rival.share(ns))


def time_on_wires(wires: Wires) -> int:
    """From a move to the arrival of an order that answers it without any thought, ns, all at their medians.

    A feed as recorded takes no time: on a generated tape the recorder sits at the venue.
    """
    feed = 0 if isinstance(wires.feed, Recorded) else wires.feed.sample(0.5)
    return feed + sum(of_action(way, Action.PLACE).sample(0.5) for way in (wires.send, wires.entry))
