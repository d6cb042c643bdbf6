"""What a run says of itself: its configuration as JSON, the hash that names it, the versions and the host it ran on."""

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tradesim.methods.spec import MethodSpec


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it; an array becomes its hash, a path only its file's name.

    Dataclasses keep their name under ``kind``, and leave out fields of their own (``_name``).
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Path():
            return value.name
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case MethodSpec(given=None):
            return value.label
        case MethodSpec():
            return {"method": value.label, "key": value.key}
        case np.ndarray():
            return {"kind": "array", "hash": hashlib.blake2b(value.tobytes(), digest_size=8).hexdigest()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            public = [f.name for f in fields(value) if not f.name.startswith("_")]
            return {"kind": type(value).__name__, **{name: plain(getattr(value, name)) for name in public}}
        case _ if callable(value):
            return _named(value)
        case _ if repr(value) == object.__repr__(value):
            return {"kind": type(value).__name__}
    return str(value)


def _named(function: Any) -> str:
    """A function by its name and its code, which are the same in every process."""
    code = getattr(function, "__code__", None)
    text = repr((code.co_code, code.co_consts, code.co_names)) if code is not None else ""
    digest = hashlib.blake2b(re.sub(r" at 0x[0-9a-f]+", "", text).encode(), digest_size=6).hexdigest()
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', function)}:{digest}"


def fingerprint(value: Any) -> str:
    """Twelve hexadecimal digits that identify a configuration."""
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def versions() -> dict[str, str]:
    """Of Python and of the packages that a result depends on."""
    packages = ("tradesim", "numpy", "numba", "polars", "duckdb", "lightgbm", "simpy", "scipy")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def host() -> dict[str, Any]:
    """The machine that latencies are measured on."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "caches": _caches(),
    }


def _caches() -> dict[str, int]:
    """Bytes of each level of cache for data that a core has, by its name (L1, L2, L3); empty where none is known."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind, level, size = ((index / name).read_text().strip() for name in ("type", "level", "size"))
        except OSError:
            continue
        if kind != "Instruction" and size.endswith("K"):
            found[f"L{level}"] = int(size[:-1]) * 1024
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
