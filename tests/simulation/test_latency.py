import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tradesim.errors import ArgumentError
from tradesim.simulation.latency import (
    DELTA,
    LONGEST,
    Empirical,
    Fixed,
    Gamma,
    Interpolated,
    LogNormal,
    Measured,
    Profile,
    Stage,
    Sum,
    fixed_compute,
)

quantile = st.floats(1e-12, 1 - 1e-12)
instant = st.integers(0, 2 * 10**18)

RECORDED = Interpolated(np.array([100, 200, 200, 500]), np.array([10, 40, 20, 30]))
MODELS = [
    Fixed(5),
    LogNormal(median=100_000, sigma=1.3, floor=50_000),
    LogNormal(median=10**9, sigma=50.0),
    Gamma(shape=0.3, scale=30_000, floor=20_000),
    Gamma(shape=7.5, scale=10**15),
    Empirical(np.array([30, 10, 20])),
    RECORDED,
    Sum((Fixed(5), Empirical(np.array([1, 2])), Gamma(shape=2.0, scale=1000))),
]
SPREAD = (np.arange(100_000) + 0.5) / 100_000
NEVER_MIND = np.zeros(len(SPREAD), dtype=np.int64)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@given(uniforms=st.lists(quantile, min_size=1, max_size=20), at=instant)
def test_a_model_is_a_quantile_function_and_its_two_forms_agree(model, uniforms, at):
    uniforms.sort()
    one_by_one = [model.sample(u, at) for u in uniforms]
    assert one_by_one == sorted(one_by_one)
    assert all(type(ns) is int for ns in one_by_one)
    assert getattr(model, "floor", 0) <= one_by_one[0] <= one_by_one[-1] <= LONGEST + 2 * 10**5
    assert model.samples(np.array(uniforms), np.full(len(uniforms), at)).tolist() == one_by_one


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_model_is_the_same_in_another_process(model):
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.samples(SPREAD, NEVER_MIND), model.samples(SPREAD, NEVER_MIND))


@pytest.mark.parametrize(
    ("model", "law"),
    [
        (LogNormal(median=10**8, sigma=0.5, floor=10**7), stats.lognorm(0.5, loc=1e7, scale=1e8)),
        (Gamma(shape=1.0, scale=10**8), stats.expon(scale=1e8)),
        (Gamma(shape=0.4, scale=10**8, floor=10**6), stats.gamma(0.4, loc=1e6, scale=1e8)),
        (Gamma(shape=30.0, scale=10**7), stats.gamma(30.0, scale=1e7)),
    ],
)
def test_drawn_delays_have_the_moments_and_quantiles_of_their_law(model, law):
    delays = model.samples(SPREAD, NEVER_MIND)
    assert delays.mean() == pytest.approx(law.mean(), rel=1e-3)
    assert delays.std() == pytest.approx(law.std(), rel=2e-2)
    assert np.all(law.cdf(delays - 0.51) <= SPREAD)
    assert np.all(law.cdf(delays + 0.51) >= SPREAD)


def test_between_recorded_messages_delays_are_linear_and_outside_the_nearest():
    at = [0, 100, 150, 199, 200, 350, 499, 500, 900]
    assert [RECORDED.sample(0.5, t) for t in at] == [10, 10, 25, 39, 20, 25, 29, 30, 30]


recordings = st.lists(
    st.tuples(st.integers(0, 10**15), st.integers(0, 10**9)), min_size=1, max_size=30, unique_by=lambda row: row[0]
)


@given(recordings, st.lists(instant, min_size=1, max_size=20))
def test_interpolation_is_numpys_to_the_nanosecond(recording, at):
    instants, delays = np.array(sorted(recording)).T
    model = Interpolated(instants, delays)
    exact = np.interp(np.array(at, dtype=float), instants, delays)
    found = model.samples(np.full(len(at), 0.5), np.array(at))
    assert np.all(np.abs(found - exact) <= 1)
    assert np.all((found >= delays.min()) & (found <= delays.max()))


def test_the_mean_of_a_recording_is_the_area_below_it():
    rng = np.random.default_rng(3)
    instants, delays = np.sort(rng.integers(0, 10**9, 50)), rng.integers(0, 10**6, 50)
    at = np.linspace(instants[0], instants[-1], 100_000).astype(np.int64)
    area = np.trapezoid(delays, instants) / (instants[-1] - instants[0])
    found = Interpolated(instants, delays).samples(np.full(len(at), 0.5), at)
    assert found.mean() == pytest.approx(area, rel=1e-3)


