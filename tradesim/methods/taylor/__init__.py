"""Approximate: a polynomial around the spot of the last update."""

from typing import Final

from tradesim.methods import curve
from tradesim.methods.entry import Entry
from tradesim.methods.taylor import basket
from tradesim.methods.taylor.basket import BasketTaylor
from tradesim.methods.taylor.method import Taylor

ENTRIES: Final = {
    "taylor": Entry(
        says="a polynomial around the last update's spot",
        make=lambda problem, *_: Taylor(problem) if problem.domain.fast == 1 else BasketTaylor(problem),
        refuses=lambda problem: (curve if problem.domain.fast == 1 else basket).refuses(problem),
    )
}
