"""Approximate: a tensor Chebyshev series, thinned out to a memory budget."""

from typing import Final

from tradesim.methods.chebyshev.build import SeriesSpec, build_series, refusal, series_path
from tradesim.methods.chebyshev.method import Chebyshev
from tradesim.methods.curve import slice_of
from tradesim.methods.entry import Entry

SERIES_BYTES: Final = (2**10, 2**12, 2**14, 2**16)
"""Beyond, a series takes longer than a solver."""


def _spec(budget: int | None) -> SeriesSpec:
    return SeriesSpec() if budget is None else SeriesSpec(budget=budget)


_SERIES: Final = Entry(
    says="tensor Chebyshev series, thinned out",
    make=lambda problem, path, _: Chebyshev(problem, path),
    path=lambda home, problem, budget: series_path(home, problem, _spec(budget)),
    build=lambda problem, path, budget, progress: build_series(problem, path, _spec(budget), progress),
    budgets=SERIES_BYTES,
    refuses=refusal,
)

ENTRIES: Final = {"chebyshev": _SERIES, "chebyshev-slice": slice_of(_SERIES)}
