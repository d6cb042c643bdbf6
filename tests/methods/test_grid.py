"""Grids: what is written is what is read, the database answers as memory does, half a build leaves nothing."""

from dataclasses import replace

import duckdb
import numpy as np
import pytest
from chains import small_chain, state_of

from tradesim.errors import ArgumentError, ProblemError, StoreError
from tradesim.methods.built import written_whole
from tradesim.methods.grid import Grid
from tradesim.methods.grid_model import Axis, Tables
from tradesim.methods.grid_sql import GridSql
from tradesim.methods.grid_store import load_grid
from tradesim.methods.grid_table import GridSpec, build_grid, default_spec, grid_path
from tradesim.methods.interpolation import Interpolation
from tradesim.methods.method import price_chain
from tradesim.pricing import PROBLEMS


def coarse(problem):
    axes = tuple(replace(axis, nodes=5) for axis in default_spec(PROBLEMS[problem]).axes)
    return GridSpec(axes=axes, checked=50)


@pytest.fixture
def built(tmp_path):
    problem = PROBLEMS["american"]
    path = grid_path(tmp_path, problem, coarse("american"))
    build_grid(problem, path, coarse("american"))
    return problem, path


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
            price_chain(asked, spot, len(chain)), price_chain(twin, spot, len(chain)), rtol=0.0, atol=1e-12
        )


def test_a_replay_may_take_its_prices_from_memory(make):
    asked = make("grid-sql", "american")
    assert isinstance(asked, GridSql)
    twin = asked.replayed_by()
    assert type(twin) is Grid
    assert twin.path == asked.path
    assert twin.replayed_by() is twin


@pytest.mark.parametrize("problem", ["european", "american"])
def test_the_default_grid_meets_its_error(problem, tmp_path):
    problem = PROBLEMS[problem]
    spec = replace(default_spec(problem), checked=3_000)
    path = tmp_path / "grid.duckdb"
    build_grid(problem, path, spec)
    grid = load_grid(path, problem)
    assert grid.errors[Interpolation.CUBIC].rmse < 0.001
    assert grid.errors[Interpolation.CUBIC].largest < 0.03
    assert grid.errors[Interpolation.LINEAR].rmse < 0.01
    assert grid.tables.nbytes < 2**20


def test_the_default_grid_reaches_the_corner_where_interest_outweighs_dividends(make):
    corner = {"spot": 165.0, "strike": 100.0, "expiry": 1.0, "volatility": 0.1, "rate": 0.08, "dividend": 0.048}
    price, truth = (make(name, "american").value(right=1, **corner) for name in ("grid", "reference"))
    assert abs(price - truth) < 0.03


def test_the_same_spec_gives_the_same_tables(built, tmp_path):
    problem, path = built
    again = tmp_path / "again.duckdb"
    build_grid(problem, again, coarse("american"))
    first, second = load_grid(path, problem), load_grid(again, problem)
    assert first.tables.values.tobytes() == second.tables.values.tobytes()
    assert first.tables.levels.tobytes() == second.tables.levels.tobytes()
    assert first.errors == second.errors
    assert first.axes == second.axes


def test_another_spec_or_version_is_another_file(tmp_path):
    problem = PROBLEMS["american"]
    spec = coarse("american")
    rate = problem.domain.column("rate")
    inputs = (*problem.domain.inputs[:rate], replace(problem.domain.inputs[rate], high=0.1))
    wider = replace(problem.domain, inputs=(*inputs, *problem.domain.inputs[rate + 1 :]))
    paths = {
        grid_path(tmp_path, problem, spec),
        grid_path(tmp_path, problem, replace(spec, seed=1)),
        grid_path(tmp_path, replace(problem, version=99), spec),
        grid_path(tmp_path, replace(problem, domain=wider), spec),
    }
    assert len(paths) == 4


