"""Sparse grids for expectations of smooth functions of independent standard normal variables.

Gauss-Hermite rules of 1, 3, 5, ... nodes are combined so that polynomials of total degree ``2 level + 1`` are exact, at
a number of nodes that grows with a power of the dimension where a full grid's grows exponentially.

Sources: S. A. Smolyak (1963), Soviet Mathematics Doklady 4; F. Heiss and V. Winschel (2008), "Likelihood approximation
by numerical integration on sparse grids", Journal of Econometrics 144, eq. 7.
"""

from collections.abc import Iterator
from functools import cache
from math import comb

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from tradesim.pricing.problem import Floats


@cache
def sparse_grid(dimension: int, level: int) -> tuple[Floats, Floats]:
    """Nodes float64[n, dimension] and weights float64[n], some of them negative, their sum one.

    >>> nodes, weights = sparse_grid(3, 2)
    >>> float(weights @ (nodes[:, 0] ** 2 * nodes[:, 1] ** 2)).__round__(12)
    1.0
    """
    nodes, weights = [], []
    for total in range(max(level - dimension + 1, 0), level + 1):
        share = (-1.0) ** (level - total) * comb(dimension - 1, level - total)
        for levels in _levels(total, dimension):
            block, weight = _product(levels)
            nodes.append(block)
            weights.append(share * weight)
    unique, place = np.unique(np.concatenate(nodes).round(12) + 0.0, axis=0, return_inverse=True)
    summed: Floats = np.bincount(place.ravel(), np.concatenate(weights), len(unique)).astype(np.float64)
    return unique, summed


def _levels(total: int, dimension: int) -> Iterator[tuple[int, ...]]:
    """Every way to spend ``total`` on ``dimension`` axes."""
    if dimension == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _levels(total - first, dimension - 1):
            yield (first, *rest)


def _product(levels: tuple[int, ...]) -> tuple[Floats, Floats]:
    rules = [_rule(level) for level in levels]
    axes = np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij")
    weights = np.ones(1)
    for _, weight in rules:
        weights = np.multiply.outer(weights, weight).ravel()
    return np.stack([axis.ravel() for axis in axes], axis=1), weights


@cache
def _rule(level: int) -> tuple[Floats, Floats]:
    nodes, weights = hermegauss(2 * level + 1)
    return nodes, weights / weights.sum()
