import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.simulation.latency import Empirical, Fixed, LogNormal, Measured, Profile, Sum

quantile = st.floats(1e-9, 1 - 1e-9)

MODELS = [
    Fixed(5),
    LogNormal(median=100_000, sigma=1.3, floor=50_000),
    Empirical(np.array([30, 10, 20])),
    Sum((Fixed(5), Empirical(np.array([1, 2])))),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@given(u=quantile, v=quantile)
def test_a_model_is_a_quantile_function_and_its_two_forms_agree(model, u, v):
    low, high = sorted((u, v))
    assert 0 <= model.sample(low) <= model.sample(high)
    many = model.samples(np.array([low, high]), np.zeros(2, dtype=np.int64))
    assert np.all(np.abs(many - [model.sample(low), model.sample(high)]) <= 1)


def test_lognormal_has_its_median_above_its_floor():
    assert LogNormal(median=1000, sigma=2.0, floor=7).sample(0.5) == 1007


def test_empirical_says_only_what_was_measured():
    model = Empirical(np.array([30, 10, 20]))
    assert {model.sample(u) for u in (0.01, 0.34, 0.5, 0.99)} == {10, 20, 30}


def test_each_tag_is_charged_by_its_own_profile_and_an_unknown_one_as_the_slowest():
    profile = Profile(price_by_tag={"hit": Fixed(10), "fallback": Fixed(500)})
    assert profile.price("hit", 0.5, 0) == 10
    assert profile.price("fallback", 0.5, 0) == 500
    assert profile.price("miss", 0.5, 0) == 500


def test_live_latency_is_what_the_call_took():
    assert Measured().price("hit", 0.5, 1234) == 1234


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fixed(-1),
        lambda: LogNormal(median=0, sigma=1.0),
        lambda: LogNormal(median=10, sigma=-1.0),
        lambda: Empirical(np.array([], dtype=np.int64)),
        lambda: Empirical(np.array([-1])),
    ],
)
def test_a_latency_below_zero_is_refused_in_one_line(make):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert "\n" not in str(caught.value)
