"""The expansion in several spots, against Margrabe's formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import EXCHANGE, PRODUCT

from tradesim.errors import ProblemError
from tradesim.methods.registry import make_method
from tradesim.methods.staged import prices_at
from tradesim.methods.taylor.basket import REACH, BasketTaylor, expand_many

SLOW = np.array([[0.05, 0.2], [0.25, 0.3], [1.0, 0.5]])
ANCHOR = np.array([100.0, 98.0])


def at(spots):
    taylor, out = BasketTaylor(EXCHANGE), np.empty(len(SLOW))
    tag = taylor.evaluate(spots, taylor.prepare(SLOW, ANCHOR), out)
    return out, tag, EXCHANGE.reference(np.column_stack([np.tile(spots, (len(SLOW), 1)), SLOW]))


@given(first=st.floats(-1.0, 1.0), second=st.floats(-1.0, 1.0))
def test_what_is_left_out_is_of_third_order(first, second):
    moves = 0.99 * REACH * np.array([first, second])
    deviation = SLOW[:, 1] * np.sqrt(SLOW[:, 0])
    prices, tag, truth = at(ANCHOR * (1.0 + moves * deviation.min()))
    assert tag == "hit"
    largest = np.abs(moves).sum() * deviation.min() / deviation
    left_out = 100.0 * deviation * (0.1 * largest**3 + 1e-4 * largest**2 + 4e-5 * largest)
    assert (np.abs(prices - truth) <= left_out + 1e-12).all()


def test_both_spots_and_their_product_are_in_it():
    taylor = BasketTaylor(EXCHANGE)
    terms = taylor.prepare(SLOW, ANCHOR).terms
    value, by_first, by_second, square_first, square_second, mixed = terms
    np.testing.assert_allclose(by_first + by_second, value, rtol=2e-4)
    np.testing.assert_allclose(2.0 * square_first, -mixed, rtol=1e-2)
    np.testing.assert_allclose(2.0 * square_second, -mixed, rtol=1e-2)
    assert (mixed < 0.0).all()
    out = np.empty(len(SLOW))
    expand_many(np.array([0.01, -0.02]), terms, out)
    expected = value + 0.01 * by_first - 0.02 * by_second + 1e-4 * square_first + 4e-4 * square_second - 2e-4 * mixed
    np.testing.assert_allclose(out, expected, rtol=1e-13)


def test_the_solver_prices_what_is_out_of_reach():
    prices, tag, truth = at(ANCHOR * [1.01, 1.0])
    assert tag == "far"
    assert prices[0] == truth[0]
    assert prices[2] != truth[2]
    np.testing.assert_allclose(prices, truth, atol=1e-3)


def test_a_problem_with_several_spots_has_it_under_the_name_of_taylor(tmp_path):
    points = EXCHANGE.domain.sample(50, seed=1)
    taylor = make_method("taylor", EXCHANGE, tmp_path)
    np.testing.assert_allclose(prices_at(taylor, points), EXCHANGE.reference(points), rtol=1e-12)
    with pytest.raises(ProblemError, match="no volatility and expiry to measure a reach by"):
        make_method("taylor", PRODUCT, tmp_path)
    with pytest.raises(ProblemError, match="no volatility and expiry"):
        BasketTaylor(PRODUCT)
