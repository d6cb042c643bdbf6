"""What a desk answers next, on several CPUs, by its policy, and when its own orders trade."""

import numpy as np
import pytest

from tradesim.simulation.agenda import NEVER, Agenda
from tradesim.simulation.strategy import Policy
from tradesim.simulation.trigger import Firings


def agenda(*arrivals: int, policy=Policy.LATEST, cpus=1) -> Agenda:
    at = np.array(arrivals, dtype=np.int64)
    return Agenda(Firings(row=np.arange(len(at)), arrival=at), policy, cpus=cpus, start=0)


def answered(found: Agenda, busy: int) -> list[tuple[int, int, int, int]]:
    """Start, arrival, firings passed over and backlog of each answer, where each takes ``busy`` ns."""
    told = []
    while found.next_wake < NEVER:
        wake = found.upcoming
        skipped = found.take(free=wake.at + busy)
        told.append((wake.at, wake.arrival, skipped, found.backlog(wake.at)))
    return told


def test_two_cpus_answer_two_firings_at_once():
    assert answered(agenda(0, 10, 20, 30, policy=Policy.QUEUE, cpus=2), 25) == [
        (0, 0, 0, 0),
        (10, 10, 0, 0),
        (25, 20, 0, 0),
        (35, 30, 0, 0),
    ]


def test_one_cpu_has_a_backlog():
    assert answered(agenda(0, 10, 20, 30, policy=Policy.QUEUE), 25) == [
        (0, 0, 0, 0),
        (25, 10, 0, 1),
        (50, 20, 0, 1),
        (75, 30, 0, 0),
    ]


def test_the_latest_leaves_no_backlog_but_counts_what_it_passes_over():
    assert answered(agenda(0, 10, 20, 30, 100), 25) == [(0, 0, 0, 0), (25, 20, 1, 0), (50, 30, 0, 0), (100, 100, 0, 0)]


def test_a_touch_wakes_an_idle_desk_at_once():
    found = agenda(0, 100)
    found.take(free=5)
    found.touch(50)
    assert (found.next_wake, found.upcoming.arrival, found.upcoming.row) == (50, 50, -1)
    found.take(free=60)
    assert (found.next_wake, found.upcoming.row) == (100, 1)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy.LATEST, [(30, 20, 1), (130, 100, 0)]),
        (Policy.QUEUE, [(30, 10, 0), (130, 20, 0), (230, 100, 0)]),
        (Policy.DROP, [(100, 100, 1)]),
    ],
)
def test_a_touch_while_thinking_waits_by_the_policy(policy, expected):
    """Thinking from 0 to 30; a firing at 10, a touch at 20, a firing at 100; each answer takes 100."""
    found = agenda(0, 10, 100, policy=policy)
    found.take(free=30)
    found.touch(20)
    told = []
    while found.next_wake < NEVER:
        wake = found.upcoming
        told.append((wake.at, wake.arrival, found.take(free=wake.at + 100)))
    assert told == expected


def test_each_touch_that_waits_has_draws_of_its_own():
    found = agenda(0, policy=Policy.QUEUE)
    found.take(free=50)
    for at in (10, 20, 30):
        found.touch(at)
    keys = []
    while found.next_wake < NEVER:
        keys.append(found.upcoming.key)
        found.take(free=found.next_wake + 5)
    assert len(set(keys)) == 3
