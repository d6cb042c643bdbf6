"""The simulator held against what others proved: each trial goes through tapes, desks, wires and the venue.

What is simulated, and why it is what the theory speaks of, stands at the head of each module of helpers (pegging,
first, sniping, brownian, reaction). README.md has the table; `python tests/conformance/theory.py` makes it anew.
"""

import pytest
from brownian import passage_chance, stale_loss
from first import chance_of_lognormal_wires, tied_race
from pegging import expected_cost
from reaction import edges, loss_share
from scipy.stats import chisquare
from sniping import OMEGA, equal_snipers
from theory import FULL, QUICK

from tradesim.units import MILLISECOND, SECOND


def test_the_formulas_give_the_figures_known():
    costs = [expected_cost(eps) for eps in (0.01, 0.03, 0.1, 0.2)]
    assert costs == pytest.approx([0.0305, 0.0798, 0.2164, 0.3657], abs=5e-5)
    assert chance_of_lognormal_wires() == pytest.approx(0.7846, abs=5e-5)
    assert pytest.approx(0.5671, abs=5e-5) == OMEGA
    assert [stale_loss(1.0), stale_loss(2.0)] == pytest.approx([0.1666, 0.0170], abs=5e-5)
    assert passage_chance(1.0) == pytest.approx(0.3173, abs=5e-5)
    assert loss_share(100_000) == 0.5


@pytest.mark.parametrize("name", QUICK)
def test_a_theory_holds_on_few_trials(name):
    for finding in QUICK[name]():
        assert finding.deviation <= 4.0 * finding.error, finding


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_a_theory_holds(name):
    for finding in FULL[name]():
        assert finding.deviation <= finding.allowed, finding


def test_desks_that_arrive_at_one_instant_share_alike():
    assert chisquare(tied_race(4, rounds=2_000, seed=1)).pvalue > 0.001


def test_equal_snipers_and_the_provider_are_first_alike():
    """Of N firms that race for a stale quote each is first as often as any other, so the provider saves one in N."""
    assert chisquare(equal_snipers(2, events=3_000, seed=1)).pvalue > 0.001


def test_a_desk_slower_than_the_makers_earns_less():
    instant, slow = edges([0, MILLISECOND], seed=1, duration=20 * SECOND)
    assert 0 <= slow < instant / 4
