"""What a held contract becomes at its expiry: money, at its intrinsic value on the settlement price."""

import numpy as np
from numpy.typing import NDArray

from tradesim.market.chain import Chain, Settlement
from tradesim.units import MICROS

Ints = NDArray[np.int64]


def expired_by(chain: Chain, contract: Ints, instant: Ints) -> NDArray[np.bool_]:
    """Whether each ``contract`` (-1: the underlying) is no more at its ``instant``, that of its expiry included."""
    expired: NDArray[np.bool_] = instant >= chain.ends[contract + 1]
    return expired


def settlement_values(chain: Chain, contract: Ints, spot: Ints) -> Ints:
    """Intrinsic values on settlement prices ``spot``, in micros: of the strike's currency, or of the coin."""
    paid = np.maximum(chain.right[contract] * (spot - np.rint(chain.strike[contract] * MICROS)), 0.0)
    if chain.settlement is Settlement.INVERSE:
        paid = paid * MICROS / spot
    values: Ints = np.rint(paid).astype(np.int64)
    return values
