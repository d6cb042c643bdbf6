"""The true state of a modelled market: the path of the level of volatility, and when spot or level change."""

import math
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from tradesim.market.parameters import QuotedMarket
from tradesim.market.tape import Latent
from tradesim.pricing.problem import Floats
from tradesim.units import SECOND

Integers = NDArray[np.int64]


def level_path(market: QuotedMarket, mean: float, duration: int, rng: np.random.Generator) -> Floats:
    """The level of volatility from each of its steps on, a year, over ``duration`` ns; it begins at its ``mean``."""
    memory = math.exp(-market.level_reversion * market.level_interval / SECOND)
    shocks = market.level_step * rng.standard_normal((duration - 1) // market.level_interval)
    logs = accumulate(shocks, lambda log, shock: memory * log + shock, initial=0.0)
    return mean * np.exp(np.fromiter(logs, dtype=np.float64))


def latent_state(
    ts: Integers, spot: Floats, levels: Floats, *, interval: int, smile: Floats, leverage: float = 0.0
) -> Latent:
    """The true state, with a row for every change of spot and every step of the level.

    ``ts spot``  the spot from each instant on; the first is the start, and instants increase
    ``levels``   the level from the start on and after each ``interval`` ns, but for what the spot does to it
    ``leverage`` the logarithm of the level falls by so many times that of the spot's move
    """
    moves = ts[np.flatnonzero(np.diff(spot, prepend=np.nan) != 0.0)]
    steps = ts[0] + interval * np.arange(len(levels), dtype=np.int64)
    changes = np.union1d(moves, steps)
    at = spot[np.searchsorted(ts, changes, side="right") - 1]
    return Latent(
        ts=changes,
        spot=at,
        level=levels[np.searchsorted(steps, changes, side="right") - 1] * (at / at[0]) ** -leverage,
        smile=smile,
    )


def level_steps(latent: Latent) -> Integers:
    """The rows of ``latent`` at which the level steps or follows the spot, the first row among them.

    A row at which the spot does not move is a step, even one of size zero: time to expiry is then taken anew.
    """
    return np.append(0, np.flatnonzero((np.diff(latent.level) != 0.0) | (np.diff(latent.spot) == 0.0)) + 1)
