"""A user's own function as a problem: ``f(x1 .. xd)`` on a box, to be computed, looked up or learned."""

import hashlib
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final

import numpy as np

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing.problem import Domain, Floats, Input, Problem

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST: Final = 40
"""Characters of a name: it becomes part of a file's."""
TRIED: Final = 256
CORNERS: Final = 32
"""Points on which a function is tried and told from others, and how many of them are corners of the box, at most."""


def function_problem(f: Callable[..., Any], /, *, name: str, fast: int = 1, **box: tuple[float, float]) -> Problem:
    """The problem of answering ``f`` anywhere in a box; every method that asks nothing of a problem can serve it.

    ``f``     from numbers to a number, or from arrays of one length to an array: whole columns are given to it where
              that yields what it yields point by point. Compiled by numba or not.
    ``name``  small letters, digits and single hyphens, at most 40, and no other problem's: it becomes part of a file's
    ``fast``  how many of the inputs, the first ones of the box, move with every tick
    ``box``   ``argument=(low, high)`` for each argument of ``f``

    The problem's version is a number made of what ``f`` returns at 256 points of the box, so that what was built for
    one function is not taken for another of the same name. A change that shows at none of them needs another name.

    ``ArgumentError`` where an argument breaks its rule; ``ProblemError`` names the point at which ``f`` raises, or
    returns anything but a finite number.

    >>> from pathlib import Path
    >>> from tradesim.methods.registry import make_method
    >>> def smile(moneyness, expiry):
    ...     return 0.2 + 0.1 * moneyness**2 / (0.1 + expiry)
    >>> problem = function_problem(smile, name="smile", moneyness=(-1.0, 1.0), expiry=(0.05, 2.0))
    >>> problem.reference(np.array([[0.0, 1.0], [-1.0, 0.9]])).round(6).tolist()
    [0.2, 0.3]
    >>> round(make_method("analytic", problem, Path()).value(moneyness=0.5, expiry=0.4), 6)
    0.25
    """
    _check_name(name)
    if not box or not (isinstance(fast, int) and 1 <= fast <= len(box)):
        raise ArgumentError(f"fast={fast} of {len(box)} inputs: give a box of at least one, and 1 to all of them fast")
    domain = Domain(inputs=tuple(_input(each, ends) for each, ends in box.items()), fast=fast)
    points = _tried(domain)
    given = Given(name=name, arguments=domain.names, call=_by_name(f, domain.names))
    apart = given.one_by_one(points)
    reference = given.at_once if given.takes_columns(points, apart) else given.one_by_one
    version = int.from_bytes(hashlib.blake2b(apart.tobytes(), digest_size=5).digest())
    return Problem(name=name, version=version, domain=domain, reference=reference)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A user's function, called so that what goes wrong is told with its point.

    ``call``  from the arguments in the order of ``arguments``
    """

    name: str
    arguments: tuple[str, ...]
    call: Callable[..., Any]

    def one_by_one(self, inputs: Floats) -> Floats:
        """Its values at points float64[n, d], each asked for alone."""
        return np.array([self._value(point) for point in inputs.tolist()], dtype=np.float64)

    def at_once(self, inputs: Floats) -> Floats:
        """Its values at points float64[n, d], all in one call; if that fails point by point, to say at which."""
        found = self._columns(inputs)
        return found if np.isfinite(found).all() and len(found) == len(inputs) else self.one_by_one(inputs)

    def takes_columns(self, inputs: Floats, apart: Floats) -> bool:
        """Whether whole columns give what single points do, ``apart``, but for rounding."""
        found = self._columns(inputs)
        least = 1e-12 * float(np.abs(apart).max())
        return len(found) == len(apart) and np.allclose(found, apart, rtol=1e-12, atol=least)

    def _columns(self, inputs: Floats) -> Floats:
        """Its values from whole columns; none where it does not take them or returns anything but one a point."""
        try:
            found = np.asarray(self.call(*(column.copy() for column in inputs.T)), dtype=np.float64)
        except Exception:
            return np.empty(0)
        return found if found.shape == (len(inputs),) else np.empty(0)

    def _value(self, point: Sequence[float]) -> float:
        try:
            found = self.call(*point)
        except Exception as error:
            raise ProblemError(f"{self._at(point)} raises {type(error).__name__}: {_line(error)}") from error
        try:
            value = np.asarray(found, dtype=np.float64)
        except (TypeError, ValueError):
            raise ProblemError(f"{self._at(point)} returns {found!r:.60}: it must be a number") from None
        if value.size != 1:
            raise ProblemError(f"{self._at(point)} returns an array of shape {value.shape}: it must be one number")
        if not np.isfinite(value).all():
            raise ProblemError(f"{self._at(point)} is {value.item()}: it must be finite; mend it, or narrow the box")
        return float(value.item())

    def _at(self, point: Sequence[float]) -> str:
        return f"{self.name}({', '.join(f'{name}={x:.6g}' for name, x in zip(self.arguments, point, strict=True))})"


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _check_name(name: str) -> None:
    from tradesim.pricing import PROBLEMS

    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise ArgumentError(
            f"name {name!r}: it becomes part of a file's, so give it small letters, digits and single hyphens, "
            f"a letter first, at most {LONGEST}"
        )
    if name in PROBLEMS:
        raise ArgumentError(f"name {name!r}: there is such a problem already; choose another name")


def _input(name: str, ends: tuple[float, float]) -> Input:
    try:
        low, high = map(float, ends)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name}={ends!r}: give the ends of its interval, (low, high)") from None
    return Input(name=name, low=low, high=high)


def _by_name(f: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """``f`` called by keyword, so that the order of the box is free; by place where it knows no keywords."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return f
    if any(each.kind in {each.POSITIONAL_ONLY, each.VAR_POSITIONAL} for each in parameters):
        return f
    known = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
    needed = {each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD}
    open_ended = any(each.kind is each.VAR_KEYWORD for each in parameters)
    if not needed <= set(names) or not (open_ended or set(names) <= set(known)):
        raise ArgumentError(f"the box has {', '.join(names)} and the function takes {', '.join(known)}: use its names")
    return lambda *point: f(**dict(zip(names, point, strict=True)))


def _tried(domain: Domain) -> Floats:
    """Corners of the box, and points spread over it."""
    corners = np.array(list(islice(product(*((each.low, each.high) for each in domain.inputs)), CORNERS)))
    return np.concatenate([corners, domain.sample(TRIED - len(corners), seed=1)])
