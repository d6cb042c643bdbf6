import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from several_assets import price

from tradesim.errors import ArgumentError
from tradesim.methods.solvers.basket import BasketSolver
from tradesim.pricing import PROBLEMS
from tradesim.pricing.basket import greeks, proxy, values
from tradesim.pricing.basket_grids import WORKING, error_at, grids_of
from tradesim.pricing.european import european_value

DIMENSIONS = st.integers(2, 3)
SLOW = st.tuples(
    st.floats(60.0, 160.0),
    st.floats(0.003, 1.0),
    st.floats(0.1, 0.8),
    st.floats(0.0, 0.08),
    st.floats(-0.02, 0.06),
    st.sampled_from([1.0, -1.0]),
    st.floats(0.0, 0.95),
)


@st.composite
def options(draw):
    d = draw(DIMENSIONS)
    spots = draw(st.lists(st.floats(60.0, 160.0), min_size=d, max_size=d))
    return np.array([[*spots, *draw(SLOW)]])


def value(inputs):
    return float(values(inputs, inputs.shape[1] - 7)[0])


def with_right(inputs, right):
    changed = inputs.copy()
    changed[:, -2] = right
    return changed


def present(inputs):
    """Present values of the basket and of the strike."""
    strike, expiry, _, rate, dividend, _, _ = inputs[0, -7:]
    return inputs[0, :-7].mean() * math.exp(-dividend * expiry), strike * math.exp(-rate * expiry)


@settings(max_examples=40)
@given(options())
def test_put_call_parity(inputs):
    asset, cash = present(inputs)
    assert value(with_right(inputs, 1.0)) - value(with_right(inputs, -1.0)) == pytest.approx(asset - cash, abs=1e-10)


@settings(max_examples=40)
@given(options())
def test_lies_between_its_intrinsic_value_and_what_is_paid_for(inputs):
    (asset, cash), right = present(inputs), inputs[0, -2]
    rounding = 1e-13 * (asset + cash)
    assert max(right * (asset - cash), 0.0) - rounding <= value(inputs) <= (asset if right > 0 else cash) + rounding


@settings(max_examples=40)
@given(options(), st.randoms())
def test_the_order_of_the_assets_is_of_no_account(inputs, random):
    d = inputs.shape[1] - 7
    order = random.sample(range(d), d)
    exchanged = np.hstack([inputs[:, order], inputs[:, d:]])
    assert value(exchanged) == pytest.approx(value(inputs), abs=1e-6)


@settings(max_examples=40)
@given(options())
def test_is_worth_no_more_than_options_on_each_asset(inputs):
    strike, expiry, volatility, rate, dividend, right, _ = inputs[0, -7:]
    single = [
        european_value(spot, strike, expiry, volatility, rate, dividend, int(right)) for spot in inputs[0, :-7].tolist()
    ]
    assert value(inputs) <= np.mean(single) + 1e-6


@settings(max_examples=40)
@given(options())
def test_grows_with_volatility_and_correlation(inputs):
    for column, step in ((-5, 0.02), (-1, 0.05)):
        more = inputs.copy()
        more[0, column] += step
        assert value(more) >= value(inputs) - 1e-6


@settings(max_examples=40)
@given(options(), st.floats(0.5, 20.0))
def test_is_convex_in_each_spot(inputs, step):
    for asset in range(inputs.shape[1] - 7):
        up, down = inputs.copy(), inputs.copy()
        up[0, asset] += step
        down[0, asset] -= step
        assert value(up) + value(down) >= 2 * value(inputs) - 1e-6


@pytest.mark.parametrize("dimension", [2, 5, 8])
def test_equal_assets_that_move_as_one_are_one_asset(dimension):
    inputs = PROBLEMS[f"basket-{dimension}"].domain.sample(50, seed=3)
    inputs[:, 1:dimension] = inputs[:, :1]
    inputs[:, -1] = 1.0
    single = [european_value(*row[dimension - 1 : dimension + 5], int(row[-2])) for row in inputs]
    np.testing.assert_allclose(values(inputs, dimension), single, atol=1e-11)


@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_agrees_with_the_program_for_any_assets(dimension):
    inputs = PROBLEMS[f"basket-{dimension}"].domain.sample(40, seed=7)
    for row, mine in zip(inputs, values(inputs, dimension), strict=True):
        strike, expiry, volatility, rate, dividend, right, correlation = row[dimension:]
        other = price(
            spots=row[:dimension],
            strike=strike,
            expiry=expiry,
            volatilities=volatility,
            rate=rate,
            dividends=dividend,
            correlation=correlation,
            right=int(right),
        )
        assert mine == pytest.approx(other, abs=2e-5)


def test_agrees_with_random_draws_of_eight_assets():
    inputs = PROBLEMS["basket-8"].domain.sample(6, seed=2)
    rng = np.random.default_rng(5)
    common, own = rng.standard_normal((200_000, 1)), rng.standard_normal((200_000, 8))
    for row, mine in zip(inputs, values(inputs, 8), strict=True):
        strike, expiry, volatility, rate, dividend, right, rho = row[8:]
        deviation = volatility * math.sqrt(expiry)
        moves = deviation * (math.sqrt(rho) * common + math.sqrt(1.0 - rho) * own)
        final = row[:8] * np.exp((rate - dividend - 0.5 * volatility**2) * expiry + moves)
        paid = math.exp(-rate * expiry) * np.maximum(right * (final.mean(axis=1) - strike), 0.0)
        assert abs(paid.mean() - mine) < 4.0 * paid.std() / math.sqrt(len(paid)) + 1e-9


