"""What tables and models have in common: a value that is a function of a problem's coordinates, built beforehand."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradesim.methods.fallback import Fallback
from tradesim.methods.method import Fast
from tradesim.methods.similarities.similarity import Similarity, compose
from tradesim.methods.staged import EXPIRY, FALLBACK, HIT, Outside, Prepared, Staged, alive, expires, outside_domain
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
    says so.
    """

    def __init__(self, problem: Problem, similarity: Similarity, outside: Outside = Outside.FALLBACK) -> None:
        super().__init__(outside)
        self.problem = problem
        self.similarity = similarity
        self._fallback = Fallback(problem)

    @abstractmethod
    def ask(self, fast: Fast, prepared: Boxed, out: Floats) -> None:
        """Write the prices of all contracts, as if none were outside."""

    def prepare(self, slow: Floats, anchor: Fast) -> Boxed:
        """Note the slow inputs; solve the contracts outside the domain with the fast inputs at ``anchor``."""
        lowest, highest = self._reach(slow)
        beyond = ((lowest > anchor) | (highest < anchor)).any(axis=1) & alive(self.problem.domain, slow)
        outside = np.union1d(outside_domain(self.problem.domain, slow), np.flatnonzero(beyond))
        self.refuse(outside)
        asked = np.ascontiguousarray(slow)
        if len(outside) and expires(self.problem.domain):
            asked = slow.copy()
            asked[outside, EXPIRY] = 0.0
        inside = np.setdiff1d(np.flatnonzero(alive(self.problem.domain, slow)), outside)
        count = len(slow)
        return Boxed(
            rows=asked,
            outside=outside,
            fallback=self._fallback.rows(slow[outside]),
            slow=slow,
            lowest=lowest[inside].max(axis=0, initial=-np.inf),
            highest=highest[inside].min(axis=0, initial=np.inf),
            placed=np.empty((count, self.similarity.width)),
            features=np.empty((count, len(self.similarity.features))),
            terms=np.empty((count, 4)),
        )

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

    def _reach(self, slow: Floats) -> tuple[Floats, Floats]:
        """Between which fast inputs each contract is inside the domain, float64[n, fast] twice."""
        domain = self.problem.domain
        ends = np.array([(each.low, each.high) for each in domain.inputs[: domain.fast]], dtype=np.float64)
        if domain.unit is None:
            return tuple(np.broadcast_to(end, (len(slow), domain.fast)) for end in ends.T)  # type: ignore[return-value]
        strike = slow[:, domain.column(domain.unit) - domain.fast]
        unit = domain.inputs[domain.column(domain.unit)].low
        low, high = (strike[:, None] * (end / unit) for end in ends.T)
        return low, high

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
        self.similarity.write_rows(prepared.rows, prepared.placed)
        self.similarity.write_terms(fast, prepared.placed, prepared.features, prepared.terms)
        self.values(prepared.features, out)
        compose(prepared.terms, out, out)
