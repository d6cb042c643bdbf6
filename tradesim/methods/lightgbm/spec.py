"""What forest to train: by default, or within a memory budget."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tradesim.errors import ArgumentError
from tradesim.methods.lightgbm.forest import MOST_LEAVES, MOST_THRESHOLDS, leaf_width
from tradesim.methods.lightgbm.lanes import LANES
from tradesim.methods.scalings import scaling_of
from tradesim.methods.scalings.american_quadratic import AMERICAN_QUADRATIC
from tradesim.methods.scalings.plain import plain_scaling
from tradesim.methods.scalings.scaling import Scaling
from tradesim.pricing.problem import Problem
from tradesim.units import formatted_memory, memory


class Target(StrEnum):
    """What trees learn."""

    SHAPED = "shaped"
    """The value of the problem's scaling, from its coordinates and hints."""
    PLAIN = "plain"
    """The price, from the inputs: the baseline."""

    def scaling(self, problem: Problem) -> Scaling:
        """What stands between the inputs of ``problem`` and its trees."""
        if self is Target.PLAIN:
            return plain_scaling(problem)
        return AMERICAN_QUADRATIC if problem.name == "american" else scaling_of(problem)


class Leaf(StrEnum):
    """What a leaf says."""

    CONSTANT = "constant"
    """A number."""
    LINEAR = "linear"
    """A linear function of the features that its branch was split at (Shi, Li and Li 2019)."""


@dataclass(frozen=True, kw_only=True)
class ForestSpec:
    """What to train.

    ``target leaf``   what is learned, and by which leaves
    ``points``        training points, drawn from the domain by ``seed``
    ``trees leaves``  size of the forest: leaves a tree
    ``learning_rate`` of the boosting
    ``least_in_leaf`` training points in a leaf, at least
    ``bins``          intervals between the thresholds that a feature may be split at
    ``checked``       held-out points on which it is tried
    """

    target: Target = Target.SHAPED
    leaf: Leaf = Leaf.LINEAR
    points: int = 150_000
    trees: int = 200
    leaves: int = 63
    learning_rate: float = 0.15
    least_in_leaf: int = 50
    bins: int = 64
    checked: int = 10_000
    seed: int = 20_240_607

    def __post_init__(self) -> None:
        rules = {"leaves": (2, MOST_LEAVES), "bins": (2, MOST_THRESHOLDS + 1), "trees": (1, 10**6)}
        for name, (least, most) in rules.items():
            if not least <= getattr(self, name) <= most:
                raise ArgumentError(f"{name} {getattr(self, name)} of a forest: give from {least} to {most}")


SHAPED: Final = ForestSpec()
PLAIN: Final = ForestSpec(target=Target.PLAIN, leaf=Leaf.CONSTANT, bins=MOST_THRESHOLDS + 1)
"""Steps need more thresholds than slopes do."""

LEAVES: Final = ((memory("64KiB"), 31), (memory("256KiB"), 63))
"""Leaves of a tree in budgets up to so many bytes; 127 beyond. Few large trees are as accurate as many small ones, and
sooner asked."""

MOST_TREES: Final = 2_000
"""However large the budget: what more would gain is no longer worth the asking, or the training."""

POINTS_PER_LEAF: Final = 12
LEAST_POINTS: Final = 100_000
MOST_POINTS: Final = 400_000


def forest_spec(problem: Problem, target: Target, budget: int | None = None) -> ForestSpec:
    """The largest forest whose trees and workspace take at most ``budget`` bytes; the default one for None.

    ``ArgumentError`` where not one tree fits. A problem that is dear to evaluate is learned from the points it allows.
    """
    spec = PLAIN if target is Target.PLAIN else SHAPED
    if budget is not None:
        spec = _within(budget, problem, spec)
    points = min(spec.points, problem.evaluations or spec.points)
    return replace(spec, points=points, checked=min(spec.checked, max(points // 10, 1)))


def _within(budget: int, problem: Problem, spec: ForestSpec) -> ForestSpec:
    leaves = next((leaves for most, leaves in LEAVES if budget <= most), 127)
    fixed, each = forest_bytes(len(spec.target.scaling(problem).features), leaves, spec)
    trees = min((budget - fixed) // each, MOST_TREES)
    if trees < 1:
        raise ArgumentError(
            f"memory {formatted_memory(budget)}: a forest for {problem.name} takes at least {fixed + each} bytes; "
            "give more"
        )
    return replace(
        spec,
        points=min(max(POINTS_PER_LEAF * trees * leaves, LEAST_POINTS), MOST_POINTS),
        trees=trees,
        leaves=leaves,
        learning_rate=round(min(spec.learning_rate * math.sqrt(spec.trees / trees), 0.5), 3),
    )


def forest_bytes(features: int, leaves: int, spec: ForestSpec) -> tuple[int, int]:
    """The most bytes of a packed forest and its workspace: those that it has anyway, and those of each tree."""
    width = leaf_width(features) if spec.leaf is Leaf.LINEAR else 1
    thresholds = features * (2 ** (spec.bins - 1).bit_length() - 1) * 8
    workspace = LANES * (features + 2 * leaves - 1 + 8 * width)
    return thresholds + workspace + 4 * leaves, 4 * (leaves - 1) + 4 * leaves * width + 8
