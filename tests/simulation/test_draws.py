import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradesim.simulation.draws import COMPUTE, ENTRY, FEED, tie_break, uniform, uniforms

keys = st.integers(0, 2**62)


@given(keys, keys, keys)
def test_a_uniform_is_a_function_of_its_key_and_inside_the_open_interval(seed, tick, contract):
    u = uniform(seed, ENTRY, 0, tick, contract)
    assert 0.0 < u < 1.0
    assert u == uniform(seed, ENTRY, 0, tick, contract)


def test_every_part_of_the_key_matters():
    base = (1, FEED, 0, 5, 2)
    others = [
        (2, FEED, 0, 5, 2),
        (1, ENTRY, 0, 5, 2),
        (1, FEED, 1, 5, 2),
        (1, FEED, 0, 6, 2),
    ]
    others.append((1, FEED, 0, 5, 3))
    drawn = {uniform(*key) for key in [base, *others]}
    assert len(drawn) == 6


def test_uniforms_are_uniform_and_unrelated_from_tick_to_tick():
    u = uniforms(7, COMPUTE, 0, 200_000)
    counts, _ = np.histogram(u, bins=100, range=(0, 1))
    assert np.sum((counts - 2000.0) ** 2 / 2000.0) < 160.0  # chi-square, 99 degrees of freedom, p about 1e-4
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.01


def test_uniforms_are_those_of_single_ticks():
    assert uniforms(3, FEED, 1, 4)[2] == uniform(3, FEED, 1, 2, 0)


def test_ties_are_decided_without_favour():
    wins = sum(tie_break(9, 0, tick) < tie_break(9, 1, tick) for tick in range(10_000))
    assert 4_800 < wins < 5_200
