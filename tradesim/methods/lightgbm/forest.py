"""A forest packed for pricing, and the compiled kernel that asks it.

A tree splits a feature at one of few thresholds, so an option's features are first replaced by their *ranks*: how many
of the forest's thresholds on that feature are below. A node is then four bytes, and exact: ``x <= threshold`` is
``rank(x) <= rank(threshold)``.

Of many options, 64 at a time pass every node of a tree from the leaves up, each choosing its left or its right side: no
branch, no path to follow, and what the root has chosen is the leaf (at 63 leaves and 40 options measured five times as
fast as following paths). Few options follow their paths, through all trees level by level, so that the processor has
independent ones to follow.

A linear leaf is its constant and a coefficient a feature. An option's leaves are summed before its features are put
in: they are the same in all trees.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.methods.lightgbm.lanes import FOUR, LANES, add_four, choose_lanes
from tradesim.pricing.problem import Floats

MOST_LEAVES: Final = 128
"""In one tree: sides of a node are numbered in a byte, leaves first."""

MOST_THRESHOLDS: Final = 255
"""On one feature: ranks are bytes."""

FEW: Final = 4
"""Options that are asked faster one by one than together."""

FEATURE: Final = 0
RANK: Final = 8
LEFT: Final = 16
RIGHT: Final = 24
"""Bits at which the four bytes of a node begin."""


def leaf_width(features: int) -> int:
    """Terms that are kept of a linear leaf: its constant and a coefficient a feature, up to a multiple of four."""
    return -(-(1 + features) // FOUR) * FOUR


class Forest(NamedTuple):
    """Packed trees, the deepest first.

    ``thresholds`` float64[features, 2^k - 1], ascending, then infinite
    ``nodes``      uint32[nodes]: feature, rank of the threshold, left and right side; of each tree the root is last and
                   every node stands behind its sides. A side below ``most`` is a leaf, else ``most`` plus a node
    ``first``      int32[trees + 1]: the tree's nodes; its leaves, one more, begin at ``first[tree] + tree``
    ``deeper``     int32[levels]: how many trees have nodes at that level
    ``leaves``     float32[leaves, 1] constants; or float32[leaves, width] constants and then coefficients
    ``most``       leaves of the largest tree
    """

    thresholds: Floats
    nodes: NDArray[np.uint32]
    first: NDArray[np.int32]
    deeper: NDArray[np.int32]
    leaves: NDArray[np.float32]
    most: int

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in (self.thresholds, self.nodes, self.first, self.deeper, self.leaves))


class Workspace(NamedTuple):
    """What a forest needs while it is asked.

    ``ranks``   uint8[features, 64]
    ``chosen``  uint8[2 most - 1, 64]: each leaf's own number, then what each node of a tree has chosen
    ``sums``    float64[64, width] of leaves
    ``sides``   int32[trees]: where in each tree an option stands
    """

    ranks: NDArray[np.uint8]
    chosen: NDArray[np.uint8]
    sums: Floats
    sides: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self)


def workspace_of(forest: Forest) -> Workspace:
    """A workspace for ``forest``; two callers at a time need two."""
    chosen = _lanes(2 * forest.most - 1)
    chosen[: forest.most] = np.arange(forest.most, dtype=np.uint8)[:, None]
    return Workspace(
        ranks=_lanes(len(forest.thresholds)),
        chosen=chosen,
        sums=np.zeros((LANES, forest.leaves.shape[1])),
        sides=np.zeros(len(forest.first) - 1, dtype=np.int32),
    )


def _lanes(rows: int) -> NDArray[np.uint8]:
    """Zeros, uint8[rows, 64]: no row lies across two lines of the cache, which would cost a quarter."""
    room = np.zeros((rows + 1) * LANES, dtype=np.uint8)
    start = -room.ctypes.data % LANES
    return room[start : start + rows * LANES].reshape(rows, LANES)


def forest_values(forest: Forest, workspace: Workspace, features: Floats, out: Floats) -> None:
    """Write the forest's value for each row of ``features``, float64[n, features]."""
    _values(*forest, *workspace, features, out)


