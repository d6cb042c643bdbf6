"""Chebyshev series: geometric error decay on smooth problems, thinned within a budget, whole on disk."""

from dataclasses import replace

import numpy as np
import pytest
from chains import small_chain, state_of

from tradesim.errors import ProblemError, StoreError
from tradesim.methods.chebyshev.build import (
    SeriesSpec,
    build_series,
    fitted,
    interpolated,
    refusal,
    series_path,
    threshold_within,
)
from tradesim.methods.chebyshev.method import Chebyshev
from tradesim.methods.chebyshev.series import tensor_coefficients, tensor_points, thinned
from tradesim.methods.chebyshev.store import load_series
from tradesim.methods.method import price_chain
from tradesim.methods.scalings import SCALINGS
from tradesim.methods.staged import prices_at
from tradesim.methods.tables import table_of
from tradesim.methods.tables.table import mesh
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Domain, Input, Problem

SMALL = SeriesSpec(budget=2_048, checked=50)


def problem_of(function, count, name="own"):
    inputs = tuple(Input(name=f"x{i}", low=-1.0, high=2.0) for i in range(count))
    return Problem(name=name, version=1, domain=Domain(inputs=inputs), reference=function)


def bell(inputs):
    """Analytic everywhere."""
    return np.exp(-0.5 * (inputs**2).sum(axis=1)) * np.cos(inputs.sum(axis=1))


def kinked(inputs):
    return np.abs(inputs.sum(axis=1) - 0.3)


def error_by_degree(function, degrees):
    table = table_of(problem_of(function, 2))
    inputs = table.problem.domain.sample(2_000, seed=5)
    for degree in degrees:
        coefficients = interpolated(table, (degree + 1, degree + 1), 1)
        prices = thinned(coefficients, table.low, table.high, 0.0).pages(inputs)[:, 0]
        yield np.sqrt(np.mean((prices - function(inputs)) ** 2))


def test_the_error_falls_geometrically_where_the_function_is_smooth():
    errors = np.array(list(error_by_degree(bell, (4, 8, 12, 16, 20, 24))))
    falls = errors[:-1] / errors[1:]
    assert (falls[:4] > 10.0).all()
    assert errors[-1] < 1e-11


def test_the_error_falls_algebraically_where_it_has_a_kink():
    errors = np.array(list(error_by_degree(kinked, (8, 16, 32, 64))))
    falls = errors[:-1] / errors[1:]
    assert (falls > 1.5).all()
    assert (falls < 8.0).all()


def test_the_european_error_falls_geometrically_with_the_degree():
    problem = PROBLEMS["european"]
    table = table_of(problem)
    inputs = problem.domain.sample(2_000, seed=5)
    features, terms = table.scaling.features_and_terms(problem.domain, inputs)
    reference, errors = problem.reference(inputs), []
    for degree in (4, 8, 12, 16, 20):
        series = thinned(interpolated(table, (degree + 1, degree + 1), 1), table.low, table.high, 0.0)
        prices = terms[:, 0] + terms[:, 1] * series.pages(features[:, :2])[:, 0]
        errors.append(np.sqrt(np.mean((prices - reference) ** 2)))
    assert (np.array(errors[:-1]) / np.array(errors[1:]) > 5.0).all()
    assert errors[-1] < 1e-6


def test_a_series_is_numpys_own():
    rng = np.random.default_rng(2)
    coefficients = rng.normal(size=(4, 3, 5, 1))
    low, high = np.array([0.0, -1.0, 2.0]), np.array([1.0, 1.0, 5.0])
    points = low + (high - low) * rng.random((130, 3))
    x, y, z = (2.0 * (points - low) / (high - low) - 1.0).T
    expected = np.polynomial.chebyshev.chebval3d(x, y, z, coefficients[..., 0])
    pages = thinned(coefficients, low, high, 0.0).pages(points)
    np.testing.assert_allclose(pages[:, 0], expected, rtol=1e-12, atol=1e-12)


def test_an_interpolant_meets_its_points():
    low, high = np.array([-1.0, 0.0]), np.array([2.0, 1.0])
    points = mesh(tensor_points(low, high, (6, 9)))
    values = np.random.default_rng(3).normal(size=(6, 9, 2))
    series = thinned(tensor_coefficients(values, 2), low, high, 0.0)
    np.testing.assert_allclose(series.pages(points), values.reshape(-1, 2), atol=1e-12)


