"""Options of every question: by name, as values or as text, and refused in one line where they are neither."""

from dataclasses import fields

import pytest

import tradesim
from tradesim.cli.options import IN_PYTHON, Flags
from tradesim.errors import ArgumentError
from tradesim.experiments.asked import asked_by
from tradesim.experiments.options import options_from


def test_flags_are_the_options_by_their_own_names():
    named = {each.name for each in fields(tradesim.Options)}
    assert {each.name for each in fields(Flags)} == named - IN_PYTHON | {"config"}


@pytest.mark.parametrize(
    ("stated", "same"),
    [
        ({"seeds": 5}, {"seeds": [5]}),
        ({"seeds": "1-3"}, {"seeds": (1, 2, 3)}),
        ({"edge": "0.01", "fee": "0.002"}, {"edge": 0.01, "fee": 0.002}),
        ({"cap": "5"}, {"cap": 5}),
    ],
)
def test_a_value_may_be_text(stated, same):
    assert asked_by(stated).plan(["nothing"]) == asked_by(same).plan(["nothing"])


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"seeds": True}, "seeds is True"),
        ({"seeds": ["1", "2"]}, "seeds is"),
        ({"seeds": [1.5]}, "seeds is"),
        ({"cap": 2.5}, "cap is 2.5: it must be a whole number"),
        ({"jobs": "two"}, "jobs is 'two'"),
        ({"edge": "wide"}, "edge is 'wide': it must be a number"),
        ({"latency": 40_000}, "latency is 40000: it must be text"),
        ({"tape": []}, "the path of a tape"),
        ({"tape": 5}, "the path of a tape"),
        ({"edgy": 1.0}, r"edgy: there is no such option; did you mean edge\?"),
    ],
)
def test_what_is_no_value_of_its_option_is_refused_by_name(stated, told):
    with pytest.raises(ArgumentError, match=told) as error:
        options_from(stated)
    assert "\n" not in str(error.value)


def test_one_method_may_be_its_name_alone():
    assert asked_by({}).plan("nothing").labels == ("nothing",)
