"""The truth of a run: the problem at its reference accuracy, whose slow half is shared by many runs."""

from typing import Final

from tradesim.methods.analytic import KeptSlice
from tradesim.methods.entry import Entry
from tradesim.pricing.collocation import HIGH
from tradesim.pricing.problem import Problem

KEPT_BYTES: Final = 2 * 2**30
"""Rows kept by one reference, which serves every run, in bytes."""


class Reference(KeptSlice):
    """``reference``: as ``analytic-slice``, at the accuracy of the problem's reference."""

    name = "reference"

    def __init__(self, problem: Problem, kept_bytes: int = KEPT_BYTES) -> None:
        super().__init__(problem, HIGH, kept_bytes)


ENTRIES: Final = {
    "reference": Entry(says="the truth, split at the spot", make=lambda problem, *_: Reference(problem), answers=False)
}
