"""The best tables of the american problem within 1 MiB, and how the errors of grids and series fall with memory."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figure import Figure, seconds_of
from grid import CHAIN, rmse_of, slow_at

from tradesim.methods.chebyshev.method import Chebyshev
from tradesim.methods.grid.method import Grid
from tradesim.methods.registry import make_method
from tradesim.methods.staged import prices_at
from tradesim.pricing import PROBLEMS
from tradesim.units import formatted_memory

TRIED = {
    "american": ("grid@1MiB", "grid-linear@1MiB", "grid@64KiB", "chebyshev@4KiB", "chebyshev@16KiB", "chebyshev@64KiB"),
    "european": ("grid@16KiB", "grid@1MiB", "grid-linear@1MiB", "chebyshev@1KiB", "chebyshev@4KiB"),
}


def figures() -> Iterable[Figure]:
    """One a table; the bar is of those of the american problem that a MiB holds."""
    with TemporaryDirectory() as folder:
        for problem, names in TRIED.items():
            yield from (table_figure(problem, name, Path(folder)) for name in names)


def table_figure(name: str, text: str, home: Path) -> Figure:
    """Error and speed of one table, a chain of 40 from raw inputs."""
    problem = PROBLEMS[name]
    method = make_method(text, problem, home)
    assert isinstance(method, Grid | Chebyshev)
    method.open()
    inputs = problem.domain.sample(20_000, seed=1)
    rmse = rmse_of(prices_at(method, inputs), problem.reference(inputs))
    noted, out = method.prepare(slow_at(inputs, CHAIN), 100.0), np.empty(CHAIN)
    (seconds,) = seconds_of(lambda: method.evaluate(100.0, noted, out))
    held = method.grid.nodes.nbytes if isinstance(method, Grid) else method.built.series.nbytes
    barred = name == "american" and isinstance(method, Grid)
    return Figure(
        what=f"{name} full, {text}",
        measured=(
            f"rmse {rmse:.1e}, {seconds / CHAIN * 1e9:.0f} ns an option, {formatted_memory(held)}; built in "
            f"{method.build_cost.seconds:.1f} s, {method.build_cost.evaluations} evaluations"
        ),
        bar="rmse 1e-3 within 1 MiB" if barred else "",
        reached=rmse <= 1e-3 and held <= 2**20 if barred else None,
    )
