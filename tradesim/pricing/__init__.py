"""What a price is: the problems, their domains and their ideal programs."""

from typing import Final

from tradesim.pricing.american import AMERICAN_PROBLEM
from tradesim.pricing.asian import ASIAN_PROBLEM
from tradesim.pricing.basket import BASKET_PROBLEMS
from tradesim.pricing.european import EUROPEAN_PROBLEM
from tradesim.pricing.heston import HESTON_PROBLEM
from tradesim.pricing.problem import Problem
from tradesim.pricing.sine import SINE_PROBLEM

PROBLEMS: Final[dict[str, Problem]] = {
    problem.name: problem
    for problem in (
        EUROPEAN_PROBLEM,
        AMERICAN_PROBLEM,
        HESTON_PROBLEM,
        ASIAN_PROBLEM,
        *BASKET_PROBLEMS,
        SINE_PROBLEM,
    )
}
"""Every problem, by the name it has on the command line."""
