"""Compute on first request, and remember: what was asked for is not computed again while the memory lasts."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.methods.bounds import BOUNDS, UNKNOWN, bounds_of, exercise_of, floor_at, held, write_bounds
from tradesim.methods.memo.memory import EMPTY, Keys, memory_within, mixed, recall, remember
from tradesim.methods.method import Fast
from tradesim.methods.solvers import solver_of
from tradesim.methods.staged import HIT, Prepared, Staged, at_one_spot
from tradesim.pricing.collocation import ACCURATE, Scheme
from tradesim.pricing.problem import Domain, Floats, Problem, Spacing

DEFAULT_BYTES: Final = 2**20

MISSED: Final = ((0.125, "miss-few"), (0.5, "miss-some"), (1.0, "miss"))
"""Tags of a pricing in which contracts were computed, by the share of the chain that they are at most."""

EVENLY: Final = 0.0
IN_ROOT: Final = 1.0
IN_LOG: Final = 2.0
AS_IS: Final = 3.0
AS_UNIT: Final = 4.0
"""How an input is put on its lattice: in itself, its root, its logarithm; not at all; or as the unit of money."""

WAYS_OF: Final = {Spacing.EVEN: EVENLY, Spacing.ROOT: IN_ROOT, Spacing.LOG: IN_LOG}

WAY: Final = 0
STEP: Final = 1
MONEY: Final = 2
LOW: Final = 3
"""Columns of an axis."""


@dataclass(frozen=True, kw_only=True)
class Lattice:
    """How finely inputs are told apart: steps across the interval that each has in the domain.

    ``fast``  steps of a fast input
    ``slow``  steps of a slow one
    """

    fast: int = 2**14
    slow: int = 2**12

    def __post_init__(self) -> None:
        if min(self.fast, self.slow) < 1:
            raise ArgumentError(f"{self}: a lattice has at least one step each way")

    def axes(self, domain: Domain) -> Floats:
        """One axis an input, float64[inputs, 4]: way, step, whether it is money, and the low end of its interval."""
        axes = np.zeros((len(domain.inputs), 4))
        for number, each in enumerate(domain.inputs):
            steps = self.fast if number < domain.fast else self.slow
            way = WAYS_OF.get(each.spacing, AS_IS) if each.low < each.high else AS_IS
            low, high = (moved(end, way) for end in (each.low, each.high))
            axes[number] = AS_UNIT if each.name == domain.unit else way, (high - low) / steps, each.money, each.low
        return axes


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked(Prepared):
    """Slow inputs as they are (``rows``), and the workspace of ``price``.

    ``fast``    float64[fast inputs]
    ``places``  float64[n, inputs], where the contracts are on the lattice; ``keys`` uint64[n]
    ``missed``  int64[n], contracts that are not remembered, at its beginning
    ``bounds``  float64[5, n], see :mod:`tradesim.methods.bounds`
    """

    fast: Floats
    places: Floats
    keys: Keys
    missed: NDArray[np.int64]
    bounds: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of the workspace."""
        workspace = (self.fast, self.places, self.keys, self.missed, self.bounds)
        return super().nbytes + sum(array.nbytes for array in workspace)


