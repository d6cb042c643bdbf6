"""The rival of a generated market: a taker that is after the same stale quotes as the desks."""

import numpy as np
from numpy.typing import NDArray

from tradesim.market.makers import reaction_delays
from tradesim.market.parameters import SyntheticMarket
from tradesim.pricing.problem import Floats

Integers = NDArray[np.int64]


def rival_orders(market: SyntheticMarket, ts: Integers, values: Floats, rng: np.random.Generator) -> Integers:
    """Its orders, int64[k, 4]: instant of arrival, contract, highest price in ticks at which it buys, lowest to sell.

    ``ts``      int64[m], when what contracts are worth changes; the first is the opening, which is no change
    ``values``  float64[m, n], from each of these instants on, currency

    Each change of a contract's value is noticed or not, and answered after a delay, without regard to the others.
    """
    delays = reaction_delays(
        values.shape, fixed=market.rival_fixed, median=market.rival_median, sigma=market.rival_sigma, rng=rng
    )
    noticed = rng.random(values.shape) < market.rival_share
    noticed[0] = False
    change, contract = np.nonzero(noticed)
    value = values[change, contract]
    return np.stack(
        [
            ts[change] + delays[change, contract],
            contract,
            np.floor((value - market.rival_edge) / market.option_tick).astype(np.int64),
            np.ceil((value + market.rival_edge) / market.option_tick).astype(np.int64),
        ],
        axis=-1,
    )
