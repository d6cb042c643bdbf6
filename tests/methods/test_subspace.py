"""Subspaces: the compiled blend equals SciPy's splines, budgets are kept, damage is told of."""

from dataclasses import replace

import numpy as np
import pytest
from chains import small_chain
from scipy.interpolate import BSpline, PPoly

from tradesim.errors import StoreError
from tradesim.methods.built import error_of
from tradesim.methods.method import price_chain
from tradesim.methods.registry import METHODS
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.american import AMERICAN
from tradesim.methods.scalings.american_batch import AMERICAN_BATCH, BLOCK
from tradesim.methods.scalings.scaling import SCALE
from tradesim.methods.staged import prices_at
from tradesim.methods.subspace.build import build_subspace, fitted
from tradesim.methods.subspace.kernel import subspace_values
from tradesim.methods.subspace.lanes import LANES
from tradesim.methods.subspace.method import SubspaceMethod, SubspaceSlice, refuses
from tradesim.methods.subspace.store import SubspaceSpec, load_subspace
from tradesim.methods.subspace.surfaces import Surfaces, surfaces
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Domain, Input, Problem

TINY = SubspaceSpec(budget=24 * 1024, states=800, checked=500)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    problem, path = PROBLEMS["american"], tmp_path_factory.mktemp("subspace") / "subspace.npz"
    build_subspace(problem, path, TINY)
    return problem, path


@pytest.fixture
def copy(built, tmp_path):
    problem, path = built
    copied = tmp_path / "subspace.npz"
    copied.write_bytes(path.read_bytes())
    return problem, copied


def toy(count, axes, has_level):
    """Surfaces of a polynomial that quadratic splines hold exactly, from a level that 32 bits hold well."""
    rng = np.random.default_rng(5)
    slow = rng.random((count, axes))
    levels = 1.0 - 1.0 / (0.5 + 0.3 * slow[:, 0]) if has_level else np.zeros(count)
    knots = np.linspace(0.0, 2.0, 9)
    values = (1.0 + slow[:, :1] ** 2) * knots + (slow.sum(axis=1, keepdims=True) - 0.5) * knots**3
    return knots, Surfaces(slow=slow, levels=levels, values=values, weights=np.ones(count), evaluations=0)


@pytest.mark.parametrize("has_level", [False, True])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_splines_can_hold_is_held(axes, has_level):
    knots, learned = toy(3_000, axes, has_level)
    subspace = fitted(learned, knots, (5,) * axes, has_level)
    rng = np.random.default_rng(6)
    along = rng.uniform(0.0, 2.0, len(learned.slow))
    features = np.column_stack([learned.levels + along, learned.slow])
    out = np.empty(len(features))
    subspace_values(features, subspace, out)
    truth = (1.0 + learned.slow[:, 0] ** 2) * along + (learned.slow.sum(axis=1) - 0.5) * along**3
    np.testing.assert_allclose(out, truth, atol=5e-4)


def test_the_kernel_is_scipys_splines(built):
    problem, path = built
    subspace = load_subspace(path, problem, scaling_of(problem)).subspace
    rng = np.random.default_rng(7)
    share = rng.random((400, 3))
    slow = subspace.low + share * (subspace.shape - 2) / subspace.scale
    blended = subspace.nodes.reshape(*subspace.shape, LANES).astype(float)
    bases = []
    for axis, nodes in enumerate(subspace.shape):
        knots = (np.arange(nodes + 3) - 2) / (nodes - 2)
        bases.append(BSpline.design_matrix(share[:, axis], knots, 2).toarray())
    lanes = np.einsum("ni,nj,nk,ijkl->nl", *bases, blended)
    levels = 1.0 - 1.0 / np.maximum(lanes[:, 0], 1e-3)
    cells = subspace.components.reshape(-1, 4, LANES).astype(float)
    curves = PPoly(np.moveaxis(cells, 0, 1), np.arange(len(cells) + 1.0))
    along = rng.uniform(-0.2, 6.0, 400)
    at = np.clip((along - subspace.first) * subspace.pace, 0.0, len(cells) - 1e-9)
    expected = np.where(along < 0.0, 0.0, (lanes * curves(at)).sum(axis=1))
    out = np.empty(400)
    subspace_values(np.column_stack([levels + along, slow]), subspace, out)
    np.testing.assert_allclose(out, expected, atol=3e-6)


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 9])
def test_a_batch_of_american_contracts_is_each_alone(count):
    domain = PROBLEMS["american"].domain
    slow = domain.sample(count, seed=2)[:, 1:].copy()
    slow[::5, 1] = 0.0
    slow[::7, 3:5] = 0.0
    slow[1::7, 3] = -0.01
    found = _features_and_terms(AMERICAN_BATCH, slow)
    expected = _features_and_terms(AMERICAN, slow)
    np.testing.assert_allclose(found[1], expected[1], rtol=0.0, atol=1e-12)
    asked = expected[1][:, SCALE] > 0.0
    np.testing.assert_allclose(found[0][asked], expected[0][asked], rtol=1e-12, atol=1e-12)
    assert np.isfinite(found[0]).all()


def _features_and_terms(scaling, slow):
    features, terms = np.empty((len(slow), len(scaling.features))), np.empty((len(slow), 4))
    scaling.write_terms(103.0, scaling.rows(slow), features, terms)
    return features, terms


@pytest.mark.parametrize("name", ["european", "american"])
def test_surfaces_are_the_references(name):
    problem = PROBLEMS[name]
    scaling, domain = scaling_of(problem), problem.domain
    knots = np.linspace(0.0, 5.0, 41)
    learned = surfaces(problem, scaling, knots, 60, seed=1)
    assert learned.values.shape[1] == 41
    assert len(learned.slow) > 30
    assert (learned.values > -1e-7).all()
    assert (np.diff(learned.values, axis=1) < 1e-6).all(), "time value and premium fall with distance"
    if name == "american":
        assert (learned.levels < 0.0).all()
    assert domain.fast == 1


