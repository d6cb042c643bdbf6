"""What prices have in common, one file a problem."""

from typing import Final

from tradesim.methods.scalings.american_batch import AMERICAN_BATCH
from tradesim.methods.scalings.asian import ASIAN
from tradesim.methods.scalings.basket import basket_scaling
from tradesim.methods.scalings.european import EUROPEAN
from tradesim.methods.scalings.heston import HESTON
from tradesim.methods.scalings.plain import plain_scaling
from tradesim.methods.scalings.scaling import Scaling
from tradesim.pricing.basket import DIMENSIONS
from tradesim.pricing.problem import Problem

SCALINGS: Final[dict[str, Scaling]] = {
    "american": AMERICAN_BATCH,
    "asian": ASIAN,
    "european": EUROPEAN,
    "heston": HESTON,
    **{f"basket-{dimension}": basket_scaling(dimension) for dimension in DIMENSIONS},
}
"""Scalings by the problem's name."""


def scaling_of(problem: Problem) -> Scaling:
    """The scaling of ``problem``; its plain inputs where it has none."""
    return SCALINGS.get(problem.name) or plain_scaling(problem)
