"""Which method is asked for, within which memory, with which options: said once, as text or as a value.

=========================  ==========================================================================
``grid``                   a method of ours, or of an installed package
``grid@64KiB``             within a memory budget
``ladder:50us``            with what the method takes behind its name
``pricer.py:Mine``         what ``Mine`` is in a Python file: a function, a class or an object
``package.module:Mine``    the same of a module
``model.txt``              trees that LightGBM has written; or ``model.onnx``
=========================  ==========================================================================
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from tradesim.errors import ArgumentError
from tradesim.methods.entry import Entry
from tradesim.methods.handed import entry_of_value
from tradesim.methods.identity import identity
from tradesim.methods.model_files import SUFFIXES, ModelFile, content
from tradesim.units import formatted_memory, memory
from tradesim.user_code import load_file, load_module

BUDGET: Final = re.compile(r"(?P<what>.+)@(?P<budget>[^@/\\]+)")
COLUMNS: Final = re.compile(rf"(?P<path>.+({'|'.join(map(re.escape, SUFFIXES))}))(:(?P<columns>[\w+]+))?")
CODE: Final = re.compile(r"(?P<place>.+):(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True, kw_only=True)
class MethodSpec:
    """A method that is asked for. Another process finds its entry again.

    ``name``     of the method; where it was handed in, of what it is
    ``label``    what it is called in every table; unique in a comparison
    ``budget``   bytes that it may keep; None: what is usual for it
    ``options``  what else it takes, by name: a ladder's deadline (ns), the error that ``inexact`` lays on
    ``given``    what was handed in: a function, class or object, or the place of one as text; None: ``name`` says all
    ``key``      the identity of what was handed in, its code and what it holds
    """

    name: str
    label: str
    budget: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    given: Any = None
    key: str = ""

    def __str__(self) -> str:
        return self.label

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "entry"}

    @cached_property
    def entry(self) -> Entry:
        """How it is made."""
        if self.given is None:
            from tradesim.methods.registry import methods

            return methods()[self.name]
        value = _loaded(self.given, self.key) if isinstance(self.given, str) else self.given
        return entry_of_value(value, self.label, self.key)


Given = Any
"""A method as people give it: text, a spec, a function, a class or an object."""


def method(given: Given, *, budget: int | str | None = None, label: str | None = None, **options: Any) -> MethodSpec:
    """The method that ``given`` is: its name with what stands behind it, a function, a class, an object, a model file.

    ``budget``   the memory that it may keep, bytes or ``64KiB``
    ``label``    what tables call it
    ``options``  what else it takes, by name: ``error=0.01`` of ``inexact``, ``deadline`` (ns) of ``ladder``

    Raises :class:`~tradesim.errors.ArgumentError` for one that there is not, and for what it does not take.

    >>> method("memo@64KiB") == method("memo", budget="64KiB"), method("memo@64KiB").budget
    (True, 65536)
    """
    spec = given if isinstance(given, MethodSpec) else _parsed(given) if isinstance(given, str) else _handed(given)
    if options:
        spec = _with_options(spec, options)
    if budget is not None:
        spec = _within(spec, memory(budget) if isinstance(budget, str) else budget)
    return spec if label is None else replace(spec, label=label)


def specs(given: Iterable[Given]) -> tuple[MethodSpec, ...]:
    """The spec of each method; ``ArgumentError`` where there is none, or two have one label."""
    found = tuple(method(each) for each in ([given] if isinstance(given, str) else given))
    labels = [spec.label for spec in found]
    if not found or len(set(labels)) < len(labels):
        raise ArgumentError(
            f"methods {', '.join(labels) or '(none)'}: give at least one, and none twice (tradesim.method(..., label=) "
            "gives another name)"
        )
    return found


def _parsed(text: str) -> MethodSpec:
    from tradesim.methods.registry import methods

    budgeted = BUDGET.fullmatch(text)
    what = budgeted["what"] if budgeted else text
    name, *stated = what.split(":")
    if name in methods():
        try:
            spec = MethodSpec(name=name, label=what, options=methods()[name].options(stated))
        except ArgumentError as error:
            raise ArgumentError(f"method {text!r}: {error}") from None
    elif file := COLUMNS.fullmatch(what):
        columns = tuple(file["columns"].split("+")) if file["columns"] else ()
        path = Path(file["path"]).absolute()
        key = identity(content(path), columns)
        spec = MethodSpec(name=path.name, label=path.stem, given=ModelFile(path, columns), key=key)
    elif code := CODE.fullmatch(what):
        place, name = code["place"], code["name"]
        if place.endswith(".py"):
            place = str(Path(place).absolute())
            key = identity(Path(place).read_bytes() if Path(place).is_file() else b"", name)
        else:
            key = identity(_loaded(f"{place}:{name}", ""))
        spec = MethodSpec(name=name, label=name, given=f"{place}:{name}", key=key)
        _ = spec.entry
    else:
        meant = get_close_matches(name, methods(), 1)
        raise ArgumentError(
            f"method {text!r}: there is no such method{f'; did you mean {meant[0]}?' if meant else ''}; choose from "
            f"{', '.join(methods())}, or hand in yours: pricer.py:Mine"
        )
    return _within(spec, memory(budgeted["budget"])) if budgeted else spec


def _handed(given: Any) -> MethodSpec:
    name = getattr(given, "__name__", None) or getattr(given, "name", None) or type(given).__name__
    spec = MethodSpec(name=str(name), label=str(name), given=given, key=identity(given))
    _ = spec.entry
    return spec


def _with_options(spec: MethodSpec, options: Mapping[str, Any]) -> MethodSpec:
    unknown = [name for name in options if name not in spec.options]
    if unknown:
        takes = f"it takes {', '.join(spec.options)}" if spec.options else "it takes none"
        raise ArgumentError(f"method {spec.label!r} has no option {unknown[0]}: {takes}")
    stated = ",".join(f"{name}={value}" for name, value in options.items())
    return replace(spec, label=f"{spec.label}({stated})", options={**spec.options, **options})


def _within(spec: MethodSpec, budget: int) -> MethodSpec:
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise ArgumentError(f"budget {budget!r} of method {spec.label!r}: it is bytes, at least 1, or as in 64KiB")
    if not spec.entry.budgets and (spec.given is None or spec.entry.build is None):
        raise ArgumentError(f"method {spec.label!r} has no memory budget; leave out @{formatted_memory(budget)}")
    return replace(spec, label=f"{spec.label.partition('@')[0]}@{formatted_memory(budget)}", budget=budget)


@cache
def _loaded(place: str, key: str) -> Any:
    """What a file or module defines under a name; loaded once per process and content, which ``key`` tells."""
    module, _, name = place.rpartition(":")
    loaded = load_file(module, kind="method", defines=name) if module.endswith(".py") else load_module(module)
    if not hasattr(loaded, name):
        raise ArgumentError(f"method {place}: {Path(module).name} defines no {name}; name a function or class of it")
    return getattr(loaded, name)
