"""What ``update`` of each method takes for an american chain of forty, by the clock of its thread.

Methods are kept in the data home, small ones: an ``update`` does not depend on their size.
"""

from collections.abc import Iterator
from functools import partial
from time import thread_time

import numpy as np
from figure import Figure, seconds_of

from tradesim.home import data_home
from tradesim.market.chain import AMERICAN, Chain
from tradesim.methods.method import State
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.units import DAY

COUNT = 40
TABLES = ("grid@64KiB", "grid-linear@64KiB")
METHODS = (
    *("nothing", "analytic", "proxy", "memo", *TABLES, "chebyshev@4KiB", "lightgbm@64KiB", "network@4KiB"),
    *("subspace@64KiB", "subspace-slice@64KiB", "ladder", "analytic-slice", "taylor", "curve"),
)
BAR = 3e-6


def figures() -> Iterator[Figure]:
    """One a method; the bar is of tables in memory."""
    chain, states = chain_and_states()
    methods = {name: make_method(name, PROBLEMS["american"], data_home()) for name in METHODS}
    for method in methods.values():
        method.bind(chain)
        for state in states:
            method.update(state)
        assert method.fallbacks == 0
    taken = seconds_of(
        *(partial(alternate, method.update, *states) for method in methods.values()), rounds=101, clock=thread_time
    )
    for name, seconds in zip(methods, taken, strict=True):
        barred = name in TABLES
        yield Figure(
            what=f"american chain of {COUNT}, update of {name}",
            measured=f"{1e9 * seconds / 2:,.0f} ns",
            bar="3 us" if barred else "",
            reached=seconds / 2 <= BAR if barred else None,
        )


def alternate(update, *states: State) -> None:
    """An ``update`` with each state."""
    for state in states:
        update(state)


def chain_and_states() -> tuple[Chain, tuple[State, ...]]:
    """Forty contracts around a spot of 100, inside the domain, and two states of them."""
    strike = np.repeat(np.linspace(85.0, 115.0, 20), 2)
    chain = Chain(
        name=tuple(f"C{i}" for i in range(COUNT)),
        strike=strike,
        expiry=np.tile([7, 7, 30, 30, 90, 90, 180, 180], 5).astype(np.int64) * DAY,
        right=np.where(np.arange(COUNT) % 2 == 0, 1, -1).astype(np.int8),
        style=np.full(COUNT, AMERICAN, dtype=np.int8),
        multiplier=np.full(COUNT, 100, dtype=np.int64),
    )
    states = tuple(
        State(
            index=index,
            instant=index,
            spot=100.0 + index,
            expiry=chain.years_to_expiry(index),
            volatility=0.3 + 0.01 * index + 0.2 * np.abs(np.log(strike / 100.0)),
            rate=np.full(COUNT, 0.045),
            dividend=np.full(COUNT, 0.01),
        )
        for index in range(2)
    )
    return chain, states