@njit(cache=True, error_model="numpy")
def _values(
    thresholds: Floats,
    nodes: NDArray[np.uint32],
    tree_first: NDArray[np.int32],
    deeper: NDArray[np.int32],
    leaves: NDArray[np.float32],
    most: int,
    ranks: NDArray[np.uint8],
    chosen: NDArray[np.uint8],
    sums: Floats,
    sides: NDArray[np.int32],
    features: Floats,
    out: Floats,
) -> None:
    """Takes arrays one by one: a call from Python takes a microsecond longer with tuples of them."""
    forest = Forest(thresholds, nodes, tree_first, deeper, leaves, most)
    workspace = Workspace(ranks, chosen, sums, sides)
    first = 0
    while len(out) - first > FEW:
        count = min(len(out) - first, LANES)
        _write_ranks(forest, features, first, count, workspace.ranks)
        _sum_together(forest, workspace, count)
        for i in range(count):
            out[first + i] = _put_in(workspace.sums, i, features, first + i)
        first += count
    for option in range(first, len(out)):
        _write_ranks(forest, features, option, 1, workspace.ranks)
        _follow(forest, workspace)
        out[option] = _put_in(workspace.sums, 0, features, option)


@njit(cache=True, error_model="numpy")
def _write_ranks(forest: Forest, features: Floats, first: int, count: int, ranks: NDArray[np.uint8]) -> None:
    """Binary searches that all take the same steps."""
    half = (forest.thresholds.shape[1] + 1) >> 1
    for feature in range(len(forest.thresholds)):
        for i in range(count):
            x = features[first + i, feature]
            rank, step = 0, half
            while step > 0:
                rank = rank + step if forest.thresholds[feature, rank + step - 1] < x else rank
                step >>= 1
            ranks[feature, i] = rank


@njit(cache=True, error_model="numpy")
def _sum_together(forest: Forest, workspace: Workspace, count: int) -> None:
    chosen = workspace.chosen
    workspace.sums[:] = 0.0
    for tree in range(len(forest.first) - 1):
        to = np.int64(forest.most) * LANES
        for k in range(forest.first[tree], forest.first[tree + 1]):
            node = forest.nodes[k]
            at = np.int64((node >> FEATURE) & 255) * LANES
            left, right = np.int64((node >> LEFT) & 255) * LANES, np.int64((node >> RIGHT) & 255) * LANES
            choose_lanes(workspace.ranks, at, np.uint8((node >> RANK) & 255), chosen, left, right, to)  # type: ignore[call-arg]
            to += LANES
        root = to // LANES - 1
        for i in range(count):
            _add_leaf(forest, workspace.sums, tree, chosen[root, i], i)


@njit(cache=True, error_model="numpy")
def _follow(forest: Forest, workspace: Workspace) -> None:
    sides, most = workspace.sides, forest.most
    workspace.sums[0] = 0.0
    for tree in range(len(sides)):
        sides[tree] = most + forest.first[tree + 1] - forest.first[tree] - 1
    for level in range(len(forest.deeper)):
        for tree in range(forest.deeper[level]):
            side = sides[tree]
            node = forest.nodes[forest.first[tree] + max(side - most, 0)]
            below = workspace.ranks[(node >> FEATURE) & 255, 0] <= ((node >> RANK) & 255)
            chosen = (node >> LEFT) & 255 if below else (node >> RIGHT) & 255
            sides[tree] = np.int32(chosen) if side >= most else side
    for tree in range(len(sides)):
        _add_leaf(forest, workspace.sums, tree, sides[tree], 0)


@njit(cache=True, error_model="numpy", inline="always")
def _add_leaf(forest: Forest, sums: Floats, tree: int, leaf: int, i: int) -> None:
    width = np.int64(sums.shape[1])
    row, to = np.int64(forest.first[tree] + tree + leaf), np.int64(i) * width
    if width == 1:
        sums[i, 0] += forest.leaves[row, 0]
        return
    for term in range(0, width, FOUR):
        add_four(sums, to + term, forest.leaves, row * width + term)  # type: ignore[call-arg]


@njit(cache=True, error_model="numpy", inline="always")
def _put_in(sums: Floats, i: int, features: Floats, option: int) -> float:
    value: float = sums[i, 0]
    if sums.shape[1] > 1:
        for feature in range(features.shape[1]):
            value += sums[i, 1 + feature] * features[option, feature]
    return value
