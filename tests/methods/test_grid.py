"""Grids: what is written is what is read, the database answers as memory does, half a build leaves nothing."""

from dataclasses import replace

import duckdb
import numpy as np
import pytest
from chains import small_chain, state_of

from tradesim.errors import ArgumentError, ProblemError, StoreError
from tradesim.methods.built import written_whole
from tradesim.methods.grid.axes import Axis
from tradesim.methods.grid.build import GridSpec, build_grid, grid_path, refusal
from tradesim.methods.grid.method import Grid
from tradesim.methods.grid.sql import GridSql
from tradesim.methods.grid.store import load_grid, nodes_of
from tradesim.methods.interpolation import Interpolation, stencil
from tradesim.methods.method import price_chain
from tradesim.methods.scalings import SCALINGS
from tradesim.methods.staged import prices_at
from tradesim.methods.tables import table_of
from tradesim.pricing import PROBLEMS
from tradesim.pricing.function import function_problem
from tradesim.pricing.problem import Domain, Input, Problem

COARSE = GridSpec(budget=4_096, checked=50)


@pytest.fixture
def built(tmp_path):
    problem = PROBLEMS["american"]
    path = grid_path(tmp_path, problem, COARSE)
    build_grid(problem, path, COARSE)
    return problem, path


def loaded(path, problem):
    return load_grid(path, table_of(problem))


@pytest.mark.parametrize("problem", ["european", "american"])
def test_the_database_answers_as_memory_does(make, problem):
    chain, state = small_chain()
    volatility = state.volatility.copy()
    volatility[5] = 2.0
    expiry = state.expiry.copy()
    expiry[1] = 0.0
    state = state_of(chain, index=0, volatility=volatility, expiry=expiry)
    asked, twin = make("grid-sql", problem), make("grid", problem)
    for method in (asked, twin):
        method.bind(chain)
        method.update(state)
    for spot in (70.0, 99.5, 100.0, 131.0):
        np.testing.assert_allclose(
            price_chain(asked, spot, len(chain)), price_chain(twin, spot, len(chain)), rtol=0.0, atol=2e-5
        )


def test_a_replay_may_take_its_prices_from_memory(make):
    asked = make("grid-sql", "american")
    assert isinstance(asked, GridSql)
    twin = asked.replayed_by()
    assert type(twin) is Grid
    assert twin.path == asked.path
    assert twin.replayed_by() is twin


@pytest.mark.parametrize(
    ("problem", "budget", "cubic", "linear"),
    [
        ("american", 2**14, 1.5e-3, 2e-3),
        ("american", 2**16, 2.5e-4, 5e-4),
        ("american", 2**18, 8e-5, 2e-4),
        ("european", 2**14, 1e-6, 5e-4),
        ("european", 2**18, 1e-8, 3e-5),
    ],
)
def test_a_grid_within_its_budget_meets_its_error_on_fresh_points(tmp_path, problem, budget, cubic, linear):
    problem = PROBLEMS[problem]
    path = tmp_path / "grid.duckdb"
    build_grid(problem, path, GridSpec(budget=budget, checked=500))
    inputs = problem.domain.sample(4_000, seed=99)
    reference = problem.reference(inputs)
    assert loaded(path, problem).nodes.nbytes <= budget
    for interpolation, bar in ((Interpolation.CUBIC, cubic), (Interpolation.LINEAR, linear)):
        method = Grid(problem, path, interpolation)
        error = prices_at(method, inputs) - reference
        assert np.sqrt(np.mean(error**2)) < bar
        assert method.error.rmse < 1.5 * bar


def test_the_default_grid_reaches_the_corner_where_interest_outweighs_dividends(make):
    corner = {"spot": 165.0, "strike": 100.0, "expiry": 1.0, "volatility": 0.1, "rate": 0.08, "dividend": 0.048}
    price, truth = (make(name, "american").value(right=1, **corner) for name in ("grid", "reference"))
    assert abs(price - truth) < 0.03


def test_the_same_spec_gives_the_same_tables(built, tmp_path):
    problem, path = built
    again = tmp_path / "again.duckdb"
    build_grid(problem, again, COARSE)
    first, second = loaded(path, problem), loaded(again, problem)
    assert first.nodes.tobytes() == second.nodes.tobytes()
    assert first.errors == second.errors
    assert first.axes == second.axes


