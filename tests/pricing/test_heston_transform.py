"""The transform against its differential equations, and how far a time value reaches."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tradesim.pricing.heston_transform import Dynamics, log_moment, reach, time_value, total_variance, transform

DYNAMICS = st.builds(
    Dynamics,
    expiry=st.floats(0.003, 3.0),
    variance=st.floats(0.01, 0.64),
    reversion=st.floats(0.5, 5.0),
    long_variance=st.floats(0.01, 0.36),
    vol_of_vol=st.floats(0.01, 1.5),
    correlation=st.floats(-0.95, 0.95),
)


def riccati(z, d):
    """``ln E[exp(zX)]`` and its derivative by variance, integrated in time."""

    def moved(_, state):
        b = state[0]
        by_time = (z * z - z) / 2 - (d.reversion - d.correlation * d.vol_of_vol * z) * b + (d.vol_of_vol * b) ** 2 / 2
        return [by_time, d.reversion * d.long_variance * b]

    found = solve_ivp(moved, (0, d.expiry), np.zeros(2, dtype=type(z)), method="DOP853", rtol=1e-11, atol=1e-13)
    assert found.success
    b, level = found.y[:, -1]
    return level + b * d.variance, b


@given(DYNAMICS, st.floats(0.0, 60.0))
def test_the_transform_solves_its_differential_equations(d, u):
    assume(d.vol_of_vol * u * d.expiry < 50)
    log_h, by_variance = transform(u, d)
    expected, derivative = riccati(complex(0.5, u), d)
    assert by_variance == pytest.approx(derivative, rel=1e-8, abs=1e-10)
    assert np.exp(log_h) == pytest.approx(np.exp(expected), rel=1e-7, abs=1e-12)


@given(DYNAMICS, st.floats(0.6, 12.0), st.sampled_from([1, -1]))
def test_moments_solve_the_same_equations_as_long_as_they_are_finite(d, w, side):
    moment = log_moment(0.5 + side * w, d)
    assume(moment < 50)
    expected, _ = riccati(0.5 + side * w, d)
    assert moment == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_moment_is_infinite_once_it_has_exploded():
    """For ``kappa = rho xi p`` the Riccati equation is a tangent's, infinite at ``pi / (xi sqrt(p (p - 1)))``."""
    p, xi, rho = 3.0, 1.0, 0.3
    explosion = math.pi / (xi * math.sqrt(p * (p - 1)))
    before, after = (Dynamics(explosion * (1 + nudge), 0.04, rho * xi * p, 0.04, xi, rho) for nudge in (-1e-6, 1e-6))
    assert 1e3 < log_moment(p, before) < math.inf
    assert log_moment(p, after) == math.inf
    shorter = before._replace(expiry=explosion / 2)
    assert log_moment(p, shorter) == pytest.approx(riccati(p, shorter)[0], rel=1e-8)


@given(DYNAMICS)
def test_the_time_value_is_nil_where_it_is_out_of_reach(d):
    below, above = reach(d)
    for k in (-below, above):
        assert time_value(k, d) == 0.0
        assert abs(time_value(k * (1 - 1e-9), d)) < 1e-12
    assert time_value(0.0, d) > 0.01 * math.sqrt(total_variance(d))


def test_it_reaches_farther_on_the_side_of_the_heavier_tail():
    d = Dynamics(1.0, 0.04, 1.5, 0.06, 0.6, -0.7)
    below, above = reach(d)
    mirrored = reach(d._replace(correlation=0.7))
    assert above > 1.5 * below
    assert mirrored[0] > 1.5 * mirrored[1]
