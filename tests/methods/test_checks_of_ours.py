"""Every method of ours is put to the suite of checks that anybody's is."""

import pytest

import tradesim
from tradesim.methods.registry import METHODS

WRONG_ON_PURPOSE = {
    ("nothing", "european"): {"answers"},
    ("nothing", "american"): {"answers"},
    ("inexact", "european"): {"bounds", "any order", "neighbours", "expired"},
    ("inexact", "american"): {"bounds", "any order", "neighbours", "expired"},
    ("proxy", "american"): {"bounds"},
}
"""The nulls: no prices, an error of each place in the chain, no early exercise."""


ASKED = [
    pytest.param(name, problem, marks=[pytest.mark.slow] if problem == "european" else [])
    for name in METHODS
    for problem in ("european", "american")
]


@pytest.mark.parametrize(("name", "problem"), ASKED)
def test_a_method_of_ours_passes(make, home, monkeypatch, name, problem):
    monkeypatch.setenv("TRADESIM_HOME", str(home))
    made = tradesim.check(name, problem=problem, points=60)
    failed = {finding.check: finding.found for finding in made.findings if finding.outcome == "fail"}
    assert failed.keys() == WRONG_ON_PURPOSE.get((name, problem), set()), failed
