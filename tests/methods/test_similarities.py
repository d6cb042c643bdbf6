"""The way from coordinates back to options that have them."""

import numpy as np
import pytest

from tradesim.methods.scalings import scaling_of
from tradesim.pricing import PROBLEMS


@pytest.mark.parametrize("name", ["european", "basket-2", "basket-3", "basket-5", "heston"])
def test_the_way_back_leads_to_options_with_the_coordinates(name):
    """At the far ends of moneyness, where there is no time value left, any option serves."""
    problem = PROBLEMS[name]
    scaling = scaling_of(problem)
    count = len(scaling.coordinates)
    ends = np.array([(each.low, each.high) for each in scaling.coordinates])
    ends[0] *= 0.98
    coordinates = ends[:, 0] + np.random.default_rng(1).random((40, count)) * (ends[:, 1] - ends[:, 0])
    features, _ = scaling.features_and_terms(problem.domain, scaling.inputs_at(coordinates))
    np.testing.assert_allclose(features[:, :count], coordinates, atol=1e-12)
