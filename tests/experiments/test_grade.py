"""What a method is graded by: the laws catch what breaks them, the errors are those of fresh points, hedges add up."""

import numpy as np
import pytest

from tradesim.experiments.evaluation import breaches_of, errors_of, hedge_of, journeys_of
from tradesim.experiments.evaluation_set import EvaluationSet, Size
from tradesim.methods.analytic import Analytic, AnalyticSlice
from tradesim.methods.proxy import Proxy
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS

SMALL = Size(points=200, lines=20, nodes=15, paths=8, steps=10)


class Crooked(AnalyticSlice):
    """The program's prices, bent: by ``bend(spot, prices)``."""

    def __init__(self, problem, bend):
        super().__init__(problem)
        self.bend = bend

    def evaluate(self, fast, prepared, out):
        tag = super().evaluate(fast, prepared, out)
        out[:] = self.bend(fast, out)
        return tag


def broken(method, held_out):
    return {breach.law for breach in breaches_of(method, held_out) if breach.broken and not breach.clamped}


@pytest.fixture(scope="module")
def exams():
    return {name: EvaluationSet(PROBLEMS[name], SMALL) for name in ("european", "american")}


@pytest.mark.parametrize("problem", ["european", "american"])
def test_the_program_breaks_no_law(exams, problem):
    assert broken(Analytic(PROBLEMS[problem]), exams[problem]) == set()


def test_a_european_price_of_an_american_option_is_below_its_floor(exams):
    assert "at least the floor" in broken(Proxy(PROBLEMS["american"]), exams["american"])


@pytest.mark.parametrize(
    ("bend", "law"),
    [
        (lambda spot, out: out - 0.01, "at least European"),
        (lambda spot, out: np.round(out, 1), "convex in spot"),
        (lambda spot, out: out + 150.0, "at most the cap"),
        (lambda spot, out: 1.2 * out, "delta in its range"),
        (lambda spot, out: 200.0 - out, "rising in volatility"),
        (lambda spot, out: np.sqrt(100.0 * out), "parity"),
    ],
)
def test_a_bent_price_breaks_the_law_that_it_bends(exams, bend, law):
    assert law in broken(Crooked(PROBLEMS["american"], bend), exams["american"])


def test_clamping_mends_bounds_and_not_shapes(exams):
    rounded = Crooked(PROBLEMS["american"], lambda spot, out: np.round(out, 1) - 0.001)
    breaches = {(breach.law, breach.clamped): breach for breach in breaches_of(rounded, exams["american"])}
    assert breaches["at least European", False].broken > 0
    assert breaches["at least European", True].broken == 0
    assert breaches["convex in spot", True].broken > 0


def test_the_worst_breach_is_told_in_money(exams):
    low = Crooked(PROBLEMS["european"], lambda spot, out: out - 0.25)
    worst = {breach.law: breach.worst for breach in breaches_of(low, exams["european"]) if not breach.clamped}
    assert worst["at least the floor"] == pytest.approx(0.25, abs=1e-9)


@pytest.mark.parametrize("problem", ["european", "american"])
def test_errors_are_those_of_fresh_points_priced_one_by_one(tmp_path_factory, problem):
    method = make_method("grid", PROBLEMS[problem], tmp_path_factory.mktemp("grid"))
    told = {
        (error.where, error.quantity): error
        for error in errors_of(method, EvaluationSet(PROBLEMS[problem], Size(points=1_000)))
    }
    fresh = PROBLEMS[problem].domain.sample(1_000, seed=77)
    names = PROBLEMS[problem].domain.names
    alone = np.array([method.value(**dict(zip(names, row, strict=True))) for row in fresh.tolist()])
    rmse = float(np.sqrt(np.mean((alone - PROBLEMS[problem].reference(fresh)) ** 2)))
    assert told["inside", "price"].count == 1_000
    assert 0.6 < told["inside", "price"].rmse / rmse < 1.6
    assert told["inside", "price"].rmse <= told["inside", "price"].p99 <= told["inside", "price"].largest
    assert {quantity for _, quantity in told} == {"price", "delta", "gamma", "vega", "theta"}


def test_the_program_hedges_as_the_reference_does(exams):
    held_out = exams["european"]
    hedge = hedge_of(Analytic(PROBLEMS["european"]), journeys_of(held_out))
    assert hedge.rmse < 1e-3
    assert (hedge.paths, hedge.steps) == (8, 10)


def test_a_delta_off_by_a_tenth_adds_a_tenth_of_what_the_underlying_earns(exams):
    held_out = exams["european"]
    journeys = journeys_of(held_out)
    off = Crooked(PROBLEMS["european"], lambda spot, out: out + 0.1 * spot)
    hedge = hedge_of(off, journeys)
    added = 0.1 * journeys.gain.sum(axis=1)
    assert hedge.rmse == pytest.approx(np.sqrt(np.mean(added**2)), rel=1e-3)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_board_stays_inside_the_domain_on_all_of_its_path(name):
    problem = PROBLEMS[name]
    board = EvaluationSet(problem).board
    fast = np.array([np.atleast_1d(tick) for tick in board.path])
    for ends in (fast.min(axis=0), fast.max(axis=0)):
        for slow in board.slow:
            inputs = np.column_stack([np.broadcast_to(ends, (len(slow), problem.domain.fast)), slow])
            assert problem.domain.contains(inputs).all()


def test_a_board_of_one_contract_has_another_in_every_state():
    board = EvaluationSet(PROBLEMS["american"]).board
    strikes = {float(slow[0, 0]) for slow in board.of(1).slow}
    assert len(strikes) == len(board.slow)
    assert all(len(slow) == 400 for slow in board.of(400).slow)


def test_the_law_of_a_basket_is_that_of_its_mean():
    held_out = EvaluationSet(PROBLEMS["basket-3"], Size.of(40))
    found = {
        breach.law: breach for breach in breaches_of(AnalyticSlice(held_out.problem), held_out) if not breach.clamped
    }
    assert {"at least the floor", "delta in its range", "convex in spot_1", "convex in strike", "parity"} <= set(found)
    assert not any(breach.broken for breach in found.values())
