"""A chain small enough to reason about, and states of it."""

import numpy as np

from tradesim.market.chain import Chain
from tradesim.methods.method import State
from tradesim.units import DAY


def small_chain() -> tuple[Chain, State]:
    """Twelve contracts of three expiries, calls and puts, and a state within the domain."""
    count = 12
    strike = np.tile([80.0, 95.0, 100.0, 120.0], 3)
    chain = Chain(
        name=tuple(f"contract {i}" for i in range(count)),
        strike=strike,
        expiry=np.repeat([7, 60, 300], 4).astype(np.int64) * DAY,
        right=np.where(np.arange(count) % 3 == 0, 1, -1).astype(np.int8),
        style=np.ones(count, dtype=np.int8),
        multiplier=np.full(count, 100, dtype=np.int64),
    )
    return chain, state_of(chain, index=0)


def state_of(chain: Chain, *, index: int, **changed: np.ndarray) -> State:
    """A state of ``chain`` at the epoch; ``changed`` columns replace the default ones."""
    count = len(chain)
    columns = {
        "expiry": chain.years_to_expiry(0),
        "volatility": 0.3 + 0.2 * np.abs(np.log(chain.strike / 100.0)),
        "rate": np.full(count, 0.045),
        "dividend": np.full(count, 0.02),
    }
    return State(index=index, instant=0, spot=100.0, **(columns | changed))
