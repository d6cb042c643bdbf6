"""Learn: a multilayer perceptron."""

from pathlib import Path
from typing import Final

from tradesim.methods.curve import slice_of
from tradesim.methods.entry import Entry
from tradesim.methods.network.method import NetworkMethod
from tradesim.methods.network.store import NetworkSpec, network_path
from tradesim.pricing.problem import Problem
from tradesim.progress import Progress
from tradesim.units import memory

NETWORK: Final = NetworkSpec()


def _build(problem: Problem, path: Path, budget: int | None, progress: Progress) -> None:
    from tradesim.methods.network.training import build_network

    build_network(problem, path, NETWORK.within(budget), progress)


_NETWORK: Final = Entry(
    says="multilayer perceptron that learned the difference from the proxy",
    make=lambda problem, path, _: NetworkMethod(problem, path),
    path=lambda home, problem, budget: network_path(home, problem, NETWORK.within(budget)),
    build=_build,
    budgets=tuple(memory(size) for size in ("4KiB", "8KiB", "32KiB")),
)

ENTRIES: Final = {"network": _NETWORK, "network-slice": slice_of(_NETWORK)}
