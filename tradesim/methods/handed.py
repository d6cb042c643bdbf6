"""Methods that are handed in: a function, a class, an object, or a file of a trained model.

A *function* takes inputs of the problem by their names, and returns the prices of all contracts::

    def price(spot, strike, expiry, volatility, rate, dividend, right):
        return ...

A *class* (or an object of it) splits the work, as the contract of a method has it::

    class Mine:
        def prepare(self, inputs):  # when slow inputs move: inputs.strike, inputs.expiry, ... and inputs.spot
            return ...  # whatever evaluate needs

        def evaluate(self, spot, prepared, out):  # at each decision
            out[:] = ...  # the price of every contract

It may be built first: ``build(problem, budget, progress)`` returns arrays by name, which are kept in the data home and
are ``self.artefact`` of every object afterwards. ``nbytes``, if it has it, is the memory that it keeps. A subclass of
:class:`~tradesim.methods.method.Method` is a method as ours are, made from a problem.

``spot`` is a float (of a basket float64[d]); the others are float64[n], with ``right`` +1 for a call and -1 for a put.
Contracts that have expired are priced by the solver, and are not among the ``n``.
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError, TradesimError
from tradesim.methods.arrays import Arrays, load_arrays, save_arrays
from tradesim.methods.built import stem
from tradesim.methods.entry import Entry
from tradesim.methods.fallback import Fallback
from tradesim.methods.identity import bytes_of
from tradesim.methods.method import BuildCost, Fast, Method
from tradesim.methods.staged import HIT, Prepared, Staged, alive
from tradesim.pricing.problem import Floats, Problem
from tradesim.progress import Progress
from tradesim.user_code import said

FAILS: Final = "mend it there"


@dataclass(frozen=True, kw_only=True, eq=False)
class Held(Prepared):
    """What a handed-in object made of the slow inputs (``of``) of the contracts that are ``alive``, int64[k].

    ``values``  float64[k], where it writes their prices if others have expired
    """

    of: Any
    alive: NDArray[np.int64]
    values: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays, of whatever it prepared, and of the fallback's."""
        return super().nbytes + bytes_of(self.of)


class Handed(Staged[Held]):
    """An object with ``prepare`` and ``evaluate``, asked as a method of ours is, and held to what it must answer."""

    def __init__(self, problem: Problem, own: Any, name: str, path: Path | None = None) -> None:
        super().__init__()
        self.problem, self.name = problem, name
        self.own, self._path = own, path
        self._cost = BuildCost()
        self._fallback: Fallback | None = None

    def open(self) -> None:
        """Give the object what was built for it."""
        if self._path is not None and not hasattr(self.own, "artefact"):
            about, self.own.artefact = load_arrays(self._path, f"artefact of {self.name}")
            self._cost = BuildCost(**about["cost"])

    def prepare(self, slow: Floats, anchor: Fast) -> Held:
        """The object's slow half for all contracts that have not expired; the solver's for those that have."""
        domain = self.problem.domain
        living = alive(domain, slow)
        names = domain.names
        columns = np.ascontiguousarray(slow[living].T)
        columns.flags.writeable = False
        inputs = SimpleNamespace(**dict(zip(names[domain.fast :], columns, strict=True)))
        inputs.spot = anchor
        dead = np.flatnonzero(~living)
        return Held(
            rows=slow,
            of=self._asked("prepare", self.own.prepare, inputs) if living.any() else None,
            alive=np.flatnonzero(living),
            values=np.empty(int(living.sum())),
            outside=dead,
            fallback=self._solver.rows(slow[dead]) if len(dead) else np.empty((0, 0)),
        )

    def evaluate(self, fast: Fast, prepared: Held, out: Floats) -> str:
        """The object's fast half; ``ArgumentError`` where it fails, or a price is missing or no number."""
        if not len(prepared.outside):
            return self._ask(fast, prepared.of, out)
        tag = HIT
        if len(prepared.alive):
            tag = self._ask(fast, prepared.of, prepared.values)
            out[prepared.alive] = prepared.values
        self._solver.overwrite(fast, prepared, out)
        return tag

    def _ask(self, fast: Fast, of: Any, out: Floats) -> str:
        out[:] = np.nan
        tag = self._asked("evaluate", self.own.evaluate, fast, of, out)
        wrong = first_unknown(out)
        if wrong >= 0:
            raise ArgumentError(
                f"method {self.name}: the price of contract {wrong} of {len(out)} is {out[wrong]} at spot {fast}; "
                "evaluate writes a number for every contract into out"
            )
        return tag if isinstance(tag, str) else HIT

    def _asked(self, what: str, function: Callable[..., Any], *given: Any) -> Any:
        try:
            return function(*given)
        except TradesimError:
            raise
        except Exception as error:
            raise ArgumentError(f"method {self.name}: {what} fails: {said(error)}; {FAILS}") from error

    @property
    def _solver(self) -> Fallback:
        if self._fallback is None:
            self._fallback = Fallback(self.problem)
        return self._fallback

    @property
    def nbytes(self) -> int:
        """What the object says, or the bytes of its arrays, and of what it prepared."""
        stated = getattr(self.own, "nbytes", None)
        if isinstance(stated, Integral):
            return super().nbytes + int(stated)
        seen: set[int] = set()
        prepared = 0 if self._prepared is None else bytes_of(self._prepared, seen)
        return prepared + bytes_of(self.own, seen)

    @property
    def build_cost(self) -> BuildCost:
        """What its ``build`` cost."""
        self.open()
        return self._cost


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A function of all inputs as an object with ``prepare`` and ``evaluate``."""

    function: Callable[..., Any]
    names: tuple[str, ...]
    """The inputs that it takes, in order."""
    by_name: bool = True
    """Whether it takes them by their names."""

    def prepare(self, inputs: SimpleNamespace) -> dict[str, Any]:
        """The slow inputs that it takes."""
        return {name: getattr(inputs, name) for name in self.names}

    def evaluate(self, spot: Fast, prepared: dict[str, Any], out: Floats) -> None:
        """Call it; ``ArgumentError`` where it returns anything but a price per contract."""
        if "spot" in prepared:
            prepared["spot"] = spot
        prices = np.asarray(self.function(**prepared) if self.by_name else self.function(*prepared.values()))
        if prices.shape != out.shape or prices.dtype.kind not in "fiub":
            raise ArgumentError(
                f"function {name_of(self.function)} returns {prices.dtype}{list(prices.shape)}; it returns the prices "
                f"of all {len(out)} contracts, float64[{len(out)}]"
            )
        out[:] = prices


def whole(function: Callable[..., Any], problem: Problem) -> Whole:
    """``function`` for ``problem``; ``ArgumentError`` where it takes what is no input of it.

    One that does not say what it takes, such as of a C library, takes all inputs in their order.
    """
    domain = problem.domain
    names = ("spot", *domain.names[domain.fast :])
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return Whole(function=function, names=names, by_name=False)
    taken = tuple(each.name for each in parameters if each.name in names)
    unknown = [each for each in parameters if each.name not in names and each.default is each.empty]
    if unknown:
        raise ArgumentError(
            f"function {name_of(function)} takes {unknown[0].name}; the inputs of problem {problem.name!r} are "
            f"{', '.join(names)}"
        )
    positional = any(each.kind is each.POSITIONAL_ONLY for each in parameters)
    bound = function.keywords if isinstance(function, partial) else {}
    return Whole(function=function, names=tuple(name for name in taken if name not in bound), by_name=not positional)


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called in messages."""
    return str(getattr(function, "__name__", type(function).__name__))


