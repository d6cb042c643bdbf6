"""The most accurate method that makes a deadline, chosen alike by every process from what was measured once."""

import json
import time

import numpy as np
import pytest
from chains import small_chain

from tradesim.errors import ArgumentError, StoreError
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.ladder.method import Ladder
from tradesim.methods.ladder.rungs import Rung, build_rungs, load_rungs
from tradesim.methods.method import Outside, price_chain
from tradesim.methods.registry import make_method
from tradesim.methods.spec import method as spec_of
from tradesim.pricing import PROBLEMS
from tradesim.units import MICROSECOND, MILLISECOND

EUROPEAN = PROBLEMS["european"]


class Fake(AnalyticSlice):
    """The solver, ``wrong`` by so much and at least ``slow`` seconds late."""

    def __init__(self, name: str, wrong: float, slow: float = 0.0) -> None:
        super().__init__(EUROPEAN)
        self.name, self.wrong, self.slow = name, wrong, slow
        self.loaded = False

    def open(self) -> None:
        self.loaded = True

    def evaluate(self, fast, prepared, out):
        until = time.thread_time() + self.slow
        while time.thread_time() < until:
            pass
        tag = super().evaluate(fast, prepared, out)
        out += self.wrong
        return tag


def kept(path, *rungs):
    path.write_text(json.dumps([{"name": name, "error": error, "ns": ns} for name, error, ns in rungs]))
    return path


@pytest.fixture
def known(tmp_path):
    """Three rungs of which the times are stated: 800 us, 8 us and 1 us for eight contracts, as much again for 64."""
    return kept(
        tmp_path / "rungs.json",
        ("exact", 0.0, [800e3, 1600e3]),
        ("table", 0.001, [8e3, 16e3]),
        ("model", 0.01, [1e3, 2e3]),
    )


def methods():
    return {"exact": Fake("exact", 0.0), "table": Fake("table", 0.001), "model": Fake("model", 0.01)}


@pytest.mark.parametrize(
    ("deadline", "chosen"),
    [
        (MILLISECOND, "exact"),
        (800 * MICROSECOND, "table"),
        (20 * MICROSECOND, "table"),
        (5 * MICROSECOND, "model"),
        (500, "model"),
    ],
)
def test_the_most_accurate_that_makes_the_deadline_prices(known, deadline, chosen):
    chain, state = small_chain()
    rungs = methods()
    ladder = Ladder(EUROPEAN, known, rungs, deadline)
    ladder.bind(chain)
    ladder.update(state)
    out = np.empty(len(chain))
    assert ladder.price(100.0, out) == chosen
    exact = AnalyticSlice(EUROPEAN)
    exact.bind(chain)
    exact.update(state)
    np.testing.assert_allclose(out - price_chain(exact, 100.0, len(chain)), rungs[chosen].wrong, atol=1e-12)
    assert [name for name, rung in rungs.items() if rung.loaded] == [chosen]


def test_a_longer_chain_needs_a_faster_rung(known):
    chain, _ = small_chain()
    ladder = Ladder(EUROPEAN, known, methods(), 9 * MICROSECOND)
    ladder.bind(chain)
    assert ladder.rung.name == "table"
    ladder.bind(chain.select(np.tile(np.arange(12), 5)))
    assert ladder.rung.name == "model"


def test_time_is_linear_in_the_contracts():
    rung = Rung(name="any", error=0.0, ns=(800.0, 6400.0))
    assert [rung.takes(count) for count in (8, 36, 64, 120)] == [800.0, 3600.0, 6400.0, 12000.0]


def test_what_was_late_is_counted_from_the_binding_on(known):
    chain, state = small_chain()
    rungs = methods()
    ladder = Ladder(EUROPEAN, known, rungs, MILLISECOND)
    ladder.bind(chain)
    ladder.update(state)
    rungs["exact"].slow = 0.002
    for _ in range(3):
        ladder.price(100.0, np.empty(len(chain)))
    assert ladder.misses == 3
    ladder.bind(chain)
    assert ladder.misses == 0


def test_rungs_are_measured_and_ordered_by_their_error(tmp_path):
    late = {"wrong": Fake("wrong", 0.5), "late": Fake("late", 0.0, 0.001), "near": Fake("near", 0.01)}
    path = tmp_path / "rungs.json"
    build_rungs(EUROPEAN, path, late)
    found = load_rungs(path)
    assert [rung.name for rung in found] == ["late", "near", "wrong"]
    assert found[2].error == pytest.approx(0.5, rel=0.5)
    assert min(found[0].ns) >= 1e6
    ladder = Ladder(EUROPEAN, path, late, 900 * MICROSECOND)
    assert ladder.rung.name == "near"


def test_every_process_chooses_alike_because_the_file_is_kept(make, home):
    first = make("ladder", "american")
    again = make_method("ladder", PROBLEMS["american"], home)
    assert again.rungs == first.rungs
    assert first.rungs[0].name == "analytic"


def test_the_choice_outside_the_domain_is_every_rungs(known):
    rungs = methods()
    Ladder(EUROPEAN, known, rungs).answer_outside(Outside.RAISE)
    assert all(rung.outside is Outside.RAISE for rung in rungs.values())


def test_a_deadline_is_part_of_the_name(make, home):
    make("ladder", "american")
    ladder = make_method("ladder:300us", PROBLEMS["american"], home)
    assert (ladder.name, ladder.deadline) == ("ladder:300us", 300 * MICROSECOND)
    with pytest.raises(ArgumentError, match="it takes nothing behind its name; leave out :5us"):
        spec_of("grid:5us")
    with pytest.raises(ArgumentError, match="a number and ns, us, ms or s"):
        spec_of("ladder:soon")


def test_a_damaged_file_is_told_of(tmp_path):
    path = tmp_path / "rungs.json"
    path.write_text('[{"name": "exact"}]')
    with pytest.raises(StoreError, match="cannot be read as a ladder"):
        load_rungs(path)


def test_with_less_time_left_a_faster_rung_answers(known):
    chain, state = small_chain()
    rungs = methods()
    ladder = Ladder(EUROPEAN, known, rungs, MILLISECOND)
    ladder.bind(chain)
    ladder.within(MILLISECOND)
    ladder.update(state)
    out = np.empty(len(chain))
    answered = []
    for left in (MILLISECOND, 20 * MICROSECOND, 5 * MICROSECOND, -1, MILLISECOND):
        ladder.within(left)
        answered.append(ladder.price(100.0, out))
    assert answered == ["exact", "table", "model", "model", "exact"]
    assert all(rung.loaded for rung in rungs.values())
    assert len(ladder.choices) == 3
