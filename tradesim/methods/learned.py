"""Learn: prices from trees that were trained beforehand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tradesim.methods.built import ErrorOfBuild
from tradesim.methods.fallback import Fallback
from tradesim.methods.forest import forest_values
from tradesim.methods.forest_model import PLAIN, SHAPED, compose, forest_model, prepared_rows
from tradesim.methods.forest_store import BuiltForest, load_forest
from tradesim.methods.method import BuildCost
from tradesim.methods.staged import EXPIRY, FALLBACK, HIT, STRIKE, Prepared, Staged, outside_domain
from tradesim.pricing.problem import Floats, Problem

MOVED_OUT: Final = "moved-out"
"""Tag of a pricing that had to solve contracts which the spot has carried outside the domain since the update."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Boxed(Prepared):
    """Prepared inputs that are inside the domain while the spot is between ``lowest`` and ``highest``.

    ``slow``     float64[n, 6], to prepare them anew when it is not
    ``features`` float64[n, f] and ``terms`` float64[n, 4], the workspace of ``price``
    """

    slow: Floats
    lowest: float
    highest: float
    features: Floats
    terms: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        return super().nbytes + self.slow.nbytes + self.features.nbytes + self.terms.nbytes


class Learned(Staged[Boxed]):
    """``lightgbm``, and ``lightgbm-plain`` without features: a compiled walk through all trees at each decision.

    Trees know the domain alone, moneyness included. A contract outside it at the ``update`` is solved there and then;
    one that the spot has since carried outside is solved in ``price``, under the tag ``moved-out``: it costs more.
    """

    def __init__(self, problem: Problem, path: Path, target: str = "shaped") -> None:
        super().__init__()
        self.name = "lightgbm-plain" if target == "plain" else "lightgbm"
        self.problem = problem
        self.path = path
        self.model = forest_model(problem, PLAIN if target == "plain" else SHAPED)
        self._fallback = Fallback(problem)
        self._built: BuiltForest | None = None

    @property
    def built(self) -> BuiltForest:
        """The forest, loaded from its file when first asked for."""
        if self._built is None:
            self._built = load_forest(self.path, self.problem, self.model)
        return self._built

    def open(self) -> None:
        """Load the trees."""
        self._forest = self.built.forest

    def prepare(self, slow: Floats, anchor: float) -> Boxed:
        """Lay the contracts out; solve those outside the domain with the spot at ``anchor``."""
        low, high = np.exp(self.problem.domain.log_moneyness)
        strike, alive = slow[:, STRIKE], slow[:, EXPIRY] > 0.0
        moved_out = alive & ((anchor < low * strike) | (anchor > high * strike))
        outside = np.union1d(outside_domain(self.problem.domain, slow), np.flatnonzero(moved_out))
        asked = slow.copy()
        asked[outside, EXPIRY] = 0.0
        inside = strike[asked[:, EXPIRY] > 0.0]
        return Boxed(
            rows=prepared_rows(self.model, asked),
            outside=outside,
            fallback=self._fallback.rows(slow[outside]),
            slow=slow,
            lowest=float(low * inside.max(initial=0.0)),
            highest=float(high * inside.min(initial=np.inf)),
            features=np.empty((len(slow), len(self.model.features))),
            terms=np.empty((len(slow), 4)),
        )

    def evaluate(self, spot: float, prepared: Boxed, out: Floats) -> str:
        """Build the features, walk the trees, compose the prices."""
        moved_out = not prepared.lowest <= spot <= prepared.highest
        if moved_out:
            prepared = self.prepare(prepared.slow, spot)
        self.model.write_terms(spot, prepared.rows, prepared.features, prepared.terms)
        forest_values(self._forest, prepared.features, out)
        compose(prepared.terms, out, out)
        if not len(prepared.outside):
            return HIT
        self._fallback.overwrite(spot, prepared, out)
        return MOVED_OUT if moved_out else FALLBACK

    @property
    def nbytes(self) -> int:
        """Bytes of trees, of the fallback's tables, and of the workspace."""
        return super().nbytes + self.built.forest.nbytes + self._fallback.nbytes

    @property
    def build_cost(self) -> BuildCost:
        """What training cost, reference evaluations included."""
        return self.built.cost

    @property
    def error(self) -> ErrorOfBuild:
        """Error over the domain, taken when the forest was built."""
        return self.built.error
