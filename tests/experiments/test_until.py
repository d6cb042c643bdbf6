"""Seeds that are added until methods are told apart."""

import json

import numpy as np
import pytest
from scipy import stats

from tradesim import SyntheticMarket, compare
from tradesim.errors import ArgumentError
from tradesim.experiments.until import Until
from tradesim.market.synthetic import generate
from tradesim.market.tape_file import write_tape
from tradesim.report.table import seeds_taken
from tradesim.units import SECOND

SHORT = SyntheticMarket(duration=5 * SECOND)
USUAL = {"market": SHORT, "latency": "fixed:40us", "curve": (), "jobs": 1}


def seeds_of(comparison) -> list[int]:
    return comparison.store.query("SELECT DISTINCT seed FROM runs ORDER BY seed")["seed"].to_list()


@pytest.fixture(scope="module")
def alike(home):
    """Two ways to compute the same prices, at the same latency: nothing tells them apart."""
    return compare(
        methods=("analytic", "analytic-slice", "nothing"),
        seeds=(3, 1, 7, 5, 6),
        until=0.95,
        most_seeds=12,
        db=home / "alike.duckdb",
        **USUAL,
    )


def test_methods_that_earn_the_same_are_undecided_at_the_most_seeds(alike):
    assert seeds_of(alike) == [1, 3, 5, 6, 7, *range(8, 15)]
    assert alike.table["seeds"].to_list() == [12, 12, 12]
    assert (("analytic", "analytic-slice")) in alike.undecided.select("method", "rival").rows()
    words = seeds_taken(alike.undecided, 12, 0.95)
    assert "After 12 seeds undecided" in words
    assert "analytic and analytic-slice (equal in every seed)" in words
    told = json.loads(alike.to_json())
    assert len(told["undecided"]) == len(alike.undecided)


def p_value(sample: np.ndarray) -> float:
    """As the views have it: Student's, of a t that is shrunk as the interval is lengthened towards zero."""
    differing, t_value = np.count_nonzero(sample), sample.mean() / stats.sem(sample)
    tail = max(-np.sign(t_value) * stats.skew(sample, bias=False), 0.0)
    stretch = (1 + 1 / differing) * (1 + 1.5 * tail / np.sqrt(differing))
    return float(2 * stats.t.sf(abs(t_value) / stretch, len(sample) - 1))


@pytest.mark.slow
def test_seeds_are_added_until_every_pair_is_decided_and_no_longer(home):
    made = compare(
        methods=("nothing", "analytic"), seeds=range(1, 6), until=0.9, most_seeds=40, db=home / "until.duckdb", **USUAL
    )
    took = len(seeds_of(made))
    assert took in {5, 10, 20}
    assert made.undecided.is_empty()
    assert seeds_of(made) == list(range(1, took + 1))
    assert seeds_taken(made.undecided, took, 0.9).startswith(f"After {took} seeds every two methods are told apart")
    level = Until(confidence=0.9, most_seeds=40).level(5)
    assert level == pytest.approx(0.1 / 4)
    money = made.store.query("SELECT pnl FROM effects WHERE method = 'analytic' ORDER BY seed")["pnl"].to_numpy()
    looks = [count for count in (5, 10, 20) if p_value(money[:count]) <= level]
    assert looks[0] == took


def test_seeds_that_were_added_are_replayed_as_if_they_had_been_asked_for(alike, home):
    asked = compare(methods=("analytic", "nothing"), seeds=(9, 14), db=home / "asked.duckdb", **USUAL)
    money = (
        "SELECT seed, tape_hash, pnl, oracle FROM effects WHERE method = 'analytic' AND seed IN (9, 14) ORDER BY seed"
    )
    assert alike.store.query(money).equals(asked.store.query(money))


def test_without_until_no_seed_is_added_and_nothing_is_called_undecided(small_comparison):
    assert small_comparison.undecided is None
    assert "undecided" not in json.loads(small_comparison.to_json())
    assert seeds_of(small_comparison) == [1, 2]


@pytest.mark.parametrize(
    ("first", "most", "counts"), [(8, 64, (8, 16, 32, 64)), (5, 12, (5, 10, 12)), (64, 64, (64,)), (1, 2, (1, 2))]
)
def test_the_number_of_seeds_doubles_up_to_the_most(first, most, counts):
    assert Until(confidence=0.95, most_seeds=most).counts(first) == counts


def test_looking_several_times_finds_a_difference_that_is_not_there_no_more_often_than_claimed():
    until = Until(confidence=0.95)
    differences = np.random.default_rng(2).normal(size=(4_000, 64))
    found = np.zeros(len(differences), dtype=bool)
    for count in until.counts(8):
        found |= stats.ttest_1samp(differences[:, :count], 0.0, axis=1).pvalue <= until.level(8)
    assert found.mean() <= 0.05


def test_a_tape_has_no_further_replicates(home, tmp_path):
    tape = write_tape(generate(SHORT, seed=1), tmp_path / "tape.parquet")
    with pytest.raises(ArgumentError, match="a tape has no further replicates"):
        compare(tape=tape, methods=("nothing", "proxy"), until=0.95)


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ({"until": 1.0}, "from 0.5 to below 1"),
        ({"until": 95}, "from 0.5 to below 1"),
        ({"until": float("nan")}, "from 0.5 to below 1"),
        ({"until": 0.95, "most_seeds": 7}, "there are 8 to begin with"),
        ({"until": 0.95, "seeds": (2**63 - 3,)}, "give less"),
    ],
)
def test_a_confidence_or_a_number_of_seeds_outside_its_rule_is_refused(bad, rule):
    with pytest.raises(ArgumentError, match=rule):
        compare(market=SHORT, methods=("nothing", "proxy"), **bad)