def test_what_begins_beside_a_refused_message_is_refused():
    model = Interpolated(np.array([100, 200, 300]), np.array([1, 1, 1]), np.array([False, False, True]))
    assert [t for t in (0, 100, 199, 200, 250, 300, 900) if model.refuses(t)] == [200, 250, 300, 900]
    assert not RECORDED.refuses(100)


def test_lognormal_has_its_median_above_its_floor():
    assert LogNormal(median=1000, sigma=2.0, floor=7).sample(0.5) == 1007


def test_empirical_says_only_what_was_measured():
    model = Empirical(np.array([30, 10, 20]))
    assert {model.sample(u) for u in (0.01, 0.34, 0.5, 0.99)} == {10, 20, 30}


def test_each_tag_is_charged_by_its_own_profile_and_an_unknown_one_as_the_slowest():
    profile = Profile(price_by_tag={"hit": Fixed(10), "fallback": Fixed(500)})
    charged = [profile.work(Stage.PRICE, tag, 0.5, 0, 0) for tag in ("hit", "fallback", "miss")]
    assert charged == [10, 500, 500]


def test_live_latency_is_what_the_call_took():
    assert Measured().work(Stage.PRICE, "hit", 0.5, 1234, 7) == 1234


def test_a_wake_up_is_timed_once_for_all_runs_that_share_a_live_latency():
    live = Measured()
    assert [live.work(Stage.PRICE, "hit", 0.5, took, 7) for took in (1234, 99)] == [1234, 1234]
    assert live.work(Stage.PRICE, "hit", 0.5, 99, 8) == 99
    assert live.work(Stage.DECIDE, "quiet", 0.5, 5, 7) == 5
    assert live.replicate(1).work(Stage.PRICE, "hit", 0.5, 99, 7) == 99


def test_a_stated_latency_is_that_of_pricing_alone():
    assert [fixed_compute(40).work(stage, "any", 0.5, 9, 0) for stage in Stage] == [0, 40, 0, 0]


def test_each_replicate_has_a_profile_of_its_own_in_turn():
    groups = tuple(fixed_compute(ns) for ns in (10, 20))
    profile = Profile(price_by_tag={"any": Fixed(15)}, groups=groups)
    assert [profile.replicate(i) for i in range(3)] == [groups[0], groups[1], groups[0]]
    assert fixed_compute(5).replicate(3) == fixed_compute(5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fixed(-1),
        lambda: LogNormal(median=0, sigma=1.0),
        lambda: LogNormal(median=10, sigma=-1.0),
        lambda: Gamma(shape=0.0, scale=10),
        lambda: Gamma(shape=float("nan"), scale=10),
        lambda: Gamma(shape=1.0, scale=0),
        lambda: Gamma(shape=1.0, scale=10, floor=-1),
        lambda: Interpolated(np.array([1, 2]), np.array([1])),
        lambda: Interpolated(np.array([2, 1]), np.array([1, 1])),
        lambda: Interpolated(np.array([1, 2]), np.array([1, -1])),
        lambda: Interpolated(np.array([], dtype=np.int64), np.array([], dtype=np.int64)),
        lambda: Empirical(np.array([], dtype=np.int64)),
        lambda: Empirical(np.array([-1])),
    ],
)
def test_a_latency_below_zero_is_refused_in_one_line(make):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_what_an_update_takes_can_be_stated_beside_a_measured_profile():
    groups = (fixed_compute(1), fixed_compute(2))
    profile = Profile(price_by_tag={"any": Fixed(3)}, update_model=Fixed(4), groups=groups).updating(Fixed(9))
    assert [each.update(0.5) for each in (profile, profile.replicate(0), profile.replicate(1))] == [9, 9, 9]
    assert profile.replicate(1).work(Stage.PRICE, "any", 0.5, 0, 0) == 2
    assert Measured().updating(Fixed(9)).replicate(1).update(0.5) == 9


def test_the_prices_for_deltas_are_charged_where_work_is_live_too():
    live = Measured(beforehand=Profile(price_by_tag={"hit": Fixed(3), "miss": Fixed(8)})).updating(Fixed(9))
    assert live.replicate(1).work(Stage.PRICE, DELTA, 0.5, 0, -1) == 8
