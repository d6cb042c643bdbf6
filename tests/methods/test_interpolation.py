"""Tables are exact at their nodes, and for the polynomials that their interpolation contains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.methods.interpolation import Interpolation, lookup, softened, stencil

SHAPE = (5, 4, 7, 6, 4)
KINDS = [(interpolation, axes) for interpolation in Interpolation for axes in (1, 2, 4, 5)]
DEGREE = {Interpolation.CUBIC: 3, Interpolation.LINEAR: 1}


def polynomial(degree, *x):
    total = 1.0
    for axis, coordinate in enumerate(x):
        total = total * (0.5 + 0.3 * (axis + 1) * coordinate - 0.1 * coordinate**degree)
    return total


def value_of(table, interpolation, position):
    """The compiled value of ``table`` at a position counted in nodes."""
    axes, reached = table.ndim, interpolation.reach**table.ndim
    out = np.empty(1)
    cells, weights = np.empty(reached, dtype=np.int64), np.empty(reached)
    pages, shape = table.reshape(-1, 1), np.array(table.shape)
    place = np.array([position], dtype=float)
    lookup(pages, shape, interpolation.reach, np.zeros(axes), np.ones(axes), place, cells, weights, out)
    return out[0]


@pytest.mark.parametrize(("interpolation", "axes"), KINDS)
@given(place=st.tuples(*[st.floats(0.0, 1.0)] * 5))
def test_a_polynomial_of_its_degree_is_met_everywhere(interpolation, axes, place):
    shape = SHAPE[:axes]
    degree = DEGREE[interpolation]
    table = polynomial(degree, *np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij"))
    position = [share * (n - 1) for share, n in zip(place, shape, strict=False)]
    value = value_of(table, interpolation, position)
    assert value == pytest.approx(polynomial(degree, *position), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("interpolation", "axes"), KINDS)
@given(position=st.tuples(*[st.floats(-2.0, 9.0)] * 5))
def test_a_stencil_blends_to_the_compiled_value_also_beyond_the_ends(interpolation, axes, position):
    shape = SHAPE[:axes]
    table = np.random.default_rng(1).normal(size=shape)
    cells, weights = stencil(shape, np.array([position[:axes]]), interpolation)
    assert cells.shape == weights.shape == (1, interpolation.reach**axes)
    assert weights.sum() == pytest.approx(1.0)
    value = value_of(table, interpolation, position[:axes])
    assert (table.reshape(-1)[cells] * weights).sum() == pytest.approx(value, rel=1e-10, abs=1e-10)


def test_a_softened_table_errs_less_on_average_and_keeps_straight_lines():
    x = np.linspace(0.0, 1.0, 21)
    straight = (2.0 * x + 1.0)[:, None]
    np.testing.assert_allclose(softened(straight, 1), straight, atol=1e-15)
    curve = np.sin(3.0 * x)[:, None]
    at = np.linspace(2.0, 18.0, 999)
    truth = np.sin(3.0 * at / 20.0)
    cells, weights = stencil((21,), at[:, None], Interpolation.LINEAR)
    rough, soft = (
        np.sqrt(np.mean(((table[cells, 0] * weights).sum(axis=1) - truth) ** 2))
        for table in (curve, softened(curve, 1))
    )
    assert soft < rough / 2.3
