"""Laws that every stored row keeps."""

from tradesim.experiments.compare import Comparison


def none(comparison: Comparison, table: str, wrong: str) -> bool:
    """Whether ``table`` has rows, and none of them is ``wrong``."""
    counts = comparison.store.query(f"SELECT count(*), count(*) FILTER ({wrong}) FROM {table}").row(0)
    return counts[0] > 0 and counts[1] == 0
