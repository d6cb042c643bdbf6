"""What prices have in common, one file a problem."""

from typing import Final

from tradesim.methods.similarities.american_batch import AMERICAN_BATCH
from tradesim.methods.similarities.asian import ASIAN
from tradesim.methods.similarities.basket import basket_similarity
from tradesim.methods.similarities.european import EUROPEAN
from tradesim.methods.similarities.heston import HESTON
from tradesim.methods.similarities.plain import plain_similarity
from tradesim.methods.similarities.similarity import Similarity
from tradesim.pricing.basket import DIMENSIONS
from tradesim.pricing.problem import Problem

SIMILARITIES: Final[dict[str, Similarity]] = {
    "american": AMERICAN_BATCH,
    "asian": ASIAN,
    "european": EUROPEAN,
    "heston": HESTON,
    **{f"basket-{dimension}": basket_similarity(dimension) for dimension in DIMENSIONS},
}
"""Similarities by the problem's name."""


def similarity_of(problem: Problem) -> Similarity:
    """The similarity of ``problem``; its plain inputs where it has none."""
    return SIMILARITIES.get(problem.name) or plain_similarity(problem)
