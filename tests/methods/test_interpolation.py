"""Tables are exact at their nodes, and for the polynomials that their interpolation contains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.methods import interpolation as tables
from tradesim.methods.interpolation import Interpolation, stencil

SHAPE = (5, 4, 7, 6)
FUNCTIONS = {
    (Interpolation.CUBIC, 2): tables.cubic_2,
    (Interpolation.CUBIC, 3): tables.cubic_3,
    (Interpolation.CUBIC, 4): tables.cubic_4,
    (Interpolation.LINEAR, 2): tables.linear_2,
    (Interpolation.LINEAR, 3): tables.linear_3,
    (Interpolation.LINEAR, 4): tables.linear_4,
}
DEGREE = {Interpolation.CUBIC: 3, Interpolation.LINEAR: 1}


def polynomial(degree, *x):
    total = 1.0
    for axis, coordinate in enumerate(x):
        total = total * (0.5 + 0.3 * (axis + 1) * coordinate - 0.1 * coordinate**degree)
    return total


@pytest.mark.parametrize(("interpolation", "axes"), FUNCTIONS)
@given(place=st.tuples(*[st.floats(0.0, 1.0)] * 4))
def test_a_polynomial_of_its_degree_is_met_everywhere(interpolation, axes, place):
    shape = SHAPE[:axes]
    degree = DEGREE[interpolation]
    table = polynomial(degree, *np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij"))
    position = [share * (n - 1) for share, n in zip(place, shape, strict=False)]
    value = FUNCTIONS[interpolation, axes](table, *position)
    assert value == pytest.approx(polynomial(degree, *position), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("interpolation", "axes"), FUNCTIONS)
@given(position=st.tuples(*[st.floats(-2.0, 9.0)] * 4))
def test_a_stencil_blends_to_the_compiled_value_also_beyond_the_ends(interpolation, axes, position):
    shape = SHAPE[:axes]
    table = np.random.default_rng(1).normal(size=shape)
    cells, weights = stencil(shape, np.array([position[:axes]]), interpolation)
    assert cells.shape == weights.shape == (1, interpolation.reach**axes)
    assert weights.sum() == pytest.approx(1.0)
    value = FUNCTIONS[interpolation, axes](table, *position[:axes])
    assert (table.reshape(-1)[cells] * weights).sum() == pytest.approx(value, rel=1e-10, abs=1e-10)
