"""The Heston program split at the spot: one row a contract, good at every spot."""

import itertools

import numpy as np
import pytest

from tradesim.errors import ProblemError
from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.solvers.heston import CONVERGED, HestonSolver
from tradesim.methods.staged import EXPIRY, RIGHT, STRIKE, VOLATILITY, prices_at
from tradesim.pricing.heston import DOMAIN, HESTON_PROBLEM, price

SOLVER = HestonSolver()


def at(spot, slow):
    return price(np.column_stack([np.full(len(slow), spot), slow]))


def slice_values(spot, slow):
    out = np.empty(len(slow))
    SOLVER.values(spot, SOLVER.rows(slow), out)
    return out


@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
@pytest.mark.parametrize("method", [Analytic, AnalyticSlice])
def test_both_forms_are_the_reference(method, points):
    inputs = points(1_000, seed=21)
    assert np.abs(prices_at(method(HESTON_PROBLEM), inputs) - price(inputs)).max() < 1e-9


def test_a_row_is_good_at_every_spot():
    slow = DOMAIN.sample(100, seed=22)[:, 1:]
    rows, out = SOLVER.rows(slow), np.empty(len(slow))
    for spot in (1e-3, 10.0, 60.0, 99.999, 100.0, 103.0, 170.0, 1_000.0, 1e6):
        SOLVER.values(spot, rows, out)
        assert np.abs(out - at(spot, slow)).max() < 1e-9 * max(spot / 100, 1)


def corners():
    """Every corner of the slow box, calls."""
    ends = [(each.low, each.high) for each in DOMAIN.inputs[1:]]
    ends[RIGHT] = (1.0,)
    return np.array(list(itertools.product(*ends)))


def test_corners_of_the_domain():
    slow = corners()
    slow = slow[(slow[:, 3] == 0.0) & (slow[:, 4] < 0.0)]
    for spot in np.exp(np.linspace(-0.5, 0.5, 9)) * 100:
        assert np.abs(slice_values(spot, slow) - at(spot, slow)).max() < 1e-8
    assert SOLVER.rows(slow)[:, CONVERGED].mean() > 0.95


@pytest.mark.parametrize(
    "parameters",
    [
        {"volatility": 0.02, "long_volatility": 0.02, "vol_of_vol": 1.0},
        {"volatility": 0.1, "long_volatility": 0.1, "vol_of_vol": 3.0},
        {"correlation": -1.0},
        {"correlation": 1.0, "expiry": 5.0},
        {"expiry": 1e-7},
        {"expiry": 20.0},
        {"volatility": 0.0},
        {"volatility": 4.0},
    ],
)
def test_a_row_far_outside_the_domain_is_no_worse(parameters):
    slow = DOMAIN.sample(1, seed=23)[:, 1:].repeat(20, axis=0)
    for name, value in parameters.items():
        slow[:, DOMAIN.column(name) - 1] = value
    slow[:, STRIKE] = np.linspace(50, 200, 20)
    assert np.abs(slice_values(100.0, slow) - at(100.0, slow)).max() < 2e-8


def test_a_row_that_has_not_converged_is_the_whole_program():
    slow = np.array([[100.0, 1.0, 0.1, 0.0, 0.0, 1.0, 0.5, 0.1, 1.0, -0.9]])
    assert SOLVER.rows(slow)[0, CONVERGED] == 0.0
    for spot in (80.0, 100.0, 120.0):
        assert slice_values(spot, slow)[0] == at(spot, slow)[0]


def test_neighbours_with_the_same_dynamics_share_one_transform():
    slow = DOMAIN.sample(1, seed=24)[:, 1:].repeat(6, axis=0)
    slow[:, STRIKE] = np.linspace(80, 120, 6)
    slow[::2, RIGHT] = -1
    alone = np.concatenate([SOLVER.rows(slow[i : i + 1]) for i in range(6)])
    assert np.array_equal(SOLVER.rows(slow), alone)


@pytest.mark.parametrize("column", range(1, 10))
def test_neighbours_with_other_dynamics_do_not(column):
    slow = DOMAIN.sample(2, seed=25)[:1, 1:].repeat(2, axis=0)
    slow[1, column] *= -1 if column == RIGHT else 1.01
    alone = np.concatenate([slice_values(104.0, slow[i : i + 1]) for i in range(2)])
    assert slice_values(104.0, slow).tolist() == alone.tolist()
    assert alone[0] != alone[1]


@pytest.mark.parametrize("full", [True, False])
def test_an_expired_contract_is_worth_its_exercise_and_an_unknown_one_nothing_known(full):
    slow = DOMAIN.sample(4, seed=26)[:, 1:]
    slow[:2, EXPIRY] = 0.0
    slow[2, VOLATILITY] = np.nan
    out = np.empty(4)
    for spot in (90.0, 100.0, 110.0):
        if full:
            SOLVER.full_values(spot, slow, out)
        else:
            SOLVER.values(spot, SOLVER.rows(slow), out)
        assert out[:2].tolist() == np.maximum(slow[:2, RIGHT] * (spot - slow[:2, STRIKE]), 0.0).tolist()
        assert np.isnan(out).tolist() == [False, False, True, False]


@pytest.mark.parametrize("work", [SOLVER.check, SOLVER.rows])
def test_parameters_without_a_meaning_are_refused(work):
    slow = DOMAIN.sample(3, seed=27)[:, 1:]
    slow[1, -1] = -1.5
    with pytest.raises(ProblemError, match=r"correlation of option 1 is -1.5"):
        work(slow)