@pytest.mark.parametrize("dimension", [2, 3, 4, 5])
def test_the_working_grid_is_as_fine_as_it_says(dimension):
    """Against the reference, which is finer, on points that include near-equal, uncorrelated and most volatile ones."""
    domain = PROBLEMS[f"basket-{dimension}"].domain
    inputs = np.concatenate([domain.sample(200, seed=1), domain.edges(200, seed=2)])
    near = np.arange(0, len(inputs), 2)
    inputs[near, :dimension] *= 100.0 / inputs[near, :dimension].mean(axis=1, keepdims=True)
    off = np.abs(values(inputs, dimension, WORKING) - values(inputs, dimension))
    assert off.max() < WORKING


def test_levels_are_tried_against_finer_ones():
    """The error that a level is chosen by holds on equal spots, where nothing but the level decides."""
    for dimension, level in ((2, 3), (3, 4), (5, 3)):
        left = 0.4
        inputs = np.array([[*([100.0] * dimension), 100.0, 1.0, left, 0.0, 0.0, 1.0, 0.0]])
        tolerance = 1.001 * error_at(left, level)
        grids = grids_of(dimension, tolerance)
        assert len(grids.first) > level
        assert abs(values(inputs, dimension, tolerance) - values(inputs, dimension))[0] < tolerance


@pytest.mark.parametrize("dimension", [2, 4, 8])
def test_what_keeps_assets_apart_has_no_sum_and_the_covariance_that_is_left(dimension):
    grids = grids_of(dimension, 1e-2)
    for level in range(1, len(grids.first)):
        nodes = slice(grids.first[level - 1], grids.first[level])
        apart, weight = grids.apart[:, nodes], grids.weight[nodes]
        np.testing.assert_allclose(apart.sum(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose((apart * weight) @ apart.T, np.eye(dimension) - 1.0 / dimension, atol=1e-10)


@pytest.mark.parametrize("column", ["volatility", "expiry"])
def test_what_is_not_a_number_has_no_price(column):
    problem = PROBLEMS["basket-2"]
    inputs = problem.domain.sample(3, seed=1)
    slow = inputs[:, 2:].copy()
    slow[1, problem.domain.column(column) - 2] = math.nan
    solver = BasketSolver(2, WORKING)
    whole, split = np.empty(3), np.empty(3)
    solver.full_values(inputs[0, :2].copy(), slow, whole)
    solver.values(inputs[0, :2].copy(), solver.rows(slow), split)
    assert np.isnan(whole).tolist() == np.isnan(split).tolist() == [False, True, False]


@pytest.mark.parametrize("dimension", [2, 5])
def test_greeks_are_the_differences_of_the_reference(dimension):
    inputs = PROBLEMS[f"basket-{dimension}"].domain.sample(60, seed=4)
    found = greeks(inputs, dimension)

    def difference(columns, step):
        up, down = inputs.copy(), inputs.copy()
        up[:, columns] += step
        down[:, columns] -= step
        above, middle, below = (values(each, dimension) for each in (up, inputs, down))
        return (above - below) / (2 * step), (above + below - 2 * middle) / step**2

    delta, gamma = difference(slice(0, dimension), 0.01)
    vega, _ = difference(dimension + 2, 1e-4)
    by_expiry, _ = difference(dimension + 1, 1e-5)
    np.testing.assert_allclose(found[:, 0], delta, atol=1e-5)
    np.testing.assert_allclose(found[:, 1], gamma, atol=1e-5)
    np.testing.assert_allclose(found[:, 2], vega, atol=2e-3)
    np.testing.assert_allclose(found[:, 3], -by_expiry, atol=2e-2)


def test_without_uncertainty_it_is_the_forward_intrinsic_value():
    inputs = np.array([[90.0, 120.0, 100.0, 1.0, 0.0, 0.05, 0.01, 1.0, 0.5]])
    asset, cash = present(inputs)
    assert value(inputs) == asset - cash
    assert proxy(inputs, 2)[0] == asset - cash
    assert greeks(inputs, 2)[0].tolist() == [math.exp(-0.01), 0.0, 0.0, 0.01 * asset - 0.05 * cash]


@pytest.mark.parametrize(("dimension", "most"), [(2, 0.02), (5, 0.02), (8, 0.01)])
def test_the_proxy_is_near(dimension, most):
    inputs = PROBLEMS[f"basket-{dimension}"].domain.sample(300, seed=9)
    off = proxy(inputs, dimension) - values(inputs, dimension)
    assert 1e-5 < np.sqrt(np.mean(off**2)) < most


@pytest.mark.parametrize(
    ("column", "bad", "message"),
    [
        (0, -1.0, r"spot_1\[0\] is -1.0: it must be finite and not negative"),
        (3, math.nan, r"expiry\[0\] is nan"),
        (7, 0.5, r"right\[0\] is"),
        (8, -1.0, "correlation of 2 assets: it must be above -1 and at most 1"),
        (8, 1.5, "correlation of 2 assets"),
    ],
)
def test_bad_inputs_are_named(column, bad, message):
    inputs = PROBLEMS["basket-2"].domain.sample(1, seed=1)
    inputs[0, column] = bad
    with pytest.raises(ArgumentError, match=message):
        values(inputs, 2)


def test_a_table_of_another_problem_is_refused():
    with pytest.raises(ArgumentError, match="a column each of spot_1, spot_2, spot_3, strike"):
        values(PROBLEMS["basket-2"].domain.sample(1, seed=1), 3)
