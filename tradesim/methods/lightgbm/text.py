"""LightGBM's own text of a model, read into a packed forest."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import StoreError
from tradesim.methods.lightgbm.forest import (
    FEATURE,
    LEFT,
    MOST_LEAVES,
    MOST_THRESHOLDS,
    RANK,
    RIGHT,
    Forest,
    leaf_width,
)
from tradesim.pricing.problem import Floats

Ints = NDArray[np.int64]
Tree = dict[str, list[str]]

NUMERICAL: Final = frozenset({"0", "2"})
"""Decision types that the kernel knows: ``feature <= threshold``, with no values missing."""

ZERO: Final = float(np.float32(1e-35))
"""What is no farther from zero than this is zero to the library."""

LEAF_LINES: Final = ("leaf_value", "leaf_const", "leaf_coeff")
"""Lines of a tree that hold what its leaves say."""


def rounded_leaves(text: str) -> str:
    """The same model with every number of a leaf rounded to float32: what a packed forest keeps of it, exactly."""
    return "\n".join(_rounded(line) for line in text.split("\n") if not line.startswith("tree_sizes="))


def _rounded(line: str) -> str:
    name, equals, values = line.partition("=")
    if not equals or name not in LEAF_LINES:
        return line
    return f"{name}=" + " ".join(repr(float(np.float32(value))) for value in values.split())


def read_forest(text: str) -> Forest:
    """The forest in a model's text; ``StoreError`` where it is cut short or holds what the kernel does not know."""
    if "end of trees" not in text:
        raise StoreError("the text of the LightGBM model is cut short")
    head, *blocks = text.split("end of trees", maxsplit=1)[0].split("\nTree=")
    try:
        features = int(_fields(head)["max_feature_idx"][0]) + 1
        return _packed([_fields(block) for block in blocks], features)
    except (KeyError, IndexError, ValueError) as error:
        raise StoreError(f"the text of the LightGBM model is damaged: {error}") from error


def _fields(block: str) -> Tree:
    lines = (line.split("=", 1) for line in block.splitlines() if "=" in line)
    return {name: values.split() for name, values in lines}


def _packed(trees: list[Tree], features: int) -> Forest:
    for tree in trees:
        _refuse_unknown(tree)
    sizes = [int(tree["num_leaves"][0]) for tree in trees]
    most = max(sizes)
    if most > MOST_LEAVES:
        raise StoreError(f"the model has a tree of {most} leaves: train it with at most {MOST_LEAVES} leaves a tree")
    thresholds = _thresholds(trees, features)
    packed = [_nodes(tree, size, thresholds, most) for tree, size in zip(trees, sizes, strict=True)]
    order = np.argsort([-depth for _, depth in packed], kind="stable")
    width = leaf_width(features) if any(_is_linear(tree) for tree in trees) else 1
    nodes = [packed[i][0] for i in order]
    depths = np.array([packed[i][1] for i in order])
    return Forest(
        thresholds=thresholds,
        nodes=np.concatenate(nodes),
        first=np.cumsum([0, *(len(each) for each in nodes)]).astype(np.int32),
        deeper=np.array([(depths > level).sum() for level in range(depths[0])], dtype=np.int32),
        leaves=np.concatenate([_leaves(trees[i], sizes[i], width) for i in order]),
        most=max(most, 2),
    )


def _thresholds(trees: list[Tree], features: int) -> Floats:
    found: list[set[float]] = [set() for _ in range(features)]
    for tree in trees:
        for feature, threshold in zip(*_splits(tree), strict=True):
            found[feature].add(threshold)
    count = max(len(each) for each in found)
    if count > MOST_THRESHOLDS:
        raise StoreError(
            f"the model splits a feature at {count} thresholds: train it with max_bin at most {MOST_THRESHOLDS + 1}"
        )
    table = np.full((features, 2 ** count.bit_length() - 1), np.inf)
    for row, each in zip(table, found, strict=True):
        row[: len(each)] = sorted(each)
    return table


def _splits(tree: Tree) -> tuple[list[int], list[float]]:
    thresholds = [_as_if_zero(float(word)) for word in tree.get("threshold", [])]
    return [int(word) for word in tree.get("split_feature", [])], thresholds


def _as_if_zero(threshold: float) -> float:
    """The threshold on the same side of which are all the features that the library takes for zero."""
    if -ZERO <= threshold < 0.0:
        return float(np.nextafter(-ZERO, -np.inf))
    return ZERO if 0.0 <= threshold < ZERO else threshold


def _nodes(tree: Tree, size: int, thresholds: Floats, most: int) -> tuple[NDArray[np.uint32], int]:
    """The packed nodes of a tree, children first, and its depth. A tree of one leaf is a node between two such."""
    features, values = _splits(tree)
    if size != len(features) + 1:
        raise ValueError(f"a tree of {size} leaves has {len(features)} splits")
    if size == 1:
        return np.zeros(1, dtype=np.uint32), 1
    sides = np.stack([_whole(tree[f"{side}_child"]) for side in ("left", "right")])
    numbers = np.arange(size - 1)
    if sorted(sides.ravel()) != [*range(-size, 0), *range(1, size - 1)] or ((sides >= 0) & (sides <= numbers)).any():
        raise ValueError("a tree's nodes are not each the child of one before it")
    depth = np.ones(size - 1, dtype=np.int64)
    for node in numbers:
        inner = sides[:, node][sides[:, node] >= 0]
        depth[inner] = depth[node] + 1
    ranks = [int(np.searchsorted(thresholds[feature], value)) for feature, value in zip(features, values, strict=True)]
    left, right = np.where(sides < 0, -sides - 1, most + size - 2 - sides)
    words = (np.array(features) << FEATURE) | (np.array(ranks) << RANK) | (left << LEFT) | (right << RIGHT)
    return words[::-1].astype(np.uint32), int(depth.max())


def _leaves(tree: Tree, size: int, width: int) -> NDArray[np.float32]:
    leaves = np.zeros((max(size, 2), width), dtype=np.float32)
    leaves[:size, 0] = _numbers(tree["leaf_const" if _is_linear(tree) else "leaf_value"], size)
    if _is_linear(tree):
        terms = _whole(tree["num_features"])
        if len(terms) != size:
            raise ValueError(f"{len(terms)} numbers where there should be {size}")
        of = np.repeat(np.arange(size), terms)
        leaves[of, 1 + _whole(tree["leaf_features"])] = _numbers(tree["leaf_coeff"], len(of))
    return leaves


def _is_linear(tree: Tree) -> bool:
    return tree.get("is_linear") == ["1"]


def _refuse_unknown(tree: Tree) -> None:
    unknown = set(tree.get("decision_type", [])) - NUMERICAL
    if unknown:
        raise StoreError(f"the model has decisions of type {min(unknown)}: train it on numbers, none of them missing")


def _whole(words: list[str]) -> Ints:
    return np.array([int(word) for word in words], dtype=np.int64)


def _numbers(words: list[str], count: int) -> Floats:
    if len(words) != count:
        raise ValueError(f"{len(words)} numbers where there should be {count}")
    return np.array([float(word) for word in words], dtype=np.float64)
