"""A forest on disk: LightGBM's own text, and beside it as JSON what it is, what it cost and how well it answers."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from tradesim.errors import StoreError
from tradesim.methods.built import ErrorOfBuild, stem, written_whole
from tradesim.methods.lightgbm.forest import Forest, forest_values, workspace_of
from tradesim.methods.lightgbm.spec import ForestSpec
from tradesim.methods.lightgbm.text import read_forest
from tradesim.methods.method import BuildCost
from tradesim.methods.scalings.scaling import Scaling, compose
from tradesim.pricing.problem import Domain, Floats, Problem

LAYOUT: Final = 3
"""Raise it when a feature or the meaning of the value changes: older files are then not used."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltForest:
    """A forest in memory."""

    forest: Forest
    cost: BuildCost
    error: ErrorOfBuild


def forest_path(home: Path, problem: Problem, spec: ForestSpec) -> Path:
    """Where in the data home the text of the forest of ``spec`` is kept."""
    return home / "forests" / f"{stem(problem, [LAYOUT, asdict(spec)])}.txt"


def save_forest(path: Path, problem: Problem, scaling: Scaling, text: str, built: BuiltForest) -> None:
    """Write both files, the text last: a forest is there once its text is."""
    about = {
        "problem": problem.name,
        "version": problem.version,
        "layout": LAYOUT,
        "features": list(scaling.features),
        "digest": _digest(text),
        "cost": asdict(built.cost),
        "error": asdict(built.error),
    }
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")
        with written_whole(about_path(path)) as about_part:
            about_part.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def load_forest(path: Path, problem: Problem, scaling: Scaling) -> BuiltForest:
    """The forest kept at ``path``; ``StoreError`` where it is missing, damaged or another problem's."""
    if not path.is_file() or not about_path(path).is_file():
        raise StoreError(f"{path}: there is no forest, or half of one; delete what there is and build it")
    written = path.stat().st_mtime_ns, about_path(path).stat().st_mtime_ns
    return _load(path, written, problem, scaling)


@lru_cache(maxsize=4)
def _load(path: Path, written: tuple[int, int], problem: Problem, scaling: Scaling) -> BuiltForest:
    """Read both files as ``written``: a process replays many tapes with one forest."""
    try:
        text = path.read_text(encoding="utf-8")
        about = json.loads(about_path(path).read_text(encoding="utf-8"))
        built = BuiltForest(
            forest=read_forest(text), cost=BuildCost(**about["cost"]), error=ErrorOfBuild(**about["error"])
        )
        identity = (about["problem"], about["version"], about["layout"], tuple(about["features"]))
        intact = about["digest"] == _digest(text)
    except (OSError, ValueError, KeyError, TypeError, StoreError) as error:
        raise StoreError(f"{path}: cannot be read as a forest ({error}); delete the file and build again") from error
    if identity != (problem.name, problem.version, LAYOUT, scaling.features):
        raise StoreError(f"{path}: is of another problem, version or layout; delete the file and build again")
    if not intact:
        raise StoreError(f"{path}: is not the text that was written; delete the file and build again")
    return built


def about_path(path: Path) -> Path:
    """The JSON file beside a forest's text."""
    return path.with_suffix(".json")


def forest_prices(scaling: Scaling, domain: Domain, forest: Forest, inputs: Floats) -> Floats:
    """Prices of many options with fast inputs of their own."""
    features, terms = scaling.features_and_terms(domain, inputs)
    out = np.empty(len(inputs))
    forest_values(forest, workspace_of(forest), features, out)
    compose(terms, out, out)
    return out


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
