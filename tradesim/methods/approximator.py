"""What tables and models have in common: a value that is a function of a problem's coordinates, built beforehand."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tradesim.methods.box import box_of, enclose, outside_at
from tradesim.methods.fallback import Fallback
from tradesim.methods.method import Fast, Outside
from tradesim.methods.scalings.scaling import Scaling, compose
from tradesim.methods.staged import EXPIRY, FALLBACK, HIT, Prepared, Staged, expires
from tradesim.pricing.problem import Floats, Problem

MOVED_OUT: Final = "moved-out"
"""Tag of a pricing that had to solve contracts which the fast inputs have carried outside the domain since the update.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Boxed(Prepared):
    """Slow inputs that are inside the domain while every fast one is between ``lowest`` and ``highest``.

    ``slow``     float64[n, columns], all of them; ``rows`` are those that the approximator is asked about
    ``lowest highest`` float64[fast inputs]
    ``placed``   float64[n, width], ``features`` float64[n, f], ``terms`` float64[n, 4]: the workspace of ``price``
    """

    slow: Floats
    lowest: Floats
    highest: Floats
    placed: Floats
    features: Floats
    terms: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        workspace = (self.slow, self.lowest, self.highest, self.placed, self.features, self.terms)
        return super().nbytes + sum(array.nbytes for array in workspace)


class Enclosed(Staged[Boxed]):
    """A method that knows the domain alone.

    A contract outside it at the ``update`` is solved there and then; one that the fast inputs have since carried
    outside is solved in ``price``, under the tag ``moved-out``: it costs more. Either raises instead where ``outside``
    says so. ``bounded`` is whether it knows the fast inputs of the domain alone.
    """

    def __init__(
        self, problem: Problem, scaling: Scaling, outside: Outside = Outside.FALLBACK, *, bounded: bool = True
    ) -> None:
        super().__init__(outside)
        self.problem = problem
        self.scaling = scaling
        self._box = box_of(problem.domain, bounded=bounded, settles=scaling.settles)
        self._fallback = Fallback(problem)

    @abstractmethod
    def ask(self, fast: Fast, prepared: Boxed, out: Floats) -> None:
        """Write the prices of all contracts, as if none were outside."""

    def prepare(self, slow: Floats, anchor: Fast) -> Boxed:
        """Note the slow inputs; solve the contracts outside the domain with the fast inputs at ``anchor``."""
        return self.enclosed(self.blank(slow), anchor)

    def renew(self, prepared: Boxed, slow: Floats, anchor: Fast) -> Boxed:
        """In the same arrays, where nothing was outside."""
        return self.enclosed(prepared if prepared.rows is slow else self.blank(slow), anchor)

    def blank(self, slow: Floats) -> Boxed:
        """Room for slow inputs of which none is outside."""
        count, fast = len(slow), self.problem.domain.fast
        return Boxed(
            rows=np.ascontiguousarray(slow),
            slow=slow,
            lowest=np.empty(fast),
            highest=np.empty(fast),
            placed=np.empty((count, self.scaling.width)),
            features=np.empty((count, len(self.scaling.features))),
            terms=np.empty((count, 4)),
        )

    def enclosed(self, blank: Boxed, anchor: Fast) -> Boxed:
        """Find what is outside, and between which fast inputs nothing else is; solve it."""
        slow = blank.rows
        if not enclose(self._box, anchor, slow, blank.lowest, blank.highest):
            return blank
        outside = np.flatnonzero(outside_at(self._box, np.atleast_1d(np.asarray(anchor, dtype=np.float64)), slow))
        self.refuse(outside)
        asked = slow.copy()
        if expires(self.problem.domain):
            asked[outside, EXPIRY] = 0.0
        return replace(blank, rows=asked, outside=outside, fallback=self._fallback.rows(slow[outside]))

    def evaluate(self, fast: Fast, prepared: Boxed, out: Floats) -> str:
        """Ask; then the fallback for what is outside."""
        inside = self._inside(fast, prepared)
        if not inside:
            prepared = self.prepare(prepared.slow, fast)
        self.ask(fast, prepared, out)
        if not len(prepared.outside):
            return HIT
        self._fallback.overwrite(fast, prepared, out)
        return FALLBACK if inside else MOVED_OUT

    def _inside(self, fast: Fast, prepared: Boxed) -> bool:
        if self.problem.domain.fast == 1:
            return bool(prepared.lowest[0] <= fast <= prepared.highest[0])
        return bool(((prepared.lowest <= fast) & (fast <= prepared.highest)).all())

    @property
    def nbytes(self) -> int:
        """Bytes of the fallback's tables and of the workspace; a subclass adds its own."""
        return super().nbytes + self._fallback.nbytes


class Approximator(Enclosed):
    """A function of all inputs at each decision: place the contracts, find each value, compose the prices."""

    @abstractmethod
    def values(self, features: Floats, out: Floats) -> None:
        """Write the value of each row of ``features``, float64[n, f], in one compiled call."""

    def ask(self, fast: Fast, prepared: Boxed, out: Floats) -> None:
        """Place, ask, compose."""
        self.scaling.write_rows(prepared.rows, prepared.placed)
        self.scaling.write_terms(fast, prepared.placed, prepared.features, prepared.terms)
        self.values(prepared.features, out)
        compose(prepared.terms, out, out)