class Memo(Staged[Asked]):
    """``memo``: every input rounded to a lattice; the solver's value there, in units of the strike, is remembered.

    What is remembered is the value *at the lattice's point*, so a price is a function of its inputs alone, whatever was
    asked before. The value is that above the lower bound (:mod:`tradesim.methods.bounds`), which is added for the exact
    inputs: what rounding makes wrong is the time value. There is no interpolation. A key is a 64-bit hash of the
    lattice's point: two among a million share one with probability 3e-8.

    The memory is bounded and empty at ``bind``; who leaves is found by :mod:`tradesim.methods.memo.memory`. ``hits``
    and ``misses`` count contracts since then.
    """

    name = "memo"

    def __init__(
        self,
        problem: Problem,
        budget: int | None = None,
        lattice: Lattice | None = None,
        scheme: Scheme = ACCURATE,
    ) -> None:
        super().__init__()
        self.problem = problem
        self._budget = DEFAULT_BYTES if budget is None else budget
        self._axes = (lattice or Lattice()).axes(problem.domain)
        self._unit = -1 if problem.domain.unit is None else problem.domain.column(problem.domain.unit)
        self._exercise = exercise_of(problem)
        self._solver = solver_of(problem, scheme)
        self.forget()

    def forget(self) -> None:
        """Begin again with nothing."""
        self._memory = memory_within(self._budget)
        self.hits = self.misses = 0

    def bind(self, chain: Chain) -> None:
        """Keep the chain; forget what was asked before."""
        super().bind(chain)
        self.forget()

    def prepare(self, slow: Floats, anchor: Fast) -> Asked:
        """The slow inputs as they are, once it is sure that they have a solution."""
        self._solver.check(slow)
        count = len(slow)
        return Asked(
            rows=np.ascontiguousarray(slow),
            fast=np.empty(self.problem.domain.fast),
            places=np.empty((count, len(self.problem.domain.inputs))),
            keys=np.empty(count, dtype=np.uint64),
            missed=np.empty(count, dtype=np.int64),
            bounds=bounds_of(self.problem, slow),
        )

    def renew(self, prepared: Asked, slow: Floats, anchor: Fast) -> Asked:
        """In the same arrays."""
        if prepared.rows is not slow:
            return self.prepare(slow, anchor)
        self._solver.check(slow)
        write_bounds(self._exercise, prepared.rows, prepared.bounds)
        return prepared

    def evaluate(self, fast: Fast, prepared: Asked, out: Floats) -> str:
        """Recall; compute and remember what was missed."""
        prepared.fast[:] = fast
        placeless = write_places(prepared.fast, prepared.rows, self._axes, self._unit, prepared.places, prepared.keys)
        count = recall(prepared.keys, self._memory, out, prepared.missed)
        if count:
            missed = prepared.missed[:count]
            out[missed] = self._computed(prepared.places[missed])
            huge = np.isinf(out[missed])
            if huge.any():
                prepared.keys[missed[huge]] = EMPTY
                missed, placeless = missed[~huge], placeless + int(huge.sum())
                count = len(missed)
            remember(prepared.keys[missed], out[missed], self._memory)
        spot = prepared.fast.mean()
        write_prices(spot, prepared.fast, prepared.rows, self._axes, self._unit, prepared.bounds, out)
        if placeless:
            count += self._solve_off_the_lattice(fast, prepared, out)
        self.misses += count
        self.hits += len(out) - count
        return HIT if count == 0 else next(tag for share, tag in MISSED if count <= share * len(out))

    def _solve_off_the_lattice(self, fast: Fast, prepared: Asked, out: Floats) -> int:
        """Write what the solver says of contracts that have no key; return how many they are.

        They have a zero on an axis of logarithms, or a value that single precision cannot hold.
        """
        solved = np.flatnonzero((prepared.keys == EMPTY) & np.isfinite(prepared.rows).all(axis=1))
        if len(solved) and np.isfinite(fast).all():
            values = np.empty(len(solved))
            self._solver.full_values(fast, prepared.rows[solved], values)
            out[solved] = values
        return len(solved)

    def _computed(self, places: Floats) -> Floats:
        """Values at places on the lattice, in the money of the domain, as precise as they are kept."""
        domain = self.problem.domain
        points, values = np.empty_like(places), np.empty(len(places))
        write_points(places, self._axes, points)
        if domain.unit is not None and domain.fast == 1:
            spot = float(self._axes[self._unit, LOW])
            slow, scale = at_one_spot(domain, points, spot)
            self._solver.full_values(spot, slow, values)
            values /= scale
        else:
            for number, point in enumerate(points):
                at = float(point[0]) if domain.fast == 1 else point[: domain.fast]
                self._solver.full_values(at, point[None, domain.fast :], values[number : number + 1])
        subtract_floors(points, domain.fast, self._exercise, values)
        with np.errstate(over="ignore"):
            return values.astype(np.float32)

    @property
    def hit_rate(self) -> float:
        """The share of prices that were remembered; NaN before the first."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else math.nan

    @property
    def nbytes(self) -> int:
        """Bytes of the memory, of the solver's tables, and of the workspace."""
        return super().nbytes + self._memory.nbytes + self._axes.nbytes + self._solver.nbytes


