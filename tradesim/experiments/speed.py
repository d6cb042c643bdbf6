"""How fast a method is: each of its stages on one chain, hot and cold, one option and many."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from tradesim.experiments.evaluation_set import CHAIN, Board
from tradesim.experiments.timing import Cache, Effort, Ints, elapsed, flusher, priced_along, quiet, readings, warm
from tradesim.methods.method import Method
from tradesim.methods.staged import Staged

MANY: Final = 10 * CHAIN
"""Contracts of the long chain: what one contract more adds there is what it takes inside the compiled loop."""

SIZES: Final = (1, CHAIN, MANY)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Of which stage, on a chain of how many contracts, with which caches."""

    stage: str
    contracts: int
    cache: Cache


def speed_of(
    fresh: Method, method: Staged[Any], board: Board, *, effort: Effort | None = None
) -> Mapping[Reading, Ints]:
    """Ns that each stage of ``method`` took, ascending; ``fresh`` is the same one, not yet opened, to be bound."""
    effort = effort or Effort(calls=2_000, seconds=0.25, states=len(board.slow))
    found: dict[Reading, list[int]] = {}
    with quiet():
        if isinstance(fresh, Staged):
            found[Reading(stage="bind", contracts=CHAIN, cache=Cache.COLD)] = [elapsed(fresh.open)]
        method.open()
        for cache in Cache:
            for count in SIZES:
                found |= _stages(method, board.of(count), cache, effort)
    return {reading: np.sort(np.array(ns, dtype=np.int64)) for reading, ns in found.items()}


def _stages(method: Staged[Any], board: Board, cache: Cache, effort: Effort) -> dict[Reading, list[int]]:
    count = len(board.slow[0])
    states = board.slow[:1] if count == MANY else board.slow
    shares = len(states)
    flush, out = flusher(cache), np.empty(count)
    updates: list[int] = []
    prices: list[int] = []
    for number, slow in enumerate(states):
        path = board.path[number * len(board.path) // shares :]
        take = partial(method.take, slow, path[0])
        take()
        warm(partial(method.price, path[0], out), effort)
        if count != MANY:
            updates += readings(take, flush, effort.share(shares, 0.25))
        prices += [ns for ns, _ in priced_along(method.price, path, out, flush, effort.share(shares))]
    found = {Reading(stage="price", contracts=count, cache=cache): prices}
    return found | ({Reading(stage="update", contracts=count, cache=cache): updates} if updates else {})
