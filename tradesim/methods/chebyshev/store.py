"""A Chebyshev series on disk: one file of arrays, with what it is, what it cost and how well it answers as JSON."""

import json
import zipfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from tradesim.errors import StoreError
from tradesim.methods.built import ErrorOfBuild, digest, written_whole
from tradesim.methods.chebyshev.series import Series
from tradesim.methods.method import BuildCost
from tradesim.pricing.problem import Problem

LAYOUT: Final = 1
"""Raise it when a coordinate or the meaning of the arrays changes: older files are then not used."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltSeries:
    """A series in memory."""

    series: Series
    cost: BuildCost
    error: ErrorOfBuild


def save_series(path: Path, problem: Problem, built: BuiltSeries) -> None:
    """Write the file whole or not at all."""
    about = {
        "problem": problem.name,
        "version": problem.version,
        "layout": LAYOUT,
        "digest": digest(*built.series.arrays),
        "cost": asdict(built.cost),
        "error": asdict(built.error),
    }
    arrays = {each.name: getattr(built.series, each.name) for each in fields(Series)}
    with written_whole(path) as part, part.open("wb") as file:
        np.savez(file, about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8), **arrays)


def load_series(path: Path, problem: Problem) -> BuiltSeries:
    """The series kept at ``path``; ``StoreError`` where it is missing, damaged or another problem's."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no series; build it with `tradesim build`")
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes().decode())
            series = Series(**{each.name: file[each.name] for each in fields(Series)})
        built = BuiltSeries(series=series, cost=BuildCost(**about["cost"]), error=ErrorOfBuild(**about["error"]))
        identity = (about["problem"], about["version"], about["layout"])
        intact = about["digest"] == digest(*series.arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path}: cannot be read as a series ({error}); delete the file and build again") from error
    if identity != (problem.name, problem.version, LAYOUT):
        raise StoreError(f"{path}: is of another problem, version or layout; delete the file and build again")
    if not intact:
        raise StoreError(f"{path}: its arrays are not the ones that were written; delete the file and build again")
    return built
