"""Prices that are wrong by a stated amount, and by no more."""

import numpy as np
import pytest
from chains import small_chain
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods.method import price_chain
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS

CHAIN, STATE = small_chain()


def priced(name: str, spot: float, tmp_path) -> np.ndarray:
    method = make_method(name, PROBLEMS["american"], tmp_path)
    method.bind(CHAIN)
    method.update(STATE)
    return price_chain(method, spot, len(CHAIN))


@pytest.fixture(scope="module")
def bound(tmp_path_factory):
    made = {}
    for name in ("reference", "inexact:0.02", "inexact:0.02:1", "inexact:0", "inexact"):
        made[name] = make_method(name, PROBLEMS["american"], tmp_path_factory.mktemp("none"))
        made[name].bind(CHAIN)
        made[name].update(STATE)
    return made


def errors(bound, name: str, spot: float) -> np.ndarray:
    return price_chain(bound[name], spot, len(CHAIN)) - price_chain(bound["reference"], spot, len(CHAIN))


@given(spot=st.floats(50.0, 200.0))
def test_the_error_over_the_chain_is_the_stated_one_at_every_spot(bound, spot):
    for name, rms in (("inexact:0.02", 0.02), ("inexact:0.02:1", 0.02), ("inexact", 0.01)):
        assert np.sqrt(np.mean(errors(bound, name, spot) ** 2)) == pytest.approx(rms, rel=1e-9)


def test_without_error_the_price_is_the_reference_to_the_last_bit(bound):
    assert (errors(bound, "inexact:0", 101.0) == 0.0).all()


@given(spot=st.floats(50.0, 200.0))
def test_the_error_is_smooth_in_the_spot(bound, spot):
    """A move of a hundredth of a percent moves no contract's error by a tenth of what errors are."""
    there, here = errors(bound, "inexact:0.02", 1.0001 * spot), errors(bound, "inexact:0.02", spot)
    assert np.abs(there - here).max() < 0.1 * 0.02


def test_another_seed_is_another_error_and_the_same_seed_the_same(bound, tmp_path):
    first, second = errors(bound, "inexact:0.02", 100.0), errors(bound, "inexact:0.02:1", 100.0)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.9
    assert (priced("inexact:0.02:1", 100.0, tmp_path) == price_chain(bound["inexact:0.02:1"], 100.0, len(CHAIN))).all()


def test_it_is_named_as_it_was_asked_for(bound):
    assert [method.name for method in bound.values()] == list(bound)


@pytest.mark.parametrize("stated", ["", "-1", "nan", "0.1:x", "0.1:2:3", "1e9"])
def test_an_error_that_is_none_is_refused(stated, tmp_path):
    with pytest.raises(ArgumentError, match=r"write inexact:0\.01 or inexact:0\.01:7"):
        make_method(f"inexact:{stated}", PROBLEMS["american"], tmp_path)


@pytest.mark.parametrize("problem", ["sine", "basket-2"])
def test_where_there_is_no_one_spot_and_strike_it_is_refused(problem, tmp_path):
    with pytest.raises(ProblemError, match="cannot price"):
        make_method("inexact:0.01", PROBLEMS[problem], tmp_path)