@pytest.mark.parametrize("name", ["european", "american"])
@pytest.mark.parametrize("budget", METHODS["subspace"].budgets)
def test_budgets_are_kept(budget, name):
    problem = PROBLEMS[name]
    axes = len(scaling_of(problem).coordinates) - 1
    spec = SubspaceSpec(budget=budget)
    shape = spec.shape(problem, axes)
    tables = 4 * LANES * (int(np.prod(shape)) + 4 * spec.cells)
    assert tables + 256 <= budget
    assert name == "european" or tables > 0.7 * budget


def test_the_bytes_counted_are_the_tables(built):
    problem, path = built
    subspace = load_subspace(path, problem, scaling_of(problem)).subspace
    tables = 4 * LANES * (int(np.prod(subspace.shape)) + 4 * TINY.cells)
    assert tables < subspace.nbytes <= TINY.budget


def test_the_same_spec_gives_the_same_tables(built, tmp_path):
    problem, path = built
    again = tmp_path / "again.npz"
    build_subspace(problem, again, TINY)
    first, second = (load_subspace(each, problem, scaling_of(problem)).subspace for each in (path, again))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_error_stated_is_that_on_fresh_points(built):
    problem, path = built
    method = SubspaceMethod(problem, path)
    inputs = problem.domain.sample(4_000, seed=99)
    fresh = error_of(prices_at(method, inputs), problem.reference(inputs), problem.domain.in_units(inputs))
    assert fresh.rmse < 0.01
    assert fresh.rmse == pytest.approx(method.error.rmse, rel=0.5)


@pytest.mark.slow
def test_the_default_subspace_meets_its_error(tmp_path):
    problem, path = PROBLEMS["american"], tmp_path / "subspace.npz"
    build_subspace(problem, path, SubspaceSpec())
    assert load_subspace(path, problem, scaling_of(problem)).error.rmse < 1e-3


def test_the_slice_is_the_full_form(built):
    problem, path = built
    chain, state = small_chain()
    full, half = SubspaceMethod(problem, path), SubspaceSlice(problem, path)
    for method in (full, half):
        method.bind(chain)
        method.update(state)
    for spot in (80.0, 99.0, 117.0):
        assert np.array_equal(price_chain(half, spot, len(chain)), price_chain(full, spot, len(chain)))
    assert half.nbytes > full.nbytes


def test_prices_are_smooth_in_the_spot(built):
    """Second differences of a step at which 32-bit arithmetic in the spot would drown them."""
    problem, path = built
    chain, state = small_chain()
    method = SubspaceSlice(problem, path)
    method.bind(chain)
    method.update(state)
    step = 1e-2
    prices = np.stack([price_chain(method, 100.0 + step * k, len(chain)) for k in range(-3, 4)])
    gamma = np.diff(prices, 2, axis=0) / step**2
    assert np.abs(gamma - gamma[2]).max() < 0.01


def test_a_problem_of_several_spots_or_no_slow_input_is_refused():
    box = Input(name="x", low=0.0, high=1.0)
    several = Problem(name="toy", version=1, domain=Domain(inputs=(box, box), fast=2), reference=lambda x: x[:, 0])
    alone = replace(several, domain=Domain(inputs=(box,)))
    assert "several fast inputs" in refuses(several)
    assert "0 slow coordinates" in refuses(alone)
    assert refuses(PROBLEMS["american"]) is None


def test_any_function_of_few_inputs_is_served(tmp_path):
    wave = Problem(
        name="wave",
        version=1,
        domain=Domain(inputs=tuple(Input(name=name, low=0.0, high=1.0) for name in ("x", "a", "b"))),
        reference=lambda x: np.sin(3.0 * x[:, 0] + x[:, 1]) * (1.0 + x[:, 2]),
    )
    path = tmp_path / "wave.npz"
    build_subspace(wave, path, SubspaceSpec(budget=8192, cells=16, states=2_000, checked=500))
    method = SubspaceMethod(wave, path)
    inputs = wave.domain.sample(200, seed=1)
    np.testing.assert_allclose(prices_at(method, inputs), wave.reference(inputs), atol=2e-3)


def test_interrupted_building_leaves_nothing(tmp_path):
    def interrupt(done, total, what):
        if what.startswith("fitting"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_subspace(PROBLEMS["european"], tmp_path / "subspace.npz", replace(TINY, budget=8192), interrupt)
    assert not list(tmp_path.iterdir())


def test_a_file_cut_short_is_told_of(copy):
    problem, path = copy
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(StoreError, match=r"subspace\.npz: cannot be read as a subspace .*delete the file"):
        SubspaceMethod(problem, path).bind(small_chain()[0])


def test_a_node_changed_is_told_of(copy):
    problem, path = copy
    with np.load(path) as file:
        arrays = dict(file)
    arrays["nodes"][5] += 1.0
    np.savez(path, **arrays)
    with pytest.raises(StoreError, match="is not the subspace that was written"):
        load_subspace(path, problem, scaling_of(problem))


def test_another_problems_subspace_is_told_of(built):
    _, path = built
    with pytest.raises(StoreError, match="is of another problem"):
        load_subspace(path, PROBLEMS["european"], scaling_of(PROBLEMS["european"]))


def test_a_missing_subspace_is_told_of(tmp_path):
    with pytest.raises(StoreError, match="there is no subspace; build it"):
        SubspaceMethod(PROBLEMS["american"], tmp_path / "none.npz").bind(small_chain()[0])
