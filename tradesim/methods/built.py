"""Files that are built once and kept: named by what they are of, written whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradesim.pricing.problem import Floats, Problem


@dataclass(frozen=True, kw_only=True)
class ErrorOfBuild:
    """Error of what was built against the reference, on a strike of 100 where there is one, over held-out points."""

    count: int
    rmse: float
    p99: float
    largest: float


def error_of(prices: Floats, reference: Floats, unit: Floats) -> ErrorOfBuild:
    """The error of ``prices`` in the money of the domain (:meth:`~tradesim.pricing.problem.Domain.in_units`)."""
    error = np.abs(prices - reference) * unit
    return ErrorOfBuild(
        count=len(error),
        rmse=float(np.sqrt(np.mean(error**2))),
        p99=float(np.quantile(error, 0.99)),
        largest=float(error.max()),
    )


def fingerprint(terms: object) -> str:
    """Twelve hexadecimal digits that identify ``terms``, anything that JSON can hold."""
    return hashlib.blake2b(json.dumps(terms, sort_keys=True).encode(), digest_size=6).hexdigest()


def digest(*arrays: NDArray[Any]) -> str:
    """Thirty-two hexadecimal digits that identify the content of arrays."""
    content = hashlib.blake2b(digest_size=16)
    for array in arrays:
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def stem(problem: Problem, terms: object) -> str:
    """Name of what is built for ``problem`` by ``terms``: another version, domain or term gives another name."""
    return f"{problem.name}-v{problem.version}-{fingerprint([asdict(problem.domain), terms])}"


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes ``path`` when the block ends well and is removed when it does not.

    It is this process's own: of two that build the same file, the last to end well is kept, and each finds a whole one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    _remove(part)
    try:
        yield part
        part.replace(path)
    finally:
        _remove(part)


def _remove(part: Path) -> None:
    for leftover in (part, part.with_name(f"{part.name}.wal")):
        leftover.unlink(missing_ok=True)
