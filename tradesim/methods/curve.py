"""Any full method, sampled along the spot when slow inputs move: a price is then one short interpolation."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ProblemError
from tradesim.methods.analytic import AnalyticSlice
from tradesim.methods.approximator import MOVED_OUT
from tradesim.methods.bounds import BOUNDS, bounds_of, held
from tradesim.methods.entry import Entry, staged
from tradesim.methods.method import BuildCost, Fast, Method, Outside
from tradesim.methods.staged import HIT, Prepared, Staged, deviations
from tradesim.pricing.problem import Floats, Problem

if TYPE_CHECKING:
    from tradesim.methods.spec import MethodSpec

NODES: Final = 48
STENCIL: Final = 6
"""Nodes that a price is interpolated from: a polynomial of the fifth degree."""

NODES_PER_DEVIATION: Final = 6.0
WIDEST: Final = 0.002
"""Between two nodes the log-spot moves by a sixth of the chain's least deviation, and by no more than this: an American
price has a kink in its curvature, whatever its deviation."""

LEAST_DEVIATION: Final = 1e-4
"""A contract with less is asked of the full method at each decision: it is a kink."""

DIRECT: Final = "direct"
"""Tag of a pricing in which contracts with too little deviation to be sampled were asked of the full method."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled(Prepared):
    """Prices of the whole chain along the spot.

    ``rows``    float64[nodes + 5, n], prices, and below them their bounds (:mod:`tradesim.methods.bounds`)
    ``first``   log-spot of the first node; ``spacing`` from one to the next
    ``of``      what the full method made of all slow inputs
    ``direct``  int64[k], contracts that are not sampled; ``direct_of`` what the full method made of theirs
    """

    first: float
    spacing: float
    of: Prepared
    direct: NDArray[np.int64]
    direct_of: Prepared | None

    @property
    def nbytes(self) -> int:
        """Bytes of the samples and of the full method's own."""
        return self.rows.nbytes + self.of.nbytes + (0 if self.direct_of is None else self.direct_of.nbytes)


class Curve(Staged[Sampled]):
    """``NAME-slice``, and ``curve`` of the solver: ``update`` asks the full method ``of`` at nodes around the anchor.

    ``price`` is a Lagrange polynomial in the log-spot through six nodes, whose weights the whole chain shares. The
    anchor lies between two nodes, where the error is largest. Of a European option of deviation ``v`` it is within
    ``1.3e-7 v S`` of the full method: ``h^6 max|f^(6)| 3.52 / 6!`` with ``h = v / 6`` and ``max|f^(6)| = 1.2 S / v^5``.
    Of an American option it is largest at the exercise boundary ``B``, where the second derivative in the log-spot
    jumps by ``2 |r K - q B| / sigma^2``: at most a twentieth of that times ``h^2``. On a strike of 100 it is 1e-5 (root
    mean square over the domain's boundaries), and 1.1e-4 in its worst corner.

    The window is 3.5 of the least deviation to each side (or 4 %, if that is less): a spot seldom leaves it before the
    contract with that deviation expires. Outside it the full method prices, under the tag ``moved-out``.
    """

    def __init__(self, of: Staged[Any], name: str | None = None) -> None:
        why = refuses(of.problem)
        if why is not None:
            raise ProblemError(f"method {of.name!r} has no slice for problem {of.problem.name!r}: {why}")
        super().__init__()
        self._of = of
        self.name = name or f"{of.name}-slice"
        self.problem = of.problem

    def open(self) -> None:
        """What the full method loads."""
        self._of.open()

    def prepare(self, slow: Floats, anchor: Fast) -> Sampled:
        """Ask the full method at every node; nodes may be outside its domain when the anchor is not."""
        self._of.answer_outside(Outside.FALLBACK)
        of = self._of.prepare(slow, anchor)
        self.refuse(of.outside)
        deviation = deviations(self.problem.domain, slow)
        thin = ~(deviation >= LEAST_DEVIATION)
        direct = np.flatnonzero(thin & ~np.isnan(deviation))
        spacing = min(deviation.min(where=~thin, initial=np.inf) / NODES_PER_DEVIATION, WIDEST)
        first = (math.log(anchor) if anchor > 0.0 else -math.inf) - 0.5 * (NODES - 1) * spacing
        rows = np.empty((NODES + BOUNDS, len(slow)))
        rows[NODES:] = bounds_of(self.problem, slow)
        for node in range(NODES):
            self._of.evaluate(math.exp(first + node * spacing), of, rows[node])
        return Sampled(
            rows=rows,
            outside=of.outside,
            first=first,
            spacing=spacing,
            of=of,
            direct=direct,
            direct_of=self._of.prepare(slow[direct], anchor) if len(direct) else None,
        )

    def evaluate(self, fast: Fast, prepared: Sampled, out: Floats) -> str:
        """Interpolate; the full method prices what is not sampled."""
        if not interpolate(fast, prepared.first, prepared.spacing, prepared.rows, out):
            self._of.answer_outside(self.outside)
            self._of.evaluate(fast, prepared.of, out)
            return MOVED_OUT
        if prepared.direct_of is None:
            return HIT
        values = np.empty(len(prepared.direct))
        self._of.evaluate(fast, prepared.direct_of, values)
        out[prepared.direct] = values
        return DIRECT

    def replayed_by(self) -> Method:
        """The slice of what the full method is replayed by."""
        of = self._of.replayed_by()
        if of is self._of or not isinstance(of, Staged):
            return self
        twin = Curve(of, self.name)
        twin.answer_outside(self.outside)
        return twin

    @property
    def nbytes(self) -> int:
        """Bytes of the full method and of the samples."""
        return super().nbytes + self._of.nbytes

    @property
    def build_cost(self) -> BuildCost:
        """The full method's."""
        return self._of.build_cost


