"""Forests that are built and kept: training is deterministic, damage is told of."""

from dataclasses import replace

import pytest
from chains import small_chain

from tradesim.errors import StoreError
from tradesim.methods.lightgbm.method import ForestMethod
from tradesim.methods.lightgbm.spec import ForestSpec, Target
from tradesim.methods.lightgbm.store import about_path, forest_path, load_forest
from tradesim.methods.lightgbm.training import build_forest
from tradesim.pricing import PROBLEMS

TINY = ForestSpec(points=3_000, trees=12, leaves=15, checked=200)


@pytest.fixture
def built(tmp_path):
    problem = PROBLEMS["american"]
    path = forest_path(tmp_path, problem, TINY)
    build_forest(problem, path, TINY)
    return problem, path


def test_the_same_spec_gives_the_same_text(built, tmp_path):
    problem, path = built
    again = tmp_path / "again.txt"
    build_forest(problem, again, TINY)
    assert again.read_bytes() == path.read_bytes()


def test_shape_beats_the_plain_price(tmp_path):
    problem = PROBLEMS["american"]
    spec = ForestSpec(points=8_000, trees=40, checked=500)
    errors = {}
    for target, scaling in ((each, each.scaling(problem)) for each in Target):
        path = tmp_path / f"{target}.txt"
        build_forest(problem, path, replace(spec, target=target))
        errors[target] = load_forest(path, problem, scaling).error.rmse
    assert errors[Target.SHAPED] < 0.05
    assert errors[Target.SHAPED] < 0.1 * errors[Target.PLAIN]


@pytest.mark.slow
def test_the_default_forest_meets_its_error(tmp_path):
    problem = PROBLEMS["american"]
    path = tmp_path / "forest.txt"
    build_forest(problem, path, ForestSpec())
    forest = load_forest(path, problem, Target.SHAPED.scaling(PROBLEMS["american"]))
    assert forest.error.rmse < 0.004
    assert forest.cost.evaluations == 150_000


@pytest.mark.parametrize("stage", ["pricing", "growing"])
def test_interrupted_training_leaves_nothing(tmp_path, stage):
    def interrupt(done, total, what):
        if what.startswith(stage):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_forest(PROBLEMS["american"], tmp_path / "forest.txt", TINY, interrupt)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (lambda text: text[: len(text) // 2], "cut short"),
        (lambda text: text.replace("threshold=", "threshold=x", 1), "damaged"),
        (lambda text: text.replace("num_leaves=15", "num_leaves=14", 1), "a tree of 14 leaves has 14 splits"),
        (lambda text: text.replace("shrinkage=1", "shrinkage=2", 1), "not the text that was written"),
    ],
)
def test_a_damaged_text_is_told_of(built, damage, rule):
    problem, path = built
    path.write_text(damage(path.read_text()))
    with pytest.raises(StoreError, match=rf"{path.name}: .*{rule}.*delete the file and build again"):
        ForestMethod(problem, path).bind(small_chain()[0])


def test_a_damaged_description_is_told_of(built):
    problem, path = built
    about_path(path).write_text("{")
    with pytest.raises(StoreError, match="cannot be read as a forest"):
        load_forest(path, problem, Target.SHAPED.scaling(PROBLEMS["american"]))
    about_path(path).unlink()
    with pytest.raises(StoreError, match="or half of one"):
        load_forest(path, problem, Target.SHAPED.scaling(PROBLEMS["american"]))


def test_another_problems_forest_is_told_of(built):
    _, path = built
    with pytest.raises(StoreError, match="is of another problem"):
        load_forest(path, PROBLEMS["european"], Target.SHAPED.scaling(PROBLEMS["european"]))
