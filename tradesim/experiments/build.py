"""Build what methods need, in the data home."""

from collections.abc import Sequence

from tradesim.experiments.plan import check_methods
from tradesim.home import data_home
from tradesim.methods.method import BuildCost
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.progress import Progress, silent


def build(methods: Sequence[str], *, problem: str = "american", progress: Progress = silent) -> dict[str, BuildCost]:
    """Build each of ``methods`` for ``problem`` where it is missing; return what each cost when it was built."""
    check_methods(methods)
    chosen = problem_named(problem, PROBLEMS)
    home = data_home()
    return {name: make_method(name, chosen, home, progress).build_cost for name in methods}
