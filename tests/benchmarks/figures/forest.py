"""Forests: asked by the compiled kernel beside LightGBM's own C API and ``Booster.predict``; their error by variant."""

import ctypes
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from figure import Figure, seconds_of
from lightgbm.basic import _LIB

from tradesim.methods.lightgbm.forest import forest_values, workspace_of
from tradesim.methods.lightgbm.spec import PLAIN, SHAPED, ForestSpec, Leaf, Target, forest_spec
from tradesim.methods.lightgbm.store import BuiltForest, load_forest
from tradesim.methods.lightgbm.training import build_forest
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.units import memory

PROBLEM = PROBLEMS["american"]
CHAIN = 40
FLOAT64 = 1
ROW_MAJOR = 1
SINGLE_THREAD = ctypes.c_char_p(b"num_threads=1")

SHORT: Any = {"rounds": 201, "least": 3e-4}
"""Readings shorter than a time slice, so that most of them are undisturbed on a shared machine."""


def figures() -> Iterable[Figure]:
    """Speed at 200 x 63, then errors of the variants and within budgets."""
    with tempfile.TemporaryDirectory() as folder:
        for spec in (SHAPED, replace(SHAPED, leaf=Leaf.CONSTANT, bins=256)):
            built, path = _built(spec, Path(folder))
            yield from _speeds(built, path, spec)
        yield _variants(Path(folder))
        for target in Target:
            yield _budgets(target, Path(folder))


def _built(spec: ForestSpec, folder: Path) -> tuple[BuiltForest, Path]:
    path = folder / f"{abs(hash(spec))}.txt"
    if not path.is_file():
        build_forest(PROBLEM, path, spec)
    return load_forest(path, PROBLEM, spec.target.scaling(PROBLEM)), path


def _speeds(built: BuiltForest, path: Path, spec: ForestSpec) -> Iterator[Figure]:
    scaling, domain = spec.target.scaling(PROBLEM), PROBLEM.domain
    features, _ = scaling.features_and_terms(domain, domain.sample(CHAIN, seed=3))
    booster = lightgbm.Booster(model_file=str(path))
    library = Library(booster, features)
    workspace, out = workspace_of(built.forest), np.empty(CHAIN)

    def chain() -> None:
        forest_values(built.forest, workspace, features, out)

    rows = cycle([(features[i : i + 1], out[i : i + 1]) for i in range(CHAIN)])

    def one() -> None:
        forest_values(built.forest, workspace, *next(rows))

    many, _ = scaling.features_and_terms(domain, domain.sample(5_000, seed=4))
    values = np.empty(len(many))
    forest_values(built.forest, workspace, many, values)
    apart = np.abs(values - booster.predict(many, num_threads=1)).max()
    name = f"{spec.trees}x{spec.leaves}, {spec.leaf} leaves"
    ours, matrix, fast, predict = seconds_of(
        chain, library.matrix, library.each_row_fast, lambda: booster.predict(features, num_threads=1), **SHORT
    )
    yield Figure(
        what=f"lightgbm {name}, {CHAIN}-option chain",
        measured=f"{ours * 1e6:.1f} us; C API whole matrix {matrix / ours:.1f}x, row by row with FastConfig "
        f"{fast / ours:.1f}x, Booster.predict {predict / ours:.1f}x as long; values within {apart:.0e} on 5,000 rows",
        bar=">= 2x faster than each, equal within 1e-12",
        reached=min(matrix, fast, predict) >= 2.0 * ours and bool(apart <= 1e-12),
    )
    ours, fast, single = seconds_of(one, library.next_row_fast, library.next_row, **SHORT)
    yield Figure(
        what=f"lightgbm {name}, one option, another each time",
        measured=f"{ours * 1e6:.1f} us; C API with FastConfig {fast / ours:.1f}x, without {single / ours:.1f}x as long",
    )


class Library:
    """LightGBM's C API on the rows of ``features``, by its fastest calls, one thread."""

    def __init__(self, booster: lightgbm.Booster, features: Floats) -> None:
        self._call(_LIB.LGBM_SetMaxThreads, 1)
        self._booster, self._features = booster, features
        self.out = np.empty(len(features))
        self._written = ctypes.byref(ctypes.c_int64())
        self._rows = [(_pointer(features[i:]), _pointer(self.out[i:])) for i in range(len(features))]
        self._turn = cycle(self._rows)
        self._raw = (0, 0, -1)
        self._width = features.shape[1]
        self._fast = ctypes.c_void_p()
        self._call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit,
            *(booster._handle, *self._raw, FLOAT64, self._width, SINGLE_THREAD, ctypes.byref(self._fast)),
        )

    def matrix(self) -> None:
        """The whole matrix in one call."""
        shape = (FLOAT64, len(self._features), self._width, ROW_MAJOR)
        row, out = self._rows[0]
        arguments = (self._booster._handle, row, *shape, *self._raw, SINGLE_THREAD, self._written, out)
        self._call(_LIB.LGBM_BoosterPredictForMat, *arguments)

    def each_row_fast(self) -> None:
        """Every row, each in a call."""
        for row, out in self._rows:
            _LIB.LGBM_BoosterPredictForMatSingleRowFast(self._fast, row, self._written, out)

    def next_row_fast(self) -> None:
        """One row, the next one at each call."""
        row, out = next(self._turn)
        _LIB.LGBM_BoosterPredictForMatSingleRowFast(self._fast, row, self._written, out)

    def next_row(self) -> None:
        """The same without what was looked up beforehand."""
        row, out = next(self._turn)
        shape = (FLOAT64, self._width, ROW_MAJOR)
        arguments = (self._booster._handle, row, *shape, *self._raw, SINGLE_THREAD, self._written, out)
        self._call(_LIB.LGBM_BoosterPredictForMatSingleRow, *arguments)

    def _call(self, function: Callable[..., int], *arguments: Any) -> None:
        if function(*arguments):
            raise RuntimeError(_LIB.LGBM_GetLastError())


def _pointer(array: Floats) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _variants(folder: Path) -> Figure:
    said, best = [], np.inf
    for target in Target:
        for leaf in Leaf:
            spec = replace(SHAPED, target=target, leaf=leaf, bins=PLAIN.bins if leaf is Leaf.CONSTANT else SHAPED.bins)
            error = _built(spec, folder)[0].error
            said.append(f"{target} {leaf} {error.rmse:.4f} / {error.p99:.4f} / {error.largest:.3f}")
            best = min(best, error.rmse)
    return Figure(
        what="lightgbm 200x63, american on strike 100 over the domain, rmse / p99 / max",
        measured="; ".join(said),
        bar="best rmse <= 0.01",
        reached=bool(best <= 0.01),
    )


def _budgets(target: Target, folder: Path) -> Figure:
    said = []
    for size in ("64KiB", "256KiB", "1MiB", "4MiB"):
        spec = forest_spec(PROBLEM, target, memory(size))
        built, _ = _built(spec, folder)
        nbytes = built.forest.nbytes + workspace_of(built.forest).nbytes
        said.append(
            f"{size} {spec.trees}x{spec.leaves} {nbytes / memory(size):.0%} rmse {built.error.rmse:.4f} "
            f"({built.cost.seconds:.0f} s, {spec.points:,} evaluations)"
        )
    return Figure(what=f"lightgbm {target} within budgets, american", measured="; ".join(said))
