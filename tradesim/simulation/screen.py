"""What a rule sees when it decides: the desk's view, its prices, what it holds and what it has working."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NUMBER: Final = 0
PRICE: Final = 1
LEFT: Final = 2
STATE: Final = 3
"""Columns of a working order: its number (-1 without one), its limit in micros, lots left, and its state."""

NOTHING: Final = 0
PENDING: Final = 1
"""Placed, not acknowledged: it can be neither cancelled nor replaced yet."""
WORKING: Final = 2
CHANGING: Final = 3
"""A cancel or a replace of it is on its way."""


class Screen(NamedTuple):
    """All that a rule may know, made anew for each call: nothing of it can be assigned to.

    Its arrays are read-only and valid during the call; writing into one raises ``ValueError``. All is as of ``now``,
    but ``spot`` and ``book`` are as of the firing where firings queue. What another CPU will send when it has finished
    thinking is reserved already: ``in_flight``, or ``working`` as pending.

    ``now``       the instant at which the desk began to think, ns
    ``spot``      the underlying's mid as seen, currency
    ``book``      int64[n + 1, 8], the view: see :mod:`tradesim.simulation.book`; contract i is row i + 1
    ``hedge``     lots of the underlying, as far as acknowledged
    ``theo``      float64[n], theoretical values in the tape's currency; NaN where the desk has none
    ``delta``     float64[n], their change with the underlying, as of the last update; NaN where it is not computed
    ``position``  int64[n], lots, as far as acknowledged
    ``in_flight`` bool[n], contracts with an order that takes not yet acknowledged; another is refused
    ``working``   int64[n, 2, 4], the standing order of each contract and side (0 bid, 1 ask): number, limit, lots left,
                  state
    ``fee``       micros a unit that a taker pays
    ``maker_fee`` micros a unit that a maker pays
    ``tick``      micros, the tick of option prices, the lowest where it depends on the price
    ``grid``      int64[levels, 2], from which price on which tick holds, micros
    """

    now: int
    spot: float
    book: Ints
    hedge: int
    theo: Floats
    delta: Floats
    position: Ints
    in_flight: NDArray[np.bool_]
    working: Ints
    fee: int
    maker_fee: int
    tick: int
    grid: Ints


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory, for reading."""
    shown = array.view()
    shown.flags.writeable = False
    return shown
