"""The way from a basket's coordinates back to options that have them."""

import numpy as np
import pytest

from tradesim.methods.similarities.basket import basket_similarity
from tradesim.pricing.basket import domain_of


@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_the_way_back_leads_to_options_with_the_coordinates(dimension):
    similarity, domain = basket_similarity(dimension), domain_of(dimension)
    shares = np.random.default_rng(1).random((40, dimension + 2))
    ends = np.array([(each.low, each.high) for each in similarity.coordinates])
    coordinates = ends[:, 0] + shares * (ends[:, 1] - ends[:, 0])
    features, _ = similarity.features_and_terms(domain, similarity.inputs_at(coordinates))
    np.testing.assert_allclose(features[:, : dimension + 2], coordinates, atol=1e-12)
