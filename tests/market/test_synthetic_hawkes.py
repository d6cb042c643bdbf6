import numpy as np
import pytest

from tradesim.market.hawkes import hawkes_arrivals


def arrivals(*, seed, duration=4000.0, base=20.0, branching=0.6, decay=50.0):
    rng = np.random.default_rng(seed)
    return hawkes_arrivals(base=base, branching=branching, decay=decay, duration=duration, rng=rng)


@pytest.mark.parametrize("branching", [0.0, 0.3, 0.6, 0.9])
def test_mean_rate_is_base_over_one_minus_branching(branching):
    expected = 20.0 / (1.0 - branching)
    spread = np.sqrt(expected * 4000.0) / (1.0 - branching) / 4000.0
    assert abs(len(arrivals(seed=1, branching=branching)) / 4000.0 - expected) < 4.0 * spread


def test_counts_cluster_as_the_theory_says():
    counts = np.histogram(arrivals(seed=2), bins=np.arange(0.0, 4001.0))[0]
    excess, fade = 1.0 / 0.4**2, 50.0 * 0.4
    dispersion = excess + (1.0 - excess) * (1.0 - np.exp(-fade)) / fade  # of one-second windows, stationary
    assert counts.var() / counts.mean() == pytest.approx(dispersion, rel=0.1)


def test_without_children_counts_are_poisson():
    counts = np.histogram(arrivals(seed=3, branching=0.0), bins=np.arange(0.0, 4001.0))[0]
    assert counts.var() / counts.mean() == pytest.approx(1.0, rel=0.1)


def test_intensity_fades_at_the_decay():
    gaps = np.diff(arrivals(seed=4, base=0.05, branching=0.5, decay=50.0, duration=100_000.0))
    within = gaps[gaps < 0.5]
    assert np.median(within) < np.log(2.0) / 50.0 * 1.1


def test_times_are_sorted_and_inside_the_window():
    times = arrivals(seed=5, duration=10.0)
    assert (np.diff(times) >= 0.0).all()
    assert times[0] >= 0.0
    assert times[-1] < 10.0


def test_same_generator_same_times():
    assert np.array_equal(arrivals(seed=6, duration=10.0), arrivals(seed=6, duration=10.0))
    assert len(arrivals(seed=6, duration=10.0)) != len(arrivals(seed=7, duration=10.0))