@pytest.mark.parametrize("when", [0, 1])
def test_an_interrupted_build_leaves_nothing(tmp_path, when):
    def interrupt(done, total, what):
        if what.startswith(("building", "checking")[when]):
            raise KeyboardInterrupt

    path = tmp_path / "grids" / "grid.duckdb"
    with pytest.raises(KeyboardInterrupt):
        build_grid(PROBLEMS["american"], path, coarse("american"), interrupt)
    assert not path.parent.exists() or not list(path.parent.iterdir())


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    def disk_full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("tradesim.methods.grid_store.digest", disk_full)
    with pytest.raises(OSError, match="no space left"):
        build_grid(PROBLEMS["american"], tmp_path / "grid.duckdb", coarse("american"))
    assert not list(tmp_path.iterdir())


def test_progress_goes_from_nothing_to_all(tmp_path):
    told = []
    build_grid(PROBLEMS["american"], tmp_path / "grid.duckdb", coarse("american"), lambda *word: told.append(word))
    assert told[0] == (0, 125, "building the american grid")
    assert (125, 125, "building the american grid") in told


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
        load_grid(path, PROBLEMS["american"])


def test_a_changed_table_is_told_of(built):
    problem, path = built
    with duckdb.connect(str(path)) as file:
        file.execute("UPDATE node SET value = value + 1e-9 WHERE cell = 7")
    with pytest.raises(StoreError, match="not the ones that were written"):
        load_grid(path, problem)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("UPDATE axis SET low = low + 1e-3 WHERE number = 0", "not the ones that were written"),
        ("UPDATE grid SET interpolation = 'spline'", "cannot be read as a grid"),
        ("DELETE FROM grid", "table grid is empty"),
        ("DROP TABLE level", "cannot be read as a grid"),
    ],
)
def test_what_else_is_changed_is_told_of(built, damage, rule):
    problem, path = built
    with duckdb.connect(str(path)) as file:
        file.execute(damage)
    with pytest.raises(StoreError, match=rf"{path.name}: .*{rule}.*; delete the file and build again"):
        load_grid(path, problem)


def test_another_builder_does_not_disturb(tmp_path, monkeypatch):
    """As if another process began and ended its build of the same file while this one writes."""
    path = tmp_path / "grid.duckdb"
    with written_whole(path) as part:
        part.write_text("half of it")
        monkeypatch.setattr("os.getpid", lambda: -1)
        build_grid(PROBLEMS["american"], path, coarse("american"))
        load_grid(path, PROBLEMS["american"])
        part.write_text("all of it")
    assert path.read_text() == "all of it"
    assert list(tmp_path.iterdir()) == [path]


def test_an_asked_database_counts_its_buffers(make):
    chain, state = small_chain()
    method = make("grid-sql", "american")
    method.bind(chain)
    method.update(state)
    price_chain(method, 100.0, len(chain))
    tables = load_grid(method.path, method.problem).tables
    assert method.nbytes > tables.nbytes


def test_another_problems_grid_is_told_of(built):
    _, path = built
    with pytest.raises(StoreError, match=r"a grid of american version 1, .*; wanted european version"):
        load_grid(path, PROBLEMS["european"])


def test_a_missing_grid_is_told_of(tmp_path):
    with pytest.raises(StoreError, match="there is no grid; build it"):
        Grid(PROBLEMS["american"], tmp_path / "none.duckdb").bind(small_chain()[0])


def test_a_problem_without_a_grid_is_refused(tmp_path):
    with pytest.raises(ProblemError, match="no grid is made for it; choose one of"):
        Grid(replace(PROBLEMS["american"], name="heston"), tmp_path / "none.duckdb")


def test_an_axis_too_short_for_a_cubic_is_refused():
    with pytest.raises(ArgumentError, match="axis distance has 3 nodes"):
        Axis(name="distance", low=0.0, high=1.0, nodes=3)


def test_tables_count_their_bytes():
    assert Tables(values=np.zeros((2, 3)), levels=np.zeros(2)).nbytes == 64
