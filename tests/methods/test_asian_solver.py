"""The programs of Asian options split at the spot, and the coordinates of their prices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ProblemError
from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.reference import Reference
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.asian import CARRY, DEVIATION, DISPERSION, LOG_LEVEL, WEIGHT, unit_calls
from tradesim.methods.scalings.plain import plain_scaling
from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, compose
from tradesim.methods.solvers.asian import ExactAsianSolver, SimulatedAsianSolver
from tradesim.methods.staged import prices_at
from tradesim.pricing.asian import ASIAN_PROBLEM, DOMAIN, price
from tradesim.pricing.averaging import (
    AVERAGE,
    DIVIDEND,
    EXPIRY,
    FIXED,
    FIXINGS,
    INTERVAL,
    RATE,
    STRIKE,
    VOLATILITY,
)
from tradesim.pricing.collocation import ACCURATE, HIGH

SIMILARITY = scaling_of(ASIAN_PROBLEM)
PROGRAMS = {ACCURATE: SimulatedAsianSolver, HIGH: ExactAsianSolver}


def both(count, seed):
    """Points inside the domain and on its faces."""
    return np.concatenate([DOMAIN.sample(count, seed=seed), DOMAIN.edges(count, seed=seed)])


@pytest.fixture(scope="module")
def inputs():
    return both(150, 21)


# Programs.


@pytest.mark.slow
def test_the_reference_split_at_the_spot_is_the_reference(inputs):
    assert np.abs(prices_at(Reference(ASIAN_PROBLEM), inputs) - price(inputs)).max() < 1e-8


@pytest.mark.slow
def test_the_simulated_slice_is_the_whole_simulation(inputs):
    solver, whole, split = SimulatedAsianSolver(), np.empty(1), np.empty(1)
    for row in inputs:
        solver.full_values(row[0], row[None, 1:], whole)
        solver.values(row[0], solver.rows(row[None, 1:]), split)
        assert abs(whole[0] - split[0]) < 2e-6


def test_methods_simulate_whole_prices_and_split_the_recursion(inputs):
    assert np.abs(prices_at(AnalyticSlice(ASIAN_PROBLEM), inputs) - price(inputs)).max() < 1e-8
    assert np.abs(prices_at(Analytic(ASIAN_PROBLEM), inputs) - price(inputs)).max() > 1e-8


def test_the_simulation_is_near_the_reference(inputs):
    off = prices_at(Analytic(ASIAN_PROBLEM), inputs) - price(inputs)
    assert np.sqrt(np.mean(off**2)) < 1e-4
    assert np.abs(off).max() < 2e-3


def test_more_paths_are_better(inputs):
    """At one spot, all money scaled to it."""

    def error(paths):
        out = np.empty(len(inputs))
        spot = inputs[:, 0]
        slow = inputs[:, 1:].copy()
        slow[:, [STRIKE, AVERAGE]] *= (100.0 / spot)[:, None]
        SimulatedAsianSolver(paths).full_values(100.0, slow, out)
        return np.sqrt(np.mean((out * spot / 100.0 - price(inputs)) ** 2))

    assert error(4096) < 0.3 * error(16)


@pytest.mark.parametrize("scheme", [ACCURATE, HIGH])
def test_one_row_serves_every_spot(scheme):
    solver = PROGRAMS[scheme]()
    slow = np.ascontiguousarray(both(20, 5)[:, 1:])
    rows, out = solver.rows(slow), np.empty(40)
    tolerance = 1e-8 if scheme == HIGH else 2e-3
    for spot in (1e-3, 20.0, 60.0, 99.0, 100.0, 180.0, 1000.0, 1e5):
        solver.values(spot, rows, out)
        exact = price(np.column_stack([np.full(40, spot), slow]))
        assert np.abs(out - exact).max() < tolerance * max(1.0, spot / 100.0)


@pytest.mark.parametrize("scheme", [ACCURATE, HIGH])
@pytest.mark.parametrize("fixings", [1.0, 2.0, 60.0])
def test_contracts_with_other_numbers_of_fixings_are_served(scheme, fixings):
    solver = PROGRAMS[scheme]()
    slow = np.ascontiguousarray(DOMAIN.sample(5, seed=5)[:, 1:])
    slow[:, FIXINGS], slow[:, FIXED] = fixings, 0.0
    exact = price(np.column_stack([np.full(5, 100.0), slow]))
    split, whole = np.empty(5), np.empty(5)
    solver.values(100.0, solver.rows(slow), split)
    solver.full_values(100.0, slow, whole)
    assert np.abs(split - exact).max() < 5e-3
    assert np.abs(whole - exact).max() < 5e-3


@pytest.mark.parametrize("column", [EXPIRY, VOLATILITY])
def test_without_uncertainty_both_halves_give_the_forward_intrinsic_value(column):
    slow = np.ascontiguousarray(DOMAIN.sample(20, seed=5)[:, 1:])
    slow[:, column] = 0.0
    exact = price(np.column_stack([np.full(20, 103.0), slow]))
    for scheme in (ACCURATE, HIGH):
        solver, out = PROGRAMS[scheme](), np.empty(20)
        solver.values(103.0, solver.rows(slow), out)
        assert np.abs(out - exact).max() < 1e-12


@pytest.mark.parametrize("scheme", [ACCURATE, HIGH])
@pytest.mark.parametrize("column", [EXPIRY, VOLATILITY, RATE, DIVIDEND, AVERAGE, INTERVAL])
def test_an_input_that_is_not_a_number_has_no_price(column, scheme):
    slow = np.ascontiguousarray(DOMAIN.sample(3, seed=5)[:, 1:])
    slow[:, FIXED] = 2.0
    slow[1, column] = np.nan
    solver, whole, split = PROGRAMS[scheme](), np.empty(3), np.empty(3)
    solver.full_values(100.0, slow, whole)
    solver.values(100.0, solver.rows(slow), split)
    assert np.isnan(whole).tolist() == np.isnan(split).tolist() == [False, True, False]


@pytest.mark.parametrize("scheme", [ACCURATE, HIGH])
def test_a_contract_whose_fixings_are_all_taken_is_refused(scheme):
    slow = np.ascontiguousarray(DOMAIN.sample(3, seed=5)[:, 1:])
    slow[1, FIXED] = 12.0
    with pytest.raises(ProblemError, match="contract 1 has 12 of 12 fixings taken: one must remain"):
        PROGRAMS[scheme]().rows(slow)


# Coordinates.


@pytest.fixture(scope="module")
def placed():
    inputs = both(2_000, 31)
    return inputs, *SIMILARITY.features_and_terms(DOMAIN, inputs)


def test_the_box_of_coordinates_holds_the_domain(placed):
    _, features, _ = placed
    for number, each in enumerate(SIMILARITY.coordinates):
        assert each.low - 1e-12 <= features[:, number].min(), each.name
        assert features[:, number].max() <= each.high + 1e-12, each.name


def test_prices_lie_between_floor_and_cap(placed):
    inputs, _, terms = placed
    exact = price(inputs)
    assert (terms[:, FLOOR] <= exact + 1e-9).all()
    assert (exact <= terms[:, CAP] + 1e-9).all()


def test_where_the_value_has_no_say_the_terms_are_the_price(placed):
    inputs, _, terms = placed
    silent = terms[:, SCALE] == 0.0
    assert silent.sum() > 100
    values = np.zeros(len(inputs))
    compose(terms, values, values)
    assert np.abs(values - price(inputs))[silent].max() < 1e-5


def test_values_are_small_and_no_more_than_a_third(placed):
    inputs, _, terms = placed
    heard = terms[:, SCALE] > 1e-3
    values = (price(inputs) - terms[:, BASE])[heard] / terms[heard, SCALE]
    assert np.abs(values).max() < 1 / 3


@pytest.mark.parametrize(("column", "value"), [(EXPIRY, 0.0), (VOLATILITY, 0.0), (VOLATILITY, np.nan), (RATE, np.nan)])
def test_what_has_no_deviation_is_placed_nowhere(column, value):
    inputs = DOMAIN.sample(4, seed=3)
    inputs[:, 1 + column] = value
    features, terms = SIMILARITY.features_and_terms(DOMAIN, inputs)
    assert (features == 0.0).all()
    assert (terms[:, SCALE] == 0.0).all()
    if value == 0.0:
        assert terms[:, BASE] == pytest.approx(price(inputs), abs=1e-12)


@given(
    st.floats(0.003, 0.8),
    st.floats(0.01, 1.0),
    st.integers(2, 12),
    st.floats(-0.06, 0.1),
    st.floats(-3.0, 3.0),
    st.sampled_from([(1.0, 1.0, 1.0), (100.0, 0.1, -1.0), (7.0, 3.0, 1.0)]),
)
def test_options_with_the_same_coordinates_have_the_same_value(deviation, part, count, carry, moneyness, disguise):
    dispersion = max(part * (count + 1) / (2 * count - 1), 0.01)
    coordinates = np.array([[deviation, dispersion, 1 / count, carry]])
    plain, (money, years, right) = np.empty((1, 10)), disguise
    unit_calls(coordinates, plain)
    _, _, volatility, _, _, _, _, _, _, interval = plain[0]
    # Other money, another pace of time, two more fixings that have been taken, a put for a call.
    terms = [0.03, 0.03 - carry / years, right, count + 2, 2, 0.4 * money, interval * years]
    other = np.array([[money, years, volatility / np.sqrt(years), *terms]])
    excess = []
    for slow in (plain, other):
        row = SIMILARITY.rows(slow)[0]
        assert row[[DEVIATION, DISPERSION, WEIGHT, CARRY]] == pytest.approx(coordinates[0], abs=1e-9)
        spot = np.exp(row[LOG_LEVEL] + moneyness * deviation)
        inputs = np.column_stack([[spot], slow])
        features, terms = SIMILARITY.features_and_terms(DOMAIN, inputs)
        assert features[0, :5] == pytest.approx([moneyness, *coordinates[0]], abs=1e-8)
        excess.append((price(inputs)[0] - terms[0, BASE]) * (deviation * dispersion) ** 2 / terms[0, SCALE])
    assert excess[1] == pytest.approx(excess[0], abs=1e-8)


def test_plain_features_are_in_units_of_the_strike():
    plain, inputs = plain_scaling(ASIAN_PROBLEM), DOMAIN.sample(500, seed=2)
    features, terms = plain.features_and_terms(DOMAIN, inputs)
    for number, each in enumerate(plain.coordinates):
        assert each.low - 1e-12 <= features[:, number].min(), each.name
        assert features[:, number].max() <= each.high + 1e-12, each.name
    scaled = inputs.copy()
    scaled[:, [number for number, each in enumerate(DOMAIN.inputs) if each.money]] *= 7.0
    others, other_terms = plain.features_and_terms(DOMAIN, scaled)
    assert others == pytest.approx(features, rel=1e-12)
    assert other_terms[:, SCALE] == pytest.approx(7.0 * terms[:, SCALE], rel=1e-12)