def test_another_spec_or_version_is_another_file(tmp_path):
    problem = PROBLEMS["american"]
    spec = COARSE
    rate = problem.domain.column("rate")
    inputs = (*problem.domain.inputs[:rate], replace(problem.domain.inputs[rate], high=0.1))
    wider = replace(problem.domain, inputs=(*inputs, *problem.domain.inputs[rate + 1 :]))
    paths = {
        grid_path(tmp_path, problem, spec),
        grid_path(tmp_path, problem, replace(spec, seed=1)),
        grid_path(tmp_path, problem, replace(spec, budget=2**13)),
        grid_path(tmp_path, replace(problem, version=99), spec),
        grid_path(tmp_path, replace(problem, domain=wider), spec),
    }
    assert len(paths) == 5


@pytest.mark.parametrize("when", [0, 1])
def test_an_interrupted_build_leaves_nothing(tmp_path, when):
    def interrupt(done, total, what):
        if what.startswith(("building", "checking")[when]):
            raise KeyboardInterrupt

    path = tmp_path / "grids" / "grid.duckdb"
    with pytest.raises(KeyboardInterrupt):
        build_grid(PROBLEMS["american"], path, COARSE, interrupt)
    assert not path.parent.exists() or not list(path.parent.iterdir())


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    def disk_full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("tradesim.methods.grid.store.digest", disk_full)
    with pytest.raises(OSError, match="no space left"):
        build_grid(PROBLEMS["american"], tmp_path / "grid.duckdb", COARSE)
    assert not list(tmp_path.iterdir())


def test_progress_goes_from_nothing_to_all(tmp_path):
    told = []
    build_grid(PROBLEMS["american"], tmp_path / "grid.duckdb", COARSE, lambda *word: told.append(word))
    assert told[0] == (0, 120, "building the american grid")
    assert (120, 120, "building the american grid") in told


@pytest.mark.parametrize("method", [Grid, GridSql])
def test_a_damaged_file_is_told_of(built, method):
    problem, path = built
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="delete the file and build again"):
        method(problem, path).bind(small_chain()[0])


def test_a_file_that_is_no_database_is_told_of(tmp_path):
    path = tmp_path / "grid.duckdb"
    path.write_text("hello" * 10_000)
    with pytest.raises(StoreError, match=r"cannot be read as a grid .* delete the file and build again"):
        loaded(path, PROBLEMS["american"])


def test_a_changed_table_is_told_of(built):
    problem, path = built
    with duckdb.connect(str(path)) as file:
        file.execute("UPDATE node SET value_3 = value_3 + 1e-3 WHERE cell = 7")
    with pytest.raises(StoreError, match="not the ones that were written"):
        loaded(path, problem)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("UPDATE axis SET low = low + 1e-3 WHERE number = 0", "not the ones that were written"),
        ("UPDATE grid SET interpolation = 'spline'", "cannot be read as a grid"),
        ("DELETE FROM grid", "table grid is empty"),
        ("DROP TABLE node", "cannot be read as a grid"),
        ("DELETE FROM node WHERE cell = 7", "not the ones that were written"),
    ],
)
def test_what_else_is_changed_is_told_of(built, damage, rule):
    problem, path = built
    with duckdb.connect(str(path)) as file:
        file.execute(damage)
    with pytest.raises(StoreError, match=rf"{path.name}: .*{rule}.*; delete the file and build again"):
        loaded(path, problem)


def test_another_builder_does_not_disturb(tmp_path, monkeypatch):
    """As if another process began and ended its build of the same file while this one writes."""
    path = tmp_path / "grid.duckdb"
    with written_whole(path) as part:
        part.write_text("half of it")
        monkeypatch.setattr("os.getpid", lambda: -1)
        build_grid(PROBLEMS["american"], path, COARSE)
        loaded(path, PROBLEMS["american"])
        part.write_text("all of it")
    assert path.read_text() == "all of it"
    assert list(tmp_path.iterdir()) == [path]


def test_an_asked_database_counts_its_buffers(make):
    chain, state = small_chain()
    method = make("grid-sql", "american")
    method.bind(chain)
    method.update(state)
    price_chain(method, 100.0, len(chain))
    assert method.nbytes > loaded(method.path, method.problem).nodes.nbytes
    assert np.isfinite(price_chain(method, 101.0, len(chain))).all()


def test_another_problems_grid_is_told_of(built):
    _, path = built
    with pytest.raises(StoreError, match=r"a grid of american version 1, .*; wanted european version"):
        loaded(path, PROBLEMS["european"])


def test_a_missing_grid_is_told_of(tmp_path):
    with pytest.raises(StoreError, match="there is no grid; build it"):
        Grid(PROBLEMS["american"], tmp_path / "none.duckdb").bind(small_chain()[0])