def entry_of_value(given: Any, name: str, key: str) -> Entry:
    """How a function, class or object that is called ``name`` is made; ``ArgumentError`` for anything else.

    What it builds is kept under ``key``, its identity, the problem and the budget.
    """
    if isinstance(given, Entry):
        return given
    says = (inspect.getdoc(given) or "handed in").splitlines()[0]
    if isinstance(given, Method) or (isinstance(given, type) and issubclass(given, Method)):
        return Entry(says=says, make=lambda problem, *_: _method(given, problem, name))
    kind = given if isinstance(given, type) else type(given)
    if callable(getattr(kind, "prepare", None)) and callable(getattr(kind, "evaluate", None)):
        builds = callable(getattr(kind, "build", None))
        return Entry(
            says=says,
            make=lambda problem, path, _: Handed(problem, _object(given, name), name, path if builds else None),
            path=(
                (lambda home, problem, budget: home / "handed" / f"{kind.__name__}-{stem(problem, [key, budget])}.npz")
                if builds
                else None
            ),
            build=(lambda *asked: _build(given, name, *asked)) if builds else None,
        )
    if callable(given):
        return Entry(says=says, make=lambda problem, *_: Handed(problem, whole(given, problem), name))
    raise ArgumentError(
        f"method {str(given)[:40]}: it is a {kind.__name__}; hand in a function of the inputs, a class with prepare "
        "and evaluate, an object of one, or a subclass of tradesim.Method"
    )


def _method(given: Any, problem: Problem, name: str) -> Method:
    made: Method = given(problem) if isinstance(given, type) else _copied(given, name)
    made.problem = problem
    return made


def _object(given: Any, name: str) -> Any:
    """An object of its own for one chain."""
    if not isinstance(given, type):
        return _copied(given, name)
    try:
        return given()
    except TypeError as error:
        raise ArgumentError(f"method {name}: {error}; hand in an object where the class needs arguments") from error


def _copied(given: Any, name: str) -> Any:
    try:
        return copy.deepcopy(given)
    except Exception as error:
        raise ArgumentError(
            f"method {name}: it cannot be copied ({said(error)}), and each chain has one of its own; hand in its class"
        ) from error


def _build(given: Any, name: str, problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    asked = 0

    def counted(inputs: Floats) -> Floats:
        nonlocal asked
        asked += len(inputs)
        return problem.reference(inputs)

    began = perf_counter()
    progress(0, 1, f"building {name}")
    try:
        artefact = _object(given, name).build(replace(problem, reference=counted), budget, progress)
    except TradesimError:
        raise
    except Exception as error:
        raise ArgumentError(f"method {name}: build fails: {said(error)}; {FAILS}") from error
    progress(1, 1, f"building {name}")
    if not isinstance(artefact, Mapping) or not all(isinstance(each, np.ndarray) for each in artefact.values()):
        raise ArgumentError(f"method {name}: build returns {type(artefact).__name__}; it returns arrays by name")
    arrays: Arrays = {str(key): value for key, value in artefact.items()}
    save_arrays(path, {"cost": {"seconds": perf_counter() - began, "evaluations": asked}}, arrays)


@njit(cache=True, error_model="numpy")
def first_unknown(values: Floats) -> int:
    """The first place of a value that is no finite number; -1 where all are."""
    for i in range(len(values)):
        if not np.isfinite(values[i]):
            return i
    return -1
