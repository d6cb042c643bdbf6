"""Remember the shapes: prices from a few principal components, whose coefficients are a table of the slow inputs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tradesim.methods.approximator import MOVED_OUT, Boxed
from tradesim.methods.method import Fast, Outside
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.scaling import compose
from tradesim.methods.staged import FALLBACK, HIT
from tradesim.methods.subspace.kernel import AXES, Singles, subspace_coefficients, subspace_values, values_along
from tradesim.methods.subspace.lanes import LANES
from tradesim.methods.subspace.store import BuiltSubspace, load_subspace
from tradesim.methods.trained import Trained
from tradesim.pricing.problem import Floats, Problem

ANY_SPOT: Final = 1.0
"""Slow coordinates are the same at any."""


class SubspaceMethod(Trained[BuiltSubspace]):
    """``subspace``: coefficients and their combination at each decision, from all inputs."""

    name = "subspace"

    def __init__(self, problem: Problem, path: Path, outside: Outside = Outside.FALLBACK) -> None:
        super().__init__(problem, scaling_of(problem), path, outside)

    def load(self) -> BuiltSubspace:
        """Read the subspace."""
        return load_subspace(self.path, self.problem, self.scaling)

    def open(self) -> None:
        """Load the tables."""
        self._subspace = self.built.subspace

    def values(self, features: Floats, out: Floats) -> None:
        """Blend the coefficients, combine the components."""
        subspace_values(features, self._subspace, out)

    @property
    def nbytes(self) -> int:
        """Bytes of the tables, of the fallback's, and of the workspace."""
        return super().nbytes + self.built.subspace.nbytes


@dataclass(frozen=True, kw_only=True, eq=False)
class Coefficients(Boxed):
    """``lanes``: level and coefficients of each contract, flat float32[n x 8]."""

    lanes: Singles

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        return super().nbytes + self.lanes.nbytes


class SubspaceSlice(SubspaceMethod):
    """``subspace-slice``: the coefficients in ``update``, a chain from a few numbers a contract in ``price``."""

    name = "subspace-slice"

    def blank(self, slow: Floats) -> Coefficients:
        """With room for the coefficients."""
        return Coefficients(**vars(super().blank(slow)), lanes=np.empty(LANES * len(slow), dtype=np.float32))

    def enclosed(self, blank: Boxed, anchor: Fast) -> Coefficients:
        """Place the contracts and blend their coefficients: neither needs the fast input."""
        boxed = super().enclosed(blank, anchor)
        assert isinstance(boxed, Coefficients)
        self.scaling.write_rows(boxed.rows, boxed.placed)
        self.scaling.write_terms(ANY_SPOT, boxed.placed, boxed.features, boxed.terms)
        subspace_coefficients(boxed.features, self._subspace, boxed.lanes)
        return boxed

    def evaluate(self, fast: Fast, prepared: Boxed, out: Floats) -> str:
        """Combine the components, compose; then the fallback for what is outside."""
        inside = self._inside(fast, prepared)
        if not inside:
            prepared = self.prepare(prepared.slow, fast)
        assert isinstance(prepared, Coefficients)
        self.scaling.write_terms(fast, prepared.placed, prepared.features, prepared.terms)
        values_along(prepared.features, prepared.lanes, self._subspace, out)
        compose(prepared.terms, out, out)
        if not len(prepared.outside):
            return HIT
        self._fallback.overwrite(fast, prepared, out)
        return FALLBACK if inside else MOVED_OUT


def refuses(problem: Problem) -> str | None:
    """Why a subspace cannot serve a problem: it is made of curves, over at most three slow coordinates."""
    slow = len(scaling_of(problem).coordinates) - problem.domain.fast
    if problem.domain.fast != 1:
        return "it has several fast inputs, and a subspace is made of curves along one"
    if not 1 <= slow <= AXES:
        return f"its prices have {slow} slow coordinates, and the table of coefficients one to {AXES}"
    return None
