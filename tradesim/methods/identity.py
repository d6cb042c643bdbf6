"""What tells two handed-in methods apart: their code and what they hold, the same in every process."""

import hashlib
import re
import sys
import sysconfig
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np

INSTALLED: Final = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})
"""Where code is known by its name: it is no user's."""

ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")


def identity(*given: Any) -> str:
    """Sixteen hexadecimal digits that identify functions, classes, objects and what they refer to.

    Of a function its code, defaults and closure, and the functions, classes and values of its own module that it names;
    of a class its bases' too; of an object its attributes, arrays by their content.
    """
    digest = hashlib.blake2b(digest_size=8)
    seen: set[int] = set()
    for each in given:
        _feed(digest, each, seen)
    return digest.hexdigest()


def _feed(digest: Any, value: Any, seen: set[int]) -> None:
    digest.update(type(value).__name__.encode())
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        digest.update(repr(value).encode())
        return
    if isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    for part in _parts(value):
        _feed(digest, part, seen)


def _parts(value: Any) -> list[Any]:
    """What a value is made of, in an order that is the same in every process."""
    if isinstance(value, Mapping):
        return [part for key in sorted(value, key=repr) for part in (key, value[key])]
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, value.co_consts]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__]
    if isinstance(value, property):
        return [value.fget, value.fset]
    if isinstance(value, ModuleType):
        return [value.__name__]
    if isinstance(value, BuiltinFunctionType) or _is_installed(value):
        return [getattr(value, "__module__", ""), getattr(value, "__qualname__", ADDRESS.sub("", repr(value)))]
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
        named = {name: value.__globals__[name] for name in _names(value.__code__) if name in value.__globals__}
        return [value.__code__, value.__defaults__, value.__kwdefaults__, cells, named]
    if isinstance(value, type):
        own = {name: part for name, part in vars(value).items() if name not in {"__dict__", "__weakref__", "__doc__"}}
        return [value.__qualname__, *value.__bases__, own]
    held = dict(getattr(value, "__dict__", {}))
    held |= {name: getattr(value, name) for name in _slots(type(value)) if hasattr(value, name)}
    return [type(value), held or ADDRESS.sub("", repr(value))]


def _names(code: CodeType) -> list[str]:
    """The names that code and the code within it refer to."""
    inner = [name for each in code.co_consts if isinstance(each, CodeType) for name in _names(each)]
    return sorted({*code.co_names, *inner})


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _slots(kind: type) -> list[str]:
    slots = [getattr(base, "__slots__", ()) for base in kind.__mro__]
    return [name for each in slots for name in ((each,) if isinstance(each, str) else each)]


def _is_installed(value: Any) -> bool:
    """Whether a function or class is of Python, of an installed package or of this one."""
    if not isinstance(value, FunctionType | type):
        return False
    name = value.__module__ or ""
    place = getattr(sys.modules.get(name), "__file__", None)
    if name.partition(".")[0] in {"tradesim", "builtins"}:
        return True
    return name != "__main__" and place is not None and str(Path(place).parent).startswith(INSTALLED)


def bytes_of(value: Any, seen: set[int] | None = None) -> int:
    """Bytes of the arrays that a value holds: in sequences, mappings, attributes, closures and class attributes.

    ``seen`` are what was counted already: an array that is held twice counts once.
    """
    seen = set() if seen is None else seen
    if isinstance(value, np.ndarray):
        owner = value.base if isinstance(value.base, np.ndarray) else value
        if id(owner) in seen:
            return 0
        seen.add(id(owner))
        return owner.nbytes
    if id(value) in seen or isinstance(value, str | int | float | ModuleType):
        return 0
    seen.add(id(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        held: list[Any] = [*value.values()] if isinstance(value, Mapping) else list(value)
        return sum(bytes_of(each, seen) for each in held)
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
        return sum(bytes_of(each, seen) for each in (*cells, *(value.__defaults__ or ())))
    if isinstance(value, partial | MethodType | staticmethod | classmethod):
        return sum(bytes_of(each, seen) for each in _parts(value))
    if isinstance(value, type):
        return 0 if _is_installed(value) else sum(bytes_of(each, seen) for each in vars(value).values())
    attributes = [getattr(value, name) for name in _slots(type(value)) if hasattr(value, name)]
    attributes += [*getattr(value, "__dict__", {}).values(), type(value)]
    return sum(bytes_of(each, seen) for each in attributes)
