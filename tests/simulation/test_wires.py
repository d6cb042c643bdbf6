import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.simulation.draws import uniforms
from tradesim.simulation.latency import Fixed, Interpolated, LogNormal
from tradesim.simulation.orders import Action
from tradesim.simulation.wires import Link, PerAction, Wires, check_recordings

BY_ACTION = PerAction(place=Fixed(30), cancel=Fixed(20), replace=LogNormal(median=40, sigma=0.5))


def test_each_action_has_its_own_delay_on_each_way():
    link = Link(entry=BY_ACTION, response=Fixed(7))
    assert [link.entry_delay(action, 0.5, 0) for action in Action] == [30, 20, 40]
    assert [link.response_delay(action, 0.5, 0) for action in Action] == [7, 7, 7]


@given(st.sampled_from(Action), st.floats(1e-9, 1 - 1e-9))
def test_a_share_of_messages_is_refused(action, uniform):
    assert not Link().rejects(action, uniform, 0)
    assert Link(rejections=1.0).rejects(action, uniform, 0)
    assert Link(rejections=0.25).rejects(action, uniform, 0) == (uniform < 0.25)


def test_over_many_messages_the_refused_are_the_share():
    link = Link(rejections=0.1)
    refused = [link.rejects(Action.PLACE, u, 0) for u in uniforms(1, 2, 3, 10_000)]
    assert np.mean(refused) == pytest.approx(0.1, abs=0.01)


def test_what_the_recording_refused_is_refused_besides():
    entry = Interpolated(np.array([100, 200]), np.array([10, 30]), np.array([False, True]))
    link = Link(entry=PerAction(place=entry, cancel=Fixed(5), replace=entry), rejections=0.1)
    assert link.rejects(Action.PLACE, 0.5, 150)
    assert not link.rejects(Action.PLACE, 0.5, 50)
    assert link.rejects(Action.PLACE, 0.05, 50)
    assert not link.rejects(Action.CANCEL, 0.5, 150)
    assert link.entry_delay(Action.REPLACE, 0.5, 150) == 20


def test_hedges_go_on_a_link_of_their_own_where_one_is_given():
    own = Link(entry=Fixed(1))
    assert Wires(entry=Fixed(3), rejections=0.5).underlying == Link(entry=Fixed(3), rejections=0.5)
    assert Wires(entry=Fixed(3), hedge=own).underlying == own


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("kind", [Link, Wires])
def test_a_share_outside_nothing_and_all_is_refused(kind, share):
    with pytest.raises(ArgumentError, match="a share of messages is from 0 to 1"):
        kind(rejections=share)


@pytest.mark.parametrize(("begin", "end"), [(0, 99), (0, 100), (150, 160), (0, 900), (200, 900), (201, 900)])
@pytest.mark.parametrize("place", ["feed", "entry", "by action", "hedge"])
def test_a_recording_of_another_time_is_refused(place, begin, end):
    model = Interpolated(np.array([100, 200]), np.array([10, 30]), source="orders.npz")
    wires = {
        "feed": Wires(feed=model),
        "entry": Wires(entry=model),
        "by action": Wires(response=PerAction(place=Fixed(1), cancel=Fixed(1), replace=model)),
        "hedge": Wires(hedge=Link(response=model)),
    }[place]
    if end >= 100 and begin <= 200:
        check_recordings(wires, begin, end)
        return
    with pytest.raises(ArgumentError, match=r"orders.npz: it is of 1970-01-01T00:00:00Z") as caught:
        check_recordings(wires, begin, end)
    assert "\n" not in str(caught.value)
