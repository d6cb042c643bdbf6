"""What a held contract becomes at its expiry: money, at its intrinsic value on the settlement price."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tradesim.market.chain import Chain, Settlement
from tradesim.market.tape import Tape, mids
from tradesim.units import MICROS, NEVER

Ints = NDArray[np.int64]


def expired_by(chain: Chain, contract: Ints, instant: Ints) -> NDArray[np.bool_]:
    """Whether each ``contract`` (-1: the underlying) is no more at its ``instant``, that of its expiry included."""
    expired: NDArray[np.bool_] = instant >= chain.ends[contract + 1]
    return expired


def settlement_prices(tape: Tape, contract: Ints, spots: Callable[[Ints], Ints]) -> Ints:
    """The underlying's price on which each ``contract`` is settled, in micros, where ``spots`` are those at instants.

    It is the one that the tape states; else that at the expiry, or that of the first quote from then on of a contract
    settled in the morning, and the last where no quote follows.
    """
    instant, morning = tape.chain.expiry[contract], tape.chain.morning[contract]
    if morning.any():
        quoted = np.append(mids(tape)[0], NEVER)
        instant[morning] = quoted[np.searchsorted(quoted, instant[morning])]
    prices = spots(instant)
    if tape.settled is not None:
        stated = tape.settled[contract]
        known = ~np.isnan(stated)
        prices[known] = np.rint(stated[known] * MICROS).astype(np.int64)
    return prices


def settlement_values(chain: Chain, contract: Ints, spot: Ints) -> Ints:
    """Intrinsic values on settlement prices ``spot``, in micros: of the strike's currency, or of the coin."""
    paid = np.maximum(chain.right[contract] * (spot - np.rint(chain.strike[contract] * MICROS)), 0.0)
    if chain.settlement is Settlement.INVERSE:
        paid = paid * MICROS / spot
    values: Ints = np.rint(paid).astype(np.int64)
    return values
