"""Build what methods need, in the data home."""

from collections.abc import Sequence

from tradesim.home import data_home
from tradesim.methods.method import BuildCost
from tradesim.methods.registry import make_method
from tradesim.methods.spec import Given, specs
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.progress import Progress, silent


def build(methods: Sequence[Given], *, problem: str = "american", progress: Progress = silent) -> dict[str, BuildCost]:
    """Build each of ``methods`` for ``problem`` where it is missing; return what each cost when it was built."""
    chosen = problem_named(problem, PROBLEMS)
    home = data_home()
    return {spec.label: make_method(spec, chosen, home, progress).build_cost for spec in specs(methods)}
