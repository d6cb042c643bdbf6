"""The way from coordinates back to options that have them."""

import numpy as np
import pytest

from tradesim.methods.similarities import similarity_of
from tradesim.pricing import PROBLEMS


@pytest.mark.parametrize("name", ["european", "basket-2", "basket-3", "basket-5", "heston"])
def test_the_way_back_leads_to_options_with_the_coordinates(name):
    """At the far ends of moneyness, where there is no time value left, any option serves."""
    problem = PROBLEMS[name]
    similarity = similarity_of(problem)
    count = len(similarity.coordinates)
    ends = np.array([(each.low, each.high) for each in similarity.coordinates])
    ends[0] *= 0.98
    coordinates = ends[:, 0] + np.random.default_rng(1).random((40, count)) * (ends[:, 1] - ends[:, 0])
    features, _ = similarity.features_and_terms(problem.domain, similarity.inputs_at(coordinates))
    np.testing.assert_allclose(features[:, :count], coordinates, atol=1e-12)
