"""Remember what was computed: a solver and its answers, within a memory budget."""

from typing import Final

from tradesim.methods.entry import Entry
from tradesim.methods.memo.method import Memo

ENTRIES: Final = {
    "memo": Entry(
        says="solver, its answers remembered",
        make=lambda problem, _, spec: Memo(problem, spec.budget),
        budgets=(2**14, 2**16, 2**18, 2**20, 2**22),
    )
}