def refuses(problem: Problem) -> str | None:
    """Why a problem's methods cannot be sampled along the spot; None where they can."""
    domain = problem.domain
    if domain.fast != 1:
        return f"it has {domain.fast} fast inputs, and a curve one"
    if domain.unit is None or not {"volatility", "expiry"} <= set(domain.names):
        return "it has no volatility and expiry to space a curve's nodes by"
    return None


@njit(cache=True, error_model="numpy")
def interpolate(spot: float, first: float, spacing: float, rows: Floats, out: Floats) -> bool:
    """Write the prices at ``spot``, within their bounds; False, and nothing written, where it is not between the nodes.

    Lagrange's weights at distance ``u`` from a stencil's first of six evenly spaced nodes:
    ``w_k = (-1)^(5 - k) / (k! (5 - k)!) prod_{j != k} (u - j)``.
    """
    if not spot > 0.0:
        return False
    place = (math.log(spot) - first) / spacing
    cell = math.floor(place) - (STENCIL // 2 - 1)
    if not 0 <= cell <= NODES - STENCIL:
        return False
    u = place - cell
    a, b, c, d, e, f = u, u - 1.0, u - 2.0, u - 3.0, u - 4.0, u - 5.0
    w0, w5 = -b * c * d * e * f / 120.0, a * b * c * d * e / 120.0
    w1, w4 = a * c * d * e * f / 24.0, -a * b * c * d * f / 24.0
    w2, w3 = -a * b * d * e * f / 12.0, a * b * c * e * f / 12.0
    p0, p1, p2 = rows[cell], rows[cell + 1], rows[cell + 2]
    p3, p4, p5 = rows[cell + 3], rows[cell + 4], rows[cell + 5]
    bounds = rows[NODES:]
    for i in range(len(out)):
        price = w0 * p0[i] + w1 * p1[i] + w2 * p2[i] + w3 * p3[i] + w4 * p4[i] + w5 * p5[i]
        out[i] = held(price, spot, bounds, i)
    return True


def slice_of(entry: Entry) -> Entry:
    """The entry of a full method's slice, sampled along the spot: built and kept as the full method is."""

    def make(problem: Problem, path: Path, spec: "MethodSpec") -> Method:
        return Curve(staged(entry.make(problem, path, spec)))

    return replace(
        entry,
        says=f"{entry.says}; sampled along the spot",
        make=make,
        refuses=lambda problem: entry.refuses(problem) or refuses(problem),
    )


ENTRIES: Final = {
    "curve": Entry(
        says="solver, sampled along the spot",
        make=lambda problem, *_: Curve(AnalyticSlice(problem)),
        refuses=refuses,
    )
}