def test_what_is_left_out_is_below_the_threshold_and_within_the_budget():
    table = table_of(PROBLEMS["european"])
    coefficients = interpolated(table, (40, 40), 1)
    for budget in (512, 2_048, 8_192):
        threshold = threshold_within(coefficients, budget)
        series = thinned(coefficients, table.low, table.high, threshold)
        assert series.nbytes <= budget
        assert np.abs(coefficients).sum() - np.abs(series.coefficients).sum() <= threshold * coefficients.size


@pytest.mark.parametrize(("problem", "budget", "rmse"), [("european", 1_024, 2e-8), ("american", 4_096, 0.02)])
def test_a_series_within_its_budget_meets_its_error_on_fresh_points(tmp_path, problem, budget, rmse):
    problem, path = PROBLEMS[problem], tmp_path / "series.npz"
    build_series(problem, path, SeriesSpec(budget=budget, checked=500))
    method = Chebyshev(problem, path)
    inputs = problem.domain.sample(3_000, seed=99)
    error = prices_at(method, inputs) - problem.reference(inputs)
    assert np.sqrt(np.mean(error**2)) < rmse
    assert method.error.rmse < 1.5 * rmse
    assert method.built.series.nbytes <= budget
    assert method.build_cost.evaluations > 0


def test_more_memory_is_less_error():
    table = table_of(problem_of(kinked, 3, "kinked"))
    inputs = table.problem.domain.sample(500, seed=1)
    errors = []
    for budget in (512, 2_048, 8_192):
        series, _ = fitted(table, budget)
        errors.append(np.sqrt(np.mean((series.pages(inputs)[:, 0] - kinked(inputs)) ** 2)))
    assert errors[0] > errors[1] > errors[2]


def test_another_problem_of_ones_own_is_served(tmp_path):
    problem, path = problem_of(bell, 3), tmp_path / "series.npz"
    build_series(problem, path, SeriesSpec(budget=2**15, checked=50))
    inputs = problem.domain.sample(60, seed=1)
    np.testing.assert_allclose(prices_at(Chebyshev(problem, path), inputs), bell(inputs), atol=1e-6)


def test_the_curse_of_dimension_is_told():
    assert refusal(problem_of(bell, 6)) is None
    assert "7 coordinates takes 5 points on each" in refusal(problem_of(bell, 7))


def test_a_contract_outside_the_domain_is_solved(tmp_path):
    problem, path = PROBLEMS["american"], tmp_path / "series.npz"
    build_series(problem, path, SMALL)
    chain, state = small_chain()
    method = Chebyshev(problem, path)
    method.bind(chain)
    method.update(state)
    assert method.price(100.0, np.empty(len(chain))) == "hit"
    volatility = state.volatility.copy()
    volatility[3] = 1.5
    method.update(state_of(chain, index=1, volatility=volatility))
    assert method.price(100.0, np.empty(len(chain))) == "fallback"
    assert np.isfinite(price_chain(method, 250.0, len(chain))).all()


@pytest.fixture
def built(tmp_path):
    problem = PROBLEMS["european"]
    path = series_path(tmp_path, problem, SMALL)
    build_series(problem, path, SMALL)
    return problem, path


def test_the_same_spec_gives_the_same_series(built, tmp_path):
    problem, path = built
    build_series(problem, tmp_path / "again.npz", SMALL)
    first, second = load_series(path, problem), load_series(tmp_path / "again.npz", problem)
    assert all(np.array_equal(a, b) for a, b in zip(first.series.arrays, second.series.arrays, strict=True))
    assert first.error == second.error


def test_a_damaged_or_foreign_file_is_told_of(built):
    problem, path = built
    with pytest.raises(StoreError, match="another problem, version or layout; delete the file and build again"):
        load_series(path, PROBLEMS["american"])
    with np.load(path) as file:
        arrays = dict(file)
    arrays["coefficients"][0] += 1e-9
    np.savez(path, **arrays)
    with pytest.raises(StoreError, match="not the ones that were written"):
        load_series(path, problem)
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"hello" * 999, b""):
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"cannot be read as a series .*; delete the file and build again"):
            load_series(path, problem)
    path.unlink()
    with pytest.raises(StoreError, match="there is no series; build it"):
        load_series(path, problem)


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    def disk_full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr("numpy.savez", disk_full)
    with pytest.raises(OSError, match="no space left"):
        build_series(PROBLEMS["european"], tmp_path / "series.npz", SMALL)
    assert not list(tmp_path.iterdir())


def test_a_similarity_without_a_way_back_is_refused(monkeypatch):
    monkeypatch.setitem(SCALINGS, "european", replace(SCALINGS["european"], inputs_at=None))
    assert "does not lead from coordinates back to inputs" in refusal(PROBLEMS["european"])
    with pytest.raises(ProblemError, match="give the scaling inputs_at"):
        table_of(PROBLEMS["european"])
