import math

import numpy as np
import pytest
from numba import njit
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm

from tradesim.pricing.normal import mills, normal_cdf, normal_pdf

GRID = np.linspace(-9.0, 9.0, 20_011)


@njit(error_model="numpy")
def write_cdf(x, out):
    for i in range(len(out)):
        out[i] = normal_cdf(x[i])


def cdf(x):
    out = np.empty_like(x)
    write_cdf(x, out)
    return out


def test_distribution_is_exact_to_the_last_bits():
    assert np.abs(cdf(GRID) - ndtr(GRID)).max() < 4e-16


def test_left_tail_keeps_relative_accuracy():
    tail = np.linspace(-37.0, -3.0, 5_001)
    assert np.log(cdf(tail)) == pytest.approx(log_ndtr(tail), rel=0.0, abs=1e-9)


def test_density_is_exact():
    assert np.array([normal_pdf(x) for x in GRID]) == pytest.approx(norm.pdf(GRID), rel=1e-14)


def test_the_tail_without_its_exponential_stays_where_the_tail_is_gone():
    assert [mills(x) for x in (5.0, 30.0)] == pytest.approx([norm.sf(x) * math.exp(x * x / 2) for x in (5.0, 30.0)])


def test_distribution_does_not_fall():
    assert np.diff(cdf(np.linspace(-8.0, 8.0, 100_001))).min() >= -2.3e-16


def test_far_away_and_not_a_number():
    assert [normal_cdf(x) for x in (math.inf, 50.0, -50.0, -math.inf)] == [1.0, 1.0, 0.0, 0.0]
    assert math.isnan(normal_cdf(math.nan))
    assert math.isnan(mills(math.nan))


def test_a_loop_over_it_is_made_of_vectors():
    cdf(np.ones(8))
    (code,) = write_cdf.inspect_llvm().values()
    assert " x double>" in code
