"""LightGBM's trees, read from its own text and flattened into arrays that a compiled kernel walks.

Walking a tree for all options before the next keeps it in the nearest cache, and gives the processor independent paths
to follow. Each option's sum runs over the trees in their order, as ``Booster.predict`` does.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.errors import StoreError
from tradesim.pricing.problem import Floats

Ints = NDArray[np.int32]

NUMERICAL: Final = frozenset({"0", "2"})
"""Decision types that the kernel knows: ``feature <= threshold``, with no values missing."""


class Forest(NamedTuple):
    """Flattened trees; nodes and leaves of all trees are numbered through.

    ``root``       int32[trees], the tree's first node
    ``feature left right`` int32[nodes], ``threshold`` float64[nodes]: left where ``x[feature] <= threshold``; a child
                   below zero is leaf ``-child - 1``
    ``constant``   float64[leaves]
    ``first``      int32[leaves + 1]: the leaf's terms are ``first[leaf]`` to ``first[leaf + 1]``
    ``term_feature`` int32[terms], ``coefficient`` float64[terms]: what a linear leaf adds to its constant
    """

    root: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    constant: Floats
    first: Ints
    term_feature: Ints
    coefficient: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self)


@njit(cache=True, error_model="numpy")
def forest_values(forest: Forest, features: Floats, out: Floats) -> None:
    """Write the forest's value for each row of ``features``, float64[n, features]."""
    out[:] = 0.0
    for tree in range(len(forest.root)):
        root = forest.root[tree]
        for i in range(len(out)):
            x = features[i]
            node = root
            while node >= 0:
                below = x[forest.feature[node]] <= forest.threshold[node]
                node = forest.left[node] if below else forest.right[node]
            leaf = -node - 1
            value = forest.constant[leaf]
            for term in range(forest.first[leaf], forest.first[leaf + 1]):
                value += forest.coefficient[term] * x[forest.term_feature[term]]
            out[i] += value


def read_forest(text: str) -> Forest:
    """The forest in a model's text; ``StoreError`` where it is cut short or holds what the kernel does not know."""
    if "end of trees" not in text:
        raise StoreError("the text of the LightGBM model is cut short")
    try:
        return _flatten([_fields(block) for block in text.split("\nTree=")[1:]])
    except (KeyError, ValueError) as error:
        raise StoreError(f"the text of the LightGBM model is damaged: {error}") from error


def _fields(block: str) -> dict[str, list[str]]:
    lines = (line.split("=", 1) for line in block.split("end of trees", maxsplit=1)[0].splitlines() if "=" in line)
    return {name: values.split() for name, values in lines}


def _flatten(trees: list[dict[str, list[str]]]) -> Forest:
    parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in Forest._fields}
    nodes = leaves = 0
    for tree in trees:
        _refuse_unknown(tree)
        splits, count = len(tree.get("split_feature", [])), int(tree["num_leaves"][0])
        if count != splits + 1:
            raise ValueError(f"a tree of {count} leaves has {splits} splits")
        parts["root"].append(np.array([nodes if splits else -leaves - 1]))
        parts["feature"].append(_ints(tree.get("split_feature", [])))
        parts["threshold"].append(_floats(tree.get("threshold", []), splits))
        for side in ("left", "right"):
            child = _ints(tree.get(f"{side}_child", []))
            parts[side].append(np.where(child >= 0, child + nodes, child - leaves))
        _add_leaves(tree, count, parts)
        nodes, leaves = nodes + splits, leaves + count
    parts["first"].insert(0, np.zeros(1, dtype=np.int64))
    whole = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    whole["first"] = np.cumsum(whole["first"])
    return Forest(
        root=whole["root"].astype(np.int32),
        feature=whole["feature"].astype(np.int32),
        threshold=whole["threshold"].astype(np.float64),
        left=whole["left"].astype(np.int32),
        right=whole["right"].astype(np.int32),
        constant=whole["constant"].astype(np.float64),
        first=whole["first"].astype(np.int32),
        term_feature=whole["term_feature"].astype(np.int32),
        coefficient=whole["coefficient"].astype(np.float64),
    )


def _add_leaves(tree: dict[str, list[str]], count: int, parts: dict[str, list[NDArray[np.generic]]]) -> None:
    linear = tree.get("is_linear") == ["1"]
    terms = _ints(tree["num_features"]) if linear else np.zeros(count, dtype=np.int64)
    parts["constant"].append(_floats(tree["leaf_const" if linear else "leaf_value"], count))
    parts["first"].append(terms)
    parts["term_feature"].append(_ints(tree["leaf_features"] if linear else []))
    parts["coefficient"].append(_floats(tree["leaf_coeff"] if linear else [], int(terms.sum())))


def _refuse_unknown(tree: dict[str, list[str]]) -> None:
    unknown = set(tree.get("decision_type", [])) - NUMERICAL
    if unknown:
        raise StoreError(f"the model has decisions of type {min(unknown)}: train it on numbers, none of them missing")


def _ints(words: list[str]) -> NDArray[np.int64]:
    return np.array([int(word) for word in words], dtype=np.int64)


def _floats(words: list[str], count: int) -> Floats:
    if len(words) != count:
        raise ValueError(f"{len(words)} numbers where there should be {count}")
    return np.array([float(word) for word in words], dtype=np.float64)
