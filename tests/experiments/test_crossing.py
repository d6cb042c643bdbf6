"""Where money that falls with latency comes to nothing: planted curves have exact roots."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.experiments.crossing import ALWAYS, NEVER, between, crossing, falling, places, reaching
from tradesim.experiments.plan import CURVE

TRIED = np.array(CURVE, dtype=np.int64)
INSIDE = st.floats(1.0, 9e6)
NOISE = st.lists(st.floats(-5.0, 5.0), min_size=len(TRIED), max_size=len(TRIED)).map(np.array)


@given(root=INSIDE, slope=st.floats(0.01, 1e6))
def test_a_planted_curve_has_its_root_back(root, slope):
    money = slope * (np.arcsinh(root / 1_000) - places(TRIED, TRIED))
    for find in (crossing, reaching):
        assert find(TRIED, money) == pytest.approx(root, rel=1e-6)


@pytest.mark.parametrize("root", [400.0, 4_130.0, 43_000.0, 2_800_000.0])
def test_a_planted_curve_of_another_shape_has_its_root_once_it_is_tried_closer(root):
    def pnl(ns):
        return 13_000.0 / (1.0 + ns / 9e4) - 13_000.0 / (1.0 + root / 9e4)

    closer = np.sort(np.concatenate([TRIED, between(TRIED, crossing(TRIED, pnl(TRIED)), 7)]))
    assert crossing(closer, pnl(closer)) == pytest.approx(root, rel=0.02)


@pytest.mark.parametrize(
    ("money", "longest", "shortest"),
    [([3, 2, 1], ALWAYS, ALWAYS), ([-1, -2, -3], NEVER, NEVER), ([0, 0, 0], ALWAYS, 0.0), ([0, -1, -2], 0.0, 0.0)],
)
def test_money_that_does_not_change_its_sign(money, longest, shortest):
    tried = np.array([0, 1_000, 10_000])
    assert (crossing(tried, np.array(money, float)), reaching(tried, np.array(money, float))) == (longest, shortest)


def test_where_money_is_nothing_for_a_while_the_longest_and_the_shortest_latency_are_its_ends():
    tried, money = np.array([0, 1_000, 2_000, 5_000, 9_000]), np.array([4.0, 0.0, 0.0, 0.0, -1.0])
    assert (reaching(tried, money), crossing(tried, money)) == (pytest.approx(1_000), pytest.approx(5_000))


@given(noise=NOISE, gain=st.floats(0.0, 10.0))
def test_who_earns_more_may_take_longer(noise, gain):
    assert crossing(TRIED, noise) <= crossing(TRIED, noise + gain)
    assert reaching(TRIED, noise) <= crossing(TRIED, noise)


@given(noise=NOISE)
def test_falling_order_is_the_nearest_in_least_squares(noise):
    """What characterises it: it falls, keeps the mean, and its residuals stand at right angles to it."""
    fitted = falling(noise)
    assert (np.diff(fitted) <= 1e-9).all()
    assert fitted.mean() == pytest.approx(noise.mean(), abs=1e-9)
    assert np.dot(noise - fitted, fitted) == pytest.approx(0.0, abs=1e-7)
    assert (np.cumsum(noise - fitted) <= 1e-7).all()


@given(root=INSIDE)
def test_closer_latencies_lie_strictly_between_the_neighbours_of_the_root(root):
    found = between(TRIED, root, 7)
    left, right = TRIED[root >= TRIED].max(), TRIED[root < TRIED].min()
    assert len(found) == 7
    assert all(left < ns < right for ns in found)
    assert between(TRIED, ALWAYS, 7) == between(TRIED, NEVER, 7) == []