def of_many_inputs(count):
    """The product of ``count`` inputs, each from 1 to 2."""
    inputs = tuple(Input(name=f"x{i}", low=1.0, high=2.0) for i in range(count))
    return Problem(
        name=f"product-{count}", version=1, domain=Domain(inputs=inputs), reference=lambda table: table.prod(axis=1)
    )


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_problem_of_ones_own_has_a_grid_over_its_inputs(tmp_path, count):
    """A product is linear along each axis: a grid meets it everywhere, and the database says the same."""
    problem, path = of_many_inputs(count), tmp_path / "grid.duckdb"
    build_grid(problem, path, GridSpec(budget=8_192, checked=50))
    inputs = problem.domain.sample(50, seed=1)
    for method in (Grid(problem, path), Grid(problem, path, Interpolation.LINEAR), GridSql(problem, path)):
        np.testing.assert_allclose(prices_at(method, inputs), inputs.prod(axis=1), rtol=1e-6)


def test_the_curse_of_dimension_is_told(tmp_path):
    with pytest.raises(
        ProblemError, match=r"9 coordinates \(x0, x1.*\) takes 4 nodes on each, 1MiB, and the budget is"
    ):
        build_grid(of_many_inputs(9), tmp_path / "grid.duckdb", GridSpec(budget=2**18, checked=50))
    assert refusal(of_many_inputs(11)) is None
    assert "12 coordinates takes 4 nodes on each, 64MiB, more than 16MiB" in refusal(of_many_inputs(12))


def test_a_similarity_without_a_way_back_is_refused(tmp_path, monkeypatch):
    one_way = replace(SCALINGS["european"], inputs_at=None)
    monkeypatch.setitem(SCALINGS, "european", one_way)
    with pytest.raises(ProblemError, match="no table is made for it; give the scaling inputs_at"):
        Grid(PROBLEMS["european"], tmp_path / "none.duckdb")
    assert "does not lead from coordinates back to inputs" in refusal(PROBLEMS["european"])


def test_a_spot_beyond_the_domain_is_in_the_american_table(make):
    chain, state = small_chain()
    method = make("grid", "american")
    method.bind(chain)
    method.update(state)
    for spot in (30.0, 55.0, 200.0, 400.0):
        assert method.price(spot, np.empty(len(chain))) == "hit"
        np.testing.assert_allclose(
            price_chain(method, spot, len(chain)), price_chain(bound(make, chain, state), spot, len(chain)), atol=0.01
        )


def bound(make, chain, state):
    reference = make("reference", "american")
    reference.bind(chain)
    reference.update(state)
    return reference


@pytest.mark.parametrize("interpolation", Interpolation)
@pytest.mark.parametrize("budget", [2**14, 2**20])
def test_the_fused_kernel_blends_the_pages_that_a_stencil_names(tmp_path, interpolation, budget):
    """Short pages and long ones; a chain of more than one block."""
    problem, path = PROBLEMS["american"], tmp_path / "grid.duckdb"
    build_grid(problem, path, GridSpec(budget=budget, checked=50))
    method = Grid(problem, path, interpolation)
    method.open()
    inputs = problem.domain.sample(100, seed=8)
    prepared = method.prepare(np.ascontiguousarray(inputs[:, 1:]), 101.0)
    nodes = nodes_of(method.grid, interpolation)
    positions = (method.table.place(101.0, prepared) - nodes.low) * nodes.per
    cells, weights = stencil(tuple(nodes.shape), positions, interpolation)
    pages = (nodes.pages[cells] * weights[:, :, None]).sum(axis=1)
    expected, out = np.empty(100), np.empty(100)
    method.table.finish(101.0, prepared, pages, expected)
    assert method.evaluate(101.0, prepared, out) == "hit"
    np.testing.assert_allclose(out, expected, rtol=0.0, atol=1e-4)


def test_a_long_chain_is_priced_block_by_block(make):
    problem = PROBLEMS["american"]
    inputs = problem.domain.sample(200, seed=5)
    method = make("grid", "american")
    together = prices_at(method, inputs)
    alone = [prices_at(method, row[None])[0] for row in inputs]
    np.testing.assert_allclose(together, alone, rtol=0.0, atol=1e-4)


def test_an_axis_too_short_for_a_cubic_is_refused():
    with pytest.raises(ArgumentError, match="axis distance has 3 nodes"):
        Axis(name="distance", low=0.0, high=1.0, nodes=3)


def test_a_function_of_the_users_own_is_looked_up(tmp_path):
    problem = function_problem(lambda x, y: np.exp(-(x**2) - y), name="own", x=(-1.0, 1.0), y=(0.0, 2.0))
    path = tmp_path / "own.duckdb"
    build_grid(problem, path, GridSpec(budget=2**14, checked=50))
    inputs = problem.domain.sample(100, seed=4)
    np.testing.assert_allclose(prices_at(Grid(problem, path), inputs), problem.reference(inputs), atol=1e-5)
