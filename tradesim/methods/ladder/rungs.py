"""What is known of the methods on a ladder: how wrong each is, and what its price takes here. Measured once, kept."""

import gc
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, thread_time_ns
from typing import Any, Final

import numpy as np

from tradesim.errors import StoreError
from tradesim.methods.built import error_of, stem, written_whole
from tradesim.methods.method import Fast
from tradesim.methods.staged import Staged, at_one_spot, prices_at
from tradesim.pricing.problem import Domain, Floats, Problem

QUANTILE: Final = 0.99
"""The share of calls of ``price`` that a stated time covers."""

CHAINS: Final = (8, 64)
"""Contracts of the two chains that are timed; between and beyond, time is linear in the contracts."""

CALLS: Final = 500
SECONDS: Final = 0.25
LEAST_CALLS: Final = 20
WARM_CALLS: Final = 20
"""At most so many calls and seconds a chain, but at least so many calls, after others that do not count."""

POINTS: Final = 256
"""Points of the domain at which errors are taken."""

SEED: Final = 0


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A method on the ladder.

    ``error``  root mean square over the domain, on a strike of 100 where there is one
    ``ns``     the stated quantile of what ``price`` takes, for each of ``CHAINS``
    """

    name: str
    error: float
    ns: tuple[float, float]

    def takes(self, contracts: int) -> float:
        """The stated time of ``price`` for a chain of so many contracts, ns."""
        (few, many), (short, long) = CHAINS, self.ns
        return max(short + (long - short) * (contracts - few) / (many - few), 0.0)


def rungs_path(home: Path, problem: Problem, names: tuple[str, ...]) -> Path:
    """Where the rungs of a ladder are kept, in a folder of ``home``."""
    return home / "ladders" / f"{stem(problem, ['rungs', names, CHAINS, QUANTILE, POINTS])}.json"


def build_rungs(problem: Problem, path: Path, methods: Mapping[str, Staged[Any]]) -> None:
    """Measure every method and write what was found, the most accurate first."""
    points = problem.domain.sample(POINTS, seed=SEED)
    truth, unit = problem.reference(points), problem.domain.in_units(points)
    rungs = [
        Rung(
            name=name,
            error=error_of(prices_at(method, points), truth, unit).rmse,
            ns=_times(problem.domain, method),
        )
        for name, method in methods.items()
    ]
    rungs.sort(key=lambda rung: rung.error)
    with written_whole(path) as part:
        part.write_text(json.dumps([asdict(rung) for rung in rungs], indent=2) + "\n", encoding="utf-8")


def load_rungs(path: Path) -> tuple[Rung, ...]:
    """The rungs kept at ``path``, the most accurate first; ``StoreError`` where they cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return tuple(
            Rung(name=rung["name"], error=rung["error"], ns=(float(rung["ns"][0]), float(rung["ns"][1])))
            for rung in found
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: cannot be read as a ladder ({error}); delete the file and build again") from error


def _times(domain: Domain, method: Staged[Any]) -> tuple[float, float]:
    few, many = (_nanoseconds(method, *_chain(domain, count)) for count in CHAINS)
    return few, many


def _chain(domain: Domain, contracts: int) -> tuple[Fast, Floats]:
    """Fast inputs, and slow ones of a chain spread over the inner four fifths of the box."""
    shares = 0.1 + 0.8 * np.random.default_rng(SEED).random((contracts, len(domain.inputs)))
    inputs = np.stack([each.at(shares[:, i]) for i, each in enumerate(domain.inputs)], axis=1)
    if domain.fast > 1:
        return inputs[0, : domain.fast].copy(), inputs[:, domain.fast :].copy()
    spot = float(inputs[0, 0])
    return spot, inputs[:, 1:].copy() if domain.unit is None else at_one_spot(domain, inputs, spot)[0]


def _nanoseconds(method: Staged[Any], fast: Fast, slow: Floats) -> float:
    """The stated quantile of what the fast half takes, ns of this thread: other work on the machine is not its own."""
    prepared, out = method.prepare(slow, fast), np.empty(len(slow))
    for _ in range(WARM_CALLS):
        method.evaluate(fast, prepared, out)
    found: list[int] = []
    was_on = gc.isenabled()
    gc.disable()
    try:
        until = perf_counter() + SECONDS
        while len(found) < CALLS and (len(found) < LEAST_CALLS or perf_counter() < until):
            began = thread_time_ns()
            method.evaluate(fast, prepared, out)
            found.append(thread_time_ns() - began)
    finally:
        if was_on:
            gc.enable()
    return float(np.quantile(found, QUANTILE))
