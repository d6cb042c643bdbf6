"""Tables of the problems with a scaling: the way back from coordinates, and the error on fresh points."""

import numpy as np
import pytest

from tradesim.methods.registry import make_method
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import BASE, SCALE
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS

WAYS_BACK = ("european", "heston", "asian", "basket-2")


@pytest.mark.parametrize("name", WAYS_BACK)
def test_options_with_the_same_coordinates_have_the_same_value(name):
    """What a scaling claims, and what makes a table of coordinates possible."""
    problem, scaling = PROBLEMS[name], scaling_of(PROBLEMS[name])
    inputs = problem.domain.sample(200, seed=3)
    features, terms = scaling.features_and_terms(problem.domain, inputs)
    ends = np.array([(each.low, each.high) for each in scaling.coordinates])
    coordinates = features[:, : len(ends)]
    inside = ((coordinates >= ends[:, 0]) & (coordinates <= ends[:, 1])).all(axis=1) & (terms[:, SCALE] != 0.0)
    twins = scaling.inputs_at(coordinates[inside])
    _, twin_terms = scaling.features_and_terms(problem.domain, twins)
    value = (problem.reference(inputs[inside]) - terms[inside, BASE]) / terms[inside, SCALE]
    twin = (problem.reference(twins) - twin_terms[:, BASE]) / twin_terms[:, SCALE]
    assert inside.sum() > 100
    np.testing.assert_allclose(twin, value, atol=2e-4 * np.std(value) + 1e-7)


@pytest.mark.parametrize(
    ("name", "method", "rmse"),
    [("heston", "grid", 0.03), ("asian", "grid", 0.006), ("basket-2", "grid", 2e-4), ("asian", "chebyshev", 0.003)],
)
def test_a_table_of_any_problem_meets_its_error_on_fresh_points(home, name, method, rmse):
    problem = PROBLEMS[name]
    made = make_method(f"{method}@{'64KiB' if method == 'grid' else '16KiB'}", problem, home)
    inputs = problem.domain.sample(400, seed=11)
    error = prices_at(made, inputs) - problem.reference(inputs)
    assert np.sqrt(np.mean((error * problem.domain.in_units(inputs)) ** 2)) < rmse
