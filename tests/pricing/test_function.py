import math

import numpy as np
import pytest
from numba import njit

import tradesim
from tradesim.errors import ArgumentError, ProblemError
from tradesim.methods.built import stem
from tradesim.pricing.function import function_problem


def wave(x, y):
    return np.sin(3.0 * x) * y


def scalar_wave(x, y):
    return math.sin(3.0 * x) * y if y > 0.0 else 0.0


POINTS = np.array([[0.1, 2.0], [0.5, 0.0], [0.9, 1.0]])


@pytest.mark.parametrize("f", [wave, scalar_wave, njit(wave), njit(scalar_wave), np.vectorize(scalar_wave)])
def test_arrays_scalars_and_compiled_functions_serve(f):
    problem = tradesim.function_problem(f, name="wave", x=(0.0, 1.0), y=(0.0, 2.0))
    np.testing.assert_allclose(problem.reference(POINTS), wave(*POINTS.T), rtol=1e-15)
    assert problem.domain.names == ("x", "y")
    assert problem.domain.fast == 1


def test_whole_columns_are_given_where_they_may_be():
    calls = []

    def counted(x):
        calls.append(np.ndim(x))
        return x * x

    problem = function_problem(counted, name="square", x=(0.0, 1.0))
    calls.clear()
    problem.reference(np.ones((1000, 1)))
    assert calls == [1]


def test_a_function_that_mixes_points_up_is_called_point_by_point():
    problem = function_problem(lambda x: x / np.max(x), name="largest", x=(1.0, 2.0))
    assert problem.reference(np.array([[1.0], [2.0]])).tolist() == [1.0, 1.0]


def test_a_constant_is_a_function():
    assert function_problem(lambda x: 3, name="three", x=(0, 1)).reference(np.zeros((2, 1))).tolist() == [3.0, 3.0]


def test_arguments_go_by_name_and_not_by_place():
    problem = function_problem(lambda a, b: a - b, name="less", b=(0.0, 1.0), a=(5.0, 6.0))
    assert problem.reference(np.array([[1.0, 6.0]])).tolist() == [5.0]


def test_a_function_without_a_signature_goes_by_place():
    problem = function_problem(np.arctan2, name="angle", y=(-1.0, 1.0), x=(0.5, 1.0))
    assert problem.reference(np.array([[1.0, 1.0]])).tolist() == [math.pi / 4]


def test_the_function_cannot_change_the_points():
    def greedy(x):
        x += 1.0
        return x

    points = np.zeros((2, 1))
    function_problem(greedy, name="greedy", x=(0.0, 1.0)).reference(points)
    assert not points.any()


def test_another_function_of_the_same_name_is_another_problem():
    def names(f, **box):
        return stem(function_problem(f, name="mine", **box), None)

    first = names(lambda x: x * x, x=(0.0, 1.0))
    assert first == names(lambda x: x**2, x=(0.0, 1.0))
    assert first != names(lambda x: x * x + 1e-9, x=(0.0, 1.0))
    assert first != names(lambda x: x * x, x=(0.0, 2.0))
    assert first.startswith("mine-v")


def fails_beyond(x, y):
    if x > 0.95:
        raise ZeroDivisionError("no such thing\nat all")
    return x


def nothing_at_the_corner(x, y):
    return None if x == 1.0 and y == 2.0 else x


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (fails_beyond, r"^mine\(x=1, y=0\) raises ZeroDivisionError: no such thing$"),
        (lambda x, y: math.log(x), r"^mine\(x=0, y=0\) raises ValueError: "),
        (lambda x, y: math.nan if y == 2.0 else x, r"^mine\(x=0, y=2\) is nan: it must be finite"),
        (lambda x, y: (x, y), r"^mine\(x=0, y=0\) returns an array of shape \(2,\): it must be one number$"),
        (nothing_at_the_corner, r"^mine\(x=1, y=2\) (is nan|returns None)"),
        (lambda x, y: "abc", r"^mine\(x=0, y=0\) returns 'abc': it must be a number"),
    ],
)
def test_what_a_function_must_not_do_is_told_with_its_point(f, message):
    with pytest.raises(ProblemError, match=message):
        function_problem(f, name="mine", x=(0.0, 1.0), y=(0.0, 2.0))


def test_a_fault_between_the_points_tried_is_told_when_it_is_met():
    hidden = 0.123456789
    f = lambda x: np.where(x == hidden, np.inf, x)  # noqa: E731
    problem = function_problem(f, name="mine", x=(0.0, 1.0))
    with pytest.raises(ProblemError, match=r"^mine\(x=0.123457\) is inf"):
        problem.reference(np.array([[0.5], [hidden]]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Mine"}, "name 'Mine': it becomes part of a file's"),
        ({"name": "../mine"}, "small letters"),
        ({"name": "m" * 41}, "at most 40"),
        ({"name": "american"}, "there is such a problem already"),
        ({"fast": 3}, "fast=3 of 2 inputs"),
        ({"fast": 0}, "fast=0 of 2 inputs"),
        ({"y": (1.0,)}, r"y=\(1.0,\): give the ends of its interval"),
        ({"y": 2.0}, "y=2.0: give the ends"),
        ({"y": (2.0, 1.0)}, "input 'y' from 2.0 to 1.0"),
        ({"z": (0.0, 1.0)}, "the box has x, y, z and the function takes x, y: use its names"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    asked = {"name": "mine", "x": (0.0, 1.0), "y": (0.0, 1.0)}
    with pytest.raises(ArgumentError, match=message):
        function_problem(wave, **(asked | changes))


def test_an_argument_without_a_side_is_named():
    with pytest.raises(ArgumentError, match="the box has x and the function takes x, y"):
        function_problem(wave, name="mine", x=(0.0, 1.0))
    with pytest.raises(ArgumentError, match="give a box of at least one"):
        function_problem(lambda: 1.0, name="mine")
