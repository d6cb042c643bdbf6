from itertools import pairwise, product
from math import prod

import numpy as np
import pytest

from tradesim.pricing.sparse import sparse_grid


def moment(power):
    """The mean of a power of a standard normal variable."""
    return 0.0 if power % 2 else float(prod(range(power - 1, 0, -2)))


@pytest.mark.parametrize(("dimension", "level"), [(1, 4), (2, 3), (3, 3), (5, 2)])
def test_polynomials_of_its_degree_are_exact(dimension, level):
    nodes, weights = sparse_grid(dimension, level)
    for powers in product(range(2 * level + 2), repeat=dimension):
        if sum(powers) <= 2 * level + 1:
            exact = prod(map(moment, powers))
            assert weights @ np.prod(nodes**powers, axis=1) == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_the_mean_of_an_exponential_converges():
    slope = np.array([0.5, -0.3, 0.2, 0.4])
    error = []
    for level in range(1, 6):
        nodes, weights = sparse_grid(4, level)
        error.append(abs(weights @ np.exp(nodes @ slope) - np.exp(0.5 * slope @ slope)))
    assert all(fine < coarse / 5 for coarse, fine in pairwise(error))
    assert error[-1] < 1e-7


def test_its_nodes_grow_with_a_power_of_the_dimension():
    counts = np.array([len(sparse_grid(dimension, 2)[1]) for dimension in range(1, 8)])
    assert (np.diff(counts[1:], 3) == 0).all()
