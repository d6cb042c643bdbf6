import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from tradesim.pricing import elementary

POSITIVE = st.floats(1e-300, 1e300)


@njit(error_model="numpy")
def write_exp(x, out):
    for i in range(len(out)):
        out[i] = elementary.exp(x[i])


@njit(error_model="numpy")
def write_log(x, out):
    for i in range(len(out)):
        out[i] = elementary.log(x[i])


def values(write, x):
    out = np.empty_like(x)
    write(x, out)
    return out


def test_exponential_is_exact_to_the_last_bit():
    for x in (np.linspace(-708.0, 709.0, 20_011), np.linspace(-1.0, 1.0, 20_011)):
        assert values(write_exp, x) == pytest.approx(np.exp(x), rel=2.3e-16, abs=0.0)


def test_logarithm_is_exact_to_the_last_bits_at_one_too():
    for x in (np.geomspace(1e-300, 1e300, 20_011), np.linspace(0.5, 2.0, 20_011), 1.0 + np.geomspace(1e-12, 1e-3, 999)):
        assert values(write_log, x) == pytest.approx(np.log(x), rel=5e-16, abs=0.0)


@given(POSITIVE, POSITIVE)
def test_logarithm_of_a_ratio_that_no_number_holds(above, below):
    exact = float(np.log(np.longdouble(above)) - np.log(np.longdouble(below)))
    assert elementary.log_ratio(above, below) == pytest.approx(exact, rel=5e-16, abs=1e-18)


@given(st.floats(0.5, 2.0), st.floats(1e-15, 1e-3))
def test_logarithm_of_a_ratio_near_one_keeps_its_digits(below, part):
    above = below * (1.0 + part)
    exact = math.log1p((above - below) / below)
    assert elementary.log_ratio(above, below) == pytest.approx(exact, rel=5e-16, abs=0.0)
    assert elementary.log_ratio(below, above) == pytest.approx(-exact, rel=5e-16, abs=0.0)


def test_beyond_the_domain_is_what_is_stated():
    assert elementary.exp(-math.inf) == elementary.exp(-708.1) == 0.0
    assert elementary.exp(math.inf) == elementary.exp(709.0) == pytest.approx(math.exp(709.0))
    assert elementary.log(0.0) == elementary.log(-1.0) == pytest.approx(math.log(2.2250738585072014e-308))
    assert elementary.log_ratio(0.0, 0.0) == 0.0


def test_what_is_no_number_stays_none():
    assert math.isnan(elementary.exp(math.nan))
    assert math.isnan(elementary.log(math.nan))
    assert math.isnan(elementary.log_ratio(1.0, math.nan))


@pytest.mark.parametrize("write", [write_exp, write_log])
def test_a_loop_over_them_is_made_of_vectors(write):
    values(write, np.ones(8))
    (code,) = write.inspect_llvm().values()
    assert " x double>" in code