@njit(cache=True, error_model="numpy")
def moved(value: float, way: float) -> float:
    """An input to where its lattice is even."""
    if way == IN_ROOT:
        return math.sqrt(value)
    return math.log(value) if way == IN_LOG else value


@njit(cache=True, error_model="numpy")
def placed(value: float, way: float, step: float) -> float:
    """The place of an input, in money of the domain, on its axis: a whole number, or the input itself."""
    if way == AS_UNIT:
        return 0.0
    if way == AS_IS:
        return value + 0.0
    place: float = np.floor(moved(value, way) / step + 0.5) + 0.0
    return place


@njit(cache=True, error_model="numpy")
def point_at(place: float, way: float, step: float, low: float) -> float:
    """The input at a place."""
    if way == AS_UNIT:
        return low
    if way == AS_IS:
        return place
    value = place * step
    if way == IN_ROOT:
        return value * value
    return math.exp(value) if way == IN_LOG else value


@njit(cache=True, error_model="numpy")
def write_places(fast: Floats, rows: Floats, axes: Floats, unit: int, places: Floats, keys: Keys) -> int:
    """Write each contract's place on the lattice and its key, the empty one where a place is not a finite number.

    Returns how many keys are empty.
    """
    placeless = 0
    for i in range(len(rows)):
        key = np.uint64(0)
        finite = True
        for number in range(len(axes)):
            value = fast[number] if number < len(fast) else rows[i, number - len(fast)]
            if axes[number, MONEY] > 0.0 and unit >= 0:
                value *= axes[unit, LOW] / rows[i, unit - len(fast)]
            place = placed(value, axes[number, WAY], axes[number, STEP])
            finite &= math.isfinite(place)
            key = mixed(key, np.float64(place).view(np.uint64))
            places[i, number] = place
        keys[i] = max(key, np.uint64(1)) if finite else EMPTY
        placeless += not finite
    return placeless


@njit(cache=True, error_model="numpy")
def write_points(places: Floats, axes: Floats, points: Floats) -> None:
    """Write the inputs at places, in the money of the domain; both float64[n, inputs]."""
    for i in range(len(places)):
        for number in range(len(axes)):
            points[i, number] = point_at(places[i, number], axes[number, WAY], axes[number, STEP], axes[number, LOW])


@njit(cache=True, error_model="numpy")
def write_prices(spot: float, fast: Floats, rows: Floats, axes: Floats, unit: int, bounds: Floats, out: Floats) -> None:
    """Turn the values of ``out`` into prices in currency, within the bounds of the exact inputs; ``spot`` is theirs."""
    for i in range(len(rows)):
        scale = rows[i, unit - len(fast)] / axes[unit, LOW] if unit >= 0 else 1.0
        floor = floor_at(spot, bounds, i)
        out[i] = held((floor if math.isfinite(floor) else 0.0) + out[i] * scale, spot, bounds, i)


@njit(cache=True, error_model="numpy")
def subtract_floors(points: Floats, fast: int, exercise: int, values: Floats) -> None:
    """Leave of the values of ``points``, float64[n, inputs], what is above their lower bounds."""
    if exercise == UNKNOWN:
        return
    bounds = np.empty((BOUNDS, len(points)))
    write_bounds(exercise, points[:, fast:], bounds)
    for i in range(len(points)):
        values[i] -= floor_at(points[i, :fast].mean(), bounds, i)
