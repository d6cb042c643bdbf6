import math

import numpy as np
import pytest

from tradesim.errors import ArgumentError
from tradesim.pricing.sine import SINE_PROBLEM


def test_is_the_sine_over_one_turn():
    x = SINE_PROBLEM.domain.sample(500, seed=1)
    assert SINE_PROBLEM.reference(x).tolist() == [math.sin(each) for each in x[:, 0]]
    assert 0.0 <= x.min() < 0.1
    assert 2 * math.pi - 0.1 < x.max() <= 2 * math.pi


def test_its_greeks_are_its_derivatives():
    x, step = SINE_PROBLEM.domain.sample(50, seed=2), 1e-4
    above, middle, below = (SINE_PROBLEM.reference(x + shift) for shift in (step, 0.0, -step))
    delta, gamma, vega, theta = SINE_PROBLEM.greeks(x).T
    np.testing.assert_allclose(delta, (above - below) / (2 * step), atol=1e-8)
    np.testing.assert_allclose(gamma, (above + below - 2 * middle) / step**2, atol=1e-6)
    assert not vega.any()
    assert not theta.any()


def test_inputs_of_another_shape_are_refused():
    with pytest.raises(ArgumentError, match=r"inputs of shape \(3,\): give one point a row"):
        SINE_PROBLEM.reference(np.zeros(3))
