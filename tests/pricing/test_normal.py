import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from tradesim.pricing.normal import LIMIT, normal_cdf, normal_pdf

GRID = np.linspace(-9.0, 9.0, 20_011)


def test_distribution_is_exact_to_the_last_bits():
    errors = np.array([normal_cdf(x) for x in GRID]) - ndtr(GRID)
    assert np.abs(errors).max() < 5e-16


def test_left_tail_keeps_relative_accuracy():
    tail = np.linspace(-LIMIT + 1e-9, -3.0, 5_001)
    assert np.array([normal_cdf(x) for x in tail]) == pytest.approx(ndtr(tail), rel=1e-9, abs=0.0)


def test_density_is_exact():
    assert np.array([normal_pdf(x) for x in GRID]) == pytest.approx(norm.pdf(GRID), rel=1e-14)


def test_distribution_does_not_fall_across_cells():
    edges = np.arange(-8.0, 8.0, 0.0625)
    assert all(normal_cdf(np.nextafter(edge, 9.0)) >= normal_cdf(edge) - 2e-16 for edge in edges)


def test_far_away_and_not_a_number():
    assert (normal_cdf(math.inf), normal_cdf(-math.inf), normal_cdf(50.0), normal_cdf(-50.0)) == (1.0, 0.0, 1.0, 0.0)
    assert math.isnan(normal_cdf(math.nan))
