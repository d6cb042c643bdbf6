"""The methods there are, for people."""

from typing import Any

from tradesim.methods.registry import METHODS, methods
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.units import formatted_memory


def listed_methods(problem: str | None = None) -> list[dict[str, Any]]:
    """A row per method: ``method``, ``says``, ``kept``, ``budgets``, ``problems``, ``ours``; of one ``problem``."""
    asked = PROBLEMS if problem is None else {problem: problem_named(problem, PROBLEMS)}
    rows = []
    for name, entry in methods().items():
        served = [each for each, stated in asked.items() if entry.refuses(stated) is None]
        if served:
            rows.append(
                {
                    "method": name,
                    "says": entry.says,
                    "kept": "a file" if entry.path else "memory" if entry.budgets else "nothing",
                    "budgets": " ".join(map(formatted_memory, entry.budgets)),
                    "problems": "all" if len(served) == len(PROBLEMS) else " ".join(served),
                    "ours": name in METHODS,
                }
            )
    return rows
