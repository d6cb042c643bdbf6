"""How many lots the peer believes to be ahead of an order: its estimate, restated from its source.

It is not bounded below. A cancellation that it puts ahead can leave fewer than none there, and from then on its shares
are no shares. Ours never has fewer than none ahead.
"""

import math

from feed_events import ASK, AT_DESK, AT_VENUE, BID, DEPTH_ROW, FLAG, TRADE_ROW, FeedEvents
from peer import QUEUES, Order


def lowest_estimate(events: FeedEvents, order: Order, queue: str, *, until: int) -> float:
    """The fewest lots ahead of ``order`` that the peer believed in, from its arrival to ``until``, by depth rows."""
    sizes = {BID: {}, ASK: {}}
    ahead, traded, lowest = math.nan, 0.0, math.inf
    for row in events.rows.tolist():
        kind, instant, price, size = row[0], row[1], int(row[3]), row[4]
        if instant > until:
            break
        side = BID if kind & FLAG[BID] else ASK
        before = sizes[side].get(price, 0.0)
        if kind & ~(AT_VENUE | AT_DESK | FLAG[side]) == DEPTH_ROW:
            sizes[side][price] = size
        if instant <= order.arrival:
            ahead = sizes[order.side].get(order.price, 0.0)
            continue
        if price != order.price:
            continue
        if kind & ~(AT_VENUE | AT_DESK | FLAG[side]) == TRADE_ROW and side == -order.side:
            ahead, traded = ahead - size, traded + size
        elif side == order.side:
            ahead = _after(ahead, before, size, traded, queue)
            traded, lowest = 0.0, min(lowest, ahead)
    return lowest


def _after(ahead: float, before: float, after: float, traded: float, queue: str) -> float:
    """The estimate once the size at the price went from ``before`` to ``after``."""
    cancelled = before - after - traded
    if queue == "risk-averse" or cancelled < 0:
        return min(ahead, after)
    behind = before - ahead
    try:
        share = _share_behind(ahead, behind, queue)
    except (ValueError, ZeroDivisionError):
        return after
    return min(ahead - (1.0 - share) * cancelled + min(behind - share * cancelled, 0.0), after)


def _share_behind(ahead: float, behind: float, queue: str) -> float:
    _, *parameters = QUEUES[queue]
    match queue:
        case "log":
            return math.log1p(behind) / (math.log1p(behind) + math.log1p(ahead))
        case "log2":
            return math.log1p(behind) / math.log1p(behind + ahead)
        case "power":
            return behind ** parameters[0] / (behind ** parameters[0] + ahead ** parameters[0])
        case "power2":
            return behind ** parameters[0] / (behind + ahead) ** parameters[0]
    return 1.0 - (ahead / (ahead + behind)) ** parameters[0]
