"""``Method.value`` at the edges of what it may be asked, through every method that needs no building."""

import math
from pathlib import Path

import numpy as np
import pytest

from tradesim.errors import ArgumentError, TradesimError
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS

METHODS = ("analytic", "analytic-slice", "curve", "taylor", "memo@64KiB")
USUAL = {
    **{
        "spot": 100.0,
        "spot_1": 100.0,
        "spot_2": 90.0,
        "strike": 95.0,
        "expiry": 0.6,
        "volatility": 0.2,
        "rate": 0.05,
        "dividend": 0.02,
    },
    **{"right": -1.0, "reversion": 2.0, "long_volatility": 0.3, "vol_of_vol": 0.5, "correlation": 0.3},
    **{"fixings": 12.0, "fixed": 3.0, "average": 99.0, "interval": 1 / 24},
}
EDGES = [
    {"spot": 0.0, "spot_1": 0.0, "spot_2": 0.0},
    {"spot": 1e-300},
    {"strike": 0.0},
    {"expiry": 0.0},
    {"volatility": 0.0},
    {"spot": 0.0, "spot_1": 0.0, "expiry": 0.0},
    {"spot": 0.0, "spot_2": 0.0, "volatility": 0.0},
    {"interval": 0.0, "average": 0.0},
    {"fixed": 11.0},
]


def value_of(method, problem, **changes):
    made = make_method(method, PROBLEMS[problem], Path())
    return made.value(**{name: (USUAL | changes)[name] for name in PROBLEMS[problem].domain.names})


def pairs():
    for problem in ("european", "american", "heston", "asian", "basket-2"):
        for method in METHODS:
            if not (problem == "basket-2" and method == "curve"):
                yield problem, method


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize(("problem", "method"), list(pairs()))
def test_a_value_at_an_edge_is_the_references(problem, method, right):
    for edge in EDGES:
        known = USUAL | edge | {"right": right}
        row = np.array([[known[name] for name in PROBLEMS[problem].domain.names]])
        (right_price,) = PROBLEMS[problem].reference(row)
        assert value_of(method, problem, **edge, right=right) == pytest.approx(right_price, abs=0.02), edge


@pytest.mark.parametrize(
    "changes",
    [
        *({"right": right} for right in (0.4, 2.0, 0.0, math.nan)),
        *({name: value} for name in ("spot", "strike", "expiry", "volatility") for value in (-1.0, math.nan, math.inf)),
        {"rate": math.nan},
        {"dividend": math.inf},
        {"strike": "much"},
        {"expiry": None},
    ],
)
@pytest.mark.parametrize("problem", ["european", "american", "heston", "asian"])
def test_a_value_is_asked_for_by_the_rules(problem, changes):
    for method in METHODS:
        with pytest.raises(ArgumentError) as told:
            value_of(method, problem, **changes)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("asian", {"fixed": 12.0}),
        ("asian", {"fixings": 2.5}),
        ("basket-2", {"correlation": 1.5}),
        ("basket-2", {"volatility": 30.0, "correlation": 0.0}),
        ("heston", {"reversion": 0.0}),
        ("sine", {"x": math.nan}),
    ],
)
def test_what_a_problem_has_beside_is_held_to_its_rules_too(problem, changes):
    with pytest.raises(TradesimError):
        value_of("analytic", problem, **changes)
